/**
 * P1, P2, P4 to P6 for each node: application hosts (clients) and database endpoints (servers). The edges between
 * them are added up for each end. A node's most open connections are at most the sum of its edges' greatest values,
 * since those need not fall into one second.
 */
import type { ChannelFacts, EdgeFacts, Window, WindowFacts } from '../../src/events/facts.ts';
import type { NodeRow } from '../../src/events/report.ts';
import { nameOf } from '../node-names.ts';
import { sumOf } from '../share.ts';
import { responseRateOf } from './response-rate.ts';
import { responseTimesOf } from './response-time.ts';
import { rollbackRateOf } from './rollback-rate.ts';
import { totalsOf } from './totals.ts';
import { tpsOf } from './tps.ts';
import { yieldOf } from './yield.ts';

/** Users and applications that are listed of a node. */
const PEOPLE_MAX = 5;

/** Servers first, each role by requests, most first. */
export function nodeRows(
  {
    edges,
    channels,
    window,
    extent,
  }: Pick<WindowFacts, 'edges' | 'channels' | 'window' | 'extent'>,
  names: ReadonlyMap<string, string> = new Map(),
): NodeRow[] {
  return (['server', 'client'] as const).flatMap((role) => {
    const applications = namesByNode(channels, role, ({ application }) => application);
    const users = namesByNode(channels, role, ({ user }) => user);
    return rowsOfRole(role, edges, window, extent).map((row) => ({
      ...row,
      name: nameOf(names, row.node) ?? null,
      applications: applications.get(row.node) ?? [],
      users: users.get(row.node) ?? [],
    }));
  });
}

/** The names of each node, those with the most statements first. */
function namesByNode(
  channels: readonly ChannelFacts[],
  role: 'client' | 'server',
  nameIn: (channel: ChannelFacts) => string | null,
): Map<string, string[]> {
  const counts = new Map<string, Map<string, number>>();
  for (const channel of channels) {
    const name = nameIn(channel);
    if (name === null) continue;
    const own = counts.get(channel[role]) ?? new Map<string, number>();
    own.set(name, (own.get(name) ?? 0) + channel.statements);
    counts.set(channel[role], own);
  }
  return new Map(
    [...counts].map(([node, own]) => [
      node,
      [...own]
        .sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
        .slice(0, PEOPLE_MAX)
        .map(([name]) => name),
    ]),
  );
}

function rowsOfRole(
  role: 'client' | 'server',
  edges: readonly EdgeFacts[],
  window: Window,
  extent: Window,
): Omit<NodeRow, 'name' | 'applications' | 'users'>[] {
  const byNode = new Map<string, EdgeFacts[]>();
  for (const edge of edges) {
    const known = byNode.get(edge[role]);
    if (known === undefined) byNode.set(edge[role], [edge]);
    else known.push(edge);
  }
  return [...byNode]
    .map(([node, own]) => {
      const totals = totalsOf(own.map((edge) => edge.totals));
      return {
        node,
        role,
        requests: totals.requests,
        answers: totals.answers,
        errors: totals.errors,
        yield: yieldOf(totals),
        responseRate: responseRateOf(totals),
        tps: tpsOf(totals, window, extent),
        rollbackRate: rollbackRateOf(totals),
        responseTime: responseTimesOf(totals),
        connectionsOpenMax: sumOf(own, (edge) => edge.totals.connectionsOpenMax),
      };
    })
    .sort((a, b) => b.requests - a.requests || (a.node < b.node ? -1 : 1));
}
