/**
 * What waited for transactions: statements that failed since they had waited too long, and transactions that were not long but
 * that others waited for. Asked only where there were such waits. Whether they waited for one of them, tables and kinds must tell
 * (analysis/diagnosis/open-transactions.ts). With `mirrorsql query`: `SELECT client_ip, fingerprint, sqlstate, count(), max(duration_us) FROM
 * failures WHERE error_class = 'lock_timeout' GROUP BY 1, 2, 3`.
 */
import type { GaveUpFacts } from '../../events/open-transactions.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, type Parameters, SERVER, us } from './ask.ts';
import type { ClassSums } from './classes.ts';
import type { Failures } from './failures.ts';
import { RELEASED_BEFORE_US, type Spell, WAITING_LEAST_US } from './open-transaction-details.ts';

/** Classes of errors with which a statement ends that waited too long: for a lock, or for whatever it was. */
const LOCK_TIMEOUT = 'lock_timeout';
const STATEMENT_TIMEOUT = 'statement_timeout';
const GAVE_UP_MAX = 1_000;
/** Each row is held against ninety transactions, and their arrays stand in memory for all rows of a block. */
const ROWS_AT_ONCE = 4_096;
/** Of each kind: with so many it shows whom they waited for. */
const LOOKED_AT = 2_000;
/** A transaction as short as those that wait for it is more often one of them. */
export const HELD_LEAST_US = 5_000_000;
/** So many that were answered when it ended waited for it. Of many that work side by side now and then two end at once. */
const RELEASED_LEAST = 3;
const HOLDERS_MAX = 20;

/** Whether statements of a window failed since they had waited too long, and whether any took a second or more. */
export interface Waits {
  readonly gaveUp: boolean;
  readonly slow: boolean;
}

export async function waitsOf(
  failures: Promise<Pick<Failures, 'causes'>>,
  sums: Promise<readonly ClassSums[]>,
): Promise<Waits> {
  const [{ causes }, classes] = await Promise.all([failures, sums]);
  return {
    gaveUp: causes.some(
      ({ errorClass }) => errorClass === LOCK_TIMEOUT || errorClass === STATEMENT_TIMEOUT,
    ),
    slow: classes.some(({ durationMaxUs }) => durationMaxUs >= WAITING_LEAST_US),
  };
}

const GAVE_UP = `SELECT ${SERVER} AS server, session_id AS session, client_ip AS client, toString(fingerprint) AS fingerprint,
    sqlstate, error_class = '${LOCK_TIMEOUT}' AS lock, duration_us AS lastedUs, ${us('ts')} AS sentUs, sentUs + toInt64(duration_us) AS failedUs
  FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    AND (error_class = '${LOCK_TIMEOUT}' OR error_class = '${STATEMENT_TIMEOUT}' AND duration_us >= ${WAITING_LEAST_US})`;

const WAITED = `SELECT ${SERVER} AS server, session_id AS session, ${us('ts')} AS sentUs,
    sentUs + toInt64(assumeNotNull(duration_us)) AS untilUs
  FROM events WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    AND duration_us >= ${WAITING_LEAST_US} AND duration_us < {longUs:UInt64}
  ORDER BY duration_us DESC LIMIT ${LOOKED_AT}`;

/**
 * What failed in the window since it had waited too long, by the spells that were open all that time: it may have been sent
 * by the session of none of them.
 * @throws MirrorSqlError
 */
export async function readGaveUp(
  store: Store,
  spells: readonly Spell[],
  parameters: Parameters,
): Promise<GaveUpFacts[]> {
  return await ask<GaveUpFacts>(
    store,
    `SELECT arrayMap(place -> place - 1, arrayFilter(place -> {servers:Array(String)}[place] = server
        AND {sessions:Array(String)}[place] != session AND {since:Array(Int64)}[place] < sentUs
        AND {until:Array(Int64)}[place] >= failedUs, range(1, {spells:UInt32} + 1))) AS during,
      client, fingerprint, sqlstate, toBool(lock) AS forLock, count() AS count, max(lastedUs) AS longestUs
    FROM (${GAVE_UP})
    GROUP BY during, client, fingerprint, sqlstate, forLock HAVING notEmpty(during)
    ORDER BY count DESC, client, fingerprint, sqlstate, during LIMIT ${GAVE_UP_MAX}
    SETTINGS max_block_size = ${ROWS_AT_ONCE}`,
    {
      ...parameters,
      spells: spells.length,
      servers: spells.map(({ server }) => server),
      sessions: spells.map(({ sessionId }) => sessionId),
      since: spells.map(({ sinceUs }) => sinceUs),
      until: spells.map(({ asOfUs }) => asOfUs),
    },
  );
}

/** A statement that waited, from being sent to its answer. */
interface Wait {
  readonly server: string;
  readonly session: string;
  readonly sentUs: number;
  readonly untilUs: number;
}

/**
 * Of transactions that were not long those that others may have waited for: during which statements gave up, or with whose end
 * several were answered that had waited. The one with the most first.
 * @throws MirrorSqlError
 */
export async function waitedFor(
  store: Store,
  spells: readonly Spell[],
  { gaveUp, slow }: Waits,
  parameters: Parameters,
): Promise<Spell[]> {
  if (spells.length === 0) return [];
  const [failed, waited] = await Promise.all([
    gaveUp
      ? ask<Wait>(
          store,
          `SELECT server, session, sentUs, failedUs AS untilUs FROM (${GAVE_UP}) ORDER BY sentUs LIMIT ${LOOKED_AT}`,
          parameters,
        )
      : [],
    slow ? ask<Wait>(store, WAITED, parameters) : [],
  ]);
  return spells
    .map((spell) => {
      const meanwhile = ({ server, session, sentUs }: Wait) =>
        server === spell.server && session !== spell.sessionId && sentUs > spell.sinceUs;
      const failures = failed.filter((one) => meanwhile(one) && one.untilUs <= spell.asOfUs);
      const released = waited.filter(
        (one) => meanwhile(one) && Math.abs(one.untilUs - spell.asOfUs) <= RELEASED_BEFORE_US,
      );
      return { spell, failures: failures.length, released: released.length };
    })
    .filter(({ failures, released }) => failures > 0 || released >= RELEASED_LEAST)
    .map(({ spell, failures, released }) => ({ spell, count: failures + released }))
    .sort((a, b) => b.count - a.count || a.spell.sinceUs - b.spell.sinceUs)
    .slice(0, HOLDERS_MAX)
    .map(({ spell }) => spell);
}
