/**
 * The seconds of one node in columns, one number after the other: seconds are many (an hour of ten nodes has 36,000 of 15
 * numbers), and as objects they cost more to make, and to find in memory, than all that is computed from them.
 */
import type { NodeRole, NodeSecond } from './health.ts';

export const SECOND_COLUMNS = [
  'startUs',
  'requests',
  'answers',
  'durationSumUs',
  'durationSquaresSum',
  'timedCount',
  'connectionsOpen',
  'connectionsInTransaction',
  'outstanding',
  'outstandingAgeMaxUs',
  'connectionsOpened',
  'connectionsClosed',
  'connectionsRefused',
  'bytes',
  'lostBytes',
] as const satisfies (keyof NodeSecond)[];
export type SecondColumn = (typeof SECOND_COLUMNS)[number];

export interface NodeSeconds {
  readonly node: string;
  readonly role: NodeRole;
  /** Rows: seconds of which something is stored. */
  readonly count: number;
  /** By the names of NodeSecond, rows in order of time. */
  readonly columns: Readonly<Record<SecondColumn, Float64Array>>;
}

/** All columns, each as `columnOf` gives it. */
export function columnsFrom(
  columnOf: (name: SecondColumn) => Float64Array,
): NodeSeconds['columns'] {
  return {
    startUs: columnOf('startUs'),
    requests: columnOf('requests'),
    answers: columnOf('answers'),
    durationSumUs: columnOf('durationSumUs'),
    durationSquaresSum: columnOf('durationSquaresSum'),
    timedCount: columnOf('timedCount'),
    connectionsOpen: columnOf('connectionsOpen'),
    connectionsInTransaction: columnOf('connectionsInTransaction'),
    outstanding: columnOf('outstanding'),
    outstandingAgeMaxUs: columnOf('outstandingAgeMaxUs'),
    connectionsOpened: columnOf('connectionsOpened'),
    connectionsClosed: columnOf('connectionsClosed'),
    connectionsRefused: columnOf('connectionsRefused'),
    bytes: columnOf('bytes'),
    lostBytes: columnOf('lostBytes'),
  };
}

/** With rows of zeros. */
export function emptyNodeSeconds(node: string, role: NodeRole, count: number): NodeSeconds {
  return { node, role, count, columns: columnsFrom(() => new Float64Array(count)) };
}
