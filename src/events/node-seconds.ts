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

/** With rows of zeros. */
export function emptyNodeSeconds(node: string, role: NodeRole, count: number): NodeSeconds {
  const column = () => new Float64Array(count);
  const columns = {
    startUs: column(),
    requests: column(),
    answers: column(),
    durationSumUs: column(),
    durationSquaresSum: column(),
    timedCount: column(),
    connectionsOpen: column(),
    connectionsInTransaction: column(),
    outstanding: column(),
    outstandingAgeMaxUs: column(),
    connectionsOpened: column(),
    connectionsClosed: column(),
    connectionsRefused: column(),
    bytes: column(),
    lostBytes: column(),
  };
  return { node, role, count, columns };
}
