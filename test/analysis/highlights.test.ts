import { describe, expect, it } from 'vitest';
import { highlightsOf } from '../../analysis/highlights.ts';
import { buildReport } from '../../analysis/report.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import type { Highlight, HighlightPart } from '../../src/events/report.ts';
import { channelOf, classOf, EMPTY_FACTS, histogramOf, START_US, stepOf } from './fixtures.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { sampleOpenTransactions } from '../server/sample-transactions.ts';
import { shopFacts } from './shop-facts.ts';

/** A window of which the capture is whole, with answers and no flaw. */
const WELL: WindowFacts = {
  ...EMPTY_FACTS,
  steps: [stepOf({ requests: 50, answers: 50, normal: 50, commits: 50, requestBytes: 10_000 })],
  capture: { ...EMPTY_FACTS.capture, packets: 100, bytes: 20_000 },
};

const value = (part: HighlightPart) => ('text' in part ? part.text : String(part.value));
const words = ({ severity, parts }: Highlight) => `${severity}: ${parts.map(value).join('')}`;
const highlights = (facts: Partial<WindowFacts>) =>
  buildReport({ ...WELL, ...facts }).highlights.map(words);

function errorOf(errorClass: string, count: number) {
  return {
    sqlstate: errorClass.slice(0, 5),
    errorClass,
    count,
    firstUs: START_US,
    lastUs: START_US,
    sampleMessage: '',
    classes: [],
    sessions: 1,
    clients: [],
  };
}

describe('highlightsOf', () => {
  it('says that all is well only when it is', () => {
    expect(highlights({})).toEqual(['info: Every judged request was answered, none failed.']);
    expect(highlights({ errors: [errorOf('syntax', 1)] }).join()).not.toContain('none failed');
    const unanswered = stepOf({ answers: 9, requestsJudged: 10, requestsJudgedAnswered: 9 });
    expect(highlights({ steps: [unanswered] })).toEqual([
      'warning: 1 request had no answer within 10000000.',
    ]);
  });

  it('tells the stretch in which most transactions were missing, and none of where none were', () => {
    const episode = (server: string, tps: number, seconds: number, toUs: number | null) => ({
      ...{
        server,
        tps,
        usualTps: 40,
        thresholdTps: 20,
        fromUs: START_US + seconds * SECOND_US,
        toUs,
      },
      ...{ verdict: 'APPLICATION' as const, confidence: 1, because: '', orElse: [] },
      ...{ plainRule: { yield: 1, databaseIsToBlame: false }, evidence: [], sqlstates: [] },
      clients: [],
    });
    const report = buildReport(WELL);
    const told = (...episodes: ReturnType<typeof episode>[]) =>
      highlightsOf({ ...report, lowTps: { episodes, learning: false } }, WELL).map(words);
    const short = episode('a:1', 0, 0, START_US + SECOND_US);
    const { toUs } = report.window;
    expect(told(short, episode('b:1', 8, 1, null))[0]).toBe(
      `notice: b:1 ended 0.2 of its usual transactions from ${String(START_US + SECOND_US)} for ${String(toUs - START_US - SECOND_US)}.`,
    );
    expect(told().join()).not.toContain('usual transactions');
  });

  it('says that nothing was seen', () => {
    expect(highlights({ steps: [] })).toEqual(['notice: No statements were seen.']);
  });

  it('groups failures by cause, names three and counts the rest; what only follows is no cause', () => {
    const errors = [
      errorOf('tx_aborted', 90),
      errorOf('syntax', 1),
      errorOf('duplicate_key', 12),
      errorOf('deadlock', 4),
      errorOf('check', 2),
      errorOf('not_null', 3),
    ];
    expect(highlights({ errors })).toEqual([
      'notice: 22 statements failed: 12 × duplicate key, 4 × deadlock, 3 × not null, 3 other; 90 more followed.',
    ]);
  });

  it('warns of failures that are the database’s own', () => {
    expect(highlights({ errors: [errorOf('space_full', 1)] })).toEqual([
      'warning: 1 statement failed: 1 × space full.',
    ]);
  });

  it('names the oldest transaction that was left open, from five seconds on', () => {
    const open = (seconds: number, client: string) =>
      channelOf({
        client,
        openTransactionSinceUs: START_US,
        lastSeenUs: START_US + seconds * SECOND_US,
        lastCommand: 'UPDATE',
      });
    const told = (channels: WindowFacts['channels']) =>
      highlights({ channels }).filter((line) => line.includes('open'));
    expect(told([open(4, '10.0.0.1')])).toEqual([]);
    expect(told([open(5, '10.0.0.1')])).toEqual([
      'notice: 1 channel left a transaction open for 5000000: 10.0.0.1, after UPDATE.',
    ]);
    expect(told([open(6, '10.0.0.1'), open(30, '10.0.0.2')])).toEqual([
      'warning: 2 channels left transactions open, the longest for 30000000: 10.0.0.2, after UPDATE.',
    ]);
  });

  it('says who waited on the tables of that one, and what gave up', () => {
    const { window } = EMPTY_FACTS;
    const openTransactions = sampleOpenTransactions(window);
    const [held] = openTransactions.open;
    const channel = channelOf({
      sessionId: held?.sessionId ?? '',
      client: '10.0.0.1',
      openTransactionSinceUs: START_US,
      lastSeenUs: START_US + 30 * SECOND_US,
      lastCommand: 'UPDATE',
    });
    const told = (facts: Partial<WindowFacts['openTransactions']>) =>
      highlights({
        channels: [channel],
        openTransactions: { ...openTransactions, ...facts },
      }).find((line) => line.includes('left a transaction open'));
    expect(told({})).toMatch(
      /: 10\.0\.0\.1; 2 channels wait; 4 statements gave up on its tables\.$/,
    );
    expect(told({ gaveUp: [] })).toMatch(/: 10\.0\.0\.1; 2 channels wait on its tables\.$/);
    expect(told({ open: [] })).toMatch(/: 10\.0\.0\.1, after UPDATE\.$/);
  });

  it('says at least how many transactions were left open where not all channels were read', () => {
    const open = channelOf({
      openTransactionSinceUs: START_US,
      lastSeenUs: START_US + 30 * SECOND_US,
    });
    const told = (channels: WindowFacts['channels'], channelsCount: number) =>
      highlights({ channels, channelsCount }).find((line) => line.includes('open'));
    expect(told([open, open], 900)).toMatch(/^warning: At least 2 channels left transactions open/);
    expect(told([open, channelOf({})], 900)).toMatch(/^warning: 1 channel left a transaction/);
    expect(told([open, open], 2)).toMatch(/^warning: 2 channels left/);
  });

  it('does not blame a window for a transaction that began after it', () => {
    const later = channelOf({
      openTransactionSinceUs: WELL.window.toUs,
      lastSeenUs: WELL.window.toUs + 60 * SECOND_US,
    });
    expect(highlights({ channels: [later] }).join()).not.toContain('open');
  });

  it('names a class that takes a quarter of the time or more', () => {
    const spread = [0, 1, 2, 3, 4].map((index) =>
      classOf(`000000000000000${index}`, `SELECT ${index}`, 10, 1000),
    );
    expect(highlights({ classes: spread }).join()).not.toContain('one class');
    const heavy = classOf('00000000000000ff', 'UPDATE accounts', 10, 5000);
    expect(highlights({ classes: [...spread, heavy] })[0]).toBe(
      "notice: 0.5 of the databases' time goes to one class: UPDATE accounts",
    );
  });

  it('tells of rollbacks from five percent of twenty transactions on', () => {
    const rolledBack = (commits: number, explicitRollbacks: number) =>
      highlights({ steps: [stepOf({ answers: 50, commits, explicitRollbacks })] }).join();
    expect(rolledBack(19, 1)).toContain('1 transaction was rolled back, 0.05 of all.');
    expect(rolledBack(20, 1)).not.toContain('rolled back');
    expect(rolledBack(9, 9)).not.toContain('rolled back');
  });

  it('tells of big writes, schema changes, failed logins and very slow statements', () => {
    const facts = shopFacts();
    const big = classOf('00000000000000ff', 'DELETE FROM carts', 1, 10, {
      rowsAffectedMax: 10_001,
    });
    const all = highlights({
      classes: [big],
      ddl: facts.ddl,
      ddlCount: 2,
      slowest: facts.slowest,
      sessionEvents: facts.sessionEvents,
    });
    expect(all).toContain('notice: 3 logins failed.');
    expect(all).toContain('notice: One execution changed 10001 rows: DELETE FROM carts');
    expect(all).toContain('notice: 2 statements changed the schema: CREATE INDEX, DROP TABLE.');
    expect(all.some((line) => line.startsWith('info: The slowest statement took 14230000'))).toBe(
      true,
    );
  });

  it('warns when so much was lost that the figures are not to be trusted', () => {
    const lost = (lostBytes: number) =>
      highlights({ capture: { ...WELL.capture, lostBytes, gaps: 1 } }).find((line) =>
        line.includes('Bytes are missing'),
      );
    expect(lost(40)).toMatch(/^info/);
    expect(lost(60)).toMatch(/^warning/);
  });

  it('keeps the six most severe', () => {
    const { highlights: kept } = buildReport(shopFacts());
    expect(kept).toHaveLength(6);
    const order = ['warning', 'notice', 'info'];
    const ranks = kept.map(({ severity }) => order.indexOf(severity));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  it('tells of a step whose response time stands far out of the usual', () => {
    const steps = Array.from({ length: 12 }, (_, index) => {
      const us = index === 7 ? 50_000 : 10_000;
      return stepOf({
        startUs: START_US + index * SECOND_US,
        answers: 5,
        normal: 5,
        durationSumUs: 5 * us,
        durationMaxUs: us,
        durations: histogramOf([us, 5]),
      });
    });
    const expected = `notice: Response time rose to 50000 at ${START_US + 7 * SECOND_US}, 5 times the usual 10000.`;
    expect(highlights({ steps })).toContain(expected);
    const fewAnswers = steps.map((step) => ({ ...step, answers: 4 }));
    expect(highlights({ steps: fewAnswers })).not.toContain(expected);
    expect(highlights({ steps: steps.slice(-9) }).join()).not.toContain('rose');
    const busier = steps.map((step, index) => (index === 7 ? step : { ...step, answers: 251 }));
    expect(highlights({ steps: busier }).join()).not.toContain('rose');
  });
});
