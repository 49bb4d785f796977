/**
 * What waited for transactions: statements that failed since they had waited too long, and transactions that were not long but
 * that others waited for. Asked only where there were such waits. Whether they waited for one of them, tables and kinds must tell
 * (analysis/diagnosis/open-transactions.ts). With `mirrorsql query`: `SELECT client_ip, fingerprint, sqlstate, count(), max(duration_us) FROM
 * failures WHERE error_class = 'lock_timeout' GROUP BY 1, 2, 3`.
 */
import type { GaveUpFacts } from '../../events/open-transactions.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, moment, type Parameters, SERVER, us } from './ask.ts';
import type { ClassSums } from './classes.ts';
import type { Failures } from './failures.ts';
import { RELEASED_BEFORE_US, type Spell, WAITING_LEAST_US } from './open-transaction-details.ts';

/** Classes of errors with which a statement ends that waited too long: for a lock, or for whatever it was. */
const LOCK_TIMEOUT = 'lock_timeout';
const STATEMENT_TIMEOUT = 'statement_timeout';
const GAVE_UP_MAX = 1_000;
/** Of each kind: with so many it shows whom they waited for. */
const LOOKED_AT = 2_000;
/** A transaction as short as those that wait for it is more often one of them. */
const HELD_LEAST_US = 5_000_000;
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
    ORDER BY count DESC, client, fingerprint, sqlstate, during LIMIT ${GAVE_UP_MAX}`,
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

/**
 * A question for `columns` of transactions of five seconds and more that were not long and ended in the window: during which
 * statements gave up, or with whose end several were answered that had waited. Those with the most first.
 */
export function holdersSql(columns: string, { gaveUp, slow }: Waits): string {
  const listed = (rows: string, until: string, any: boolean): string =>
    `(SELECT groupArray((server, session, sentUs, ${until})) FROM (${rows}) ${any ? '' : 'WHERE false'})`;
  const others = `one -> one.1 = ${SERVER} AND one.2 != session_id AND one.3 > ${us('start_ts')}`;
  return `WITH ${listed(`${GAVE_UP} ORDER BY ts LIMIT ${LOOKED_AT}`, 'failedUs', gaveUp)} AS failed,
      ${listed(WAITED, 'untilUs', slow)} AS waited,
      arrayCount(${others} AND one.4 <= ${us('ts')}, failed) AS failures,
      arrayCount(${others} AND abs(one.4 - ${us('ts')}) <= ${RELEASED_BEFORE_US}, waited) AS released
    SELECT ${columns} FROM transactions
    WHERE NOT implicit AND duration_us >= ${HELD_LEAST_US} AND duration_us < {longUs:UInt64}
      AND ts >= ${moment('fromUs')} AND ts < ${moment('asOfUs')} AND ${IN_SCOPE}
      AND (failures > 0 OR released >= ${RELEASED_LEAST})
    ORDER BY failures + released DESC, start_ts, session_id LIMIT ${HOLDERS_MAX}`;
}
