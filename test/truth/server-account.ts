/** What the server itself says of a recorded time: its log, statement by statement, and its statistics. */
import { loadModule, parseSync } from 'libpg-query';
import type { LogEntry, PostgresServer } from '../lab/postgres-server.ts';

await loadModule();

/** One round that the log tells of: the string of a simple query, or one Execute. */
export interface LoggedRound {
  readonly text: string;
  /** An Execute that goes on with a suspended portal. */
  readonly continued: boolean;
  sqlstate: string | undefined;
  /** The server has told how long it took: it is over. */
  done: boolean;
}

export interface LoggedSession {
  readonly clientPort: number;
  user: string | undefined;
  database: string | undefined;
  authorized: boolean;
  readonly rounds: LoggedRound[];
  /** SQLSTATE of the error that ended the session or refused its login. */
  fatal: string | undefined;
}

/** The sessions that came over TCP, in the order in which they came. */
export function sessionsOfLog(log: readonly LogEntry[]): LoggedSession[] {
  const sessions = new Map<string, LoggedSession>();
  for (const entry of log) {
    if (entry.remote_port === undefined) continue;
    let session = sessions.get(entry.session_id);
    if (session === undefined) {
      session = {
        clientPort: entry.remote_port,
        user: undefined,
        database: undefined,
        authorized: false,
        rounds: [],
        fatal: undefined,
      };
      sessions.set(entry.session_id, session);
    }
    readEntry(session, entry);
  }
  return [...sessions.values()];
}

function readEntry(session: LoggedSession, entry: LogEntry): void {
  if (entry.error_severity === 'ERROR' || entry.error_severity === 'FATAL') {
    readError(session, entry);
    return;
  }
  if (entry.error_severity !== 'LOG') return;
  if (entry.message.startsWith('connection authorized: ')) {
    session.authorized = true;
    session.user = entry.user;
    session.database = entry.dbname;
    return;
  }
  const round =
    /^statement: ([^]*)$/.exec(entry.message) ??
    /^execute (?:fetch from )?[^ ]+: ([^]*)$/.exec(entry.message);
  if (round !== null) {
    session.rounds.push({
      text: round[1] ?? '',
      continued: entry.message.startsWith('execute fetch from '),
      sqlstate: undefined,
      done: false,
    });
  } else if (/^duration: [\d.]+ ms$/.test(entry.message)) {
    const last = session.rounds.at(-1);
    if (last !== undefined) last.done = true;
  }
}

/**
 * An error belongs to the round that runs. Without a running one it is of a statement that could not be parsed or bound
 * (the log names its text, if there is one), of a commit that failed behind the last statement (no text; the classes of
 * constraints and of concurrency), or of the session.
 */
function readError(session: LoggedSession, entry: LogEntry): void {
  const { error_severity: severity, state_code: sqlstate, statement } = entry;
  const last = session.rounds.at(-1);
  const commits = statement === undefined && /^(?:23|40)/.test(sqlstate ?? '');
  if (severity === 'FATAL') session.fatal = sqlstate;
  if (last !== undefined && (!last.done || commits)) {
    last.sqlstate = sqlstate;
    last.done = true;
  } else if (severity === 'ERROR' || statement !== undefined) {
    session.rounds.push({
      text: statement ?? UNKNOWN_TEXT,
      continued: false,
      sqlstate,
      done: true,
    });
  }
}

/** Stands for the text of a statement that was asked for by a name that does not exist. */
export const UNKNOWN_TEXT = '(unknown)';

/** The statements of one string as PostgreSQL's own parser divides it; the whole string when it does not parse. */
export function statementsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  let statements: readonly { stmt_location?: number; stmt_len?: number }[];
  try {
    statements = parseSync(text).stmts ?? [];
  } catch {
    return [bare(text)];
  }
  return statements.map(({ stmt_location: start = 0, stmt_len: size = bytes.length - start }) =>
    bare(bytes.toString('utf8', start, start + size)),
  );
}

/** Without the space and the semicolons around it, and without comments before it: these the parser leaves out. */
export function bare(text: string): string {
  return text.replace(/^(?:[\s;]|\/\*[^]*?\*\/)+|[\s;]+$/g, '');
}

export interface DatabaseCounts {
  readonly commits: number;
  readonly rollbacks: number;
  readonly sessions: number;
  /** Ended without a Terminate message, or by an administrator. */
  readonly abandoned: number;
  readonly killed: number;
}

export async function readDatabaseCounts(
  server: PostgresServer,
): Promise<Map<string, DatabaseCounts>> {
  const rows = await server.query(
    'postgres',
    `SELECT datname, xact_commit::int, xact_rollback::int, sessions::int, sessions_abandoned::int, sessions_killed::int
     FROM pg_stat_database WHERE datname IS NOT NULL`,
  );
  return new Map(
    rows.map((row) => [
      String(row['datname']),
      {
        commits: Number(row['xact_commit']),
        rollbacks: Number(row['xact_rollback']),
        sessions: Number(row['sessions']),
        abandoned: Number(row['sessions_abandoned']),
        killed: Number(row['sessions_killed']),
      },
    ]),
  );
}

export interface StatementCounts {
  readonly database: string;
  readonly user: string;
  readonly text: string;
  readonly calls: number;
  readonly rows: number;
}

export async function readStatementCounts(server: PostgresServer): Promise<StatementCounts[]> {
  const rows = await server.query(
    'postgres',
    `SELECT d.datname, r.rolname, s.query, sum(s.calls)::int AS calls, sum(s.rows)::int AS rows
     FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
     WHERE d.datname <> 'postgres' GROUP BY 1, 2, 3`,
  );
  return rows.map((row) => ({
    database: String(row['datname']),
    user: String(row['rolname']),
    text: String(row['query']),
    calls: Number(row['calls']),
    rows: Number(row['rows']),
  }));
}
