/**
 * The server is the oracle: pgbench in every mode and a workload of everything that applications do right and wrong are
 * recorded live from a real PostgreSQL, decoded, and compared with what the server counted. Everything must be equal;
 * where the server counts something else than it answers, the correction and its reason stand at the comparison.
 * Needs a PostgreSQL server, pgbench, psql and tcpdump with the right to capture; fails without them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PrintedEvent } from '../lab/decode.ts';
import { ClassRegistry } from '../../src/sql/class-registry.ts';
import { bare, type LoggedSession, type StatementCounts } from './server-account.ts';
import {
  COUNTED_DATABASES,
  PGBENCH_DATABASE,
  PGBENCH_TRANSACTIONS,
  PREPARED_USER,
  type RecordedTruth,
  recordTruth,
} from './recorded-truth.ts';
import {
  type Agreement,
  compareSession,
  countBy,
  sorted,
  statementsByPort,
} from './wire-account.ts';

let truth: RecordedTruth;
const table: (readonly [string, number, number])[] = [];

/** Adds a line to the table that is printed, and compares. */
function same(what: string, server: Map<string, number>, wire: Map<string, number>): void {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  table.push([what, sum(server), sum(wire)]);
  expect.soft(sorted(wire)).toEqual(sorted(server));
}

function eventsOf(type: string): PrintedEvent[] {
  return truth.events.filter((event) => event.type === type);
}

beforeAll(async () => {
  truth = await recordTruth();
  return () => {
    const lines = table.map(
      ([what, server, wire]) =>
        `  ${what.padEnd(64)} ${String(server).padStart(8)} ${String(wire).padStart(8)}`,
    );
    const head = `PostgreSQL ${truth.serverVersion}, ${String(truth.packets)} packets`;
    console.log([head, `  ${''.padEnd(64)}   server     wire`, ...lines].join('\n'));
  };
}, 120_000);

describe('what the wire shows is what the server counted', () => {
  it('every statement of the log, in order, with its text and its error', () => {
    const byPort = statementsByPort(truth.events);
    const ports = new Set(truth.log.map(({ clientPort }) => clientPort));
    expect(ports.size).toBe(truth.log.length);
    const agreements: Agreement[] = truth.log.map((session) =>
      compareSession(session, byPort.get(session.clientPort) ?? []),
    );
    const differences = agreements.flatMap((agreement) => agreement.differences);
    const agreed = agreements.reduce((sum, agreement) => sum + agreement.agreed, 0);
    table.push(['statements with text and SQLSTATE (log)', agreed + differences.length, agreed]);
    expect(differences).toEqual([]);
    expect(agreed).toBeGreaterThan(PGBENCH_TRANSACTIONS);
  });

  it('errors by SQLSTATE', () => {
    const logged = truth.log.flatMap(({ rounds }) => rounds);
    same(
      'errors by SQLSTATE (log)',
      countBy(logged, ({ sqlstate }) => sqlstate),
      countBy(eventsOf('statement'), ({ sqlstate }) => sqlstate),
    );
  });

  it('connections, logins and refused logins', () => {
    same(
      'sessions by user and database (log)',
      countBy(
        truth.log.filter(isOpened),
        ({ user, database }) => `${user ?? ''}@${database ?? ''}`,
      ),
      countBy(eventsOf('session_start'), ({ user, database }) => `${user ?? ''}@${database ?? ''}`),
    );
    const opened = new Map(
      COUNTED_DATABASES.map((name) => [name, truth.databases.get(name)?.sessions ?? 0]),
    );
    same(
      'sessions by database (pg_stat_database)',
      opened,
      countBy(eventsOf('session_start').filter(counted), ({ database }) => database),
    );
    same(
      'refused logins by SQLSTATE (log)',
      countBy(
        truth.log.filter((session) => !isOpened(session)),
        ({ fatal }) => fatal,
      ),
      countBy(eventsOf('login_failed'), ({ sqlstate }) => sqlstate),
    );
    // The log knows no cancel request by name: it is a connection that is received and nothing else.
    same(
      'cancel requests (log: connections without a login)',
      countBy(
        truth.log.filter(({ authorized, fatal }) => !authorized && fatal === undefined),
        () => 'cancel',
      ),
      countBy(eventsOf('cancel_request'), () => 'cancel'),
    );
  });

  it('commits and rollbacks of each database', () => {
    // Measured: each successful login is one committed transaction of the server's own (it reads the catalogue in it).
    const commits = new Map(
      COUNTED_DATABASES.map((name) => {
        const counts = truth.databases.get(name);
        return [name, (counts?.commits ?? 0) - (counts?.sessions ?? 0)] as const;
      }),
    );
    const rollbacks = new Map(
      COUNTED_DATABASES.map((name) => [name, truth.databases.get(name)?.rollbacks ?? 0] as const),
    );
    const ends = eventsOf('transaction_end').filter(counted);
    const wire = (outcome: string) =>
      countBy(
        ends.filter((end) => end.outcome === outcome),
        ({ database }) => database,
      );
    same('commits by database (pg_stat_database, less one a login)', commits, wire('commit'));
    same('rollbacks by database (pg_stat_database)', rollbacks, wire('rollback'));
  });

  it('calls and rows of each class of statements', () => {
    const registry = new ClassRegistry();
    const fingerprintOf = (text: string) => {
      const bytes = Buffer.from(text);
      return registry.classOf(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length)
        .fingerprint;
    };
    const server = truth.statements.filter(comparableByServer);
    const wire = eventsOf('statement').filter(comparableOnWire);
    // Named by the server's text, so that a difference can be read.
    const names = new Map<string, string>();
    const nameOf = (key: string, text: string) => {
      const name = names.get(key) ?? `${key} ${text.slice(0, 60)}`;
      names.set(key, name);
      return name;
    };
    const ofServer = ({ user, database, text }: StatementCounts) =>
      nameOf(`${user}@${database} ${fingerprintOf(text)}`, text);
    const ofWire = ({ user, database, fingerprint, normalized }: PrintedEvent) =>
      nameOf(`${user ?? ''}@${database ?? ''} ${fingerprint ?? ''}`, normalized ?? '');
    same(
      'calls by class (pg_stat_statements)',
      countBy(server, ofServer, ({ calls }) => calls),
      countBy(wire, ofWire),
    );
    same(
      'rows by class (pg_stat_statements)',
      countBy(
        server.filter(({ text }) => !ROWS_OTHERWISE.test(text)),
        ofServer,
        ({ rows }) => rows,
      ),
      countBy(
        wire.filter(({ statement }) => !ROWS_OTHERWISE.test(statement ?? '')),
        ofWire,
        ({ rows }) => rows ?? 0,
      ),
    );
    const executed = eventsOf('statement').filter(
      ({ command, status }) => command === 'EXECUTE' && status === 'ok',
    );
    same(
      'calls of statements prepared in SQL (pg_stat_statements)',
      countBy(
        truth.statements.filter(({ text }) => isPrepare(text)),
        () => 'calls',
        ({ calls }) => calls,
      ),
      countBy(executed, () => 'calls'),
    );
  });

  it('transactions of pgbench', () => {
    const ends = eventsOf('transaction_end').filter(
      ({ database, statements }) => database === PGBENCH_DATABASE && (statements ?? 0) > 0,
    );
    // pgbench asks two questions of its own before each run.
    const own = eventsOf('statement').filter(
      ({ database, statement }) =>
        database === PGBENCH_DATABASE && /pg_catalog|count\(\*\)/.test(statement ?? ''),
    );
    same(
      'transactions of pgbench (its own count)',
      new Map([['transactions', PGBENCH_TRANSACTIONS]]),
      new Map([['transactions', ends.length - own.length]]),
    );
  });

  it('nothing is missing, unexplained or spilt', () => {
    const quality = eventsOf('statement').filter(({ quality: flaws }) => (flaws?.length ?? 0) > 0);
    // Only statements and portals asked for by a name that nobody gave.
    const unknown = new Set(['26000', '34000']);
    expect(quality.filter(({ sqlstate }) => !unknown.has(sqlstate ?? ''))).toEqual([]);
    const printed = JSON.stringify(truth.events) + JSON.stringify(truth.summary);
    for (const secret of ['n0t-to-be-kept', 'tr0ub4dor']) expect(printed).not.toContain(secret);
    expect(truth.summary).toMatchObject({
      gaps: 0,
      lost_bytes: 0,
      unmatched_answers: 0,
      frames_refused: 0,
      resyncs: 0,
    });
  });
});

/** The server logs "authorized" before it looks for the database and the role. */
function isOpened({ authorized, fatal }: LoggedSession): boolean {
  return authorized && fatal !== '3D000' && fatal !== '28000';
}

function counted({ database }: PrintedEvent): boolean {
  return COUNTED_DATABASES.some((name) => name === database);
}

/**
 * Users of the workload of whom pg_stat_statements counts otherwise: dora's deferred constraints fail after the statement
 * was counted; of paul's suspended portals the rows of the last part only, and of several parts one call.
 */
const COUNTED_OTHERWISE = new Set(['dora', 'paul']);

/** pg_stat_statements counts an EXECUTE as a call of what was prepared, and not the preparation. */
const NOT_TRACKED = new Set(['PREPARE', 'EXECUTE', 'DEALLOCATE']);

/**
 * Rows that only one side counts: those that MOVE passes over and those that EXPLAIN and SHOW return are on the wire and
 * not in pg_stat_statements; those that REFRESH writes are counted there, but its tag does not tell them.
 */
const ROWS_OTHERWISE = /^\s*(?:MOVE|EXPLAIN|SHOW|REFRESH)\b/i;

/** Of a BEGIN or END that is prepared, pg_stat_statements of PostgreSQL 15 counts the first execution only. */
const COUNTED_ONCE_WHEN_PREPARED = new Set(['BEGIN', 'END', 'COMMIT']);

function comparableByServer({ user, database, text }: StatementCounts): boolean {
  // Checks of foreign keys that the server makes for itself, as the owner of the tables, who never logged in here.
  const ownChecks = user === 'postgres' && database !== PGBENCH_DATABASE;
  const prepared = user === PREPARED_USER && COUNTED_ONCE_WHEN_PREPARED.has(bare(text));
  return !ownChecks && !prepared && !COUNTED_OTHERWISE.has(user) && !isPrepare(text);
}

function comparableOnWire({ user = '', command = '', statement, status }: PrintedEvent): boolean {
  const prepared = user === PREPARED_USER && COUNTED_ONCE_WHEN_PREPARED.has(command);
  const empty = statement !== undefined && bare(statement) === '';
  return (
    status === 'ok' &&
    !empty &&
    !prepared &&
    !COUNTED_OTHERWISE.has(user) &&
    !NOT_TRACKED.has(command)
  );
}

function isPrepare(text: string): boolean {
  return /^prepare\s+(?!transaction)/i.test(text);
}
