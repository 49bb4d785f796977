/** Records one run of pgbench in every mode and of the workload, and keeps what the server said of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { startPostgres, type PostgresServer } from '../lab/postgres-server.ts';
import { mustRun } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';
import {
  EXACT_DATABASES,
  Place,
  prepareWorkload,
  workloadHbaLines,
  workloadSettings,
} from '../lab/workload/place.ts';
import { playWorkload } from '../lab/workload/play.ts';
import {
  type DatabaseCounts,
  type LoggedSession,
  readDatabaseCounts,
  readStatementCounts,
  sessionsOfLog,
  type StatementCounts,
} from './server-account.ts';

export const PGBENCH_DATABASE = 'bench';
export const COUNTED_DATABASES = [...EXACT_DATABASES, PGBENCH_DATABASE] as const;
/** Runs pgbench's prepared mode. */
export const PREPARED_USER = 'prepared';
const CLIENTS = 4;
const TRANSACTIONS_PER_CLIENT = 60;
export const PGBENCH_RUNS = ['simple', 'extended', 'prepared', 'select-only'] as const;
export const PGBENCH_TRANSACTIONS = CLIENTS * TRANSACTIONS_PER_CLIENT * PGBENCH_RUNS.length;

export interface RecordedTruth {
  readonly serverVersion: string;
  readonly packets: number;
  readonly log: readonly LoggedSession[];
  /** What the recorded time added, by database. */
  readonly databases: ReadonlyMap<string, DatabaseCounts>;
  readonly statements: readonly StatementCounts[];
  readonly events: readonly PrintedEvent[];
  readonly summary: Record<string, unknown>;
}

export async function recordTruth(): Promise<RecordedTruth> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-truth-'));
  const server = await startPostgres({ settings: workloadSettings, hbaLines: workloadHbaLines });
  try {
    await prepareWorkload(server);
    await preparePgbench(server);
    await server.waitForNoClients();
    const before = await readDatabaseCounts(server);
    await server.query('postgres', 'SELECT pg_stat_statements_reset()');
    const file = join(directory, 'truth.pcap');
    const recording = await startRecording({ file, filter: `tcp port ${String(server.port)}` });
    for (const run of PGBENCH_RUNS) await runPgbench(server, run);
    await playWorkload(new Place(server.port));
    await server.waitForNoClients();
    const { packets } = await recording.stop();
    const decoded = await decodeCapture(file, ['--port', `${String(server.port)}=postgres`]);
    return {
      serverVersion: server.version,
      packets,
      log: sessionsOfLog(server.readLog()),
      databases: added(before, await readDatabaseCounts(server)),
      statements: await readStatementCounts(server),
      ...decoded,
    };
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Through the unix socket: on no wire, and before the counting begins. */
async function preparePgbench(server: PostgresServer): Promise<void> {
  await server.query('postgres', `CREATE DATABASE ${PGBENCH_DATABASE}`);
  await server.query('postgres', `CREATE ROLE ${PREPARED_USER} LOGIN SUPERUSER`);
  const to = ['-h', server.socketDirectory, '-p', String(server.port), '-U', 'postgres'];
  await mustRun('pgbench', ['-i', '-q', ...to, PGBENCH_DATABASE]);
}

/** Without its own VACUUM (-n), which commits inside. */
async function runPgbench(
  server: PostgresServer,
  run: (typeof PGBENCH_RUNS)[number],
): Promise<void> {
  const kind = run === 'select-only' ? ['-S', '-M', 'prepared'] : ['-M', run];
  const load = ['-n', '-c', String(CLIENTS), '-t', String(TRANSACTIONS_PER_CLIENT)];
  const user = run === 'prepared' ? PREPARED_USER : 'postgres';
  const to = ['-h', '127.0.0.1', '-p', String(server.port), '-U', user, PGBENCH_DATABASE];
  const said = await mustRun('pgbench', [...kind, ...load, ...to], {
    env: { ...process.env, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
  const all = String(CLIENTS * TRANSACTIONS_PER_CLIENT);
  if (!said.includes(`actually processed: ${all}/${all}`)) throw new Error(said);
}

function added(
  before: ReadonlyMap<string, DatabaseCounts>,
  after: ReadonlyMap<string, DatabaseCounts>,
): Map<string, DatabaseCounts> {
  return new Map(
    [...after].map(([database, now]) => {
      const then = before.get(database);
      return [
        database,
        {
          commits: now.commits - (then?.commits ?? 0),
          rollbacks: now.rollbacks - (then?.rollbacks ?? 0),
          sessions: now.sessions - (then?.sessions ?? 0),
          abandoned: now.abandoned - (then?.abandoned ?? 0),
          killed: now.killed - (then?.killed ?? 0),
        },
      ];
    }),
  );
}
