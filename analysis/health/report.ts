/** The states of all nodes that fall into a window. */
import type { Window } from '../../src/events/facts.ts';
import { HEALTH_STATES, type HealthInterval, type NodeRole } from '../../src/events/health.ts';
import type { NodeSeconds } from '../../src/events/node-seconds.ts';
import type { SeasonFacts } from '../../src/events/seasons.ts';
import { type AnalysisSettings, healthSettingsOf } from '../settings.ts';
import { Seasons } from './seasons.ts';
import { statesOf } from './states.ts';

/**
 * @param learnt what `nodes` covers: the window, and the time before it from which the usual is learnt
 * @returns the states that touch the window, cut to its start: the node with the worst state first
 */
export function healthOf(
  nodes: readonly NodeSeconds[],
  learnt: Window,
  window: Window,
  settings: AnalysisSettings,
  seasonFacts: readonly SeasonFacts[] = [],
): HealthInterval[] {
  const seasons = new Seasons(seasonFacts);
  return inOrder(nodes)
    .map((seconds) =>
      statesOf(seconds, learnt, healthSettingsOf(settings, seconds.role, seconds.node), seasons)
        .filter(
          ({ sinceUs, untilUs }) => sinceUs < window.toUs && (untilUs ?? Infinity) > window.fromUs,
        )
        .map((interval) => ({ ...interval, sinceUs: Math.max(interval.sinceUs, window.fromUs) })),
    )
    .sort((a, b) => worst(a) - worst(b))
    .flat();
}

/** Servers first, then by name. */
function inOrder(nodes: readonly NodeSeconds[]): NodeSeconds[] {
  const of = (asked: NodeRole) =>
    nodes.filter(({ role }) => role === asked).sort((a, b) => (a.node < b.node ? 1 : -1));
  return [...of('server'), ...of('client')];
}

/** Without hysteresis states may be many. */
const PLAIN_MAX = 200;

function worst(intervals: readonly HealthInterval[]): number {
  return Math.min(...intervals.map(({ state }) => HEALTH_STATES.indexOf(state)));
}

/** What is not well by the plain definitions, whichever were chosen: to be read beside. */
export function plainHealthOf(
  nodes: readonly NodeSeconds[],
  learnt: Window,
  window: Window,
  settings: AnalysisSettings,
): HealthInterval[] {
  const plain = {
    ...settings,
    health: { ...settings.health, definition: 'plain' as const },
    healthOfNodes: new Map(
      [...settings.healthOfNodes].map(([node, own]) => [
        node,
        { ...own, definition: 'plain' as const },
      ]),
    ),
  };
  // Nothing is learnt: a minute before the window is enough.
  const fromUs = Math.max(learnt.fromUs, window.fromUs - 60_000_000);
  const own = nodes.filter(
    ({ columns }) => (columns.startUs.at(-1) ?? -Infinity) >= fromUs - 1_000_000,
  );
  return healthOf(own, { fromUs, toUs: learnt.toUs }, window, plain)
    .filter(({ state }) => state !== 'healthy')
    .slice(0, PLAIN_MAX);
}
