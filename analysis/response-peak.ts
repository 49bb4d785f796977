/**
 * The moment at which response time stood out most: the step with the longest mean, when that is at least five times
 * the usual mean (the median over the steps) and long enough to be felt. Steps with few answers, or with hardly any of the
 * usual number, are left out: one slow statement among three is no peak, nor is the last one that a capture just caught.
 */
import { median } from 'simple-statistics';
import type { SeriesPoint } from '../src/events/report.ts';

const ANSWERS_MIN = 5;
/** Of the usual (median) number of answers of a step. */
const ANSWERS_SHARE_MIN = 0.02;
const STEPS_MIN = 10;
const RATIO_MIN = 5;
const FELT_US = 20_000;

export interface ResponsePeak {
  readonly startUs: number;
  readonly meanUs: number;
  readonly usualUs: number;
}

/** undefined when nothing stands out, or too little is known to say so. */
export function peakOf(series: readonly SeriesPoint[]): ResponsePeak | undefined {
  const busy = series.filter(({ answers }) => answers > 0);
  if (busy.length < STEPS_MIN) return undefined;
  const answersMin = Math.max(
    ANSWERS_MIN,
    ANSWERS_SHARE_MIN * median(busy.map(({ answers }) => answers)),
  );
  const means = busy.flatMap(({ startUs, answers, responseTimeMeanUs }) =>
    responseTimeMeanUs !== null && answers >= answersMin
      ? [{ startUs, meanUs: responseTimeMeanUs }]
      : [],
  );
  if (means.length < STEPS_MIN) return undefined;
  const usualUs = median(means.map(({ meanUs }) => meanUs));
  const [first] = [...means].sort((a, b) => b.meanUs - a.meanUs);
  if (first === undefined || usualUs <= 0) return undefined;
  if (first.meanUs < FELT_US || first.meanUs < RATIO_MIN * usualUs) return undefined;
  return { ...first, usualUs };
}
