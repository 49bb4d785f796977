/** From the seconds that the store has rows for to histories without holes, one a node. */
import type { Window } from '../../src/events/facts.ts';
import type { NodeSecond } from '../../src/events/health.ts';
import type { NodeHistory } from './states.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** Of rows in order of time. Servers first, then by name. A second without a row is one in which nothing happened. */
export function historiesOf(rows: readonly NodeSecond[], window: Window): NodeHistory[] {
  const byRole = {
    server: new Map<string, NodeSecond[]>(),
    client: new Map<string, NodeSecond[]>(),
  };
  for (const row of rows) {
    const own = byRole[row.role].get(row.node);
    if (own === undefined) byRole[row.role].set(row.node, [row]);
    else own.push(row);
  }
  return [byRole.server, byRole.client].flatMap((nodes) =>
    [...nodes]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .flatMap(([, seconds]) => historyOf(seconds, window)),
  );
}

function historyOf(rows: readonly NodeSecond[], { fromUs, toUs }: Window): NodeHistory[] {
  const [any] = rows;
  if (any === undefined) return [];
  const { node, role } = any;
  const seconds: NodeSecond[] = [];
  let next = 0;
  for (
    let startUs = Math.floor(fromUs / SECOND_US) * SECOND_US;
    startUs < toUs;
    startUs += SECOND_US
  ) {
    while ((rows[next]?.startUs ?? Infinity) < startUs) next++;
    const row = rows[next];
    seconds.push(row?.startUs === startUs ? row : emptySecond(node, role, startUs));
  }
  return [{ node, role, seconds }];
}

/** A second in which a node neither asked nor was asked. */
export function emptySecond(node: string, role: NodeSecond['role'], startUs: number): NodeSecond {
  return {
    node,
    role,
    startUs,
    requests: 0,
    answers: 0,
    durationSumUs: 0,
    durationSquaresSum: 0,
    timedCount: 0,
    connectionsOpen: 0,
    connectionsInTransaction: 0,
    outstanding: 0,
    outstandingAgeMaxUs: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    connectionsRefused: 0,
    bytes: 0,
    lostBytes: 0,
  };
}
