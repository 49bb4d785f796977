import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf, quantileUs } from '../../src/core/histogram.ts';
import { Status, type StatementEvent } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import { storeCapture } from '../../src/store/captures.ts';
import { readExecutions, readSlowest } from '../../src/store/questions/executions.ts';
import { classStepUsFor, stepUsFor } from '../../src/store/questions/steps.ts';
import { readExtent, readWindowFacts } from '../../src/store/questions/window-facts.ts';
import {
  ipv4,
  makeActivity,
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
  makeWorkload,
} from './synthetic.ts';
import type { SegmentSink } from '../../src/store/segment-sink.ts';
import { fillStore, numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
/** Not at the beginning of a minute, so that windows have ragged ends. */
const START_US = 1_790_000_013_500_000;

interface Seen {
  readonly tsUs: number;
  readonly fingerprint: string;
  readonly status: Status;
  readonly durationUs: number;
  readonly session: Session;
  readonly responseBytes: number;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
}

let temporary: TemporaryStore;
const seen: Seen[] = [];

async function storeThrough(feed: (sink: SegmentSink) => void): Promise<void> {
  await fillStore(
    temporary,
    (sink) => {
      feed(sink);
    },
    { describe: (statement) => ({ tables: [statement.split(' ')[3] ?? ''], columns: [] }) },
  );
}

beforeAll(async () => {
  temporary = await temporaryStore();
  // Four hours at two statements a second: long enough for the rollup to be read.
  await storeThrough((sink) => {
    const remember = {
      statement: (event: StatementEvent) => {
        seen.push({
          tsUs: event.tsUs,
          fingerprint: event.statementClass?.fingerprint ?? '',
          status: event.status,
          durationUs: event.durationUs,
          session: event.session,
          responseBytes: event.responseBytes,
          rowsReturned: event.rowsReturned,
          rowsAffected: event.rowsAffected,
        });
        sink.statement(event);
      },
      transactionEnd: sink.transactionEnd.bind(sink),
      sessionEvent: sink.sessionEvent.bind(sink),
      activity: sink.activity.bind(sink),
    };
    makeWorkload(21, START_US, 2).feed(remember, 30_000);
  });
});
afterAll(() => temporary.remove());

const serverOf = (session: Session): string => `10.0.1.1:${session.serverPort}`;
const clientOf = (session: Session): string => session.clientAddress.subarray(12).join('.');

describe('classes over a window', () => {
  const cases = [
    ['a short one, read from the events', START_US + HOUR, START_US + HOUR + 777 * SECOND],
    [
      'a long one with ragged ends, read from the rollup',
      START_US + 11 * SECOND,
      START_US + 3 * HOUR + 29 * SECOND,
    ],
    ['all of it', START_US - HOUR, START_US + 9 * HOUR],
  ] as const;

  it.each(cases)('are what one counts by hand: %s', async (_name, fromUs, toUs) => {
    const facts = await readWindowFacts(temporary.store, { fromUs, toUs });
    const inside = seen.filter(({ tsUs }) => tsUs >= fromUs && tsUs < toUs);
    expect(inside.length).toBeGreaterThan(1_000);
    const calls = new Map<string, Seen[]>();
    for (const one of inside)
      calls.set(one.fingerprint, [...(calls.get(one.fingerprint) ?? []), one]);
    expect(facts.classes.length).toBe(calls.size);
    for (const row of facts.classes) {
      const mine = calls.get(row.fingerprint) ?? [];
      const durations = new Map<number, number>();
      for (const { durationUs } of mine) {
        durations.set(bucketOf(durationUs), (durations.get(bucketOf(durationUs)) ?? 0) + 1);
      }
      const sum = (value: (one: Seen) => number): number =>
        mine.reduce((total, one) => total + Math.max(0, value(one)), 0);
      expect(row).toMatchObject({
        calls: mine.length,
        errors: mine.filter(({ status }) => status === Status.Error).length,
        unanswered: 0,
        answered: mine.length,
        durationSumUs: sum((one) => one.durationUs),
        durationMaxUs: Math.max(...mine.map((one) => one.durationUs)),
        rowsReturned: sum((one) => one.rowsReturned),
        rowsAffected: sum((one) => one.rowsAffected),
        responseBytes: sum((one) => one.responseBytes),
        firstUs: Math.min(...mine.map((one) => one.tsUs)),
        lastUs: Math.max(...mine.map((one) => one.tsUs)),
      });
      expect(new Map([...row.durations].sort())).toEqual(new Map([...durations].sort()));
      expect(row.normalized).toMatch(/^(SELECT|UPDATE) /);
    }
    const [top] = facts.classes;
    const course = facts.classSteps.filter(({ fingerprint }) => fingerprint === top?.fingerprint);
    expect(course.reduce((total, step) => total + step.answered, 0)).toBe(top?.answered);
    expect(course.reduce((total, step) => total + step.durationSumUs, 0)).toBe(top?.durationSumUs);
    expect(new Set(course.map(({ startUs }) => startUs)).size).toBe(course.length);
  });

  it('can be narrowed to a client, to a server, and to what does not exist', async () => {
    const window = { fromUs: START_US, toUs: START_US + 4 * HOUR };
    const one = seen[0] as Seen; // Thirty thousand were fed.
    const scope = { client: clientOf(one.session), server: serverOf(one.session) };
    const facts = await readWindowFacts(temporary.store, window, scope);
    const total = facts.classes.reduce((sum, { calls }) => sum + calls, 0);
    const inside = seen.filter(
      ({ tsUs, session }) => tsUs < window.toUs && clientOf(session) === scope.client,
    );
    expect(total).toBe(inside.length);
    expect(facts.slowest.every(({ client }) => client === scope.client)).toBe(true);
    const nothing = await readWindowFacts(temporary.store, window, { server: '10.0.1.1:1' });
    expect(nothing.classes).toEqual([]);
  });
});

describe('executions', () => {
  it.each([
    ['of whole minutes and ragged ends', START_US, START_US + 2 * HOUR, {}, 20],
    ['of so many hours that the rollup by hour is asked', START_US, START_US + 9 * HOUR, {}, 20],
    ['of hours with fewer classes than are asked for', START_US, START_US + 9 * HOUR, {}, 500],
    ['of seconds within a minute', START_US + SECOND, START_US + 20 * SECOND, {}, 20],
    ['of one client', START_US, START_US + 3 * HOUR, { client: '10.0.0.1' }, 7],
    ['of more than classes and minutes', START_US, START_US + 70 * SECOND, {}, 500],
    ['of a server that is not there', START_US, START_US + HOUR, { server: '9.9.9.9:1' }, 20],
  ])('the slowest %s are those of reading all', async (_, fromUs, toUs, scope, limit) => {
    const window = { fromUs, toUs };
    const all = await readExecutions(temporary.store, window, { ...scope, limit });
    expect(await readSlowest(temporary.store, window, scope, limit)).toEqual(all);
  });

  it('come slowest first and can be narrowed', async () => {
    const window = { fromUs: START_US, toUs: START_US + HOUR };
    const inside = seen.filter(({ tsUs }) => tsUs < window.toUs);
    const slowest = await readExecutions(temporary.store, window, { limit: 5 });
    const durations = inside.map(({ durationUs }) => durationUs).sort((a, b) => b - a);
    expect(slowest.map(({ durationUs }) => durationUs)).toEqual(durations.slice(0, 5));
    const failed = await readExecutions(temporary.store, window, {
      sqlstate: '23505',
      limit: 1_000,
    });
    expect(failed.length).toBe(inside.filter(({ status }) => status === Status.Error).length);
    expect(failed[0]).toMatchObject({
      status: 'error',
      sqlstate: '23505',
      user: expect.stringMatching(/^app/) as string,
    });
    const one = inside[7] as Seen; // An hour holds thousands.
    const ofSession = await readExecutions(temporary.store, window, {
      sessionId: one.session.id,
      limit: 1_000,
    });
    expect(ofSession.length).toBe(
      inside.filter(({ session }) => session.id === one.session.id).length,
    );
    const ofClass = await readExecutions(temporary.store, window, {
      fingerprint: one.fingerprint,
      limit: 1_000,
    });
    expect(ofClass.every(({ fingerprint }) => fingerprint === one.fingerprint)).toBe(true);
    expect(ofClass.length).toBeGreaterThan(0);
  });
});

describe('everything else that the report needs', () => {
  const session = makeSession(900, { serverAddress: ipv4(10, 9, 9, 9), application: undefined });
  const base = START_US + 100 * HOUR;
  const window = { fromUs: base, toUs: base + 60 * SECOND };
  const scope = { server: '10.9.9.9:5432' };
  const second = Math.floor(base / SECOND) * SECOND;
  const edge = { serverAddress: session.serverAddress };

  beforeAll(() =>
    storeThrough((sink) => {
      const begin = makeClass(1001, { normalized: 'BEGIN', command: 'BEGIN', kind: 'transaction' });
      const change = makeClass(1002, {
        normalized: 'ALTER TABLE t ADD c int',
        command: 'ALTER TABLE',
        kind: 'ddl',
      });
      const text = Buffer.from('ALTER TABLE t ADD c int');
      sink.statement(
        makeStatement(session, {
          statementClass: begin,
          command: 'BEGIN',
          tsUs: base,
          transactionId: 5,
          sequence: 1,
          durationUs: 10,
        }),
      );
      sink.statement(
        makeStatement(session, {
          statementClass: change,
          command: 'ALTER TABLE',
          text,
          tsUs: base + SECOND,
          transactionId: 5,
          sequence: 2,
          durationUs: 2 * SECOND,
          // Timed on arrival: less exact, but whole.
          quality: 64,
        }),
      );
      sink.statement(
        makeStatement(session, {
          tsUs: base + 2 * SECOND,
          sequence: 3,
          status: Status.Unanswered,
          quality: 1,
        }),
      );
      sink.transactionEnd(
        makeTransactionEnd(session, {
          startUs: base,
          endUs: base + 4 * SECOND,
          transactionId: 5,
          outcome: 'rollback',
        }),
      );
      sink.sessionEvent({
        type: 'encrypted',
        tsUs: base,
        session,
        method: 'tls',
        reason: 'no_key_log',
        tls: {
          version: 'TLS 1.3',
          cipherSuite: 'TLS_AES_256_GCM_SHA384',
          serverName: 'db.example',
          applicationProtocol: 'postgresql',
          resumed: false,
          certificate: { subject: 'CN=db', issuer: 'CN=ca', expiresUs: base },
        },
      });
      sink.sessionEvent({
        type: 'anomaly',
        tsUs: base + 5,
        session,
        kind: 'odd',
        detail: 'very',
        lostBytes: 3,
      });
      sink.sessionEvent({
        type: 'session_end',
        tsUs: base + 50 * SECOND,
        session,
        startUs: base - SECOND,
        reason: 'capture_end',
        statements: 3,
        errors: 0,
        requestBytes: 1,
        responseBytes: 2,
        lostBytes: 3,
        lostPacketsMin: 2,
        transactionStatus: 'T',
        transactionStartUs: base + 6 * SECOND,
        turns: { count: 4, sumUs: 2000, maxUs: 900 },
        quality: 0,
      });
      for (let index = 0; index < 60; index++) {
        sink.activity(
          makeActivity({
            ...edge,
            secondUs: second + index * SECOND,
            requests: 10,
            requestsAnswered: 9,
            connectionsOpen: 3,
            durationBuckets: new Map([[80, 9]]),
            durationMaxUs: index,
            lostBytes: index === 5 ? 700 : 0,
            lostPacketsMin: index === 5 ? 3 : 0,
          }),
        );
      }
      sink.activity(
        makeActivity({
          ...edge,
          clientAddress: ipv4(10, 0, 0, 2),
          secondUs: second + 5 * SECOND,
          requests: 1,
          connectionsOpen: 4,
          lostBytes: 80,
          lostPacketsMin: 1,
        }),
      );
    }),
  );

  it('has steps with sums, with gauges added over the hosts of one second, and requests judged when they can be', async () => {
    const { steps, edges } = await readWindowFacts(temporary.store, window, scope);
    expect(steps.map(({ stepUs }) => stepUs)).toEqual(new Array(steps.length).fill(SECOND));
    const sixth = steps.find(({ startUs }) => startUs === second + 5 * SECOND);
    expect(sixth).toMatchObject({ requests: 11, connectionsOpenMax: 7, durationMaxUs: 5 });
    expect(sixth).toMatchObject({ lostBytes: 780, lostPacketsMin: 4 });
    expect(steps.reduce((sum, { lostPacketsMin }) => sum + lostPacketsMin, 0)).toBe(4);
    expect(quantileUs(sixth?.durations ?? new Map(), 0.5)).toBeGreaterThan(1_000);
    const judged = steps.filter(({ requestsJudged }) => requestsJudged > 0);
    // The data end one second after the last activity; the ten seconds before cannot be judged.
    expect(Math.max(...judged.map(({ startUs }) => startUs))).toBe(second + 49 * SECOND);
    expect(
      edges.map(({ client, server, totals }) => [
        client,
        server,
        totals.requests,
        totals.connectionsOpenMax,
      ]),
    ).toEqual([
      ['10.0.0.1', '10.9.9.9:5432', 600, 3],
      ['10.0.0.2', '10.9.9.9:5432', 1, 4],
    ]);
  });

  it('has channels, transactions with an example, DDL, events of sessions', async () => {
    const facts = await readWindowFacts(temporary.store, window, scope);
    expect(facts.channelsCount).toBe(1);
    expect(facts.channels).toMatchObject([
      {
        sessionId: session.id,
        lostPacketsMin: 2,
        endUs: null,
        endReason: null,
        encrypted: true,
        encryption: {
          reason: 'no_key_log',
          version: 'TLS 1.3',
          cipherSuite: 'TLS_AES_256_GCM_SHA384',
          serverName: 'db.example',
          turns: 4,
          turnMeanUs: 500,
          turnMaxUs: 900,
        },
        transactionStatus: 'T',
        application: null,
        openTransactionSinceUs: base + 6 * SECOND,
        lastStatementUs: base + 2 * SECOND,
        lastCommand: null,
        lastNormalized: null,
      },
    ]);
    expect(facts.transactionShapes).toMatchObject([
      {
        count: 1,
        rollbacks: 1,
        durationSumUs: 4 * SECOND,
        example: ['BEGIN', 'ALTER TABLE t ADD c int'],
      },
    ]);
    expect(facts.ddlCount).toBe(1);
    expect(facts.ddl).toMatchObject([
      {
        command: 'ALTER TABLE',
        statement: 'ALTER TABLE t ADD c int',
        status: 'ok',
        tsUs: base + SECOND,
        application: null,
        server: scope.server,
      },
    ]);
    expect(facts.sessionEvents).toEqual([
      { type: 'anomaly', count: 1, firstUs: base + 5, lastUs: base + 5, detail: 'odd: very' },
      {
        type: 'encrypted',
        count: 1,
        firstUs: base,
        lastUs: base,
        detail: 'tls no_key_log TLS 1.3 db.example',
      },
    ]);
    const unknown = facts.classes.find(({ fingerprint }) => fingerprint === '0000000000000000');
    expect(unknown).toMatchObject({
      calls: 1,
      unanswered: 1,
      answered: 0,
      normalized: '',
      durationSumUs: 0,
    });
  });

  it('says what the capture missed', async () => {
    await storeCapture(
      temporary.store,
      'x.pcap',
      {
        packets: 7,
        bytes: 70,
        firstPacketUs: base,
        lastPacketUs: base + SECOND,
        streams: 1,
        payloadBytes: 1,
        decodedBytes: 1,
        foreignBytes: 0,
        repeatedBytes: 0,
        doubledPackets: 0,
        doubledBytes: 0,
        retransmittedPackets: 0,
        retransmittedBytes: 0,
        tunnels: {},
        fragments: {},
        packetsPassedOver: {},
        events: {},
        statements: {},
        gaps: 2,
        lostBytes: 20,
        resyncs: 0,
        resyncBytes: 0,
        unansweredRequests: 1,
        unmatchedAnswers: 3,
        framesRefused: 4,
        textBytesReplaced: 5,
        droppedByLimit: { a: 1, b: 2 },
        kernelDrops: 0,
        kernelFreezes: 0,
        captureInterruptions: 0,
        latePackets: 0,
        statementsReduced: 0,
        reducedSeconds: 0,
        reducedFirstUs: undefined,
        reducedLastUs: undefined,
        clockSteps: 0,
        cutPackets: 0,
        clientOnlyConnections: 0,
        serverOnlyConnections: 0,
        encryptedBytes: 0,
        encryptedSessions: {},
        decryptedSessions: 0,
        timedOnArrival: false,
        captureTruncated: false,
        failure: undefined,
      },
      ['a', 'b'],
    );
    const { capture } = await readWindowFacts(temporary.store, window, scope);
    expect(capture).toEqual({
      packets: 7,
      bytes: 70,
      lostBytes: 20,
      gaps: 2,
      statementsWithFlaw: 1,
      unanswered: 1,
      unmatchedAnswers: 3,
      framesRefused: 4,
      droppedByLimit: 3,
      encryptedSessions: 1,
      clientOnlySessions: 0,
      serverOnlySessions: 0,
      connectionsDoubled: 0,
      connectionsLoadedTwice: 0,
      rowsRetired: 0,
    });
    // The report does not tell it; a query of the user does.
    expect(await numberOf(temporary.store, '(SELECT sum(text_bytes_replaced) FROM captures)')).toBe(
      5,
    );
    const before = await readWindowFacts(temporary.store, {
      fromUs: START_US,
      toUs: START_US + HOUR,
    });
    expect(before.capture.packets).toBe(0);
  });

  it('says of how many connections only one half was seen', async () => {
    const serverPort = 7777;
    await storeThrough((sink) => {
      const halves = [
        [5, 0],
        [6, 0],
        [0, 7],
        [8, 9],
      ] as const;
      for (const [index, [requestBytes, responseBytes]] of halves.entries()) {
        sink.sessionEvent({
          type: 'session_end',
          tsUs: base + SECOND,
          session: makeSession(20_000 + index, { serverPort }),
          startUs: base,
          reason: 'fin',
          statements: 0,
          errors: 0,
          requestBytes,
          responseBytes,
          lostBytes: 0,
          lostPacketsMin: 0,
          transactionStatus: '',
          transactionStartUs: -1,
          turns: undefined,
          quality: index === 3 ? 0 : 16,
        });
      }
    });
    const server = `10.0.1.1:${serverPort}`;
    const { capture } = await readWindowFacts(temporary.store, window, { server });
    expect(capture).toMatchObject({ clientOnlySessions: 2, serverOnlySessions: 1 });
  });

  it('knows from when to when the store has anything', async () => {
    const extent = await readExtent(temporary.store);
    // From the first session on: the statements before it were made up, so nothing counted their seconds.
    expect(extent?.fromUs).toBe(1_790_360_012_500_000);
    expect(extent?.toUs).toBe(second + 60 * SECOND);
  });
});

it('an empty store has no extent, and no report', async () => {
  const empty = await temporaryStore();
  try {
    expect(await readExtent(empty.store)).toBeUndefined();
    await expect(readWindowFacts(empty.store, { fromUs: 0, toUs: 1 })).rejects.toMatchObject({
      code: 'MSQL_STORE_EMPTY',
    });
  } finally {
    await empty.remove();
  }
});

it('shows the course of classes by the minute from half an hour on', () => {
  const lengths = [60, 900, 1_799, 1_800, 3_600, 86_400];
  const steps = lengths.map(
    (seconds) => classStepUsFor({ fromUs: 0, toUs: seconds * SECOND }) / SECOND,
  );
  expect(steps).toEqual([1, 5, 10, 60, 60, 300]);
});

it('cuts a window into at most 300 steps of a round length', () => {
  const lengths = [0, 1, 299, 300, 301, 3_600, 86_400, 7 * 86_400, 365 * 86_400, 20 * 365 * 86_400];
  const steps = lengths.map((seconds) => stepUsFor({ fromUs: 0, toUs: seconds * SECOND }) / SECOND);
  expect(steps).toEqual([1, 1, 1, 1, 2, 15, 300, 3_600, 2 * 86_400, 25 * 86_400]);
});
