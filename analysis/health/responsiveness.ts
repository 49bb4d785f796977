/**
 * H5 (slow), H3 (jitter) and H4 (sub-healthy), judged every ten seconds: the first two from the line through the last
 * minute, the third from the trend of the last ten minutes.
 */
import type { NodeRole } from '../../src/events/health.ts';
import { sumOf } from '../share.ts';
import { medianOf } from '../statistics/median.ts';
import { mannKendallTest } from '../statistics/mann-kendall.ts';
import { studentOf } from '../statistics/student.ts';
import { theilSenLine } from '../statistics/theil-sen.ts';
import { BETWEEN, GOOD, type Judgement } from './availability.ts';
import type { Baseline, Bin } from './baseline.ts';
import type { JitterLearnt } from './jitter-learnt.ts';
import type { ResponseLine } from './response-line.ts';
import type { HealthSettings } from './settings.ts';
import { evidence } from '../evidence.ts';

/** Exit factors: a state ends below this share of the threshold by which it began. */
export const SLOW_EXIT = 0.8;
export const JITTER_EXIT = 0.7;
/** Learnt thresholds: so many times the usual. */
const SLOW_TIMES = 2;
const JITTER_TIMES = 3;
/**
 * And beyond what wandering does by a chance of so many deviations (3e-7): of the 1,440 minutes of a day, on a thousand
 * nodes, none should be beyond it.
 */
const BEYOND_CHANCE = 5;
/** Of a level at the end of a trend, which itself must be beyond chance. */
const BEYOND_WITH_TREND = 4;
/** But no level so many times the usual is called wandering. */
const WANDER_TIMES_MAX = 4;
/** Before its usual size is known, jitter is so many times the share that counts. */
const JITTER_LEARNING_TIMES = 2;
/** Ten minutes of bins of ten seconds. */
export const TREND_BINS = 60;
const TREND_BINS_MIN = 45;
/** Judged each ten seconds: a smaller level than a single test would need. */
const TREND_P_VALUE = 0.001;
/** A minute of bins. */
const LEVEL_BINS = 6;
/** Two minutes of bins, in which noise has less to say. */
const GROWN_BINS = 12;
/** Before anything is learnt there is only the test, and it has to be surer. */
const TREND_P_LEARNING = 1e-6;
const GROWTH_LEARNING_TIMES = 3;
const LOSS_LEARNING_TIMES = 2.5;
/** A third of the usual connections is no breathing of a pool, however it breathes. */
const LOSS_TIMES_MAX = 3;
/** A fall from fewer connections than these is nobody's news. */
const CONNECTIONS_MIN = 3;

/** Below this no node is slow now, in microseconds: the threshold of H5 without the wandering of the node. */
export function slowLeastUs(baseline: Baseline, settings: HealthSettings): number {
  if (settings.slowUs !== null) return settings.slowUs;
  const { usualUs } = baseline;
  if (usualUs === undefined) return settings.slowLearningUs;
  const times = baseline.responseUs === undefined ? WANDER_TIMES_MAX : SLOW_TIMES;
  return Math.max(settings.slowFloorUs, times * usualUs);
}

/** The threshold of H5 for this node now, in microseconds. */
function slowThresholdUs(
  baseline: Baseline,
  bins: readonly Bin[],
  settings: HealthSettings,
): number {
  const least = slowLeastUs(baseline, settings);
  const { usualUs } = baseline;
  if (settings.slowUs !== null || usualUs === undefined) return least;
  const beyond = wanderFactor(baseline, bins.slice(-LEVEL_BINS), BEYOND_CHANCE);
  return Math.max(least, usualUs * beyond);
}

/** A level of these bins so many times the usual is no wandering, by a chance of `z` deviations. */
function wanderFactor({ responseWander }: Baseline, bins: readonly Bin[], z: number): number {
  if (responseWander === undefined || bins.length === 0) return 1;
  const chance = sumOf(bins, (bin) => bin.chance) / bins.length;
  return Math.min(WANDER_TIMES_MAX, responseWander.factorBeyond(z, bins.length, chance));
}

/** H5: the line lies above the threshold. */
export function slow(
  line: ResponseLine | undefined,
  baseline: Baseline,
  bins: readonly Bin[],
  settings: HealthSettings,
): Judgement {
  if (line === undefined || line.meanUs < SLOW_EXIT * slowLeastUs(baseline, settings)) return GOOD;
  const threshold = slowThresholdUs(baseline, bins, settings);
  if (line.meanUs > threshold) {
    const { usualUs, usualName } = baseline;
    const measured = evidence('mean response time of a minute', line.meanUs, 'us', threshold);
    const usual = usualUs === undefined ? [] : [evidence(usualName, usualUs, 'us')];
    return { verdict: 'bad', evidence: [measured, ...usual] };
  }
  return line.meanUs < SLOW_EXIT * threshold ? GOOD : BETWEEN;
}

/**
 * Deviation around the line as a share of its mean, or of the usual where that is more: what answers faster than usual for
 * a minute does not get worse by it.
 */
export function jitterShareOf(
  line: ResponseLine | undefined,
  baseline: Baseline,
): number | undefined {
  if (line?.jitter === undefined) return undefined;
  const usualUs = baseline.usualUs ?? 0;
  return (line.jitter * line.meanUs) / Math.max(line.meanUs, usualUs);
}

/** H3: the seconds lie further from the line than the number of their answers explains. */
export function jitter(
  line: ResponseLine | undefined,
  baseline: Baseline,
  learnt: JitterLearnt,
  settings: HealthSettings,
): Judgement {
  const share = jitterShareOf(line, baseline);
  if (line?.jitter === undefined || share === undefined) return GOOD;
  const felt = line.jitter * line.meanUs >= settings.jitterFloorUs;
  if (!felt || share < JITTER_EXIT * settings.jitterShare) return GOOD;
  const { usual } = learnt;
  const threshold =
    usual === undefined
      ? JITTER_LEARNING_TIMES * settings.jitterShare
      : Math.max(
          settings.jitterShare,
          JITTER_TIMES * usual.median,
          usual.median + studentOf(BEYOND_CHANCE, learnt.freedom) * usual.deviation,
        );
  if (share > threshold)
    return {
      verdict: 'bad',
      evidence: [
        evidence('deviation around the line, of the mean', share, 'share', threshold),
        evidence('deviation around the line', line.deviationUs, 'us'),
      ],
    };
  return share < JITTER_EXIT * threshold ? GOOD : BETWEEN;
}

/** H4: a database answers longer and longer; an application loses its connections. */
export function subHealthy(
  role: NodeRole,
  bins: readonly Bin[],
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  return role === 'server'
    ? slowing(bins, baseline, settings)
    : shrinking(bins, baseline, settings);
}

/**
 * A trend, an effect, and a level: noise that wanders has trends that a test believes in once a day, but it does not also
 * leave the levels between which the node usually wanders.
 */
function slowing(bins: readonly Bin[], baseline: Baseline, settings: HealthSettings): Judgement {
  const grown = bins.slice(-GROWN_BINS);
  const nowUs = levelOf(grown);
  const wander = baseline.responseWander;
  const usualUs = baseline.usualUs ?? levelOf(bins.slice(0, LEVEL_BINS));
  const { growthShare } = settings;
  if (nowUs <= usualUs * (1 + growthShare / 2)) return GOOD;
  if (nowUs <= usualUs * (1 + growthShare)) return BETWEEN;
  const points = bins.flatMap(({ responseUs }, at) =>
    responseUs !== null && responseUs > 0 ? [{ at, value: Math.log(responseUs) }] : [],
  );
  const threshold = Math.log(1 + growthShare) * (wander === undefined ? GROWTH_LEARNING_TIMES : 1);
  const trend = trendOf(points, threshold / TREND_BINS, wander?.autocorrelation);
  if (trend === undefined) return GOOD;
  const growth = trend.slope * TREND_BINS;
  const beyond = Math.max(1 + growthShare, wanderFactor(baseline, grown, BEYOND_WITH_TREND));
  const pMax = wander === undefined ? TREND_P_LEARNING : TREND_P_VALUE;
  if (growth > threshold && nowUs > usualUs * beyond && trend.pValue < pMax)
    return {
      verdict: 'bad',
      evidence: [
        evidence(
          'growth of the response time in ten minutes',
          Math.expm1(growth),
          'share',
          Math.expm1(threshold),
        ),
        evidence('mean response time now', nowUs, 'us', usualUs * beyond),
        evidence('chance of such a trend', trend.pValue, 'share', pMax),
      ],
    };
  return growth < threshold / 2 ? GOOD : BETWEEN;
}

/** The same of connections, downwards: a pool that breathes has lost nothing while it is as large as it was before. */
function shrinking(bins: readonly Bin[], baseline: Baseline, settings: HealthSettings): Judgement {
  const before = Math.max(...bins.slice(0, LEVEL_BINS).map((bin) => bin.connectionsOpen));
  const after = bins.at(-1)?.connectionsOpen ?? 0;
  // Who lost all has gone (H2), and is not losing them; when he comes back he has them again.
  if (after === 0) return BETWEEN;
  const lost = before - after;
  const { connectionsLossShare } = settings;
  if (before < CONNECTIONS_MIN || lost <= connectionsLossShare * before) return GOOD;
  const wander = baseline.connectionsWander;
  const threshold = connectionsLossShare * (wander === undefined ? LOSS_LEARNING_TIMES : 1);
  if (lost <= threshold * before) return GOOD;
  const usual = baseline.connectionsOpen?.median ?? before;
  const beyond = Math.min(LOSS_TIMES_MAX, wander?.factorBeyond(BEYOND_WITH_TREND, 1, 0) ?? 1);
  if (after >= usual / beyond && beyond > 1) return BETWEEN;
  const points = bins.map(({ connectionsOpen }, at) => ({ at, value: connectionsOpen }));
  const steepEnough = (threshold * before) / TREND_BINS;
  const trend = trendOf(points, steepEnough, wander?.autocorrelation);
  if (trend === undefined) return GOOD;
  const fall = (-trend.slope * TREND_BINS) / before;
  const pMax = wander === undefined ? TREND_P_LEARNING : TREND_P_VALUE;
  if (fall > threshold && trend.pValue < pMax)
    return {
      verdict: 'bad',
      evidence: [
        evidence('connections lost in ten minutes', lost, 'count', threshold * before),
        evidence('connections left', after, 'count', usual / beyond),
        evidence('chance of such a trend', trend.pValue, 'share', pMax),
      ],
    };
  return fall < threshold / 2 ? GOOD : BETWEEN;
}

function levelOf(bins: readonly Bin[]): number {
  const values: number[] = [];
  for (const { responseUs } of bins) if (responseUs !== null) values.push(responseUs);
  return values.length === 0 ? 0 : medianOf(values);
}

/** Tested only where the line is as steep as matters: the test costs more than the line. */
function trendOf(
  points: readonly { readonly at: number; readonly value: number }[],
  steepEnough: number,
  autocorrelation: number | undefined,
): { readonly slope: number; readonly pValue: number } | undefined {
  if (points.length < TREND_BINS_MIN) return undefined;
  const x = points.map(({ at }) => at);
  const y = points.map(({ value }) => value);
  const line = theilSenLine(x, y);
  if (line === undefined) return undefined;
  if (Math.abs(line.slope) < steepEnough) return { slope: line.slope, pValue: 1 };
  const test = mannKendallTest(x, y, { line, autocorrelation });
  return test === undefined ? undefined : { slope: line.slope, pValue: test.pValue };
}
