/**
 * The states of one node over a stretch of time, H1 to H6: a fold over its seconds, so that the last minutes and an hour
 * of last week are judged by the same code and the same seconds always give the same states.
 */
import { median, medianAbsoluteDeviation } from 'simple-statistics';
import {
  type Evidence,
  HEALTH_STATES,
  type HealthInterval,
  type HealthState,
  type NodeRole,
  type NodeSecond,
} from '../../src/events/health.ts';
import { sumOf } from '../share.ts';
import {
  applicationDown,
  applicationHang,
  databaseDown,
  databaseHang,
  type Judgement,
} from './availability.ts';
import { Baseline, type Bin, type Usual } from './baseline.ts';
import { Hysteresis, type HysteresisRule } from './hysteresis.ts';
import { responseLineOf } from './response-line.ts';
import {
  jitter,
  SLOW_EXIT,
  slow,
  slowThresholdUs,
  subHealthy,
  TREND_BINS,
} from './responsiveness.ts';
import type { HealthSettings } from './settings.ts';

const SECOND_US = 1_000_000;
/** What H1 to H5 look back on. */
const SECONDS_KEPT = 60;
const BIN_SECONDS = 10;
/** So many lossy seconds of the last ten, and nobody can tell the state. */
const LOSSY_SECONDS_MAX = 5;
/** Half an hour of jitter before its usual size is known. */
const JITTERS_LEARNT = 180;
const JITTERS_MAX = 360;

type Flag = 'down' | 'hang' | 'slow' | 'jitter' | 'sub_healthy';

const RULES: Readonly<Record<Flag, HysteresisRule>> = {
  down: { enter: 1, of: 1, exit: 5, dwellUs: 5 * SECOND_US },
  hang: { enter: 1, of: 1, exit: 5, dwellUs: 5 * SECOND_US },
  slow: { enter: 3, of: 4, exit: 3, dwellUs: 30 * SECOND_US },
  jitter: { enter: 2, of: 3, exit: 3, dwellUs: 30 * SECOND_US },
  sub_healthy: { enter: 3, of: 3, exit: 3, dwellUs: 30 * SECOND_US },
};

/** What is known of one node: every second of the stretch, in order, none left out. */
export interface NodeHistory {
  readonly node: string;
  readonly role: NodeRole;
  readonly seconds: readonly NodeSecond[];
}

/** The stretches of its states, in order; the last one is open. Empty without any second. */
export function statesOf(history: NodeHistory, settings: HealthSettings): HealthInterval[] {
  const watch = new Watch(history, settings);
  for (const second of history.seconds) watch.second(second);
  return watch.intervals;
}

class Watch {
  readonly intervals: HealthInterval[] = [];
  readonly #history: NodeHistory;
  readonly #settings: HealthSettings;
  readonly #baseline = new Baseline();
  readonly #flags = new Map<Flag, Hysteresis>();
  readonly #evidence = new Map<HealthState, readonly Evidence[]>();
  #lately: NodeSecond[] = [];
  #bins: Bin[] = [];
  #jitters: number[] = [];
  #lossy: boolean[] = [];
  #seconds = 0;

  constructor(history: NodeHistory, settings: HealthSettings) {
    this.#history = history;
    this.#settings = settings;
    for (const [flag, rule] of Object.entries(RULES))
      this.#flags.set(flag as Flag, new Hysteresis(rule)); // The keys of RULES are flags.
  }

  second(second: NodeSecond): void {
    this.#seconds++;
    this.#lately = [...this.#lately, second].slice(-SECONDS_KEPT);
    const unknown = this.#judgeCapture(second);
    const tsUs = second.startUs + SECOND_US;
    if (unknown) {
      for (const flag of this.#flags.values()) flag.pass();
    } else {
      this.#judgeAvailability(tsUs);
      if (this.#seconds % BIN_SECONDS === 0) this.#judgeResponsiveness(tsUs);
    }
    this.#tell(this.#stateNow(unknown), tsUs);
  }

  /** The gate: a stretch that lost too much says nothing. */
  #judgeCapture({ bytes, lostBytes }: NodeSecond): boolean {
    const share = lostBytes > 0 ? lostBytes / (bytes + lostBytes) : 0;
    this.#lossy = [...this.#lossy, share > this.#settings.lostShareMax].slice(-BIN_SECONDS);
    const lossy = this.#lossy.filter(Boolean).length;
    if (lossy <= LOSSY_SECONDS_MAX) return false;
    this.#evidence.set('unknown', [
      {
        name: 'seconds of ten in which the capture lost too much',
        value: lossy,
        unit: 'count',
        threshold: LOSSY_SECONDS_MAX,
      },
    ]);
    return true;
  }

  #judgeAvailability(tsUs: number): void {
    const seconds = this.#lately;
    const [baseline, settings] = [this.#baseline, this.#settings];
    if (this.#history.role === 'server') {
      this.#look('down', databaseDown(seconds, settings), tsUs);
      this.#look('hang', databaseHang(seconds, baseline, settings), tsUs);
    } else {
      this.#look('down', applicationDown(seconds, baseline, settings), tsUs);
      this.#look('hang', applicationHang(seconds, baseline), tsUs);
    }
  }

  #judgeResponsiveness(tsUs: number): void {
    const newest = this.#lately.slice(-BIN_SECONDS);
    const bin = binOf(newest);
    this.#bins = [...this.#bins, bin].slice(-TREND_BINS);
    const line = responseLineOf(this.#lately, this.#calmUs());
    const usualJitter = this.#usualJitter();
    this.#look('slow', slow(line, this.#baseline, this.#settings), tsUs);
    this.#look('jitter', jitter(line, usualJitter, this.#settings), tsUs);
    this.#look(
      'sub_healthy',
      subHealthy(this.#history.role, this.#bins, this.#baseline, this.#settings),
      tsUs,
    );
    const active = [...this.#flags.values()].some((flag) => flag.active);
    if (active || this.#lossy.some(Boolean) || isSilent(newest)) return;
    this.#baseline.add(bin);
    if (line?.jitter !== undefined)
      this.#jitters = [...this.#jitters, line.jitter].slice(-JITTERS_MAX);
  }

  /** Seconds below this can make the node neither slow nor uneven. */
  #calmUs(): number {
    const { jitterFloorUs } = this.#settings;
    return Math.min(jitterFloorUs, SLOW_EXIT * slowThresholdUs(this.#baseline, this.#settings));
  }

  #usualJitter(): Usual | undefined {
    if (this.#jitters.length < JITTERS_LEARNT) return undefined;
    return { median: median(this.#jitters), deviation: medianAbsoluteDeviation(this.#jitters) };
  }

  /** While anything was lost lately a state may go on or end, but not begin: what is missing may be what was lost. */
  #look(flag: Flag, { verdict, evidence }: Judgement, tsUs: number): void {
    const hysteresis = this.#flags.get(flag);
    if (hysteresis === undefined) return;
    if (verdict === 'bad' && !hysteresis.active && this.#lossy.some(Boolean)) return;
    const before = hysteresis.active;
    if (hysteresis.look(verdict, tsUs) && !before) this.#evidence.set(flag, evidence);
  }

  #stateNow(unknown: boolean): HealthState {
    if (unknown) return 'unknown';
    const flag = HEALTH_STATES.find((state) => this.#flags.get(state as Flag)?.active === true);
    if (flag !== undefined) return flag;
    return isSilent(this.#lately.slice(-BIN_SECONDS)) ? 'idle' : 'healthy';
  }

  #tell(state: HealthState, tsUs: number): void {
    const last = this.intervals.at(-1);
    if (last?.state === state) return;
    // A state is known at the end of the second that showed it; the first holds from the beginning.
    const sinceUs = last === undefined ? tsUs - SECOND_US : tsUs;
    if (last !== undefined) this.intervals.splice(-1, 1, { ...last, untilUs: sinceUs });
    this.intervals.push({
      node: this.#history.node,
      role: this.#history.role,
      state,
      sinceUs,
      untilUs: null,
      evidence: this.#evidence.get(state) ?? [],
      learning: this.#baseline.learning,
    });
  }
}

function binOf(seconds: readonly NodeSecond[]): Bin {
  const timed = sumOf(seconds, ({ timedCount }) => timedCount);
  return {
    responseUs: timed > 0 ? sumOf(seconds, ({ durationSumUs }) => durationSumUs) / timed : null,
    requestsPerSecond: sumOf(seconds, ({ requests }) => requests) / seconds.length,
    answersPerSecond: sumOf(seconds, ({ answers }) => answers) / seconds.length,
    connectionsOpen: seconds.at(-1)?.connectionsOpen ?? 0,
  };
}

function isSilent(seconds: readonly NodeSecond[]): boolean {
  return seconds.every(
    ({ requests, answers, connectionsOpen, connectionsOpened, connectionsRefused }) =>
      requests + answers + connectionsOpen + connectionsOpened + connectionsRefused === 0,
  );
}
