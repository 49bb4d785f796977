/**
 * H1 (hang) and H2 (down), judged each second from the seconds before it. Both are told by what is missing, so response
 * times cannot show them: a database that hangs answers nothing, and what does not answer has no response time.
 */
import type { Evidence, NodeSecond } from '../../src/events/health.ts';
import { evidence } from '../evidence.ts';
import type { Baseline } from './baseline.ts';
import type { Verdict } from './hysteresis.ts';
import type { HealthSettings } from './settings.ts';
import type { Usual } from './usual.ts';
import { SECOND_US } from '../../src/core/time.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** Of a verdict that is bad; empty otherwise. */
  readonly evidence: readonly Evidence[];
}

export const BETWEEN: Judgement = { verdict: 'between', evidence: [] };
export const GOOD: Judgement = { verdict: 'good', evidence: [] };

/** Seconds in which refused connections are counted together. */
const REFUSED_SECONDS = 10;
/** Where no connection is left either, nobody is there who could still be answered: then so many seconds are enough. */
const GONE_SECONDS = 3;
/** A state ends when things have gone well for so long. */
const RECOVERY_SECONDS = 5;
/** Of the usual flow: so much of it is a recovery, and so little of it is none. */
const RECOVERED_SHARE = 0.2;
const TRICKLE_SHARE = 0.1;
/**
 * A silence that is rarer than this by chance is not chance: a day has 86,400 seconds in which one may begin, so that one day
 * of a hundred has one. Each power of ten is another second or two of waiting.
 */
const SILENCE_PROBABILITY = 1e-7;
const BIN_SECONDS = 10;

/** How long requests wait before a database is said to hang, in microseconds. */
export function hangAfterUs(baseline: Baseline, settings: HealthSettings): number {
  const usualUs = baseline.usualUs ?? 0;
  return Math.min(settings.hangMaxUs, Math.max(settings.hangMinUs, 20 * usualUs));
}

/** Connections are refused and nothing is answered any more, not even on those that were open. */
export function databaseDown(seconds: readonly NodeSecond[], settings: HealthSettings): Judgement {
  const refused = sumOfLast(seconds, REFUSED_SECONDS, refusedOf);
  const gone =
    seconds.length >= GONE_SECONDS && sumOfLast(seconds, GONE_SECONDS, connectionsOpenOf) === 0;
  const lately = gone ? GONE_SECONDS : REFUSED_SECONDS;
  const answers = sumOfLast(seconds, lately, answersOf);
  if (refused >= settings.refusedMin && answers === 0)
    return bad(
      evidence('connections refused in 10 s', refused, 'count', settings.refusedMin),
      evidence(`answers in ${String(lately)} s`, answers, 'count', 1),
    );
  const well =
    sumOfLast(seconds, RECOVERY_SECONDS, answersOf) > 0 &&
    (refused === 0 || sumOfLast(seconds, RECOVERY_SECONDS, refusedOf) === 0);
  return well ? GOOD : BETWEEN;
}

/** Requests wait, and for T_h nothing, or next to nothing, has been answered. */
export function databaseHang(
  seconds: readonly NodeSecond[],
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  const afterUs = hangAfterUs(baseline, settings);
  const now = seconds.at(-1);
  if (now === undefined) return BETWEEN;
  if (now.outstanding === 0) return GOOD;
  const lately = Math.min(seconds.length, Math.ceil(afterUs / SECOND_US));
  const answersPerSecond = sumOfLast(seconds, lately, answersOf) / lately;
  const trickle = TRICKLE_SHARE * (baseline.answersPerSecond?.median ?? 0);
  const waits =
    now.outstanding >= settings.hangOutstandingMin && now.outstandingAgeMaxUs >= afterUs;
  if (waits && (answersPerSecond === 0 || answersPerSecond < trickle)) {
    return bad(
      evidence('oldest request without an answer', now.outstandingAgeMaxUs, 'us', afterUs),
      evidence('requests without an answer', now.outstanding, 'count', settings.hangOutstandingMin),
      evidence('answers while it waits', answersPerSecond, 'per_second', trickle),
    );
  }
  return flows(seconds, baseline.answersPerSecond, answersOf);
}

/** It had connections and has none, for so long that its pool would have come back. */
export function applicationDown(
  seconds: readonly NodeSecond[],
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  if ((seconds.at(-1)?.connectionsOpen ?? 0) > 0) return GOOD;
  const usual = baseline.connectionsOpen?.median ?? 0;
  const lately = seconds.slice(-Math.ceil(settings.applicationGoneUs / SECOND_US));
  const whole = lately.length * SECOND_US >= settings.applicationGoneUs;
  const open = Math.max(...lately.map(({ connectionsOpen }) => connectionsOpen));
  if (whole && usual >= 2 && open === 0)
    return bad(
      evidence('connections', 0, 'count', 1),
      evidence('connections, usually', usual, 'count'),
      evidence('without any for', settings.applicationGoneUs, 'us', settings.applicationGoneUs),
    );
  return BETWEEN;
}

/**
 * Its connections stand open, one of them inside a transaction, and it asks nothing: longer than chance allows, and longer
 * than a pause in which a runtime collects its garbage. All connections of one process pause together, so that chance
 * alone says little: of 80 statements a second one second of silence has a chance of 1e-7.
 */
export function applicationHang(
  seconds: readonly NodeSecond[],
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  const now = seconds.at(-1);
  const usual = baseline.requestsPerSecond;
  if (now === undefined || usual === undefined) return BETWEEN;
  const silent = silentSeconds(seconds);
  const silentUs = silent * SECOND_US;
  if (
    now.connectionsOpen > 0 &&
    now.connectionsInTransaction > 0 &&
    silentUs >= settings.hangMinUs
  ) {
    const chance = Math.max(chanceOfSilence(silent, usual), chanceAfter(seconds, silent));
    if (chance < SILENCE_PROBABILITY)
      return bad(
        evidence('no request for', silentUs, 'us', settings.hangMinUs),
        evidence('chance of such a silence', chance, 'share', SILENCE_PROBABILITY),
        evidence('connections in a transaction', now.connectionsInTransaction, 'count', 1),
      );
  }
  return flows(seconds, usual, requestsOf);
}

/** How many of the last seconds had no request and no answer, and none outstanding. */
function silentSeconds(seconds: readonly NodeSecond[]): number {
  for (let index = seconds.length - 1; index >= 0; index--) {
    const second = seconds[index];
    if (second === undefined) continue;
    if (second.requests > 0 || second.answers > 0 || second.outstanding > 0)
      return seconds.length - 1 - index;
  }
  return seconds.length;
}

/** Probability that nothing comes for so many seconds: negative binomial, Poisson where the bins vary no more than that. */
export function chanceOfSilence(seconds: number, perSecond: Usual): number {
  const mean = perSecond.median * BIN_SECONDS;
  const variance = (perSecond.deviation * BIN_SECONDS) ** 2;
  const bins = seconds / BIN_SECONDS;
  if (!(mean > 0)) return 1;
  if (variance <= mean) return Math.exp(-mean * bins);
  const size = mean ** 2 / (variance - mean);
  return Math.exp(size * bins * Math.log(size / (size + mean)));
}

/**
 * The same, by the seconds before the silence, since traffic may have become thin: of n requests in T seconds before it,
 * (T / (T + s))^(n + 1), the predictive probability of a Poisson process of unknown rate (gamma prior of one event in no
 * time).
 */
function chanceAfter(seconds: readonly NodeSecond[], silent: number): number {
  const before = seconds.length - silent;
  if (before <= 0) return 1;
  const requests = sumOfLast(seconds, seconds.length, requestsOf);
  return (before / (before + silent)) ** (requests + 1);
}

function flows(
  seconds: readonly NodeSecond[],
  usual: Usual | undefined,
  flow: (second: NodeSecond) => number,
): Judgement {
  const perSecond = sumOfLast(seconds, RECOVERY_SECONDS, flow) / RECOVERY_SECONDS;
  return perSecond > 0 && perSecond >= RECOVERED_SHARE * (usual?.median ?? 0) ? GOOD : BETWEEN;
}

const answersOf = ({ answers }: NodeSecond): number => answers;
const requestsOf = ({ requests }: NodeSecond): number => requests;
const connectionsOpenOf = ({ connectionsOpen }: NodeSecond): number => connectionsOpen;
const refusedOf = ({ connectionsRefused }: NodeSecond): number => connectionsRefused;

function sumOfLast(
  seconds: readonly NodeSecond[],
  count: number,
  valueOf: (second: NodeSecond) => number,
): number {
  let sum = 0;
  for (let index = Math.max(0, seconds.length - count); index < seconds.length; index++) {
    const second = seconds[index];
    if (second !== undefined) sum += valueOf(second);
  }
  return sum;
}

function bad(...shown: Evidence[]): Judgement {
  return { verdict: 'bad', evidence: shown };
}
