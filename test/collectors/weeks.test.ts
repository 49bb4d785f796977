/** What a capture of weeks needs: bounds that begin anew, and open sessions that are told while they are open. */
import { describe, expect, it } from 'vitest';
import { Collector, type CollectorOptions } from '../../collectors/collector.ts';
import { type Connection, Wire } from '../wire/connection.ts';
import { client, server } from '../wire/postgres.ts';
import { login } from './protocols/postgres/talk.ts';
import { RecordingSink } from './recording-sink.ts';

const HOUR = 3_600_000_000;

function ask(connection: Connection, sql: string, status: 'I' | 'T' | 'E' = 'I'): void {
  connection.client(client.query(sql));
  connection.server(server.complete('SELECT 1'), server.ready(status));
}

function collectorOf(wire: Wire, options: CollectorOptions = {}) {
  const told = new RecordingSink();
  const collector = new Collector(told, options);
  for (const { bytes, tsUs } of wire.packets) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    collector.packet(bytes, view, 0, bytes.length, bytes.length, tsUs, 1);
  }
  return { told, collector };
}

describe('a capture that goes on', () => {
  it('tells the state of each open session, and none of those that have ended', () => {
    const wire = new Wire();
    const idle = login(wire, { clientPort: 1 });
    ask(idle, 'SELECT 1');
    const busy = login(wire, { clientPort: 2 });
    ask(busy, 'BEGIN', 'T');
    ask(busy, 'SELECT 2', 'T');
    const gone = login(wire, { clientPort: 3 });
    gone.client(client.terminate());
    gone.close();
    const { told, collector } = collectorOf(wire);
    collector.tellOpenSessions();
    const states = told.of('session_state');
    expect(
      states.map(({ session, statements, transactionStatus }) => ({
        port: session.clientPort,
        statements,
        transactionStatus,
      })),
    ).toEqual([
      { port: 1, statements: 1, transactionStatus: 'I' },
      { port: 2, statements: 2, transactionStatus: 'T' },
    ]);
    expect(states[1]?.transactionStartUs).toBeGreaterThan(0);
    // They say nothing that happened: no event is counted.
    expect(collector.finish().events['session_state']).toBeUndefined();
  });

  it('begins anew with classes when they were full for an hour, and counts both', () => {
    const wire = new Wire();
    const connection = login(wire);
    for (const name of ['a', 'b', 'c', 'd']) ask(connection, `SELECT ${name} FROM t`);
    wire.wait(HOUR + 1_000_000);
    ask(connection, 'SELECT e FROM t');
    wire.wait(1_000_000);
    ask(connection, 'SELECT f FROM t');
    const { told, collector } = collectorOf(wire, { classes: { classesMax: 2 } });
    const { droppedByLimit } = collector.finish();
    expect(told.statements.map(({ text }) => text)).toHaveLength(6);
    expect(droppedByLimit).toMatchObject({ classes: 3, classes_forgotten: 2 });
    expect(collector.classes.sizeCount).toBe(1);
  });
});
