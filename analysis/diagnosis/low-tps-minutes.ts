/**
 * The minutes of a database node: which are known, which are low, and which stretches of low ones make an episode. Low: below
 * half of the median of the last hour and below it by four deviations (median absolute deviation, or what chance alone
 * does to a count, the square root). Low minutes are never learnt from.
 */
import type { EdgeMinute, LowTpsFacts } from '../../src/events/low-tps.ts';
import { medianOf } from '../statistics/median.ts';
import type { LowTpsSettings } from './low-tps-settings.ts';
import { MINUTE_US } from '../../src/core/time.ts';

const HISTORY_MINUTES_MAX = 60;
const LOOKED_BACK = 4;
/** Captures that follow each other within so long are one: files are rotated. */
const CAPTURE_GAP_MAX_US = 2_000_000;

export interface NodeMinute {
  readonly startUs: number;
  readonly transactions: number;
  readonly edges: readonly EdgeMinute[];
}

export interface LowStretch {
  readonly fromUs: number;
  readonly toUs: number | null;
  readonly low: readonly NodeMinute[];
  readonly usual: readonly NodeMinute[];
  /** Transactions a minute. */
  readonly median: number;
  readonly threshold: number;
}

/** The whole minutes of each node of which it is known what happened, in order. */
export function minutesByNode(facts: LowTpsFacts, untilUs: number): Map<string, NodeMinute[]> {
  const spans = joinedSpans(facts.captured);
  const byNode = new Map<string, Map<number, EdgeMinute[]>>();
  for (const minute of facts.minutes) {
    let node = byNode.get(minute.server);
    if (node === undefined) {
      node = new Map<number, EdgeMinute[]>();
      byNode.set(minute.server, node);
    }
    const edges = node.get(minute.startUs);
    if (edges === undefined) node.set(minute.startUs, [minute]);
    else edges.push(minute);
  }
  return new Map([...byNode].map(([server, minutes]) => [server, known(minutes, spans, untilUs)]));
}

function joinedSpans(captured: LowTpsFacts['captured']): LowTpsFacts['captured'] {
  const spans: { fromUs: number; toUs: number }[] = [];
  for (const span of [...captured].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = spans.at(-1);
    if (last === undefined || span.fromUs - last.toUs > CAPTURE_GAP_MAX_US) spans.push({ ...span });
    else last.toUs = Math.max(last.toUs, span.toUs);
  }
  return spans;
}

/** From the node's first minute on: one without a row is one without a transaction, if packets were captured in it. */
function known(
  minutes: ReadonlyMap<number, readonly EdgeMinute[]>,
  spans: LowTpsFacts['captured'],
  untilUs: number,
): NodeMinute[] {
  const found: NodeMinute[] = [];
  const firstUs = Math.min(...minutes.keys());
  for (let startUs = firstUs; startUs + MINUTE_US <= untilUs; startUs += MINUTE_US) {
    const whole = spans.some(
      ({ fromUs, toUs }) => fromUs <= startUs && toUs >= startUs + MINUTE_US,
    );
    if (!whole) continue;
    const edges = minutes.get(startUs) ?? [];
    const transactions = edges.reduce((sum, edge) => sum + edge.transactions, 0);
    found.push({ startUs, transactions, edges });
  }
  return found;
}

interface Usual {
  readonly minutes: readonly NodeMinute[];
  readonly median: number;
  readonly threshold: number;
}

function usualOf(minutes: readonly NodeMinute[], settings: LowTpsSettings): Usual | undefined {
  if (minutes.length < settings.historyMinutesMin) return undefined;
  const counts = minutes.map(({ transactions }) => transactions);
  const median = medianOf(counts);
  const spread = medianOf(counts.map((count) => Math.abs(count - median)));
  const deviation = Math.max(spread, Math.sqrt(median));
  const threshold = Math.min(settings.lowShare * median, median - settings.deviations * deviation);
  return { minutes: [...minutes], median, threshold };
}

/** @returns the stretches, in order, and whether nothing could be judged for want of history */
export function lowStretches(
  minutes: readonly NodeMinute[],
  settings: LowTpsSettings,
): { stretches: LowStretch[]; learning: boolean } {
  const stretches: LowStretch[] = [];
  const learnt: NodeMinute[] = [];
  let recent: { minute: NodeMinute; low: boolean }[] = [];
  let open: { usual: Usual; low: NodeMinute[] } | undefined;
  let judged = false;
  for (const minute of minutes) {
    if (open !== undefined) {
      if (minute.transactions <= settings.endShare * open.usual.median) {
        open.low.push(minute);
        continue;
      }
      stretches.push(stretchOf(open, minute.startUs));
      open = undefined;
      recent = [];
    }
    const usual = usualOf(learnt, settings);
    judged ||= usual !== undefined;
    const low = usual !== undefined && minute.transactions < usual.threshold;
    recent = [...recent, { minute, low }].slice(-LOOKED_BACK);
    const lows = recent.filter((one) => one.low).map((one) => one.minute);
    if (usual !== undefined && low && lows.length >= settings.lowOfFour) {
      open = { usual, low: lows };
    } else if (!low) {
      learnt.push(minute);
      if (learnt.length > HISTORY_MINUTES_MAX) learnt.shift();
    }
  }
  if (open !== undefined) stretches.push(stretchOf(open, null));
  return { stretches, learning: !judged };
}

function stretchOf(open: { usual: Usual; low: NodeMinute[] }, toUs: number | null): LowStretch {
  return {
    fromUs: open.low[0]?.startUs ?? 0,
    toUs,
    low: open.low,
    usual: open.usual.minutes,
    median: open.usual.median,
    threshold: open.usual.threshold,
  };
}
