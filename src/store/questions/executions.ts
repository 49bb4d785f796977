/** Single executions: the slowest of a window, those of a class, of a session, with an error; and DDL. */
import type { DdlFacts, ExecutionFacts, Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import {
  ask,
  IN_SCOPE,
  inWindow,
  known,
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

const STATEMENT = `substring(statement, 1, ${STATEMENT_BYTES_MAX}) AS statement`;

interface ExecutionRow extends Omit<ExecutionFacts, 'sqlstate' | 'user' | 'database'> {
  readonly sqlstate: string;
  readonly user: string;
  readonly database: string;
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
    `SELECT ${us('ts')} AS tsUs, fingerprint, ${STATEMENT}, toString(status) AS status, sqlstate,
      duration_us AS durationUs, rows_returned AS rowsReturned, rows_affected AS rowsAffected, session_id AS sessionId,
      client_ip AS client, ${SERVER} AS server, user, database
    FROM events
    WHERE ${inWindow('ts')} AND ${IN_SCOPE}
      AND ({fingerprint:String} = '' OR fingerprint = {fingerprint:String})
      AND ({sessionId:String} = '' OR session_id = {sessionId:String})
      AND ({sqlstate:String} = '' OR sqlstate = {sqlstate:String})
    ORDER BY duration_us DESC NULLS LAST, ts, session_id, sequence LIMIT {limit:UInt32}`,
    {
      ...parametersOf(window, scope),
      fingerprint: filter.fingerprint ?? '',
      sessionId: filter.sessionId ?? '',
      sqlstate: filter.sqlstate ?? '',
      limit: Math.max(1, Math.min(LIMIT_MAX, Math.floor(filter.limit ?? LIMIT_DEFAULT))),
    },
  );
  return rows.map((row) => ({
    ...row,
    sqlstate: known(row.sqlstate),
    user: known(row.user),
    database: known(row.database),
  }));
}

interface DdlRow extends Omit<DdlFacts, 'user' | 'database' | 'application'> {
  readonly user: string;
  readonly database: string;
  readonly application: string;
}

/** The DDL of the window in order, at most 200, and how many there were. */
export async function readDdl(
  store: Store,
  parameters: Parameters,
): Promise<{ ddl: DdlFacts[]; ddlCount: number }> {
  const where = `${inWindow('ts')} AND kind = 'ddl' AND ${IN_SCOPE}`;
  const [rows, counts] = await Promise.all([
    ask<DdlRow>(
      store,
      `SELECT ${us('ts')} AS tsUs, command, ${STATEMENT}, toString(status) AS status, duration_us AS durationUs,
        user, database, client_ip AS client, ${SERVER} AS server, application
      FROM events WHERE ${where} ORDER BY ts, session_id, sequence LIMIT ${DDL_MAX}`,
      parameters,
    ),
    ask<{ count: number }>(store, `SELECT count() AS count FROM events WHERE ${where}`, parameters),
  ]);
  return {
    ddl: rows.map((row) => ({
      ...row,
      user: known(row.user),
      database: known(row.database),
      application: known(row.application),
    })),
    ddlCount: counts[0]?.count ?? 0,
  };
}
