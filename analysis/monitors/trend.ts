/**
 * P8, the trend of a class: the Theil-Sen slope of ln(mean response time) over steps with at least 5 calls, shown only
 * when at least 20 such steps exist, the corrected Mann-Kendall test finds it (p < 0.01 for all tested classes together:
 * Bonferroni, or one class in a hundred would always seem to grow), and the change over the steps is at least 10 %.
 * Source: mission P8; research on false trends in per-second series; statistics/ holds the tests.
 */
import type { ClassStep } from '../../src/events/facts.ts';
import type { Trend } from '../../src/events/report.ts';
import { mannKendallTest } from '../statistics/mann-kendall.ts';
import { POINTS_MAX, theilSenLine } from '../statistics/theil-sen.ts';
import { HOUR_US } from '../../src/core/time.ts';

const CALLS_MIN = 5;
const STEPS_MIN = 20;
const P_VALUE_MAX = 0.01;
const CHANGE_MIN = 0.1;
/** exp() of more than this is Infinity, which JSON cannot carry. */
const EXPONENT_MAX = 700;

interface Candidate {
  readonly fingerprint: string;
  readonly hours: readonly number[];
  readonly logMeans: readonly number[];
}

/** The trends that were found, by fingerprint, among the classes asked for. */
export function trendsOf(
  steps: readonly ClassStep[],
  fingerprints: ReadonlySet<string>,
): Map<string, Trend> {
  const candidates = candidatesOf(steps, fingerprints);
  const trends = new Map<string, Trend>();
  for (const candidate of candidates) {
    const trend = trendOf(candidate, candidates.length);
    if (trend !== undefined) trends.set(candidate.fingerprint, trend);
  }
  return trends;
}

function candidatesOf(steps: readonly ClassStep[], fingerprints: ReadonlySet<string>): Candidate[] {
  const byClass = new Map<string, ClassStep[]>();
  for (const step of steps) {
    if (step.answered < CALLS_MIN || !fingerprints.has(step.fingerprint)) continue;
    const known = byClass.get(step.fingerprint);
    if (known === undefined) byClass.set(step.fingerprint, [step]);
    else known.push(step);
  }
  const candidates: Candidate[] = [];
  for (const [fingerprint, all] of byClass) {
    if (all.length < STEPS_MIN) continue;
    const newest = all.sort((a, b) => a.startUs - b.startUs).slice(-POINTS_MAX);
    const originUs = newest[0]?.startUs ?? 0;
    candidates.push({
      fingerprint,
      hours: newest.map((step) => (step.startUs - originUs) / HOUR_US),
      // A mean of 0 has the logarithm -Infinity, which the line passes over and the test takes for the smallest.
      logMeans: newest.map((step) => Math.log(step.durationSumUs / step.answered)),
    });
  }
  return candidates;
}

function trendOf(candidate: Candidate, testedCount: number): Trend | undefined {
  const { hours, logMeans } = candidate;
  const line = theilSenLine(hours, logMeans);
  const test = mannKendallTest(hours, logMeans, { line });
  if (line === undefined || test === undefined) return undefined;
  const pValue = Math.min(1, test.pValue * testedCount);
  const change = Math.abs(line.slope) * (hours.at(-1) ?? 0);
  if (pValue >= P_VALUE_MAX || change < Math.log(1 + CHANGE_MIN)) return undefined;
  return { changePerHour: Math.expm1(Math.min(EXPONENT_MAX, line.slope)), pValue };
}
