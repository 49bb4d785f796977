/** D5: N+1, from what the store counted of runs. */
import { describe, expect, it } from 'vitest';
import { repetitionFindings, repetitionRowsOf } from '../../../analysis/diagnosis/repetitions.ts';
import type { EdgeFacts } from '../../../src/events/facts.ts';
import type { RepetitionFacts } from '../../../src/events/repetitions.ts';
import { START_US, stepOf } from '../fixtures.ts';

const CLIENT = '10.0.0.7';
const SERVER = '10.0.1.1:5432';
const edge = (requests: number, durationSumUs: number): EdgeFacts => ({
  client: CLIENT,
  server: SERVER,
  totals: stepOf({ requests, durationSumUs }),
});
const facts = (given: Partial<RepetitionFacts> = {}): RepetitionFacts => ({
  client: CLIENT,
  server: SERVER,
  leadingFingerprint: 'a'.repeat(16),
  leadingNormalized: 'SELECT id FROM items WHERE owner = ?',
  fingerprint: 'b'.repeat(16),
  normalized: 'SELECT title FROM items WHERE id = ?',
  runs: 12,
  matchedRuns: 10,
  executions: 80,
  executionsMax: 20,
  durationSumUs: 40_000,
  elapsedSumUs: 100_000,
  firstUs: START_US,
  lastUs: START_US + 60_000_000,
  ...given,
});
const rows = (given: Partial<RepetitionFacts>, edges = [edge(1_600, 10_000_000)]) =>
  repetitionRowsOf([facts(given)], edges);

describe('repetitions', () => {
  it('are told with their length and what they are of all that the host asks', () => {
    expect(rows({})).toEqual([
      { ...facts(), lengthMean: 8, shareOfRequests: 0.05, shareOfTime: 0.004 },
    ]);
  });

  it('are worth telling by their time as well', () => {
    expect(rows({}, [edge(100_000, 800_000)])).toMatchObject([{ shareOfTime: 0.05 }]);
  });

  it('are none when few, when the rows do not decide, when short, or when next to nothing', () => {
    expect(rows({ runs: 9, matchedRuns: 9, executions: 200 })).toEqual([]);
    expect(rows({ runs: 13 })).toEqual([]);
    expect(rows({ executions: 79, durationSumUs: 1_000_000 })).toEqual([]);
    expect(rows({}, [edge(1_601, 10_000_000)])).toEqual([]);
    expect(rows({}, [])).toEqual([]);
  });

  it('never are more than all, though their minutes reach beyond the window', () => {
    expect(rows({}, [edge(40, 10_000)])).toMatchObject([{ shareOfRequests: 1, shareOfTime: 1 }]);
  });
});

it('a finding names the host, both classes, how long the runs are and what to do', () => {
  const [finding, ...more] = repetitionFindings(rows({}));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    kind: 'slow-classes/n-plus-one',
    ledger: 'D5',
    severity: 'notice',
    node: CLIENT,
    role: 'client',
    sinceUs: START_US,
    untilUs: null,
    fingerprints: ['b'.repeat(16), 'a'.repeat(16)],
  });
  expect(finding?.summary).toContainEqual({ kind: 'count', value: 8 });
  expect(finding?.summary).toContainEqual({ kind: 'durationUs', value: 10_000 });
  expect(finding?.evidence).toEqual([
    { name: 'times with as many requests as rows', value: 10, unit: 'count', threshold: 10 },
    { name: 'of all runs behind that list', value: 12, unit: 'count', threshold: null },
    { name: 'requests of an average time', value: 8, unit: 'count', threshold: 8 },
    { name: 'most requests', value: 20, unit: 'count', threshold: null },
    { name: "share of the host's requests", value: 0.05, unit: 'share', threshold: 0.05 },
    { name: "share of the host's response time", value: 0.004, unit: 'share', threshold: 0.05 },
    { name: 'time of the runs', value: 100_000, unit: 'us', threshold: null },
  ]);
});
