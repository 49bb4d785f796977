/**
 * H1 (hang) and H2 (down), judged each second from the seconds before it. Both are told by what is missing, so response
 * times cannot show them: a database that hangs answers nothing, and what does not answer has no response time.
 */
import type { Evidence } from '../../src/events/health.ts';
import { evidence } from '../evidence.ts';
import type { Baseline } from './baseline.ts';
import type { Verdict } from './hysteresis.ts';
import type { Lately } from './lately.ts';
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
/** Half of all waiting: what hangs shows next to none of it, what is only slow all of it. */
const IN_TURN_SHARE = 0.5;
/** So many times T_h are looked at for it: when answers of seconds come is chance, and what hangs shows none of its waiting in any stretch. */
const IN_TURN_TIMES = 4;
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
export function databaseDown(seconds: Lately, settings: HealthSettings): Judgement {
  const refused = seconds.sumOfLast(seconds.connectionsRefused, REFUSED_SECONDS);
  const gone =
    seconds.count >= GONE_SECONDS && seconds.sumOfLast(seconds.connectionsOpen, GONE_SECONDS) === 0;
  const lately = gone ? GONE_SECONDS : REFUSED_SECONDS;
  const answers = seconds.sumOfLast(seconds.answers, lately);
  if (refused >= settings.refusedMin && answers === 0)
    return bad(
      evidence('connections refused in 10 s', refused, 'count', settings.refusedMin),
      evidence(`answers in ${String(lately)} s`, answers, 'count', 1),
    );
  const well =
    seconds.sumOfLast(seconds.answers, RECOVERY_SECONDS) > 0 &&
    (refused === 0 || seconds.sumOfLast(seconds.connectionsRefused, RECOVERY_SECONDS) === 0);
  return well ? GOOD : BETWEEN;
}

/** Requests wait, and for T_h nothing, or next to nothing, has been answered. */
export function databaseHang(
  seconds: Lately,
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  const afterUs = hangAfterUs(baseline, settings);
  const outstanding = seconds.newest(seconds.outstanding);
  if (outstanding === 0) return GOOD;
  const lately = Math.min(seconds.count, Math.ceil(afterUs / SECOND_US));
  const answersPerSecond = seconds.sumOfLast(seconds.answers, lately) / lately;
  const trickle = TRICKLE_SHARE * (baseline.answersPerSecond?.median ?? 0);
  const { outstandingAgeMaxUs } = seconds;
  const waits = outstanding >= settings.hangOutstandingMin && outstandingAgeMaxUs >= afterUs;
  const trickles = answersPerSecond < trickle && !inTurn(seconds, afterUs);
  if (waits && (answersPerSecond === 0 || trickles)) {
    return bad(
      evidence('oldest request without an answer', outstandingAgeMaxUs, 'us', afterUs),
      evidence('requests without an answer', outstanding, 'count', settings.hangOutstandingMin),
      evidence('answers while it waits', answersPerSecond, 'per_second', trickle),
    );
  }
  return flows(seconds, baseline.answersPerSecond, seconds.answers);
}

/**
 * Those that wait are answered, each after a while: the time that answers took is as much as was waited (Little's law). That is a
 * slow database, and of its few answers one may take longer than T_h. Of one that hangs, most of the time that is waited never
 * shows in an answer. One answer counts for T_h at most: a report that ends at last says nothing of the others.
 */
function inTurn(seconds: Lately, afterUs: number): boolean {
  const { durationSumUs, answers, outstanding, end } = seconds;
  let [answeredUs, waitedUs] = [0, 0];
  for (
    let index = seconds.firstOf(Math.ceil((IN_TURN_TIMES * afterUs) / SECOND_US));
    index < end;
    index++
  ) {
    answeredUs += Math.min(durationSumUs[index] ?? 0, (answers[index] ?? 0) * afterUs);
    waitedUs += (outstanding[index] ?? 0) * SECOND_US;
  }
  return answeredUs >= IN_TURN_SHARE * waitedUs;
}

/**
 * It had connections and has none, or none that gets beyond its login, for so long that its pool would have come back.
 */
export function applicationDown(
  seconds: Lately,
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  if (seconds.newest(seconds.connectionsInUse) > 0) return GOOD;
  const usual = baseline.connectionsOpen?.median ?? 0;
  const lately = Math.ceil(settings.applicationGoneUs / SECOND_US);
  const whole = Math.min(lately, seconds.count) * SECOND_US >= settings.applicationGoneUs;
  const open = seconds.greatestOfLast(seconds.connectionsInUse, lately);
  if (whole && usual >= 2 && open === 0)
    return bad(
      evidence('connections beyond their login', 0, 'count', 1),
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
  seconds: Lately,
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  const usual = baseline.requestsPerSecond;
  if (usual === undefined) return BETWEEN;
  const { connectionsInTransaction } = seconds;
  const silent = silentSeconds(seconds);
  const silentUs = silent * SECOND_US;
  const isOpen = seconds.newest(seconds.connectionsOpen) > 0 && connectionsInTransaction > 0;
  if (isOpen && silentUs >= settings.hangMinUs) {
    const chance = Math.max(chanceOfSilence(silent, usual), chanceAfter(seconds, silent));
    if (chance < SILENCE_PROBABILITY)
      return bad(
        evidence('no request for', silentUs, 'us', settings.hangMinUs),
        evidence('chance of such a silence', chance, 'share', SILENCE_PROBABILITY),
        evidence('connections in a transaction', connectionsInTransaction, 'count', 1),
      );
  }
  return flows(seconds, usual, seconds.requests);
}

/** How many of the last seconds had no request and no answer, and none outstanding. */
function silentSeconds({ requests, answers, outstanding, end, count }: Lately): number {
  for (let index = end - 1; index >= end - count; index--) {
    if ((requests[index] ?? 0) > 0 || (answers[index] ?? 0) > 0 || (outstanding[index] ?? 0) > 0)
      return end - 1 - index;
  }
  return count;
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
function chanceAfter(seconds: Lately, silent: number): number {
  const before = seconds.count - silent;
  if (before <= 0) return 1;
  const requests = seconds.sumOfLast(seconds.requests, seconds.count);
  return (before / (before + silent)) ** (requests + 1);
}

function flows(seconds: Lately, usual: Usual | undefined, flow: Float64Array): Judgement {
  const perSecond = seconds.sumOfLast(flow, RECOVERY_SECONDS) / RECOVERY_SECONDS;
  return perSecond > 0 && perSecond >= RECOVERED_SHARE * (usual?.median ?? 0) ? GOOD : BETWEEN;
}

function bad(...shown: Evidence[]): Judgement {
  return { verdict: 'bad', evidence: shown };
}
