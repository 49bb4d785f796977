/**
 * H5 (slow), H3 (jitter) and H4 (sub-healthy), judged every ten seconds: the first two from the line through the last
 * minute, the third from the trend of the last ten minutes.
 */
import type { Evidence, NodeRole } from '../../src/events/health.ts';
import { medianOf } from '../statistics/median.ts';
import { mannKendallTest } from '../statistics/mann-kendall.ts';
import { theilSenLine } from '../statistics/theil-sen.ts';
import { BETWEEN, GOOD, type Judgement } from './availability.ts';
import type { Baseline, Bin, Usual } from './baseline.ts';
import type { ResponseLine } from './response-line.ts';
import type { HealthSettings } from './settings.ts';

/** Exit factors: a state ends below this share of the threshold by which it began. */
export const SLOW_EXIT = 0.8;
export const JITTER_EXIT = 0.7;
/** Learnt thresholds: so many times the usual, and so many deviations above it. */
const SLOW_TIMES = 2;
const DEVIATIONS = 4;
const JITTER_TIMES = 3;
/** Ten minutes of bins of ten seconds. */
export const TREND_BINS = 60;
const TREND_BINS_MIN = 45;
/** Judged each ten seconds: a smaller level than a single test would need. */
const TREND_P_VALUE = 0.001;
/** A minute of bins. */
const LEVEL_BINS = 6;
/** A fall from fewer connections than these is nobody's news. */
const CONNECTIONS_MIN = 3;

/** The threshold of H5 for this node now, in microseconds. */
export function slowThresholdUs(baseline: Baseline, settings: HealthSettings): number {
  if (settings.slowUs !== null) return settings.slowUs;
  const usual = baseline.responseUs;
  if (usual === undefined) return settings.slowLearningUs;
  return Math.max(
    settings.slowFloorUs,
    SLOW_TIMES * usual.median,
    usual.median + DEVIATIONS * usual.deviation,
  );
}

/** H5: the line lies above the threshold. */
export function slow(
  line: ResponseLine | undefined,
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  if (line === undefined) return GOOD;
  const threshold = slowThresholdUs(baseline, settings);
  if (line.meanUs > threshold) {
    const usual = baseline.responseUs;
    const evidence: Evidence[] = [
      { name: 'mean response time of a minute', value: line.meanUs, unit: 'us', threshold },
    ];
    if (usual !== undefined)
      evidence.push({ name: 'usually', value: usual.median, unit: 'us', threshold: null });
    return { verdict: 'bad', evidence };
  }
  return line.meanUs < SLOW_EXIT * threshold ? GOOD : BETWEEN;
}

/** H3: the seconds lie further from the line than the number of their answers explains. */
export function jitter(
  line: ResponseLine | undefined,
  usual: Usual | undefined,
  settings: HealthSettings,
): Judgement {
  if (line?.jitter === undefined) return GOOD;
  const threshold = Math.max(settings.jitterShare, JITTER_TIMES * (usual?.median ?? 0));
  const felt = line.jitter * line.meanUs >= settings.jitterFloorUs;
  if (felt && line.jitter > threshold)
    return {
      verdict: 'bad',
      evidence: [
        {
          name: 'deviation around the line, of the mean',
          value: line.jitter,
          unit: 'share',
          threshold,
        },
        { name: 'deviation around the line', value: line.deviationUs, unit: 'us', threshold: null },
      ],
    };
  return !felt || line.jitter < JITTER_EXIT * threshold ? GOOD : BETWEEN;
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
 * leave the level that the node usually has.
 */
function slowing(bins: readonly Bin[], baseline: Baseline, settings: HealthSettings): Judgement {
  const nowUs = levelOf(bins.slice(-LEVEL_BINS));
  const usualUs = baseline.responseUs?.median ?? levelOf(bins.slice(0, LEVEL_BINS));
  if (nowUs <= usualUs * (1 + settings.growthShare / 2)) return GOOD;
  if (nowUs <= usualUs * (1 + settings.growthShare)) return BETWEEN;
  const points = bins.flatMap(({ responseUs }, at) =>
    responseUs !== null && responseUs > 0 ? [{ at, value: Math.log(responseUs) }] : [],
  );
  const threshold = Math.log(1 + settings.growthShare);
  const trend = trendOf(points, threshold / TREND_BINS, baseline.responseAutocorrelation);
  if (trend === undefined) return GOOD;
  const growth = trend.slope * TREND_BINS;
  if (growth > threshold && trend.pValue < TREND_P_VALUE)
    return {
      verdict: 'bad',
      evidence: [
        {
          name: 'growth of the response time in ten minutes',
          value: Math.expm1(growth),
          unit: 'share',
          threshold: settings.growthShare,
        },
        {
          name: 'mean response time now',
          value: nowUs,
          unit: 'us',
          threshold: usualUs * (1 + settings.growthShare),
        },
        {
          name: 'chance of such a trend',
          value: trend.pValue,
          unit: 'share',
          threshold: TREND_P_VALUE,
        },
      ],
    };
  return growth < threshold / 2 ? GOOD : BETWEEN;
}

function shrinking(bins: readonly Bin[], baseline: Baseline, settings: HealthSettings): Judgement {
  const before = Math.max(...bins.slice(0, LEVEL_BINS).map((bin) => bin.connectionsOpen));
  const after = bins.at(-1)?.connectionsOpen ?? 0;
  const threshold = settings.connectionsLossShare;
  if (before - after <= threshold * before) return GOOD;
  const points = bins.map(({ connectionsOpen }, at) => ({ at, value: connectionsOpen }));
  const steepEnough = (threshold * Math.max(1, before)) / TREND_BINS;
  const trend = trendOf(points, steepEnough, baseline.connectionsAutocorrelation);
  if (trend === undefined) return GOOD;
  const fall = (-trend.slope * TREND_BINS) / Math.max(1, before);
  const lost = before - after;
  if (
    before >= CONNECTIONS_MIN &&
    fall > threshold &&
    lost / before > threshold &&
    trend.pValue < TREND_P_VALUE
  )
    return {
      verdict: 'bad',
      evidence: [
        {
          name: 'connections lost in ten minutes',
          value: lost,
          unit: 'count',
          threshold: threshold * before,
        },
        {
          name: 'chance of such a trend',
          value: trend.pValue,
          unit: 'share',
          threshold: TREND_P_VALUE,
        },
      ],
    };
  return fall < threshold / 2 ? GOOD : BETWEEN;
}

function levelOf(bins: readonly Bin[]): number {
  const values = bins.flatMap(({ responseUs }) => responseUs ?? []);
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
  const test = mannKendallTest(x, y, autocorrelation);
  return test === undefined ? undefined : { slope: line.slope, pValue: test.pValue };
}
