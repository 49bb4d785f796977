import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reduction, Status } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import { type Segment, writeSegment } from '../../src/store/segment.ts';
import { SegmentSink, type SinkOptions } from '../../src/store/segment-sink.ts';
import { applyRetention } from '../../src/store/retention.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { appendEvent, eventRows } from '../../src/store/tables/events-table.ts';
import { addressesOf } from '../../src/store/tables/session-columns.ts';
import { enqueueLeftovers } from '../../src/store/leftovers.ts';
import { insertSegment, SegmentWriter } from '../../src/store/writer.ts';
import {
  makeActivity,
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
  makeWorkload,
} from './synthetic.ts';
import {
  descriptionOf,
  numberOf,
  rowsOf,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;

let temporary: TemporaryStore;
let store: Store;
beforeEach(async () => {
  temporary = await temporaryStore();
  store = temporary.store;
});
afterEach(() => temporary.remove());

function sinkInto(writer: SegmentWriter, more: Partial<SinkOptions> = {}): SegmentSink {
  return new SegmentSink({
    directory: temporary.directory,
    describe: () => ({ tables: ['t'], columns: ['a'] }),
    onSealed: (segment) => writer.enqueue(segment),
    ...more,
  });
}

/** One load of the same made-up capture. */
async function load(
  events: number,
  segmentRowsMax = 2_000,
  now?: () => number,
): Promise<SegmentWriter> {
  const writer = new SegmentWriter(store);
  const sink = sinkInto(writer, { segmentRowsMax, ...(now === undefined ? {} : { now }) });
  makeWorkload(3, START_US).feed(sink, events);
  sink.activity(makeActivity({ requests: events, durationBuckets: new Map([[5, events]]) }));
  sink.seal();
  await sink.settled();
  await writer.flush();
  return writer;
}

const waiting = (): string[] => readdirSync(join(temporary.directory, 'segments'));

describe('loading', () => {
  it('stores every event once, in the table and in the rollups, and leaves no file', async () => {
    const writer = await load(10_500);
    expect(writer.counts.stored).toMatchObject({
      events: 10_500,
      transactions: 2_100,
      activity_1s: 1,
    });
    expect(writer.counts.known).toEqual({});
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(10_500);
    expect(await numberOf(store, '(SELECT uniqExact(session_id, sequence) FROM events)')).toBe(
      10_500,
    );
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1m)')).toBe(10_500);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(10_500);
    expect(
      await numberOf(store, '(SELECT sum(arraySum(mapValues(durations))) FROM class_1h)'),
    ).toBe(10_500);
    expect(waiting()).toEqual([]);
  });

  it('the same capture again stores nothing and says since when it is there', async () => {
    await load(6_000);
    const again = await load(6_000, 2_000, () => Date.now() / 1000 + 90_000);
    expect(again.counts.stored).toEqual({});
    expect(again.counts.known).toMatchObject({ events: 6_000, transactions: 1_200 });
    expect(again.counts.knownSinceSeconds).toBeGreaterThan(Date.now() / 1000 - 120);
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(6_000);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1m)')).toBe(6_000);
    expect(await numberOf(store, '(SELECT sum(requests) FROM activity_1s)')).toBe(6_000);
    expect(waiting()).toEqual([]);
  });

  it('what an interrupted load had stored is completed, not repeated', async () => {
    await load(4_000);
    const longer = await load(8_000);
    expect(longer.counts.known.events).toBe(4_000);
    expect(longer.counts.stored.events).toBe(4_000);
    expect(await numberOf(store, '(SELECT uniqExact(session_id, sequence) FROM events)')).toBe(
      8_000,
    );
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(8_000);
  });
});

/** Segments on the disk, not sent. */
async function sealed(events: number): Promise<Segment[]> {
  const segments: Segment[] = [];
  const sink = sinkInto(new SegmentWriter(store), {
    segmentRowsMax: 1_000,
    onSealed: (segment) => void segments.push(segment),
  });
  makeWorkload(5, START_US).feed(sink, events);
  sink.seal();
  await sink.settled();
  return segments.filter(({ table }) => table === 'events');
}

describe('a segment', () => {
  it('sent twice is stored once, also in the rollups of rollups', async () => {
    const segments = await sealed(3_000);
    expect(segments).toHaveLength(3);
    for (const segment of [...segments, ...segments]) await insertSegment(store, segment);
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(3_000);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1m)')).toBe(3_000);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(3_000);
  });

  it('that an earlier run left is stored by the next one, and known to the one after', async () => {
    await sealed(2_000);
    const writer = new SegmentWriter(store);
    expect(await enqueueLeftovers(store, writer)).toEqual({ segments: 4, damaged: 0 });
    await writer.flush();
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(2_000);
    expect(waiting()).toEqual([]);
    await sealed(2_000);
    const next = new SegmentWriter(store);
    await enqueueLeftovers(store, next);
    await next.flush();
    expect(next.counts).toMatchObject({ segmentsStored: 0, segmentsKnown: 4 });
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(2_000);
  });

  it('that was damaged on the disk is set aside and not stored', async () => {
    const [first, second] = await sealed(2_000);
    const bytes = readFileSync(first?.path ?? '');
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
    writeFileSync(first?.path ?? '', bytes);
    writeFileSync(second?.path ?? '', readFileSync(second?.path ?? '').subarray(0, 20_000));
    const writer = new SegmentWriter(store);
    expect(await enqueueLeftovers(store, writer)).toEqual({ segments: 2, damaged: 2 });
    await writer.flush();
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(0);
    expect(waiting().filter((name) => name.endsWith('.damaged'))).toHaveLength(2);
  });

  it('has a name made of its content: the same rows, the same name at another time', async () => {
    const rows = (sequence: number) => {
      const table = eventRows();
      const session = makeSession(1);
      const event = makeStatement(session, { sequence });
      appendEvent(table, event, addressesOf(session));
      return table;
    };
    const directory = join(temporary.directory, 'segments');
    const one = await writeSegment(directory, rows(1).block('here', 1_790_000_000), 0);
    const later = await writeSegment(directory, rows(1).block('here', 1_790_000_999), 0);
    const other = await writeSegment(directory, rows(2).block('here', 1_790_000_000), 0);
    const second = await writeSegment(directory, rows(1).block('here', 1_790_000_000), 1);
    const elsewhere = await writeSegment(directory, rows(1).block('there', 1_790_000_000), 0);
    expect(later.name).toBe(one.name);
    expect(new Set([one.name, other.name, second.name, elsewhere.name]).size).toBe(4);
  });
});

it('a store that was just made knows repeated inserts also after its engine was killed', async () => {
  const segments: Segment[] = [];
  const writer = new SegmentWriter(store);
  const sink = sinkInto(writer, {
    segmentRowsMax: 500,
    onSealed: (segment) => void segments.push(segment),
  });
  makeWorkload(7, START_US).feed(sink, 2_000);
  sink.seal();
  await sink.settled();
  for (const segment of segments) await insertSegment(store, segment);
  process.kill(descriptionOf(temporary.directory).pid, 'SIGKILL');
  await expect.poll(() => numberOf(store, '1').catch(() => 0), { timeout: 20_000 }).toBe(1);
  for (const segment of segments) await insertSegment(store, segment);
  for (const count of [
    'count() FROM events',
    'sum(calls) FROM class_1m',
    'sum(calls) FROM class_1h',
  ]) {
    expect(await numberOf(store, `(SELECT ${count})`), count).toBe(2_000);
  }
});

it('an engine killed again and again loses nothing and doubles nothing', async () => {
  const writer = new SegmentWriter(store);
  const sink = sinkInto(writer, { segmentRowsMax: 1_000 });
  const workload = makeWorkload(11, START_US);
  let killed = 0;
  for (let round = 0; round < 8; round++) {
    workload.feed(sink, 5_000);
    await sink.settled();
    if (round % 2 === 1 && killed < 3) {
      process.kill(descriptionOf(temporary.directory).pid, 'SIGKILL');
      killed++;
    }
    await writer.drained();
  }
  sink.seal();
  await sink.settled();
  await writer.flush();
  expect(killed).toBe(3);
  expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(40_000);
  expect(await numberOf(store, '(SELECT uniqExact(session_id, sequence) FROM events)')).toBe(
    40_000,
  );
  expect(await numberOf(store, '(SELECT sum(calls) FROM class_1m)')).toBe(40_000);
  expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(40_000);
  expect(waiting()).toEqual([]);
}, 60_000);

it('a server takes segments over the network, once', async () => {
  const { url, user, password } = descriptionOf(temporary.directory);
  const address = new URL(url);
  address.username = user;
  address.password = password;
  const spool = join(temporary.directory, 'spool');
  const server = await openStore({ kind: 'server', url: address.href, directory: spool });
  try {
    for (const known of [false, true]) {
      const writer = new SegmentWriter(server);
      const sink = sinkInto(writer, { directory: server.directory, segmentRowsMax: 1_000 });
      makeWorkload(3, START_US).feed(sink, 3_000);
      sink.seal();
      await sink.settled();
      await writer.flush();
      expect(writer.counts[known ? 'known' : 'stored'].events).toBe(3_000);
    }
    expect(await numberOf(server, '(SELECT count() FROM events)')).toBe(3_000);
    expect(await numberOf(server, '(SELECT sum(calls) FROM class_1h)')).toBe(3_000);
    expect(readdirSync(join(server.directory, 'segments'))).toEqual([]);
  } finally {
    await server.close();
  }
});

describe('what is stored', () => {
  async function store1(feed: (sink: SegmentSink, session: Session) => void): Promise<void> {
    const writer = new SegmentWriter(store);
    const sink = sinkInto(writer);
    feed(sink, makeSession(1));
    sink.seal();
    await sink.settled();
    await writer.flush();
  }

  it('are the bytes of the statement as they were, whatever they are, and nothing of them is run', async () => {
    const texts = [
      Buffer.from("\n\n; DROP TABLE events; SELECT 'x\n\n"),
      Buffer.from([0x27, 0x22, 0x60, 0x5c, 0x00, 0x1a, 0x0a, 0x0a]),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80]),
      Buffer.alloc(300_000, 0x0a),
      Buffer.alloc(0),
    ];
    await store1((sink, session) => {
      texts.forEach((text, index) => {
        const padded = Buffer.concat([Buffer.from('###'), text, Buffer.from('###')]);
        sink.statement(
          makeStatement(session, {
            text: padded,
            textStart: 3,
            textEnd: 3 + text.length,
            sequence: index,
            parameters: [text.toString('latin1'), null],
            error: {
              sqlstate: '42601',
              code: undefined,
              message: text.toString('latin1'),
              severity: 'ERROR',
              errorClass: 'syntax',
            },
          }),
        );
      });
    });
    const rows = await rowsOf<{ hex: string }>(
      store,
      'SELECT lower(hex(statement)) AS hex FROM events ORDER BY sequence',
    );
    expect(rows.map((row) => row.hex)).toEqual(texts.map((text) => text.toString('hex')));
    const messages = await rowsOf<{ same: number }>(
      store,
      'SELECT error_message = assumeNotNull(parameters[1]) AS same FROM events',
    );
    expect(messages.map((row) => row.same)).toEqual([1, 1, 1, 1, 1]);
  });

  it('is NULL or empty where the collector did not know', async () => {
    await store1((sink, session) =>
      sink.statement(makeStatement({ ...session, user: undefined }, { transactionStatus: '' })),
    );
    expect(
      await rowsOf(
        store,
        `SELECT fingerprint, command, user, duration_us, rows_returned, transaction_id, error_code, toString(transaction_status) AS status
        FROM events`,
      ),
    ).toEqual([
      {
        fingerprint: '0000000000000000',
        command: '',
        user: '',
        duration_us: null,
        rows_returned: null,
        transaction_id: null,
        error_code: null,
        status: '',
      },
    ]);
  });

  it('is readable: addresses, identifiers, names of flaws', async () => {
    const ipv6 = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    await store1((sink, session) =>
      sink.statement(
        makeStatement(
          { ...session, serverAddress: ipv6 },
          { quality: 70, status: Status.Unanswered },
        ),
      ),
    );
    expect(
      await rowsOf(
        store,
        'SELECT client_ip, server_ip, session_id, quality_names, status, ts FROM events',
      ),
    ).toEqual([
      {
        client_ip: '10.0.0.2',
        server_ip: '2001:db8::1',
        session_id: makeSession(1).id,
        quality_names: ['gap_response', 'mid_stream', 'timed_on_arrival'],
        status: 'unanswered',
        ts: '2026-09-21 14:13:20.000000',
      },
    ]);
  });

  it('says of a statement that less is told of it than was seen, and what it leaves out is absent', async () => {
    const text = Buffer.from('SELECT a, b FROM t1 WHERE id = 42');
    await store1((sink, session) => {
      const told = (sequence: number) =>
        sink.statement(
          makeStatement(session, {
            sequence,
            text,
            textStart: 0,
            textEnd: text.length,
            firstRowUs: 5,
            statementName: 's1',
            statementClass: makeClass(1),
          }),
        );
      told(1);
      sink.reduction = Reduction.ResultDetails;
      told(2);
      sink.reduction = Reduction.StatementTexts;
      for (let sequence = 3; sequence < 35; sequence++) told(sequence);
      sink.reduction = Reduction.None;
      told(35);
      expect(sink.statementsReduced).toBe(33);
    });
    const rows = await rowsOf<{ statement: string; first_row_us: number | null; name: string }>(
      store,
      `SELECT statement, first_row_us, statement_name AS name FROM events ORDER BY sequence`,
    );
    expect(rows[0]).toEqual({ statement: text.toString(), first_row_us: 5, name: 's1' });
    expect(rows[1]).toEqual({ statement: text.toString(), first_row_us: null, name: '' });
    expect(rows[34]).toEqual(rows[0]);
    const texts = rows.slice(2, 34).filter(({ statement }) => statement !== '');
    expect(texts).toHaveLength(2);
    expect(
      await numberOf(store, "(SELECT countIf(has(quality_names, 'reduced')) FROM events)"),
    ).toBe(33);
    // What the statements were is still known.
    expect(await numberOf(store, '(SELECT uniqExact(fingerprint) FROM events)')).toBe(1);
    expect(await numberOf(store, '(SELECT count() FROM classes)')).toBe(1);
  });

  it('are sessions with what was known while they lasted', async () => {
    await store1((sink, session) => {
      sink.sessionEvent({
        type: 'session_start',
        tsUs: START_US,
        session,
        loginUs: 900,
        serverVersion: '16.1',
      });
      sink.sessionEvent({
        type: 'encrypted',
        tsUs: START_US,
        session,
        method: 'tls',
        reason: 'no_key_log',
      });
      const statementClass = makeClass(4);
      sink.statement(
        makeStatement(session, {
          statementClass,
          command: statementClass.command,
          tsUs: START_US + 5,
        }),
      );
      sink.transactionEnd(makeTransactionEnd(session));
      sink.transactionEnd(makeTransactionEnd(session, { implicit: true, statements: 1 }));
      sink.sessionEvent({
        type: 'session_end',
        tsUs: START_US + 1_000_000,
        session,
        startUs: START_US,
        reason: 'terminate',
        statements: 1,
        errors: 0,
        requestBytes: 10,
        responseBytes: 20,
        lostBytes: 0,
        lostPacketsMin: 0,
        transactionStatus: 'T',
        transactionStartUs: START_US + 3,
        quality: 0,
      });
    });
    expect(
      await rowsOf(
        store,
        `SELECT login_us, server_version, encrypted, last_command, last_fingerprint, end_reason,
          toUnixTimestamp64Micro(transaction_start_ts) AS since FROM sessions`,
      ),
    ).toEqual([
      {
        login_us: 900,
        server_version: '16.1',
        encrypted: 'tls',
        last_command: makeClass(4).command,
        last_fingerprint: makeClass(4).fingerprint,
        end_reason: 'terminate',
        since: START_US + 3,
      },
    ]);
    expect(await rowsOf(store, 'SELECT type, detail FROM session_events')).toEqual([
      { type: 'encrypted', detail: 'tls no_key_log' },
    ]);
    expect(await numberOf(store, '(SELECT count() FROM transactions)')).toBe(1);
    expect(await rowsOf(store, 'SELECT fingerprint, tables, columns FROM classes')).toEqual([
      { fingerprint: makeClass(4).fingerprint, tables: ['t'], columns: ['a'] },
    ]);
  });

  it('of activity adds up over rows of the same second, gauges take the greatest', async () => {
    await store1((sink) => {
      sink.activity(makeActivity({ requests: 2, connectionsOpen: 5, durationBuckets: new Map([[8, 1], [9, 2]]) })); // biome-ignore format: one line
      sink.activity(
        makeActivity({ requests: 3, connectionsOpen: 4, durationBuckets: new Map([[9, 1]]) }),
      );
    });
    expect(
      await rowsOf(store, 'SELECT requests, connections_open, durations FROM activity_1s FINAL'),
    ).toEqual([{ requests: 5, connections_open: 5, durations: { 8: 1, 9: 3 } }]);
  });

  it('does not vanish by retention because it happened long ago', async () => {
    await store1((sink, session) =>
      sink.statement(makeStatement(session, { tsUs: 1_000_000_000_000_000 })),
    );
    await applyRetention(store, { days: {}, quotaBytes: undefined }, Date.now());
    expect(await rowsOf(store, 'SELECT toString(ts) AS ts FROM events')).toEqual([
      { ts: '2001-09-09 01:46:40.000000' },
    ]);
  });
});

describe('bounds', () => {
  it('a segment is sealed when its statements are long, before it has all its rows', async () => {
    const segments: Segment[] = [];
    const sink = sinkInto(new SegmentWriter(store), {
      onSealed: (segment) => void segments.push(segment),
    });
    const text = Buffer.alloc(8 * 1024 * 1024, 0x61);
    for (let index = 0; index < 5; index++) {
      sink.statement(makeStatement(makeSession(1), { text, sequence: index }));
    }
    await sink.settled();
    expect(segments.map(({ rowsCount }) => rowsCount)).toEqual([5]);
  });

  it('the collector is asked to wait while too many segments wait, and goes on afterwards', async () => {
    const writer = new SegmentWriter(store);
    const segments = await sealed(12_000);
    for (const segment of segments) writer.enqueue(segment);
    let drained = false;
    const wait = writer.drained().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect(drained).toBe(false);
    await wait;
    expect(writer.counts.segmentsStored).toBeGreaterThanOrEqual(6);
    await writer.flush();
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(12_000);
  });
});
