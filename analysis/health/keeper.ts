/**
 * The states of all nodes kept while time goes on: each second is judged once, by the same fold that judges a window
 * (states.ts), and what changed is told so that it can be stored.
 */
import type { Window } from '../../src/events/facts.ts';
import type { HealthInterval, NodeSecond } from '../../src/events/health.ts';
import { emptyNodeSeconds, type NodeSeconds } from '../../src/events/node-seconds.ts';
import type { StoredState } from '../../src/events/judgement.ts';
import { nodeKey } from '../../src/events/seasons.ts';
import { type AnalysisSettings, healthSettingsOf } from '../settings.ts';
import { eachSecond } from './each-second.ts';
import { NO_SEASONS, type SeasonOf } from './seasons.ts';
import { type StateWatch, watchOf } from './states.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** Of both roles together; those that come later are not judged, and counted. */
const NODES_MAX = 1_000;
/** A node without any sign of life for so long is forgotten. */
const FORGET_AFTER_US = 86_400 * SECOND_US;
/** A state that lasts is told this often, so that it is known until when. */
const TELL_EVERY_US = 60 * SECOND_US;
/** Ended stretches that are remembered of a node. */
const ENDED_MAX = 50;

interface Kept {
  readonly watch: StateWatch;
  readonly node: string;
  readonly role: NodeSecond['role'];
  /** What is told begins here: before it was only learnt, or told by an earlier run. */
  readonly tellFromUs: number;
  /** The next second to be judged. */
  nextUs: number;
  seenUs: number;
  open: StoredState | undefined;
  toldUntilUs: number;
  ended: StoredState[];
}

export interface KeeperStart {
  /** Whose traffic is judged. */
  readonly collector: string;
  /** What is told begins here, except for the nodes of `known`. */
  readonly tellFromUs: number;
  /** The newest stretches of an earlier run, which go on. */
  readonly known?: readonly StoredState[];
}

export class StateKeeper {
  /** Nodes that are not judged because there are too many. */
  nodesRefused = 0;
  readonly #settings: AnalysisSettings;
  readonly #start: KeeperStart;
  readonly #known: ReadonlyMap<string, StoredState>;
  readonly #nodes = new Map<string, Kept>();

  constructor(settings: AnalysisSettings, start: KeeperStart) {
    this.#settings = settings;
    this.#start = start;
    this.#known = new Map((start.known ?? []).map((state) => [nodeKey(state), state]));
  }

  /**
   * Judges the seconds of `window`, which follows the one before.
   * @param nodes their seconds; one without a row is one in which nothing happened
   * @param seasons what is usual in the hours of the window
   * @returns stretches that are new, that ended, or that have not been told for a minute
   */
  advance(nodes: readonly NodeSeconds[], window: Window, seasons = NO_SEASONS): StoredState[] {
    const byNode = new Map(nodes.map((seconds) => [nodeKey(seconds), seconds]));
    for (const [key, seconds] of byNode) {
      if (seconds.count === 0 || this.#nodes.has(key)) continue;
      if (this.#nodes.size >= NODES_MAX) this.nodesRefused++;
      else this.#nodes.set(key, this.#keep(seconds));
    }
    const told: StoredState[] = [];
    for (const [key, kept] of this.#nodes) {
      const seasonOf = seasons.ofNode(kept.role, kept.node);
      const seconds = byNode.get(key) ?? emptyNodeSeconds(kept.node, kept.role, 0);
      told.push(...this.#judge(kept, seconds, window.toUs, seasonOf));
      if (kept.nextUs - kept.seenUs > FORGET_AFTER_US) this.#nodes.delete(key);
    }
    return told;
  }

  /** The stretches that go on, as they stand. */
  open(): StoredState[] {
    return [...this.#nodes.values()].flatMap(({ open }) => open ?? []);
  }

  /** The stretches that touch the window, as they are remembered: the last fifty of each node. */
  intervals({ fromUs, toUs }: Window): HealthInterval[] {
    return [...this.#nodes.values()].flatMap(({ ended, open }) =>
      [...ended, ...(open === undefined ? [] : [open])]
        .filter(({ sinceUs, untilUs }) => sinceUs < toUs && untilUs > fromUs)
        .map(({ collector: _collector, ended: isOver, untilUs, ...interval }) => ({
          ...interval,
          sinceUs: Math.max(interval.sinceUs, fromUs),
          untilUs: isOver ? untilUs : null,
        })),
    );
  }

  #keep({ node, role, columns }: NodeSeconds): Kept {
    const startUs = columns.startUs[0] ?? 0;
    const known = this.#known.get(nodeKey({ node, role }));
    const settings = healthSettingsOf(this.#settings, role, node);
    return {
      watch: watchOf({ node, role }, settings),
      node,
      role,
      tellFromUs: known?.untilUs ?? this.#start.tellFromUs,
      nextUs: Math.floor(startUs / SECOND_US) * SECOND_US,
      seenUs: startUs,
      open: known?.ended === true ? undefined : known,
      toldUntilUs: known?.untilUs ?? 0,
      ended: [],
    };
  }

  #judge(kept: Kept, seconds: NodeSeconds, toUs: number, seasonOf: SeasonOf): StoredState[] {
    const { watch } = kept;
    eachSecond(seconds, { fromUs: kept.nextUs, toUs }, (second, hasRow) => {
      if (hasRow) kept.seenUs = second.startUs;
      kept.nextUs = second.startUs + SECOND_US;
      watch.second(second, seasonOf(second.startUs));
    });
    const told: StoredState[] = [];
    for (const interval of watch.drain()) this.#take(kept, interval, told);
    const { open } = kept;
    if (open !== undefined && open.untilUs - kept.toldUntilUs >= TELL_EVERY_US) {
      kept.toldUntilUs = open.untilUs;
      told.push(open);
    }
    return told;
  }

  #take(kept: Kept, interval: HealthInterval, told: StoredState[]): void {
    const untilUs = interval.untilUs ?? kept.nextUs;
    if (untilUs <= kept.tellFromUs) return;
    if (kept.open?.state === interval.state) {
      const learning = kept.open.learning && interval.learning;
      kept.open = { ...kept.open, untilUs, learning };
      return;
    }
    const sinceUs = Math.max(interval.sinceUs, kept.tellFromUs);
    if (kept.open !== undefined) {
      const over = { ...kept.open, untilUs: sinceUs, ended: true };
      told.push(over);
      kept.ended = [...kept.ended, over].slice(-ENDED_MAX);
    }
    kept.open = { ...interval, sinceUs, untilUs, ended: false, collector: this.#start.collector };
    kept.toldUntilUs = untilUs;
    told.push(kept.open);
  }
}
