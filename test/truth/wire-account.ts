/** What the decoded events say of the same time, in the shape of the server's account. */
import type { PrintedEvent } from '../lab/decode.ts';
import { bare, type LoggedSession, statementsOf, UNKNOWN_TEXT } from './server-account.ts';

/** Statements of one connection in the order of their requests. */
export function statementsByPort(events: readonly PrintedEvent[]): Map<number, PrintedEvent[]> {
  const byPort = new Map<number, PrintedEvent[]>();
  for (const event of events) {
    if (event.type !== 'statement') continue;
    const list = byPort.get(event.client_port) ?? [];
    list.push(event);
    byPort.set(event.client_port, list);
  }
  return byPort;
}

export interface Agreement {
  /** Statements that both tell of, with the same text and the same SQLSTATE. */
  readonly agreed: number;
  readonly differences: readonly string[];
}

/**
 * Compares one session, statement by statement and in order. Statements that the server did not look at (`skipped`) and
 * empty ones are in no log. Of a string with several statements the log tells only the end: the wire must show all of
 * them, or those up to the one that failed.
 */
export function compareSession(session: LoggedSession, seen: readonly PrintedEvent[]): Agreement {
  const queue = seen
    .filter((event) => event.status !== 'skipped' && !isEmpty(event))
    // Printed when they end: a portal that is executed in parts ends after what was asked meanwhile.
    .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  const differences: string[] = [];
  let agreed = 0;
  // All executions of one portal are one execution on the wire.
  for (const round of session.rounds.filter(({ continued }) => !continued)) {
    const expected = statementsOf(round.text).filter((text) => text !== '');
    for (const [index, text] of expected.entries()) {
      const event = queue.shift();
      const failed = event !== undefined && event.sqlstate !== undefined;
      const last = index === expected.length - 1 || failed;
      const sqlstate = last ? round.sqlstate : undefined;
      if (event !== undefined && agrees(text, sqlstate, event)) agreed++;
      else differences.push(difference(session, text, sqlstate, event));
      if (failed) break;
    }
  }
  for (const event of queue) differences.push(difference(session, undefined, undefined, event));
  return { agreed, differences };
}

function isEmpty(event: PrintedEvent): boolean {
  return event.statement !== undefined && bare(event.statement) === '';
}

function agrees(text: string, sqlstate: string | undefined, event: PrintedEvent): boolean {
  if (event.sqlstate !== sqlstate) return false;
  if (withoutSecrets(text) !== bare(event.statement ?? UNKNOWN_TEXT)) return false;
  // An answer that the server held back until a Sync that never came is on no wire.
  return sqlstate !== undefined || event.status === 'ok' || event.status === 'unanswered';
}

/** The wire's account masks passwords; the server's log does not. */
function withoutSecrets(text: string): string {
  return text.replace(/(\bPASSWORD\s+)'[^']*'/gi, "$1'***'");
}

function difference(
  session: LoggedSession,
  text: string | undefined,
  sqlstate: string | undefined,
  event: PrintedEvent | undefined,
): string {
  const server = text === undefined ? 'nothing' : `${sqlstate ?? 'ok'} ${text.slice(0, 90)}`;
  const wire =
    event === undefined
      ? 'nothing'
      : `${event.status ?? '?'} ${event.sqlstate ?? ''} ${(event.statement ?? UNKNOWN_TEXT).slice(0, 90)}`;
  return `${String(session.clientPort)} ${session.user ?? ''}@${session.database ?? ''}: server "${server}", wire "${wire}"`;
}

/** How often each value occurs. */
export function countBy<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string | undefined,
  amountOf: (item: T) => number = () => 1,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + amountOf(item));
  }
  return counts;
}

/** The keys of both with their counts, for a comparison that fails with all differences at once. */
export function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...counts].filter(([, n]) => n !== 0).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
