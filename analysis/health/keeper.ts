/**
 * The states of all nodes kept while time goes on: each second is judged once, by the same fold that judges a window
 * (states.ts), and what changed is told so that it can be stored.
 */
import type { Window } from '../../src/events/facts.ts';
import type { HealthInterval, NodeSecond } from '../../src/events/health.ts';
import type { StoredState } from '../../src/events/judgement.ts';
import { nodeKey } from '../../src/events/seasons.ts';
import { type AnalysisSettings, healthSettingsOf } from '../settings.ts';
import { grouped } from '../share.ts';
import { emptySecond } from './histories.ts';
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
   * @param rows of all nodes, each node's in order of time; a second without a row is one in which nothing happened
   * @param seasons what is usual in the hours of the window
   * @returns stretches that are new, that ended, or that have not been told for a minute
   */
  advance(rows: readonly NodeSecond[], window: Window, seasons = NO_SEASONS): StoredState[] {
    const byNode = grouped(rows, nodeKey);
    for (const [key, [first]] of byNode) {
      if (first === undefined || this.#nodes.has(key)) continue;
      if (this.#nodes.size >= NODES_MAX) this.nodesRefused++;
      else this.#nodes.set(key, this.#keep(first));
    }
    const told: StoredState[] = [];
    for (const [key, kept] of this.#nodes) {
      const seasonOf = seasons.ofNode(kept.role, kept.node);
      told.push(...this.#judge(kept, byNode.get(key) ?? [], window.toUs, seasonOf));
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

  #keep({ node, role, startUs }: NodeSecond): Kept {
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

  #judge(kept: Kept, rows: readonly NodeSecond[], toUs: number, seasonOf: SeasonOf): StoredState[] {
    const { watch, node, role } = kept;
    let next = 0;
    for (; kept.nextUs < toUs; kept.nextUs += SECOND_US) {
      while ((rows[next]?.startUs ?? Infinity) < kept.nextUs) next++;
      const row = rows[next];
      if (row?.startUs === kept.nextUs) {
        kept.seenUs = kept.nextUs;
        watch.second(row, seasonOf(row.startUs));
      } else {
        watch.second(emptySecond(node, role, kept.nextUs), seasonOf(kept.nextUs));
      }
    }
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
