/** From the seconds that the store has rows for to all seconds of a window: in one without a row nothing happened. */
import type { Window } from '../../src/events/facts.ts';
import type { NodeRole, NodeSecond } from '../../src/events/health.ts';
import type { NodeSeconds } from '../../src/events/node-seconds.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** Of one node, in order. The second that is shown is good only while it is visited. */
export function eachSecond(
  rows: NodeSeconds,
  { fromUs, toUs }: Window,
  visit: (second: NodeSecond, hasRow: boolean) => void,
): void {
  const { node, role, count } = rows;
  const starts = rows.columns.startUs;
  const shown = new ShownSecond(rows);
  let next = 0;
  for (
    let startUs = Math.floor(fromUs / SECOND_US) * SECOND_US;
    startUs < toUs;
    startUs += SECOND_US
  ) {
    while (next < count && (starts[next] ?? 0) < startUs) next++;
    const hasRow = next < count && starts[next] === startUs;
    shown.row = next;
    visit(hasRow ? shown : emptySecond(node, role, startUs), hasRow);
  }
}

/** A row of the columns. */
class ShownSecond implements NodeSecond {
  row = 0;
  readonly node: string;
  readonly role: NodeRole;
  readonly #columns: NodeSeconds['columns'];

  constructor({ node, role, columns }: NodeSeconds) {
    this.node = node;
    this.role = role;
    this.#columns = columns;
  }

  get startUs(): number {
    return this.#columns.startUs[this.row] ?? 0;
  }

  get requests(): number {
    return this.#columns.requests[this.row] ?? 0;
  }

  get answers(): number {
    return this.#columns.answers[this.row] ?? 0;
  }

  get durationSumUs(): number {
    return this.#columns.durationSumUs[this.row] ?? 0;
  }

  get durationSquaresSum(): number {
    return this.#columns.durationSquaresSum[this.row] ?? 0;
  }

  get timedCount(): number {
    return this.#columns.timedCount[this.row] ?? 0;
  }

  get connectionsOpen(): number {
    return this.#columns.connectionsOpen[this.row] ?? 0;
  }

  get connectionsInTransaction(): number {
    return this.#columns.connectionsInTransaction[this.row] ?? 0;
  }

  get outstanding(): number {
    return this.#columns.outstanding[this.row] ?? 0;
  }

  get outstandingAgeMaxUs(): number {
    return this.#columns.outstandingAgeMaxUs[this.row] ?? 0;
  }

  get connectionsOpened(): number {
    return this.#columns.connectionsOpened[this.row] ?? 0;
  }

  get connectionsClosed(): number {
    return this.#columns.connectionsClosed[this.row] ?? 0;
  }

  get connectionsRefused(): number {
    return this.#columns.connectionsRefused[this.row] ?? 0;
  }

  get bytes(): number {
    return this.#columns.bytes[this.row] ?? 0;
  }

  get lostBytes(): number {
    return this.#columns.lostBytes[this.row] ?? 0;
  }
}

/** A second in which a node neither asked nor was asked. */
export function emptySecond(node: string, role: NodeRole, startUs: number): NodeSecond {
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
