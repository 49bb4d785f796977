/** Every client against one server, recorded: what the server logged, and what the collector told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { type PostgresServer, startPostgres, SUPERUSER } from '../lab/postgres-server.ts';
import { beforeExit, mustRun, runProgram, stopProgram, unprivileged } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';
import { type LoggedSession, sessionsOfLog } from '../truth/server-account.ts';
import { CLIENTS_FOLDER } from './installed.ts';

const WORK = fileURLToPath(new URL('work', import.meta.url));
const DATABASE = 'clients';
/** Clients in clear: nothing can be compared that is encrypted. */
const PLAIN = { PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };

export const DEBIAN_CLIENTS = [
  'psql',
  'pgbench',
  'psycopg2',
  'psycopg3',
  'jdbc',
  'pgbouncer',
] as const;
export const NPM_CLIENTS = ['pg', 'postgres.js', 'pg-promise', 'drizzle-orm'] as const;
export type ClientName = (typeof DEBIAN_CLIENTS)[number] | (typeof NPM_CLIENTS)[number];

export interface RecordedClients {
  readonly serverVersion: string;
  readonly packets: number;
  readonly log: readonly LoggedSession[];
  readonly events: readonly PrintedEvent[];
  readonly summary: Record<string, unknown>;
}

/** @param binaries folder of the server's programs; Debian's unless told */
export async function recordClients(
  names: readonly ClientName[],
  binaries: string | undefined,
): Promise<RecordedClients> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-clients-'));
  const server = await startPostgres(binaries === undefined ? {} : { binaries });
  try {
    await server.query('postgres', `CREATE DATABASE ${DATABASE}`);
    // One role each, so that the server's log says whose a session is.
    for (const name of names)
      await server.query('postgres', `CREATE ROLE "${name}" LOGIN SUPERUSER`);
    const file = join(directory, 'clients.pcap');
    const recording = await startRecording({ file, filter: `tcp port ${String(server.port)}` });
    for (const name of names) await run(name, server, directory);
    await server.waitForNoClients();
    const { packets } = await recording.stop();
    const decoded = await decodeCapture(file, ['--port', `${String(server.port)}=postgres`]);
    const log = sessionsOfLog(server.readLog()).filter(({ database }) => database === DATABASE);
    return { serverVersion: server.version, packets, log, ...decoded };
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(name: ClientName, server: PostgresServer, directory: string): Promise<void> {
  const port = String(server.port);
  const env = { ...process.env, ...PLAIN };
  switch (name) {
    case 'psql':
      await psql(server.port, name);
      return;
    case 'pgbench':
      await pgbench(server.port, name, directory, ['simple', 'extended', 'prepared']);
      return;
    case 'psycopg2':
    case 'psycopg3':
      // Debian's Python: another one would not find Debian's packages.
      await mustRun('/usr/bin/python3', [join(WORK, 'psycopg_clients.py'), name, port, name], {
        env,
      });
      return;
    case 'jdbc': {
      const path = ['-cp', '/usr/share/java/postgresql.jar'];
      await mustRun('java', ['-Xshare:auto', ...path, join(WORK, 'JdbcClient.java'), port, name], {
        env,
      });
      return;
    }
    case 'pgbouncer':
      await throughPgbouncer(server, directory);
      return;
    default:
      await mustRun(
        process.execPath,
        [join(WORK, 'node-clients.mjs'), name, port, name, CLIENTS_FOLDER],
        { env },
      );
  }
}

/** Many of its statements fail on purpose: only a script that psql could not read at all is an error of ours. */
async function psql(port: number, user: string, script = 'psql.sql'): Promise<void> {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', DATABASE];
  const { code, stderr } = await runProgram('psql', ['-X', '-q', ...to, '-f', join(WORK, script)], {
    env: { ...process.env, ...PLAIN },
  });
  if (code !== 0) throw new Error(`psql ended with ${String(code)}: ${stderr}`);
}

const PIPELINE = `\\set n random(1, 100)
\\startpipeline
SELECT abalance FROM pgbench_accounts WHERE aid = :n;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :n;
SELECT 1;
\\endpipeline
`;

async function pgbench(
  port: number,
  user: string,
  directory: string,
  modes: readonly string[],
): Promise<void> {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-U', user, DATABASE];
  const env = { ...process.env, ...PLAIN };
  await mustRun('pgbench', ['-i', '-q', '-I', 'dtgp', ...to], { env });
  const pipeline = join(directory, 'pipeline.sql');
  await writeFile(pipeline, PIPELINE);
  const load = ['-n', '-c', '2', '-t', '20'];
  for (const mode of modes) await mustRun('pgbench', [...load, '-M', mode, ...to], { env });
  if (modes.includes('prepared'))
    await mustRun('pgbench', [...load, '-M', 'extended', '-f', pipeline, ...to], { env });
}

/** The pooler's own connection to the server is what the mirror shows. */
async function throughPgbouncer(server: PostgresServer, directory: string): Promise<void> {
  const port = await freePort();
  const owner = unprivileged(SUPERUSER);
  if (owner.uid !== undefined && owner.gid !== undefined)
    chownSync(directory, owner.uid, owner.gid);
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    [
      '[databases]',
      `${DATABASE} = host=127.0.0.1 port=${String(server.port)} dbname=${DATABASE} user=pgbouncer`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${String(port)}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = session',
      'default_pool_size = 2',
      'server_reset_query = DISCARD ALL',
      'ignore_startup_parameters = extra_float_digits',
    ].join('\n'),
  );
  const child = spawn('pgbouncer', [file], { ...owner, cwd: directory, stdio: 'ignore' });
  const forget = beforeExit(() => child.kill('SIGQUIT'));
  try {
    await untilOpen(port, child);
    await psql(port, 'pgbouncer', 'pooled.sql');
    await psql(port, 'pgbouncer', 'pooled.sql');
    await pgbench(port, 'pgbouncer', directory, ['simple', 'extended']);
  } finally {
    await stopProgram(child, 'SIGINT');
    forget();
  }
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-U', 'pgbouncer', '-d', DATABASE];
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${String(child.exitCode)}`);
    const env = { ...process.env, ...PLAIN };
    const { code } = await runProgram('psql', ['-X', '-q', ...to, '-c', 'SELECT 1'], { env });
    if (code === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('pgbouncer does not answer');
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const bound = probe.address();
      probe.close(() => {
        if (bound === null || typeof bound === 'string') reject(new Error('no port'));
        else resolve(bound.port);
      });
    });
  });
}
