/**
 * A throw-away PostgreSQL server on loopback, made for one recording: own cluster in a temporary directory, statistics
 * per statement, and a log in JSON that tells every connection, statement and error, so that the server itself can be
 * asked what the wire must have carried.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { beforeExit, mustRun, stopProgram, unprivileged, waitUntil } from './process.ts';

const DEBIAN_SERVERS = '/usr/lib/postgresql';
export const SUPERUSER = 'postgres';

export interface PostgresOptions {
  /** Addresses to listen on; loopback unless told. */
  readonly addresses?: readonly string[];
  /** A free one unless told. */
  readonly port?: number;
  /** Added to the settings below, or in their place. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf that come before "trust everybody on this machine". */
  readonly hbaLines?: readonly string[];
  /** Folder of the server's programs; Debian's newest unless told. */
  readonly binaries?: string;
  /** A certificate of its own, so that clients may ask for TLS. */
  readonly tls?: boolean;
}

/** One line of the server's log, as far as the lab reads it (PostgreSQL manual, "Using JSON-Format Log Output"). */
export interface LogEntry {
  readonly timestamp: string;
  readonly user?: string;
  readonly dbname?: string;
  readonly pid: number;
  readonly remote_host?: string;
  readonly remote_port?: number;
  readonly session_id: string;
  readonly error_severity: string;
  readonly state_code?: string;
  readonly message: string;
  readonly statement?: string;
  readonly backend_type: string;
}

export interface PostgresServer {
  readonly port: number;
  /** Holds the unix socket: what goes through it is on no wire. */
  readonly socketDirectory: string;
  readonly version: string;
  /** Runs one statement as superuser through the unix socket. */
  query(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /** Waits until no client is connected but the asker: then all of them have reported their statistics. */
  waitForNoClients(): Promise<void>;
  /** Everything that the server has logged so far. */
  readLog(): LogEntry[];
  /** Ends the server and all its backends with SIGKILL, as the out-of-memory killer does; its files stay. */
  crash(): Promise<void>;
  /** PostgreSQL's fast shutdown: sessions are ended with 57P01, the server leaves in order; its files stay. */
  shutDown(): Promise<void>;
  /** Starts it again on the files that crash or shutDown left. */
  startAgain(): Promise<void>;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

/** Folder of the newest server that Debian's packages installed. */
export function serverBinaries(): string {
  const versions = existsSync(DEBIAN_SERVERS) ? readdirSync(DEBIAN_SERVERS) : [];
  const newest = versions
    .filter((version) => existsSync(join(DEBIAN_SERVERS, version, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) {
    throw new Error(`no PostgreSQL server under ${DEBIAN_SERVERS}: apt-get install postgresql`);
  }
  return join(DEBIAN_SERVERS, newest, 'bin');
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const addresses = options.addresses ?? ['127.0.0.1'];
  const port = options.port ?? (await freePort(addresses[0] ?? '127.0.0.1'));
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-lab-'));
  const owner = unprivileged(SUPERUSER);
  if (owner.uid !== undefined && owner.gid !== undefined) {
    chownSync(directory, owner.uid, owner.gid);
  }
  let server: ChildProcess | undefined;
  const forget = beforeExit(() => {
    server?.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true });
  });
  const stop = async () => {
    // SIGINT is PostgreSQL's "fast" shutdown: sessions are ended, the server leaves in order.
    if (server !== undefined) await stopProgram(server, 'SIGINT');
    await rm(directory, { recursive: true, force: true });
    forget();
  };
  try {
    const data = join(directory, 'data');
    const bin = options.binaries ?? serverBinaries();
    // In the cluster's own directory, because the caller's may be closed to its user.
    const run = { ...owner, cwd: directory };
    const initdb = ['-D', data, '-U', SUPERUSER, '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'];
    await mustRun(join(bin, 'initdb'), [...initdb, '--auth=trust'], run);
    if (options.tls === true) await makeCertificate(data, run);
    await writeFile(join(data, 'pg_hba.conf'), hbaFile(options.hbaLines ?? []));
    const settings = {
      ...labSettings(directory, addresses, port, options.tls),
      ...options.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const launch = async () => {
      const program = join(bin, 'postgres');
      const child = spawn(program, ['-D', data, ...args], { ...run, stdio: 'ignore' });
      server = child;
      return await waitForServer(directory, port, () => child.exitCode);
    };
    const version = await launch();
    await adminQuery(directory, port, 'postgres', 'CREATE EXTENSION pg_stat_statements');
    return {
      port,
      socketDirectory: directory,
      version,
      query: (database, sql) => adminQuery(directory, port, database, sql),
      waitForNoClients: () => waitForNoClients(directory, port),
      readLog: () => readLog(join(directory, 'server.json')),
      crash: async () => {
        if (server !== undefined) await crash(server);
      },
      shutDown: async () => {
        if (server !== undefined) await stopProgram(server, 'SIGINT');
      },
      startAgain: async () => {
        await launch();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server first, so that it does not start anything in place of what it loses. */
async function crash(server: ChildProcess): Promise<void> {
  const pid = String(server.pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  await stopProgram(server, 'SIGKILL');
  for (const child of children.map(Number).filter((one) => one > 0)) {
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It saw the end of its server and left by itself.
    }
  }
}

function labSettings(
  directory: string,
  addresses: readonly string[],
  port: number,
  tls: boolean | undefined,
): Record<string, string> {
  return {
    listen_addresses: addresses.join(','),
    port: String(port),
    unix_socket_directories: directory,
    // Nothing but the clients may add to the statistics, and a throw-away cluster need not survive a crash.
    autovacuum: 'off',
    fsync: 'off',
    shared_buffers: '64MB',
    max_connections: '60',
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track': 'top',
    'pg_stat_statements.max': '10000',
    logging_collector: 'on',
    log_destination: 'jsonlog',
    log_directory: directory,
    log_filename: 'server.log',
    log_statement: 'all',
    log_min_duration_statement: '0',
    log_connections: 'on',
    log_disconnections: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ssl: tls === true ? 'on' : 'off',
  };
}

function hbaFile(lines: readonly string[]): string {
  const trust = ['local all all trust', 'host all all 0.0.0.0/0 trust', 'host all all ::/0 trust'];
  return `${[...lines, ...trust].join('\n')}\n`;
}

async function makeCertificate(
  data: string,
  run: { uid?: number; gid?: number; cwd: string },
): Promise<void> {
  const subject = ['-subj', '/CN=mirrorsql-lab', '-days', '30', '-nodes'];
  const files = ['-keyout', join(data, 'server.key'), '-out', join(data, 'server.crt')];
  await mustRun('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], run);
}

export async function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, address, () => {
      const bound = probe.address();
      probe.close(() => {
        if (bound === null || typeof bound === 'string') reject(new Error('no port'));
        else resolve(bound.port);
      });
    });
  });
}

async function adminQuery(
  socketDirectory: string,
  port: number,
  database: string,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host: socketDirectory, port, database, user: SUPERUSER });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

async function waitForServer(
  socketDirectory: string,
  port: number,
  exitCode: () => number | null,
): Promise<string> {
  let version = '';
  await waitUntil('PostgreSQL to accept connections', 30_000, async () => {
    if (exitCode() !== null) throw new Error(`PostgreSQL ended with ${String(exitCode())}`);
    try {
      const rows = await adminQuery(socketDirectory, port, 'postgres', 'SHOW server_version');
      version = String(rows[0]?.['server_version']);
      return true;
    } catch {
      return false;
    }
  });
  return version;
}

async function waitForNoClients(socketDirectory: string, port: number): Promise<void> {
  const sql = `SELECT count(*)::int AS others FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  await waitUntil('all clients to be gone', 15_000, async () => {
    const rows = await adminQuery(socketDirectory, port, 'postgres', sql);
    return rows[0]?.['others'] === 0;
  });
}

function readLog(file: string): LogEntry[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry);
}
