/** What is counted each second between each client and each server, and the gauges at its end. */
import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/core/histogram.ts';
import type { ActivitySecond } from '../../src/events/events.ts';
import { Connection, Wire } from '../wire/connection.ts';
import { Flag } from '../wire/packets.ts';
import { client, server } from '../wire/postgres.ts';
import { login } from './protocols/postgres/talk.ts';
import { play } from './recording-sink.ts';

const SECOND = 1_000_000;
/** The second in which each wire of these tests begins. */
const START = 1_767_225_600;

type Total = Omit<ActivitySecond, 'durationBuckets' | 'clientAddress' | 'serverAddress'>;

const GAUGES = new Set([
  'connectionsOpen',
  'connectionsInTransaction',
  'outstanding',
  'outstandingAgeMaxUs',
  'durationMaxUs',
  'serverPort',
  'secondUs',
]);

/** Rows by second (counted from the start): counts add up, gauges take the greatest. */
function bySecond(rows: readonly ActivitySecond[]): Map<number, Total> {
  const totals = new Map<number, Total>();
  for (const { durationBuckets: _, clientAddress: _c, serverAddress: _s, ...row } of rows) {
    const second = row.secondUs / SECOND - START;
    const before = totals.get(second);
    const entries = Object.entries(row).map(([name, value]) => {
      const old = before?.[name as keyof Total] ?? 0;
      return [name, GAUGES.has(name) ? Math.max(old, value) : old + value];
    });
    totals.set(second, Object.fromEntries(entries) as Total);
  }
  return totals;
}

function watch(say: (c: Connection, wire: Wire) => void): Map<number, Total> {
  const wire = new Wire();
  say(login(wire), wire);
  return bySecond(play(wire.packets).told.seconds);
}

const ask = (c: Connection, sql: string, tag: string, status: 'I' | 'T' | 'E' = 'I'): void => {
  c.client(client.query(sql));
  c.server(server.complete(tag), server.ready(status));
};

describe('a second', () => {
  it('counts requests, answers, rows, bytes, times and transactions', () => {
    const totals = watch((c) => {
      ask(c, 'INSERT INTO t VALUES (1)', 'INSERT 0 3');
      c.client(client.query('SELECT 1'));
      c.server(
        server.rowDescription('a'),
        server.row('1'),
        server.complete('SELECT 1'),
        server.ready(),
      );
      c.client(client.query('SELECT 1/0'));
      c.server(server.error('22012'), server.ready());
      ask(c, 'BEGIN', 'BEGIN', 'T');
      ask(c, 'UPDATE t SET a = 1', 'UPDATE 2', 'T');
      ask(c, 'ROLLBACK', 'ROLLBACK');
      ask(c, 'ROLLBACK', 'ROLLBACK');
      c.client(client.query(''));
      c.server(server.empty(), server.ready());
    });
    expect(totals.get(0)).toMatchObject({
      serverPort: 5432,
      connectionsOpened: 1,
      connectionsClosed: 0,
      connectionsOpen: 1,
      connectionsInTransaction: 0,
      requests: 8,
      requestsAnswered: 8,
      answers: 8,
      normal: 7,
      errors: 1,
      commits: 3,
      rollbacks: 3,
      implicitTransactions: 5,
      emptyTransactions: 2,
      explicitRollbacks: 1,
      durationSumUs: 800,
      durationMaxUs: 100,
      rowsReturned: 1,
      rowsAffected: 5,
      lostBytes: 0,
      outstanding: 0,
    });
  });

  it('has a histogram of its answers', () => {
    const wire = new Wire();
    const c = login(wire);
    for (const us of [100, 100, 5_000, 90_000]) {
      c.client(client.query('SELECT 1'));
      wire.wait(us - 100);
      c.server(server.complete('SELECT 1'), server.ready());
    }
    const histogram = new Map<number, number>();
    for (const { durationBuckets } of play(wire.packets).told.seconds)
      for (const [bucket, count] of durationBuckets)
        histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
    expect(histogram).toEqual(
      new Map([
        [bucketOf(100), 2],
        [bucketOf(5_000), 1],
        [bucketOf(90_000), 1],
      ]),
    );
  });

  it('is kept apart for each client host and each server', () => {
    const wire = new Wire();
    for (const [clientIp, serverIp, clientPort] of [
      ['10.0.0.1', '10.0.0.2', 1],
      ['10.0.0.1', '10.0.0.2', 2],
      ['10.0.0.3', '10.0.0.2', 1],
      ['10.0.0.1', '10.0.0.4', 1],
    ] as const)
      ask(login(wire, { clientIp, serverIp, clientPort }), 'SELECT 1', 'SELECT 1');
    const counts = new Map<string, number>();
    for (const row of play(wire.packets).told.seconds) {
      const edge = `${row.clientAddress.subarray(12).join('.')} ${row.serverAddress.subarray(12).join('.')}`;
      counts.set(edge, (counts.get(edge) ?? 0) + row.requests);
    }
    expect(counts).toEqual(
      new Map([
        ['10.0.0.1 10.0.0.2', 2],
        ['10.0.0.3 10.0.0.2', 1],
        ['10.0.0.1 10.0.0.4', 1],
      ]),
    );
  });
});

describe('a request', () => {
  it('that waits is seen waiting in every second, older each time', () => {
    const totals = watch((c, wire) => {
      c.client(client.query('SELECT pg_sleep(9)'));
      const other = login(wire, { clientPort: 2 });
      for (let second = 0; second < 3; second++) {
        wire.wait(SECOND);
        ask(other, 'SELECT 1', 'SELECT 1');
      }
    });
    const ages = [0, 1, 2, 3].map((second) => totals.get(second)?.outstandingAgeMaxUs ?? 0);
    expect(totals.get(0)).toMatchObject({ outstanding: 1, connectionsOpen: 2 });
    expect(ages).toEqual([749_400, 1_749_400, 2_749_400, 3_749_400]);
  });

  it('counts in its own second, its answer in the second of the answer', () => {
    const totals = watch((c, wire) => {
      c.client(client.query('SELECT 1'));
      wire.wait(3 * SECOND);
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(totals.get(0)).toMatchObject({ requests: 1, requestsAnswered: 1, answers: 0 });
    expect(totals.get(3)).toMatchObject({ requests: 0, answers: 1, durationMaxUs: 3_000_100 });
  });

  it('that is answered after more than ten seconds was not answered in time', () => {
    const totals = watch((c, wire) => {
      c.client(client.query('SELECT 1'));
      wire.wait(10 * SECOND);
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(totals.get(0)).toMatchObject({ requests: 1, requestsAnswered: 0 });
    expect(totals.get(10)).toMatchObject({ answers: 1, normal: 1 });
  });

  it('that is never answered counts as a request all the same', () => {
    const totals = watch((c) => {
      c.client(client.query('SELECT 1'));
    });
    expect(totals.get(0)).toMatchObject({
      requests: 1,
      requestsAnswered: 0,
      answers: 0,
      outstanding: 1,
    });
  });

  it('that is skipped behind an error was answered by that error', () => {
    const totals = watch((c) => {
      c.client(client.parse('SELECT 1/0'), client.bind(), client.execute());
      c.client(client.parse('SELECT 2'), client.bind(), client.execute(), client.sync());
      c.server(
        server.parseComplete(),
        server.bindComplete(),
        server.error('22012'),
        server.ready(),
      );
    });
    expect(totals.get(0)).toMatchObject({
      requests: 2,
      requestsAnswered: 2,
      answers: 1,
      errors: 1,
    });
  });

  it('of several statements counts each of them', () => {
    const totals = watch((c) => {
      c.client(client.query('SELECT 1; SELECT 2'));
      c.server(server.complete('SELECT 1'), server.complete('SELECT 1'), server.ready());
    });
    expect(totals.get(0)).toMatchObject({ requests: 2, requestsAnswered: 2, answers: 2 });
  });
});

describe('connections', () => {
  it('are open until they end, and in a transaction until that ends', () => {
    const totals = watch((c, wire) => {
      ask(c, 'BEGIN', 'BEGIN', 'T');
      wire.wait(SECOND);
      ask(c, 'COMMIT', 'COMMIT');
      wire.wait(SECOND);
      c.client(client.terminate());
      c.close();
      login(wire, { clientPort: 2 });
    });
    const gauges = [0, 1, 2].map((second) => {
      const { connectionsOpen, connectionsInTransaction } = totals.get(second) ?? {};
      return [connectionsOpen, connectionsInTransaction];
    });
    expect(gauges).toEqual([
      [1, 1],
      [1, 0],
      [1, 0],
    ]);
    expect(totals.get(2)).toMatchObject({ connectionsOpened: 1, connectionsClosed: 1 });
  });

  it('that say nothing are still seen, second by second', () => {
    const totals = watch((_c, wire) => {
      wire.wait(4 * SECOND);
      login(wire, { clientPort: 2, clientIp: '10.0.0.9' });
    });
    expect([0, 1, 2, 3].map((second) => totals.get(second)?.connectionsOpen)).toEqual([1, 1, 1, 1]);
  });

  it('that nobody answers count as refused after a second', () => {
    const wire = new Wire();
    const dead = new Connection(wire, { clientPort: 1 });
    dead.segment('client', { flags: Flag.syn, sequence: 1000 });
    const late = new Connection(wire, { clientPort: 2 });
    wire.wait(2 * SECOND);
    late.segment('client', { flags: Flag.syn });
    const totals = bySecond(play(wire.packets).told.seconds);
    expect(totals.get(2)).toMatchObject({ connectionsRefused: 1, connectionsOpen: 2 });
  });

  it('of another protocol are no open connections', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    connection.close();
    const totals = bySecond(play(wire.packets).told.seconds);
    expect(totals.get(0)).toMatchObject({
      connectionsOpened: 1,
      connectionsClosed: 1,
      connectionsOpen: 0,
      requests: 0,
    });
  });
});

describe('lost bytes', () => {
  it('count in the second in which the hole was found', () => {
    const totals = watch((c) => {
      c.client(client.query('SELECT 1'));
      c.lost('server', server.row('1'));
      c.server(server.complete('SELECT 1'), server.ready());
      ask(c, 'SELECT 2', 'SELECT 1');
    });
    expect(totals.get(0)?.lostBytes).toBe(12);
  });
});
