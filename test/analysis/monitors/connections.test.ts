/** R3, R4, nodes, transaction shapes and what the capture missed. */
import { describe, expect, it } from 'vitest';
import { captureQuality } from '../../../analysis/monitors/capture-quality.ts';
import { rankedChannels, transactionAgeUs } from '../../../analysis/monitors/channels.ts';
import { ddlRows } from '../../../analysis/monitors/ddl.ts';
import { nodeRows } from '../../../analysis/monitors/nodes.ts';
import { transactionShapeRows } from '../../../analysis/monitors/transactions.ts';
import type { EdgeFacts, TransactionShapeFacts } from '../../../src/events/facts.ts';
import { channelOf, EMPTY_FACTS, EMPTY_TOTALS, histogramOf, START_US } from '../fixtures.ts';
import { SECOND_US } from '../../../src/core/time.ts';
import { shopFacts } from '../shop-facts.ts';

describe('rankedChannels (R3)', () => {
  it('puts the oldest open transaction first, then the busiest', () => {
    const quiet = channelOf({ sessionId: 'quiet', requestBytes: 1, responseBytes: 1 });
    const busy = channelOf({ sessionId: 'busy', requestBytes: 9, responseBytes: 9 });
    const young = channelOf({ sessionId: 'young', openTransactionSinceUs: START_US + 2 });
    const old = channelOf({ sessionId: 'old', openTransactionSinceUs: START_US + 1 });
    const ranked = rankedChannels([quiet, young, busy, old]);
    expect(ranked.map(({ sessionId }) => sessionId)).toEqual(['old', 'young', 'busy', 'quiet']);
  });

  it('counts the age of a transaction up to where the channel was last seen', () => {
    const open = channelOf({
      openTransactionSinceUs: START_US,
      lastSeenUs: START_US + 35 * SECOND_US,
    });
    expect(transactionAgeUs(open)).toBe(35 * SECOND_US);
    expect(transactionAgeUs(channelOf())).toBeNull();
  });
});

describe('ddlRows (R4)', () => {
  it('tells schema changes as they happened', () => {
    const ddl = shopFacts().ddl;
    expect(ddlRows([...ddl].reverse())).toEqual(ddl);
  });
});

describe('nodeRows', () => {
  const window = { fromUs: START_US, toUs: START_US + 10 * SECOND_US };
  const edge = (client: string, server: string, answers: number, us: number): EdgeFacts => ({
    client,
    server,
    totals: {
      ...EMPTY_TOTALS,
      requests: answers,
      answers,
      normal: answers,
      commits: answers,
      durationSumUs: answers * us,
      durationMaxUs: us,
      durations: histogramOf([us, answers]),
      connectionsOpenMax: 3,
    },
  });

  it('says which applications and users talk at a node, those with the most statements first', () => {
    const [any] = shopFacts().channels;
    if (any === undefined) throw new Error('no channel');
    const channel = (application: string | null, user: string, statements: number) => ({
      ...{ ...any, client: '10.0.0.1', server: '10.0.9.9:5432', application, user, statements },
    });
    const channels = [
      ...[channel('orders', 'ann', 3), channel('billing', 'ann', 4), channel('orders', 'bob', 5)],
      ...[
        channel(null, 'c', 1),
        channel(null, 'd', 1),
        channel(null, 'e', 1),
        channel(null, 'f', 0),
      ],
    ];
    const edges = [edge('10.0.0.1', '10.0.9.9:5432', 30, 1000)];
    for (const row of nodeRows({ edges, channels, window, extent: window })) {
      expect(row.applications).toEqual(['orders', 'billing']);
      expect(row.users).toEqual(['ann', 'bob', 'c', 'd', 'e']);
    }
  });

  it('adds up the edges of each host and each endpoint', () => {
    const edges = [
      edge('10.0.0.1', '10.0.9.9:5432', 30, 1000),
      edge('10.0.0.2', '10.0.9.9:5432', 10, 5000),
      edge('10.0.0.1', '10.0.9.8:5432', 20, 4000),
    ];
    const rows = nodeRows({ edges, channels: [], window, extent: window });
    expect(
      rows.map((row) => [row.role, row.node, row.requests, row.tps, row.responseTime.meanUs]),
    ).toEqual([
      ['server', '10.0.9.9:5432', 40, 4, 2000],
      ['server', '10.0.9.8:5432', 20, 2, 4000],
      ['client', '10.0.0.1', 50, 5, 2200],
      ['client', '10.0.0.2', 10, 1, 5000],
    ]);
    expect(rows[0]).toMatchObject({ connectionsOpenMax: 6, yield: 1, responseRate: null });
  });
});

describe('transactionShapeRows', () => {
  it('ranks shapes by the time that they held in all', () => {
    const shape = (name: string, count: number, durationSumUs: number): TransactionShapeFacts => ({
      shape: name,
      count,
      rollbacks: 0,
      statementsMean: 2,
      rowsAffected: 0,
      durationSumUs,
      durationMaxUs: durationSumUs,
      example: [],
    });
    const rows = transactionShapeRows([shape('a', 10, 100), shape('b', 2, 900), shape('c', 0, 0)]);
    expect(rows.map((row) => [row.shape, row.durationMeanUs])).toEqual([
      ['b', 450],
      ['a', 10],
      ['c', 0],
    ]);
  });
});

describe('captureQuality', () => {
  const whole = { ...EMPTY_FACTS.capture, packets: 10, bytes: 1000 };

  it('is complete only when nothing was lost in any way', () => {
    expect(captureQuality(whole)).toMatchObject({
      complete: true,
      verdict: 'Nothing is known to be missing from the capture.',
    });
    const flaws = [
      'lostBytes',
      'gaps',
      'statementsWithFlaw',
      'unmatchedAnswers',
      'framesRefused',
      'droppedByLimit',
      'encryptedSessions',
      'clientOnlySessions',
      'serverOnlySessions',
    ] as const;
    for (const flaw of flaws) {
      const quality = captureQuality({ ...whole, [flaw]: 1 });
      expect(quality.complete, flaw).toBe(false);
      expect(quality.verdict, flaw).not.toBe('Nothing is known to be missing from the capture.');
    }
  });

  it('does not take a request without an answer for a loss', () => {
    expect(captureQuality({ ...whole, unanswered: 5 }).complete).toBe(true);
  });

  it('names every kind of loss in one sentence', () => {
    const quality = captureQuality({ ...whole, lostBytes: 5, encryptedSessions: 1 });
    expect(quality.verdict).toBe(
      'Bytes are missing, so some statements are absent or known only in part; encrypted sessions are seen as connections only, without their statements.',
    );
  });

  it('says of how many connections only one half is seen', () => {
    const quality = captureQuality({ ...whole, clientOnlySessions: 12, serverOnlySessions: 1 });
    expect(quality.verdict).toBe(
      "Only the client's half of 12 connections is seen, so the statements there have no durations and no results; only the server's half of 1 connection is seen, so the statements there have no texts and no durations.",
    );
  });

  it('claims nothing when nothing is stored about the capture', () => {
    expect(captureQuality(EMPTY_FACTS.capture)).toMatchObject({ complete: false });
  });
});
