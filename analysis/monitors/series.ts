/**
 * P1, P2, P5, P6 over time: one point a step, without holes. A step that the store has no row for is a step in which
 * nothing happened: no transactions, no connections, and no response time at all.
 */
import type { ActivityStep, Window } from '../../src/events/facts.ts';
import type { SeriesPoint } from '../../src/events/report.ts';
import { responseRateOf } from './response-rate.ts';
import { responseTimesOf } from './response-time.ts';
import { NO_ACTIVITY } from './totals.ts';
import { overlapOf, tpsOf } from './tps.ts';
import { yieldOf } from './yield.ts';

/** More steps than any chart shows; beyond it holes stay holes. */
const POINTS_MAX = 20_000;

/** The steps of `observed` in order, with empty ones where none is stored. Steps that do not share one grid stay as they are. */
export function fullSteps(steps: readonly ActivityStep[], observed: Window): ActivityStep[] {
  const sorted = [...steps].sort((a, b) => a.startUs - b.startUs);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (first === undefined || last === undefined || !(first.stepUs > 0)) return sorted;
  const { stepUs } = first;
  const before = Math.max(0, Math.floor((first.startUs - observed.fromUs) / stepUs));
  const startUs = first.startUs - before * stepUs;
  const endUs = Math.max(last.startUs + stepUs, observed.toUs);
  const onGrid = sorted.every(
    (step) => step.stepUs === stepUs && (step.startUs - startUs) % stepUs === 0,
  );
  if (!onGrid || (endUs - startUs) / stepUs > POINTS_MAX) return sorted;
  const known = new Map(sorted.map((step) => [step.startUs, step]));
  const full: ActivityStep[] = [];
  for (let atUs = startUs; atUs < endUs; atUs += stepUs) {
    full.push(known.get(atUs) ?? { ...NO_ACTIVITY, startUs: atUs, stepUs });
  }
  return full;
}

/** The time line of a window. `extent` is what the store knows at all. */
export function seriesOf(
  steps: readonly ActivityStep[],
  window: Window,
  extent: Window,
): SeriesPoint[] {
  const observed = overlapOf(window, extent);
  return fullSteps(steps, observed).map((step) => pointOf(step, observed));
}

function pointOf(step: ActivityStep, observed: Window): SeriesPoint {
  const times = responseTimesOf(step);
  return {
    startUs: step.startUs,
    tps: tpsOf(step, { fromUs: step.startUs, toUs: step.startUs + step.stepUs }, observed),
    commits: step.commits,
    rollbacks: step.rollbacks,
    requests: step.requests,
    answers: step.answers,
    errors: step.errors,
    yield: yieldOf(step),
    responseRate: responseRateOf(step),
    responseTimeMeanUs: times.meanUs,
    responseTimeP50Us: times.p50Us,
    responseTimeP95Us: times.p95Us,
    responseTimeP99Us: times.p99Us,
    responseTimeMaxUs: times.maxUs,
    connectionsOpen: step.connectionsOpenMax,
    connectionsInTransaction: step.connectionsInTransactionMax,
    outstanding: step.outstandingMax,
    requestBytes: step.requestBytes,
    responseBytes: step.responseBytes,
    lostBytes: step.lostBytes,
    lostPacketsMin: step.lostPacketsMin,
  };
}
