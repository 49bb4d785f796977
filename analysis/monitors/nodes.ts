/**
 * P1, P2, P4 to P6 for each node: application hosts (clients) and database endpoints (servers). The edges between
 * them are added up for each end. A node's most open connections are at most the sum of its edges' greatest values,
 * since those need not fall into one second.
 */
import type { EdgeFacts, Window } from '../../src/events/facts.ts';
import type { NodeRow } from '../../src/events/report.ts';
import { nameOf } from '../node-names.ts';
import { sumOf } from '../share.ts';
import { responseRateOf } from './response-rate.ts';
import { responseTimesOf } from './response-time.ts';
import { rollbackRateOf } from './rollback-rate.ts';
import { totalsOf } from './totals.ts';
import { tpsOf } from './tps.ts';
import { yieldOf } from './yield.ts';

/** Servers first, each role by requests, most first. */
export function nodeRows(
  edges: readonly EdgeFacts[],
  window: Window,
  extent: Window,
  names: ReadonlyMap<string, string> = new Map(),
): NodeRow[] {
  return (['server', 'client'] as const).flatMap((role) =>
    rowsOfRole(role, edges, window, extent).map((row) => ({
      ...row,
      name: nameOf(names, row.node) ?? null,
    })),
  );
}

function rowsOfRole(
  role: 'client' | 'server',
  edges: readonly EdgeFacts[],
  window: Window,
  extent: Window,
): Omit<NodeRow, 'name'>[] {
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
