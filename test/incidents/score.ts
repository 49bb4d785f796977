/** Sums verdicts to scores, and says whether they are what the product promises. */
import { median } from 'simple-statistics';
import type { Label } from './label.ts';
import type { Verdict } from './judge.ts';
import { DAY_US } from '../../src/core/time.ts';

export interface Judged {
  readonly label: Label;
  readonly nodesCount: number;
  readonly verdicts: readonly Verdict[];
}

export interface Score {
  readonly what: string;
  readonly found: number;
  readonly missed: number;
  readonly wrong: number;
  /** null where nothing was told, nothing expected. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly delayMedianUs: number | null;
  readonly delayMaxUs: number | null;
}

/** Precision and recall that states together must have; and those that must be found always and never falsely. */
const STATES_MIN = 0.95;
const NEVER_WRONG = ['down', 'hang'];
const LOW_TPS_MIN = 0.95;
/** From the fault to the state, at most. HANG: T_h and two seconds. */
const DELAY_MAX_US: Readonly<Record<string, number>> = {
  down: 5_000_000,
  hang: 7_000_000,
  slow: 90_000_000,
  jitter: 90_000_000,
  sub_healthy: 600_000_000,
};

/** One score for each state (`about` 'state') or kind of finding, by name. */
export function scoresOf(judged: readonly Judged[], about: Verdict['about']): Score[] {
  const verdicts = judged.flatMap((one) => one.verdicts).filter((one) => one.about === about);
  const names = [...new Set(verdicts.map(({ what }) => what))].sort();
  return names.map((name) =>
    scoreOf(
      name,
      verdicts.filter(({ what }) => what === name),
    ),
  );
}

export function scoreOf(what: string, verdicts: readonly Verdict[]): Score {
  const count = (outcome: Verdict['outcome']) =>
    verdicts.filter((one) => one.outcome === outcome).length;
  const [found, missed, wrong] = [count('found'), count('missed'), count('false')];
  const delays = verdicts.flatMap(({ delayUs }) => delayUs ?? []);
  return {
    what,
    found,
    missed,
    wrong,
    precision: found + wrong === 0 ? null : found / (found + wrong),
    recall: found + missed === 0 ? null : found / (found + missed),
    delayMedianUs: delays.length === 0 ? null : median(delays),
    delayMaxUs: delays.length === 0 ? null : Math.max(...delays),
  };
}

/** False states in a day of one node, over the recorded time of all nodes; the repeated history adds nothing to it. */
export function falseStatesPerNodeDay(judged: readonly Judged[]): number {
  const nodeUs = judged.reduce(
    (sum, { label, nodesCount }) => sum + nodesCount * (label.recorded.toUs - label.calm.fromUs),
    0,
  );
  const wrong = judged
    .flatMap(({ verdicts }) => verdicts)
    .filter(({ about, outcome }) => about === 'state' && outcome === 'false').length;
  return nodeUs === 0 ? 0 : (wrong * DAY_US) / nodeUs;
}

/** Each promise that the scores break, in words; empty when all are kept. */
export function brokenPromises(judged: readonly Judged[]): string[] {
  const verdicts = judged.flatMap((one) => one.verdicts);
  const states = scoreOf(
    'all states',
    verdicts.filter(({ about }) => about === 'state'),
  );
  const broken: string[] = [];
  const least = (name: string, value: number | null, min: number) => {
    if (value !== null && value < min)
      broken.push(`${name} is ${value.toFixed(2)}, below ${min.toFixed(2)}`);
  };
  least('precision of states', states.precision, STATES_MIN);
  least('recall of states', states.recall, STATES_MIN);
  for (const { what, missed, wrong, delayMaxUs } of scoresOf(judged, 'state')) {
    if ((delayMaxUs ?? 0) > (DELAY_MAX_US[what] ?? Infinity))
      broken.push(`${what} was told only after ${((delayMaxUs ?? 0) / 1e6).toFixed(1)} s`);
    if (NEVER_WRONG.includes(what) && missed + wrong > 0)
      broken.push(`${what} was missed ${String(missed)} and told falsely ${String(wrong)} times`);
  }
  const lowTps = scoreOf(
    'low TPS',
    verdicts.filter(({ what }) => what.startsWith('low-tps/')),
  );
  const judgedTimes = lowTps.found + lowTps.missed + lowTps.wrong;
  if (judgedTimes > 0)
    least('accuracy of the verdict on low TPS', lowTps.found / judgedTimes, LOW_TPS_MIN);
  return broken;
}
