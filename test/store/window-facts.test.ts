/** What the report of a window reads beside classes and executions (questions.test.ts): steps, channels, what the capture missed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantileUs } from '../../src/core/histogram.ts';
import { Status } from '../../src/events/events.ts';
import { storeCapture } from '../../src/store/captures.ts';
import { readExtent, readWindowFacts } from '../../src/store/questions/window-facts.ts';
import type { SegmentSink } from '../../src/store/segment-sink.ts';
import {
  ipv4,
  makeActivity,
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
} from './synthetic.ts';
import { fillStore, numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
/** Not at the beginning of a minute, so that windows have ragged ends. */
const START_US = 1_790_000_013_500_000;

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
});
afterAll(() => temporary.remove());

const storeThrough = (feed: (sink: SegmentSink) => void): Promise<void> =>
  fillStore(temporary, feed);

describe('the facts of a window', () => {
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
