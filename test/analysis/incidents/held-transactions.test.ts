import { describe, expect, it } from 'vitest';
import { heldTransactionFindings } from '../../../analysis/incidents/held-transactions.ts';
import type { ChannelFacts } from '../../../src/events/facts.ts';
import type { HealthInterval } from '../../../src/events/health.ts';
import { channelOf } from '../fixtures.ts';
import { at } from './findings-of.ts';

const DATABASE = '10.0.0.1:5432';

/** It hung from second 100 on, which was known five seconds later. */
const HANG: HealthInterval = {
  node: DATABASE,
  role: 'server',
  state: 'hang',
  sinceUs: at(105),
  untilUs: at(130),
  evidence: [
    { name: 'oldest request without an answer', value: 5e6, unit: 'us', threshold: 5e6 },
    { name: 'requests without an answer', value: 8, unit: 'count', threshold: 3 },
  ],
  learning: false,
};

/** Open since second 98, its last statement at 99, until it was thrown out at 120. */
const holder = (given: Partial<ChannelFacts> = {}): ChannelFacts =>
  channelOf({
    sessionId: '00000000000000aa',
    client: '10.0.2.40',
    clientPort: 51_000,
    application: 'month-end',
    server: DATABASE,
    transactionStatus: 'T',
    openTransactionSinceUs: at(98),
    lastStatementUs: at(99),
    lastSeenUs: at(120),
    endUs: at(120),
    ...given,
  });

const found = (channels: readonly ChannelFacts[], health: readonly HealthInterval[] = [HANG]) =>
  heldTransactionFindings(health, channels, new Set());

describe('a transaction that was held while a database hung', () => {
  it('is found where its session died with it', () => {
    expect(found([holder()])).toMatchObject([
      {
        key: `open-transactions/held session 00000000000000aa ${String(at(98))}`,
        severity: 'warning',
        node: DATABASE,
        sinceUs: at(98),
        untilUs: at(120),
        evidence: [
          { name: 'open for', value: 22e6 },
          { name: 'idle when the hang was known', value: 6e6 },
          { name: 'requests without an answer', value: 8, threshold: 3 },
        ],
        sessions: ['00000000000000aa'],
      },
    ]);
  });

  it.each<[string, Partial<ChannelFacts>]>([
    ['is a single statement that waits itself', { transactionStatus: 'I' }],
    ['began after the hang', { openTransactionSinceUs: at(101), lastStatementUs: at(101) }],
    ['went on working', { lastStatementUs: at(103) }],
    ['stood idle long before: its locks would have been felt', { lastStatementUs: at(89) }],
    ['was over before the hang was known', { lastSeenUs: at(104) }],
    ['is of another database', { server: '10.0.0.9:5432' }],
    ['asked nothing at all', { lastStatementUs: null }],
  ])('is not blamed where it %s', (_reason, given) => {
    expect(found([holder(given)])).toEqual([]);
  });

  it('is not blamed without a hang, where another finding tells it, or where four would fit', () => {
    expect(found([holder()], [{ ...HANG, state: 'slow' }])).toEqual([]);
    expect(heldTransactionFindings([HANG], [holder()], new Set(['00000000000000aa']))).toEqual([]);
    const four = ['a', 'b', 'c', 'd'].map((sessionId) => holder({ sessionId }));
    expect(found(four.slice(1))).toHaveLength(3);
    expect(found(four)).toEqual([]);
  });
});
