/**
 * P8, the forecast of a class: the Theil-Sen line through ln(mean response time) of the last hour's minutes, carried on.
 * What it is worth is tried on the class's own past: the same forecast made from earlier minutes, compared with what came.
 *
 * - Bands are conformal: of n past errors of the same distance, the ceil((n + 1) * 0.8)-th smallest magnitude (V. Vovk et
 *   al., Algorithmic Learning in a Random World, 2005; here the errors overlap in time, so that the cover is approximate).
 * - Skill is the mean absolute error against that of the naive forecast (R. J. Hyndman and A. B. Koehler, Int. J.
 *   Forecasting 22 (2006) 679): without it no forecast is shown.
 * - A time to the threshold needs skill and a trend that the corrected Mann-Kendall test finds among all classes tested.
 */
import type { Evidence } from '../../src/events/health.ts';
import type { Finding } from '../../src/events/finding.ts';
import type {
  ClassForecast,
  ClassForecastFacts,
  ClassMinute,
  ForecastPoint,
} from '../../src/events/class-forecast.ts';
import type { Trend } from '../../src/events/report.ts';
import { mannKendallTest } from '../statistics/mann-kendall.ts';
import { type Line, theilSenLine } from '../statistics/theil-sen.ts';
import { defaultForecastSettings, type ForecastSettings } from './settings.ts';
import { MINUTE_US } from '../../src/core/time.ts';
import {
  durationPart,
  type HighlightPart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';

const HOUR_MINUTES = 60;
/** exp() of more than this is Infinity, which JSON cannot carry. */
const EXPONENT_MAX = 700;

/** ln(mean) of a class by minute; `minutes` count from the start of what is known, rising. */
interface Course {
  readonly minutes: readonly number[];
  readonly logMeans: readonly number[];
}

/** The forecasts of the important classes, most response time first. */
export function classForecasts(
  facts: ClassForecastFacts,
  settings: ForecastSettings = defaultForecastSettings,
): ClassForecast[] {
  const candidates = facts.classes
    .filter(({ shareOfTime }) => shareOfTime >= settings.shareMin)
    .flatMap((one) => {
      const course = courseOf(facts, one.fingerprint, settings);
      const end = Math.round((facts.window.toUs - facts.window.fromUs) / MINUTE_US);
      const last = lineBefore(course, end, settings);
      return last === undefined ? [] : [{ ...one, course, end, last }];
    });
  return candidates.map(({ fingerprint, normalized, shareOfTime, course, end, last }) => {
    const trend = trendOf(course, end, last, candidates.length, settings);
    const tried = triesOf(course, settings);
    const skilled = tried.errorRatio !== null && tried.errorRatio < settings.errorRatioMax;
    const thresholdUs = thresholdOf(course, settings);
    const reached =
      skilled && trend !== null ? reachedOf(thresholdUs, last, end, tried, settings) : NEVER;
    return {
      fingerprint,
      normalized,
      shareOfTime,
      fromUs: facts.window.toUs,
      nowUs: exp(at(last, end)),
      trend,
      errorRatio: tried.errorRatio,
      triedCount: tried.count,
      points: skilled ? pointsOf(last, end, tried, settings) : [],
      thresholdUs,
      ...reached,
    };
  });
}

function courseOf(
  facts: ClassForecastFacts,
  fingerprint: string,
  { callsMin }: ForecastSettings,
): Course {
  const lossy = new Set(facts.lossyMinutesUs);
  const used = facts.minutes.filter(
    (minute: ClassMinute) =>
      minute.fingerprint === fingerprint &&
      minute.answered >= callsMin &&
      minute.durationSumUs > 0 &&
      !lossy.has(minute.startUs),
  );
  return {
    minutes: used.map(({ startUs }) => Math.round((startUs - facts.window.fromUs) / MINUTE_US)),
    logMeans: used.map(({ durationSumUs, answered }) => Math.log(durationSumUs / answered)),
  };
}

/** The minutes in [end - lineMinutes, end). */
function before(
  { minutes, logMeans }: Course,
  end: number,
  { lineMinutes }: ForecastSettings,
): Course {
  const from = minutes.findIndex((minute) => minute >= end - lineMinutes);
  const to = minutes.findIndex((minute) => minute >= end);
  if (from < 0) return { minutes: [], logMeans: [] };
  const until = to < 0 ? minutes.length : to;
  return { minutes: minutes.slice(from, until), logMeans: logMeans.slice(from, until) };
}

function lineBefore(course: Course, end: number, settings: ForecastSettings): Line | undefined {
  const { minutes, logMeans } = before(course, end, settings);
  return minutes.length < settings.minutesMin ? undefined : theilSenLine(minutes, logMeans);
}

function at({ slope, intercept }: Line, minute: number): number {
  return intercept + slope * minute;
}

function exp(logarithm: number): number {
  return Math.exp(Math.min(EXPONENT_MAX, logarithm));
}

function trendOf(
  course: Course,
  end: number,
  line: Line,
  testedCount: number,
  settings: ForecastSettings,
): Trend | null {
  const { minutes, logMeans } = before(course, end, settings);
  const test = mannKendallTest(minutes, logMeans, { line });
  if (test === undefined) return null;
  // Bonferroni: of a hundred classes one would always seem to grow.
  const pValue = Math.min(1, test.pValue * testedCount);
  const change = line.slope * HOUR_MINUTES;
  if (pValue >= settings.pValueMax || Math.abs(change) < Math.log(1 + settings.changeMin)) {
    return null;
  }
  return { changePerHour: Math.expm1(Math.min(EXPONENT_MAX, change)), pValue };
}

/** What came of forecasts that were made in the past. */
interface Tries {
  /** Magnitudes of the errors in ln(mean), rising, by minutes ahead. */
  readonly errors: ReadonlyMap<number, readonly number[]>;
  readonly errorRatio: number | null;
  readonly count: number;
}

function triesOf(course: Course, settings: ForecastSettings): Tries {
  const { minutes, logMeans } = course;
  const byMinute = new Map(minutes.map((minute, index) => [minute, logMeans[index] ?? 0]));
  const errors = new Map<number, number[]>(settings.aheadMinutes.map((ahead) => [ahead, []]));
  let errorSum = 0;
  let naiveSum = 0;
  let count = 0;
  const newest = minutes.at(-1) ?? 0;
  for (let end = newest; end > settings.minutesMin; end -= settings.triedEveryMinutes) {
    const line = lineBefore(course, end, settings);
    const last = before(course, end, settings).logMeans.at(-1);
    if (line === undefined || last === undefined) continue;
    for (const [ahead, ofAhead] of errors) {
      // The last minute that the line knows is end - 1; a forecast for `ahead` minutes is for the one that ends then.
      const minute = end - 1 + ahead;
      const came = byMinute.get(minute);
      if (came === undefined) continue;
      const error = Math.abs(came - at(line, minute));
      ofAhead.push(error);
      errorSum += error;
      naiveSum += Math.abs(came - last);
      count++;
    }
  }
  for (const ofAhead of errors.values()) ofAhead.sort((a, b) => a - b);
  return {
    errors,
    errorRatio: count < settings.triesMin || naiveSum === 0 ? null : errorSum / naiveSum,
    count,
  };
}

function pointsOf(
  line: Line,
  end: number,
  { errors }: Tries,
  { aheadMinutes, triesMin }: ForecastSettings,
): ForecastPoint[] {
  return aheadMinutes.flatMap((ahead) => {
    const past = errors.get(ahead) ?? [];
    if (past.length < triesMin) return [];
    const middle = at(line, end - 1 + ahead);
    const wide80 = conformal(past, 0.8);
    const wide95 = conformal(past, 0.95);
    return [
      {
        aheadUs: ahead * MINUTE_US,
        meanUs: exp(middle),
        lower80Us: wide80 === null ? null : exp(middle - wide80),
        upper80Us: wide80 === null ? null : exp(middle + wide80),
        lower95Us: wide95 === null ? null : exp(middle - wide95),
        upper95Us: wide95 === null ? null : exp(middle + wide95),
      },
    ];
  });
}

/** Half the width of the band that covers `share`; null when so few errors promise none. `errors` rise. */
function conformal(errors: readonly number[], share: number): number | null {
  // What floating point adds to a whole number must not make it one more.
  return errors[Math.ceil((errors.length + 1) * share - 1e-9) - 1] ?? null;
}

function thresholdOf({ logMeans }: Course, settings: ForecastSettings): number {
  if (settings.thresholdUs !== null) return settings.thresholdUs;
  const first = logMeans.slice(0, settings.minutesMin).sort((a, b) => a - b);
  const usual = exp(first[Math.floor(first.length / 2)] ?? 0);
  return Math.max(settings.thresholdFloorUs, 2 * usual);
}

type Reached = Pick<ClassForecast, 'timeToThresholdUs' | 'thresholdBand'>;

const NEVER: Reached = { timeToThresholdUs: null, thresholdBand: null };

/** Seconds would be made up: the facts are of whole minutes. */
function reachedOf(
  thresholdUs: number,
  line: Line,
  end: number,
  { errors }: Tries,
  { triesMin }: ForecastSettings,
): Reached {
  if (line.slope <= 0) return NEVER;
  const tried = [...errors].filter(([, past]) => past.length >= triesMin);
  const minutes = (Math.log(thresholdUs) - at(line, end)) / line.slope;
  if (minutes > Math.max(0, ...tried.map(([ahead]) => ahead))) return NEVER;
  if (minutes <= 0) return { timeToThresholdUs: 0, thresholdBand: null };
  const widths = tried.flatMap(([ahead, past]) => {
    const wide80 = conformal(past, 0.8);
    return wide80 === null ? [] : [{ ahead, wide80 }];
  });
  // Nearer than the nearest forecast that was tried, the band is taken as wide as there.
  const ends = [...widths.slice(0, 1).map((nearest) => ({ ...nearest, ahead: 0 })), ...widths];
  const beyond = (ahead: number) => at(line, end + ahead) - Math.log(thresholdUs);
  const earliest = firstAbove(ends.map(({ ahead, wide80 }) => [ahead, beyond(ahead) + wide80]));
  const latest = firstAbove(ends.map(({ ahead, wide80 }) => [ahead, beyond(ahead) - wide80]));
  const reached = Math.max(1, Math.round(minutes));
  return {
    timeToThresholdUs: reached * MINUTE_US,
    thresholdBand:
      earliest === null
        ? null
        : {
            earliestUs: Math.min(reached, Math.floor(earliest)) * MINUTE_US,
            latestUs: latest === null ? null : Math.max(reached, Math.ceil(latest)) * MINUTE_US,
          },
  };
}

/** Where the polygon through the points first is not below 0; null where it stays below. */
function firstAbove(points: readonly (readonly [ahead: number, height: number])[]): number | null {
  for (const [index, [ahead, height]] of points.entries()) {
    if (height < 0) continue;
    const [aheadBefore, heightBefore] = points[index - 1] ?? [ahead, height];
    return heightBefore === height
      ? ahead
      : aheadBefore + ((ahead - aheadBefore) * heightBefore) / (heightBefore - height);
  }
  return null;
}

/** Warnings of classes that reach their threshold soon. */
export function forecastFindings(
  forecasts: readonly ClassForecast[],
  settings: ForecastSettings = defaultForecastSettings,
): Finding[] {
  return forecasts.flatMap((one) => {
    const { timeToThresholdUs, thresholdBand, trend, fingerprint, normalized, thresholdUs } = one;
    if (timeToThresholdUs === null || trend === null || timeToThresholdUs >= settings.warnWithinUs)
      return [];
    const statement = statementPart(normalized, fingerprint);
    return [
      {
        key: `forecast/slows ${fingerprint}`,
        kind: 'forecast/slows',
        ledger: 'P8',
        severity: 'warning' as const,
        node: null,
        role: null,
        sinceUs: one.fromUs,
        untilUs: null,
        summary: [
          statement,
          ...(timeToThresholdUs === 0
            ? [
                textPart(' grows and is beyond '),
                durationPart(thresholdUs),
                textPart(' on average.'),
              ]
            : [
                textPart(' reaches '),
                durationPart(thresholdUs),
                textPart(' on average in '),
                durationPart(timeToThresholdUs),
                ...bandParts(thresholdBand),
                textPart(', when it goes on growing as in the last hour.'),
              ]),
        ],
        advice:
          'Look whether its tables grow without an index for it, or its result grows with them.',
        evidence: evidenceOf(one, trend, settings),
        fingerprints: [fingerprint],
        sessions: [],
        sqlstates: [],
      },
    ];
  });
}

function bandParts(band: ClassForecast['thresholdBand']): HighlightPart[] {
  if (band === null) return [];
  const { earliestUs, latestUs } = band;
  const earliest = earliestUs === 0 ? textPart('now') : durationPart(earliestUs);
  return latestUs === null
    ? [textPart(' (80 %: from '), earliest, textPart(' on)')]
    : [textPart(' (80 %: '), earliest, textPart(' to '), durationPart(latestUs), textPart(')')];
}

function evidenceOf(
  one: ClassForecast,
  trend: Trend,
  { pValueMax, errorRatioMax }: ForecastSettings,
): Evidence[] {
  const fact = (
    name: string,
    value: number,
    unit: Evidence['unit'],
    threshold: number | null = null,
  ): Evidence => ({ name, value, unit, threshold });
  return [
    fact('mean response time now', one.nowUs, 'us', one.thresholdUs),
    fact('time until the threshold', one.timeToThresholdUs ?? 0, 'us'),
    fact('change per hour', trend.changePerHour, 'share'),
    fact('probability without a trend', trend.pValue, 'share', pValueMax),
    fact('error of past forecasts against no change', one.errorRatio ?? 0, 'share', errorRatioMax),
    fact('share of all response time', one.shareOfTime, 'share'),
  ];
}
