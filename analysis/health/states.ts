/**
 * The states of one node over a stretch of time, H1 to H6: a fold over its seconds, so that the last minutes and an hour
 * of last week are judged by the same code and the same seconds always give the same states.
 */
import type { Window } from '../../src/events/facts.ts';
import {
  type Evidence,
  type HealthInterval,
  type HealthState,
  type NodeRole,
  type NodeSecond,
} from '../../src/events/health.ts';
import type { NodeSeconds } from '../../src/events/node-seconds.ts';
import {
  applicationDown,
  applicationHang,
  databaseDown,
  databaseHang,
  type Judgement,
} from './availability.ts';
import { Baseline, type Bin } from './baseline.ts';
import { JitterLearnt } from './jitter-learnt.ts';
import { bitsIn, Hysteresis, type HysteresisRule } from './hysteresis.ts';
import { eachSecond } from './each-second.ts';
import { Lately } from './lately.ts';
import { type Calm, responseLineOf } from './response-line.ts';
import {
  jitter,
  JITTER_EXIT,
  jitterShareOf,
  SLOW_EXIT,
  slow,
  slowLeastUs,
  subHealthy,
  TREND_BINS,
} from './responsiveness.ts';
import { PlainWatch } from './plain.ts';
import { NO_SEASONS, type Season } from './seasons.ts';
import type { HealthSettings } from './settings.ts';
import { Stretches } from './stretches.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { evidence } from '../evidence.ts';

const BIN_SECONDS = 10;
/** So many lossy seconds of the last ten, and nobody can tell the state. */
const LOSSY_SECONDS_MAX = 5;
/** Of what is good: so far below nobody needs to know exactly. */
const CALM_SHARE = 0.8;

/** In the order of HEALTH_STATES. */
const FLAGS = ['down', 'hang', 'slow', 'jitter', 'sub_healthy'] as const satisfies HealthState[];
type Flag = (typeof FLAGS)[number];

const RULES: Readonly<Record<Flag, HysteresisRule>> = {
  down: { enter: 1, of: 1, exit: 5, dwellUs: 5 * SECOND_US },
  hang: { enter: 1, of: 1, exit: 5, dwellUs: 5 * SECOND_US },
  slow: { enter: 3, of: 4, exit: 3, dwellUs: 30 * SECOND_US },
  jitter: { enter: 2, of: 3, exit: 3, dwellUs: 30 * SECOND_US },
  sub_healthy: { enter: 3, of: 3, exit: 3, dwellUs: 30 * SECOND_US },
};

/** The stretches of a node's states in the window, in order; the last one is open. Empty without any second. */
export function statesOf(
  seconds: NodeSeconds,
  window: Window,
  settings: HealthSettings,
  seasons = NO_SEASONS,
): HealthInterval[] {
  const watch = watchOf(seconds, settings);
  const seasonOf = seasons.ofNode(seconds.role, seconds.node);
  eachSecond(seconds, window, (second) => {
    watch.second(second, seasonOf(second.startUs));
  });
  return watch.drain();
}

type Node = Pick<NodeSecond, 'node' | 'role'>;

export interface StateWatch {
  /** Judges the next second. `season`: what is usual in its hour, by earlier hours. */
  second(second: NodeSecond, season?: Season): void;
  /** Gives the stretches so far, and keeps only the open one. */
  drain(): HealthInterval[];
}

/** The fold over the seconds of one node, by the definitions that its settings choose. */
export function watchOf(node: Node, settings: HealthSettings): StateWatch {
  return settings.definition === 'plain'
    ? new PlainWatch(node, settings)
    : new Watch(node, settings);
}

export class Watch implements StateWatch {
  readonly #stretches: Stretches;
  readonly #role: NodeRole;
  readonly #settings: HealthSettings;
  readonly #baseline = new Baseline();
  readonly #flags: Readonly<Record<Flag, Hysteresis>>;
  /** Of the flags that are up. */
  #worst: Flag | undefined = undefined;
  readonly #evidence = new Map<HealthState, readonly Evidence[]>();
  readonly #lately = new Lately();
  readonly #bins: Bin[] = [];
  readonly #jitters = new JitterLearnt();
  /** One bit for each of the last ten seconds, the newest lowest: was it lossy? */
  #lossy = 0;
  #seconds = 0;

  constructor(node: Node, settings: HealthSettings) {
    this.#role = node.role;
    this.#stretches = new Stretches(node);
    this.#settings = settings;
    this.#flags = {
      down: new Hysteresis(RULES.down),
      hang: new Hysteresis(RULES.hang),
      slow: new Hysteresis(RULES.slow),
      jitter: new Hysteresis(RULES.jitter),
      sub_healthy: new Hysteresis(RULES.sub_healthy),
    };
  }

  drain(): HealthInterval[] {
    return this.#stretches.drain();
  }

  second(second: NodeSecond, season?: Season): void {
    this.#baseline.season = season;
    this.#seconds++;
    this.#lately.push(second);
    const unknown = this.#judgeCapture(second);
    const tsUs = second.startUs + SECOND_US;
    if (unknown) {
      for (const flag of FLAGS) this.#flags[flag].pass();
    } else {
      this.#judgeAvailability(tsUs);
      if (this.#seconds % BIN_SECONDS === 0) this.#judgeResponsiveness(tsUs);
    }
    const state = this.#stateNow(unknown);
    if (state === this.#stretches.last) {
      if (!this.#baseline.learning) this.#stretches.learnt();
      return;
    }
    this.#stretches.tell({
      state,
      atUs: tsUs,
      fromUs: second.startUs,
      evidence: this.#evidence.get(state) ?? [],
      learning: this.#baseline.learning,
    });
  }

  /** The gate: a stretch that lost too much says nothing. */
  #judgeCapture({ bytes, lostBytes }: NodeSecond): boolean {
    const share = lostBytes > 0 ? lostBytes / (bytes + lostBytes) : 0;
    const lossyNow = share > this.#settings.lostShareMax ? 1 : 0;
    this.#lossy = ((this.#lossy << 1) | lossyNow) & ((1 << BIN_SECONDS) - 1);
    if (this.#lossy === 0) return false;
    const lossy = bitsIn(this.#lossy);
    if (lossy <= LOSSY_SECONDS_MAX) return false;
    this.#evidence.set('unknown', [
      evidence(
        'seconds of ten in which the capture lost too much',
        lossy,
        'count',
        LOSSY_SECONDS_MAX,
      ),
    ]);
    return true;
  }

  #judgeAvailability(tsUs: number): void {
    const seconds = this.#lately;
    const [baseline, settings] = [this.#baseline, this.#settings];
    if (this.#role === 'server') {
      this.#look('down', databaseDown(seconds, settings), tsUs);
      this.#look('hang', databaseHang(seconds, baseline, settings), tsUs);
    } else {
      this.#look('down', applicationDown(seconds, baseline, settings), tsUs);
      this.#look('hang', applicationHang(seconds, baseline, settings), tsUs);
    }
  }

  #judgeResponsiveness(tsUs: number): void {
    const bin = binOf(this.#lately);
    this.#bins.push(bin);
    if (this.#bins.length > TREND_BINS) this.#bins.shift();
    const line = responseLineOf(this.#lately, this.#calm());
    this.#look('slow', slow(line, this.#baseline, this.#bins, this.#settings), tsUs);
    this.#look('jitter', jitter(line, this.#baseline, this.#jitters, this.#settings), tsUs);
    this.#look(
      'sub_healthy',
      subHealthy(this.#role, this.#bins, this.#baseline, this.#settings),
      tsUs,
    );
    if (this.#worst !== undefined || this.#lossy !== 0 || this.#lately.isSilent(BIN_SECONDS))
      return;
    this.#baseline.add(bin);
    const share = jitterShareOf(line, this.#baseline);
    if (share !== undefined) this.#jitters.add(share);
  }

  /** What can make the node neither slow nor uneven. */
  #calm(): Calm {
    const { jitterFloorUs, jitterShare } = this.#settings;
    const goodUs = SLOW_EXIT * slowLeastUs(this.#baseline, this.#settings);
    return {
      secondUs: Math.min(jitterFloorUs, goodUs),
      medianUs: CALM_SHARE * goodUs,
      jitter: CALM_SHARE * JITTER_EXIT * jitterShare,
    };
  }

  /** While anything was lost lately a state may go on or end, but not begin: what is missing may be what was lost. */
  #look(flag: Flag, { verdict, evidence }: Judgement, tsUs: number): void {
    const hysteresis = this.#flags[flag];
    const before = hysteresis.active;
    if (verdict === 'bad' && !before && this.#lossy !== 0) return;
    const after = hysteresis.look(verdict, tsUs);
    if (after === before) return;
    if (after) this.#evidence.set(flag, evidence);
    this.#worst = FLAGS.find((one) => this.#flags[one].active);
  }

  #stateNow(unknown: boolean): HealthState {
    if (unknown) return 'unknown';
    return this.#worst ?? (this.#lately.isSilent(BIN_SECONDS) ? 'idle' : 'healthy');
  }
}

/** Of the last ten seconds, which are known. */
function binOf(seconds: Lately): Bin {
  const timed = seconds.sumOfLast(seconds.timedCount, BIN_SECONDS);
  const responseUs =
    timed > 0 ? seconds.sumOfLast(seconds.durationSumUs, BIN_SECONDS) / timed : null;
  return {
    responseUs,
    chance: responseUs === null ? 0 : chanceOf(seconds, timed, responseUs),
    requestsPerSecond: seconds.sumOfLast(seconds.requests, BIN_SECONDS) / BIN_SECONDS,
    answersPerSecond: seconds.sumOfLast(seconds.answers, BIN_SECONDS) / BIN_SECONDS,
    connectionsOpen: seconds.newest(seconds.connectionsOpen),
  };
}

/** Bin.chance. A single answer does not show how much answers vary: exponential ones vary as much as they last. */
function chanceOf(seconds: Lately, timed: number, responseUs: number): number {
  if (timed < 2) return 1;
  const squares = seconds.sumOfLast(seconds.durationSquaresSum, BIN_SECONDS);
  const variance = Math.max(0, squares / timed / responseUs ** 2 - 1);
  return variance / (timed - 1);
}
