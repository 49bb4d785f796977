/** Answers that may belong to requests nobody saw: what is told is marked until nothing can be owed any more. */
import { describe, expect, it } from 'vitest';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { play } from '../../recording-sink.ts';
import { lines, login, pbe, talk } from './talk.ts';

const answer = (tag: string): Buffer[] => [server.complete(tag), server.ready()];

describe('a capture that began after its session', () => {
  it('marks answers until all that was seen to be asked has been answered and nothing else', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    // One request was sent before the capture began: its answer looks like that to the first one seen.
    connection.client(client.query('SELECT 1'));
    connection.client(client.query('SELECT 2'));
    for (const rows of ['UPDATE 7', 'UPDATE 1', 'UPDATE 2']) connection.server(...answer(rows));
    connection.client(client.query('SELECT 3'));
    connection.server(...answer('UPDATE 3'));
    connection.client(client.query('SELECT 4'));
    connection.server(...answer('UPDATE 4'));
    const { told } = play(wire.packets);
    expect(
      told.statements.map(({ text, quality }) => [text, quality.includes('mid_stream')]),
    ).toEqual([
      ['SELECT 1', true],
      ['SELECT 2', true],
      [undefined, true],
      ['SELECT 3', true],
      ['SELECT 4', false],
    ]);
  });
});

describe('requests that were lost', () => {
  it('leave a mark on those behind them, whose answers may be theirs', () => {
    const { told } = talk((c) => {
      c.lost('client', client.query('SELECT 1'));
      c.client(client.query('SELECT 2'));
      c.server(...answer('UPDATE 1'));
      c.server(...answer('UPDATE 2'));
    });
    expect(told.statements.every(({ quality }) => quality.includes('gap_request'))).toBe(true);
    expect(told.statements.length).toBe(2);
  });
});

describe('an answer that is missing', () => {
  it('leaves a mark, also when its round was seen to end', () => {
    const { told } = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.lost('server', server.complete('SELECT 1'));
      c.server(server.ready());
    });
    expect(told.statements).toMatchObject([{ status: 'unknown', quality: ['gap_response'] }]);
  });

  it('to a string of statements leaves all of them told', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1; SELECT 2; SELECT 3'));
      c.lost('server', server.complete('SELECT 1'), server.complete('SELECT 2'));
      c.server(server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: unknown', 'SELECT 2: unknown', 'SELECT 3: unknown']);
  });

  it('marks the transaction in which it was', () => {
    const { told } = talk((c) => {
      c.client(...pbe('SELECT 1'), client.sync());
      c.lost('server', server.parseComplete(), server.bindComplete());
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(told.transactions.map(({ quality }) => quality)).toEqual([['gap_response']]);
  });

  it('marks the portal that stays open over it', () => {
    const { told } = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
      c.lost('client', client.execute('', 1), client.sync());
      c.server(server.row('2'), server.portalSuspended(), server.ready('T'));
      c.client(client.query('COMMIT'));
      c.server(...answer('COMMIT'));
    });
    const fetched = told.statements.find(({ text }) => text === 'SELECT 1');
    expect(fetched).toMatchObject({ rowsReturned: 1, quality: ['gap_request'] });
  });
});

describe('a login', () => {
  it('whose answers were lost, with the SYN before them, is known as a gap of its size', () => {
    const wire = new Wire();
    login(wire);
    const { packets } = wire;
    const [syn, , ack, startup, answers] = packets;
    const size = (answers?.bytes.length ?? 0) - 54;
    const kept = new Wire();
    for (const packet of [syn, ack, startup]) if (packet !== undefined) kept.packets.push(packet);
    const connection = new Connection(kept);
    kept.nowUs = (answers?.tsUs ?? 0) + 1000;
    connection.next.client = 1001 + (startup?.bytes.length ?? 0) - 54;
    connection.next.server = 5001 + size;
    connection.client(client.query('SELECT 1'));
    connection.server(...answer('UPDATE 1'));
    connection.client(client.query('SELECT 2'));
    connection.server(...answer('UPDATE 2'));
    const { told, summary } = play(kept.packets);
    expect(summary.lostBytes).toBe(size);
    expect(told.of('session_start')).toMatchObject([{ loginUs: -1, session: { user: 'ann' } }]);
    expect(told.statements).toMatchObject([
      { text: 'SELECT 1', rowsAffected: 1 },
      { text: 'SELECT 2', rowsAffected: 2 },
    ]);
  });
});
