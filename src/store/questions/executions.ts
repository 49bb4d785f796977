/** Single executions: the slowest of a window, those of a class, of a session, with an error; and DDL. */
import type { DdlFacts, ExecutionFacts, Scope, Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { ClassDescriptions } from './class-descriptions.ts';
import { HOUR_US } from '../../core/time.ts';
import { wholeHoursOf, wholeMinutesOf } from './steps.ts';
import {
  ask,
  IN_SCOPE,
  inWindow,
  known,
  MINUTE_IN_WINDOW,
  moment,
  type Parameters,
  parametersOf,
  SERVER,
  us,
} from './ask.ts';

export interface ExecutionFilter {
  readonly fingerprint?: string;
  readonly sessionId?: string;
  readonly sqlstate?: string;
  readonly collector?: string;
  readonly client?: string;
  /** `address:port` */
  readonly server?: string;
  /** At most 1,000; 100 when not given. */
  readonly limit?: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const DDL_MAX = 200;

/** Bytes of a statement in a list; the whole text is in events.statement. */
const STATEMENT_BYTES_MAX = 8_192;

/** Of all statements whose text is not known. */
const NO_CLASS = '0000000000000000';

const STATEMENT = `substring(statement, 1, ${STATEMENT_BYTES_MAX}) AS statement`;

const COLUMNS = `${us('ts')} AS tsUs, fingerprint, ${STATEMENT}, toString(status) AS status, sqlstate,
      duration_us AS durationUs, rows_returned AS rowsReturned, rows_affected AS rowsAffected, session_id AS sessionId,
      client_ip AS client, ${SERVER} AS server, user, database, batch_count AS batchCount,
      if(source_fingerprint IN ('${NO_CLASS}', toFixedString('', 16)), '', toString(source_fingerprint)) AS sourceFingerprint`;
const SLOWEST_FIRST = 'duration_us DESC NULLS LAST, ts, session_id, sequence';

interface ExecutionRow extends Omit<ExecutionFacts, 'sqlstate' | 'user' | 'database' | 'source'> {
  readonly sqlstate: string;
  readonly user: string;
  readonly database: string;
  readonly sourceFingerprint: string;
}

/** Executions that fit the filter, the slowest first. @throws MirrorSqlError */
export async function readExecutions(
  store: Store,
  window: Window,
  filter: ExecutionFilter = {},
): Promise<ExecutionFacts[]> {
  const scope = {
    ...(filter.collector === undefined ? {} : { collector: filter.collector }),
    ...(filter.client === undefined ? {} : { client: filter.client }),
    ...(filter.server === undefined ? {} : { server: filter.server }),
  };
  const rows = await ask<ExecutionRow>(
    store,
    `SELECT ${COLUMNS} FROM events
    WHERE ${inWindow('ts')} AND ${IN_SCOPE}
      AND ({fingerprint:String} = '' OR fingerprint = {fingerprint:String})
      AND ({sessionId:String} = '' OR session_id = {sessionId:String})
      AND ({sqlstate:String} = '' OR sqlstate = {sqlstate:String})
    ORDER BY ${SLOWEST_FIRST} LIMIT {limit:UInt32}`,
    {
      ...parametersOf(window, scope),
      fingerprint: filter.fingerprint ?? '',
      sessionId: filter.sessionId ?? '',
      sqlstate: filter.sqlstate ?? '',
      limit: Math.max(1, Math.min(LIMIT_MAX, Math.floor(filter.limit ?? LIMIT_DEFAULT))),
    },
  );
  return executionsOf(store, rows);
}

/** Few executions have a source: its text is asked for only where one does. */
async function executionsOf(
  store: Store,
  rows: readonly ExecutionRow[],
): Promise<ExecutionFacts[]> {
  const sources = rows.map((row) => row.sourceFingerprint);
  const described = await new ClassDescriptions(store).of(sources);
  return rows.map(({ sourceFingerprint, ...row }) => ({
    ...row,
    sqlstate: known(row.sqlstate),
    user: known(row.user),
    database: known(row.database),
    source:
      sourceFingerprint === ''
        ? null
        : { fingerprint: sourceFingerprint, normalized: described(sourceFingerprint).normalized },
  }));
}

/** From so many whole hours on, the rollup by hour is asked: that by minute has sixty times the rows. */
const HOURS_ENOUGH = 6;

/**
 * The slowest executions of a window, without looking at each: a rollup knows the longest of each class, edge and minute, or
 * hour; each of its rows, merged or not, that of other executions. Where `limit` of those took T or longer, so did the
 * slowest, and an index knows where such are.
 * @throws MirrorSqlError
 */
export async function readSlowest(
  store: Store,
  window: Window,
  scope: Scope,
  limit: number,
): Promise<ExecutionFacts[]> {
  const leastUs = await leastOfSlowest(store, window, scope, limit);
  const slowest = await readFrom(store, window, scope, limit, leastUs);
  if (slowest.length === limit || leastUs === undefined) return slowest;
  // The rollup still tells of executions whose rows retention has dropped: asked is what lies behind them.
  const keptUs = await firstKept(store, window, scope);
  if (keptUs === undefined) return [];
  const kept = { fromUs: Math.max(window.fromUs, keptUs), toUs: window.toUs };
  return readFrom(store, kept, scope, limit, await leastOfSlowest(store, kept, scope, limit));
}

/** At least `limit` executions took so long; undefined where the rollups know of fewer. */
async function leastOfSlowest(
  store: Store,
  window: Window,
  scope: Scope,
  limit: number,
): Promise<number | undefined> {
  const { firstMinuteUs, lastMinuteUs } = wholeMinutesOf(window);
  const { firstHourUs, lastHourUs } = wholeHoursOf(window);
  const longestOf = (table: string, firstUs: number, lastUs: number) =>
    ask<{ longestUs: number }>(
      store,
      `SELECT duration_max_us AS longestUs FROM ${table}
      WHERE t >= ${moment('firstUs')} AND t < ${moment('lastUs')}
        AND answered > 0 AND ${IN_SCOPE}
      ORDER BY longestUs DESC LIMIT {limit:UInt32}`,
      { ...parametersOf(window, scope), limit, firstUs, lastUs },
      { leading: true },
    );
  const hours =
    lastHourUs - firstHourUs >= HOURS_ENOUGH * HOUR_US
      ? await longestOf('class_1h', firstHourUs, lastHourUs)
      : [];
  const longest =
    hours.length === limit ? hours : await longestOf('class_1m', firstMinuteUs, lastMinuteUs);
  return longest[limit - 1]?.longestUs;
}

async function readFrom(
  store: Store,
  window: Window,
  scope: Scope,
  limit: number,
  leastUs: number | undefined,
): Promise<ExecutionFacts[]> {
  const rows = await ask<ExecutionRow>(
    store,
    `SELECT ${COLUMNS} FROM events
    WHERE ${inWindow('ts')} AND ${IN_SCOPE} AND ${leastUs === undefined ? 'true' : 'duration_us >= {leastUs:Int64}'}
    ORDER BY ${SLOWEST_FIRST} LIMIT {limit:UInt32}`,
    { ...parametersOf(window, scope), limit, leastUs: leastUs ?? 0 },
  );
  return executionsOf(store, rows);
}

/** The first minute of the window of which executions are stored. */
async function firstKept(store: Store, window: Window, scope: Scope): Promise<number | undefined> {
  const [row] = await ask<{ minuteUs: number }>(
    store,
    `SELECT toInt64(toUnixTimestamp(toStartOfMinute(ts))) * 1000000 AS minuteUs FROM events
    WHERE ${inWindow('ts')} AND ${IN_SCOPE} ORDER BY toStartOfMinute(ts) LIMIT 1`,
    parametersOf(window, scope),
  );
  return row?.minuteUs;
}

interface DdlRow extends Omit<DdlFacts, 'user' | 'database' | 'application'> {
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly total: number;
}

/** The DDL of the window in order, at most 200, and how many there were. */
export async function readDdl(
  store: Store,
  parameters: Parameters,
): Promise<{ ddl: DdlFacts[]; ddlCount: number }> {
  const rows = await ask<DdlRow>(
    store,
    `SELECT ${us('ts')} AS tsUs, command, ${STATEMENT}, toString(status) AS status, duration_us AS durationUs,
      user, database, client_ip AS client, ${SERVER} AS server, application, count() OVER () AS total
    FROM events WHERE ${inWindow('ts')} AND ${IN_SCOPE} AND kind = 'ddl' AND ${IN_MINUTES_OF_DDL}
    ORDER BY ts, session_id, sequence LIMIT ${DDL_MAX}`,
    parameters,
  );
  return {
    ddl: rows.map(({ total: _total, ...row }) => ({
      ...row,
      user: known(row.user),
      database: known(row.database),
      application: known(row.application),
    })),
    ddlCount: rows[0]?.total ?? 0,
  };
}

/**
 * The rollup knows the minutes in which a class of DDL ran, or what has no class because its text is unknown; only those
 * are read, which are in order in `events`.
 */
const IN_MINUTES_OF_DDL = `(toStartOfMinute(ts), fingerprint) IN (
  SELECT t, fingerprint FROM class_1m
  WHERE fingerprint IN (
      SELECT fingerprint FROM classes WHERE kind = 'ddl' UNION ALL SELECT toFixedString('${NO_CLASS}', 16))
    AND ${MINUTE_IN_WINDOW})`;
