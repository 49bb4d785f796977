/**
 * What is stored more than once: connections that several collectors saw, and those of one collector that several of its
 * captures hold, as of two files that cover the same time. A capture that is loaded again is not: its segments are known.
 */
import type { Window } from '../../events/facts.ts';
import { SECOND_US } from '../../core/time.ts';
import { GAP_FILE } from '../gap-record.ts';
import type { Store } from '../store.ts';
import {
  ask,
  CAPTURE_IN_WINDOW,
  IN_SCOPE,
  inWindow,
  openSessions,
  type Parameters,
  parametersOf,
  us,
} from './ask.ts';

/** Sessions of one flow that are compared with each other. */
const SESSIONS_PER_FLOW_MAX = 64;
/** Captures of one collector in a window whose times are compared. */
const CAPTURES_MAX = 1000;
/** A file that follows another may begin with packets that are a little older than the last ones of that. */
const OVERLAP_MIN_US = SECOND_US;
/** So much of an overlap is looked at: it is about whether, and reads statements. */
const OVERLAP_READ_US = 300 * SECOND_US;

/** First and last packet of each capture, by the first: a column over `captures`. A gap lies within its own capture. */
export const CAPTURE_SPANS = `arraySort(groupArrayIf(${CAPTURES_MAX})(
  (${us('first_packet_ts')}, ${us('last_packet_ts')}), file != '${GAP_FILE}'))`;

export interface CapturesOf {
  readonly collector: string;
  /** As CAPTURE_SPANS gives them. */
  readonly spans: readonly (readonly [firstUs: number, lastUs: number])[];
}

/** The longest time that two captures of one collector cover, within the window. */
function longestOverlap(
  captures: readonly CapturesOf[],
  { fromUs, toUs }: Window,
): (Window & { readonly collector: string }) | undefined {
  let longest: (Window & { readonly collector: string }) | undefined;
  let longestUs = OVERLAP_MIN_US;
  for (const { collector, spans } of captures) {
    let coveredUntilUs = -Infinity;
    for (const [firstUs, lastUs] of spans) {
      const overlap = {
        fromUs: Math.max(fromUs, firstUs),
        toUs: Math.min(toUs, lastUs, coveredUntilUs),
      };
      coveredUntilUs = Math.max(coveredUntilUs, lastUs);
      if (overlap.toUs - overlap.fromUs <= longestUs) continue;
      longestUs = overlap.toUs - overlap.fromUs;
      longest = { ...overlap, collector };
    }
  }
  return longest;
}

/**
 * How many connections of one collector are stored from several of its captures, counted in the longest time that two of
 * them cover; of the others that do the number may be larger. One that begins there has the same id in both, and its
 * statements have the same numbers; one that was open before has two ids at the same time.
 * @throws MirrorSqlError
 */
export async function countDoubledByCaptures(
  store: Store,
  captures: readonly CapturesOf[],
  window: Window,
  parameters: Parameters,
): Promise<number> {
  const overlap = longestOverlap(captures, window);
  if (overlap === undefined) return 0;
  const { collector, fromUs, toUs } = overlap;
  const [row] = await ask<{ count: number }>(
    store,
    `SELECT uniqExact(client_ip, client_port, server_ip, server_port) AS count FROM (
      SELECT client_ip, client_port, server_ip, server_port FROM events
      WHERE ${inWindow('ts')} AND collector = {holder:String} AND ${IN_SCOPE}
      GROUP BY client_ip, client_port, server_ip, server_port, session_id
      HAVING count() > max(sequence) - min(sequence) + 1
      UNION ALL
      SELECT client_ip, client_port, server_ip, server_port FROM ${openSessions('collector = {holder:String}')}
      GROUP BY client_ip, client_port, server_ip, server_port
      HAVING ${heldAtOnce('session_id')}
    )`,
    { ...parameters, holder: collector, fromUs, toUs: Math.min(toUs, fromUs + OVERLAP_READ_US) },
  );
  return row?.count ?? 0;
}

/**
 * How many connections of a capture that was just loaded are stored from another capture of its collector as well.
 * @throws MirrorSqlError
 */
export async function countDoubledByLoad(
  store: Store,
  window: Window,
  collector: string,
): Promise<number> {
  const parameters = parametersOf(window, { collector });
  const captures = await ask<CapturesOf>(
    store,
    `SELECT collector, ${CAPTURE_SPANS} AS spans FROM captures FINAL
    WHERE ${CAPTURE_IN_WINDOW} AND collector = {collector:String} GROUP BY collector`,
    parameters,
  );
  return countDoubledByCaptures(store, captures, window, parameters);
}

/** Flows on which two collectors saw sessions at the same time. */
export async function countDoubledByCollectors(
  store: Store,
  parameters: Parameters,
): Promise<number> {
  const [row] = await ask<{ count: number }>(
    store,
    `SELECT count() AS count FROM (
      SELECT client_ip FROM ${openSessions()}
      GROUP BY client_ip, client_port, server_ip, server_port
      HAVING uniqExact(collector) > 1 AND ${heldAtOnce('collector')}
    )`,
    parameters,
  );
  return row?.count ?? 0;
}

/** Two sessions of the flow that differ in `column` were open at the same time. */
function heldAtOnce(column: string): string {
  return `arrayExists(one -> arrayExists(
    other -> one.1 != other.1 AND one.2 <= other.3 AND other.2 <= one.3, seen), groupArray(${SESSIONS_PER_FLOW_MAX})((${column}, start_ts, end_ts)) AS seen)`;
}
