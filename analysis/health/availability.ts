/**
 * H1 (hang) and H2 (down), judged each second from the seconds before it. Both are told by what is missing, so response
 * times cannot show them: a database that hangs answers nothing, and what does not answer has no response time.
 */
import type { Evidence, NodeSecond } from '../../src/events/health.ts';
import { sumOf } from '../share.ts';
import type { Baseline, Usual } from './baseline.ts';
import type { Verdict } from './hysteresis.ts';
import type { HealthSettings } from './settings.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** Of a verdict that is bad; empty otherwise. */
  readonly evidence: readonly Evidence[];
}

export const BETWEEN: Judgement = { verdict: 'between', evidence: [] };
export const GOOD: Judgement = { verdict: 'good', evidence: [] };

const SECOND_US = 1_000_000;
/** Seconds in which refused connections are counted together. */
const REFUSED_SECONDS = 10;
/** A state ends when things have gone well for so long. */
const RECOVERY_SECONDS = 5;
/** Of the usual flow: so much of it is a recovery, and so little of it is none. */
const RECOVERED_SHARE = 0.2;
const TRICKLE_SHARE = 0.1;
/** A silence that is rarer than this by chance is not chance. */
const SILENCE_PROBABILITY = 1e-6;
const BIN_SECONDS = 10;

/** How long requests wait before a database is said to hang, in microseconds. */
export function hangAfterUs(baseline: Baseline, settings: HealthSettings): number {
  const usualUs = baseline.responseUs?.median ?? 0;
  return Math.min(settings.hangMaxUs, Math.max(settings.hangMinUs, 20 * usualUs));
}

/** Connections are refused and nothing is answered any more, not even on those that were open. */
export function databaseDown(seconds: readonly NodeSecond[], settings: HealthSettings): Judgement {
  const lately = seconds.slice(-REFUSED_SECONDS);
  const refused = sumOf(lately, ({ connectionsRefused }) => connectionsRefused);
  const answers = sumOf(lately, (second) => second.answers);
  if (refused >= settings.refusedMin && answers === 0)
    return bad(
      count('connections refused in 10 s', refused, settings.refusedMin),
      count('answers in 10 s', answers, 1),
    );
  const recovery = seconds.slice(-RECOVERY_SECONDS);
  const well =
    sumOf(recovery, (second) => second.answers) > 0 &&
    sumOf(recovery, ({ connectionsRefused }) => connectionsRefused) === 0;
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
  const lately = seconds.slice(-Math.ceil(afterUs / SECOND_US));
  const answersPerSecond = sumOf(lately, ({ answers }) => answers) / lately.length;
  const trickle = TRICKLE_SHARE * (baseline.answersPerSecond?.median ?? 0);
  const waits =
    now.outstanding >= settings.hangOutstandingMin && now.outstandingAgeMaxUs >= afterUs;
  if (waits && (answersPerSecond === 0 || answersPerSecond < trickle)) {
    return bad(
      {
        name: 'oldest request without an answer',
        value: now.outstandingAgeMaxUs,
        unit: 'us',
        threshold: afterUs,
      },
      count('requests without an answer', now.outstanding, settings.hangOutstandingMin),
      {
        name: 'answers while it waits',
        value: answersPerSecond,
        unit: 'per_second',
        threshold: trickle,
      },
    );
  }
  if (now.outstanding === 0) return GOOD;
  return flows(seconds, baseline.answersPerSecond, ({ answers }) => answers);
}

/** It had connections and has none, for so long that its pool would have come back. */
export function applicationDown(
  seconds: readonly NodeSecond[],
  baseline: Baseline,
  settings: HealthSettings,
): Judgement {
  const usual = baseline.connectionsOpen?.median ?? 0;
  const lately = seconds.slice(-Math.ceil(settings.applicationGoneUs / SECOND_US));
  const whole = lately.length * SECOND_US >= settings.applicationGoneUs;
  const open = Math.max(...lately.map(({ connectionsOpen }) => connectionsOpen));
  if (whole && usual >= 2 && open === 0)
    return bad(
      count('connections', 0, 1),
      { name: 'connections, usually', value: usual, unit: 'count', threshold: null },
      {
        name: 'without any for',
        value: settings.applicationGoneUs,
        unit: 'us',
        threshold: settings.applicationGoneUs,
      },
    );
  return (seconds.at(-1)?.connectionsOpen ?? 0) > 0 ? GOOD : BETWEEN;
}

/** Its connections stand open, one of them inside a transaction, and it asks nothing: longer than chance allows. */
export function applicationHang(seconds: readonly NodeSecond[], baseline: Baseline): Judgement {
  const now = seconds.at(-1);
  const usual = baseline.requestsPerSecond;
  if (now === undefined || usual === undefined) return BETWEEN;
  let silent = 0;
  for (const second of [...seconds].reverse()) {
    if (second.requests > 0 || second.answers > 0 || second.outstanding > 0) break;
    silent++;
  }
  const chance = chanceOfSilence(silent, usual);
  if (
    now.connectionsOpen > 0 &&
    now.connectionsInTransaction > 0 &&
    silent > 0 &&
    chance < SILENCE_PROBABILITY
  )
    return bad(
      { name: 'no request for', value: silent * SECOND_US, unit: 'us', threshold: null },
      {
        name: 'chance of such a silence',
        value: chance,
        unit: 'share',
        threshold: SILENCE_PROBABILITY,
      },
      count('connections in a transaction', now.connectionsInTransaction, 1),
    );
  return flows(seconds, usual, ({ requests }) => requests);
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

function flows(
  seconds: readonly NodeSecond[],
  usual: Usual | undefined,
  flow: (second: NodeSecond) => number,
): Judgement {
  const recovery = seconds.slice(-RECOVERY_SECONDS);
  const perSecond = sumOf(recovery, flow) / RECOVERY_SECONDS;
  return perSecond > 0 && perSecond >= RECOVERED_SHARE * (usual?.median ?? 0) ? GOOD : BETWEEN;
}

function bad(...evidence: Evidence[]): Judgement {
  return { verdict: 'bad', evidence };
}

function count(name: string, value: number, threshold: number): Evidence {
  return { name, value, unit: 'count', threshold };
}
