/**
 * The captures that benchmarks read: 450 to 500 MB each (long enough that starting the engine and compiling, 0.3 s of
 * CPU whatever the length, weigh as little as they do in use), made once by pgbench against a real PostgreSQL, kept in
 * .cache/bench with what the server counted. Made anew by `npx tsx test/bench/captures.ts`, as root on Linux.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { insideNamespace } from '../lab/namespace.ts';
import { type PostgresServer, startPostgres } from '../lab/postgres-server.ts';
import { mustRun } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';

const DIRECTORY = fileURLToPath(new URL('../../.cache/bench', import.meta.url));
const HOST = '10.40.0.1';
const CLIENTS = 8;

/** What the server counted while the capture was recorded. */
export interface CaptureTruth {
  readonly statements: number;
  readonly rows: number;
  readonly packets: number;
}

export interface BenchCapture {
  readonly name: string;
  readonly about: string;
  readonly args: readonly string[];
  readonly transactionsPerClient: number;
}

export const benchCaptures: readonly BenchCapture[] = [
  {
    name: 'simple',
    about: 'pgbench -S -M simple',
    args: ['-S', '-M', 'simple'],
    transactionsPerClient: 200_000,
  },
  {
    name: 'prepared',
    about: 'pgbench -S -M prepared',
    args: ['-S', '-M', 'prepared'],
    transactionsPerClient: 200_000,
  },
  {
    name: 'extended',
    about: 'pgbench TPC-B -M extended',
    args: ['-M', 'extended'],
    transactionsPerClient: 28_000,
  },
  {
    name: 'wide',
    about: '120 rows of 0.6 KB each',
    // Faster, and what records loses packets.
    args: ['-M', 'simple', '-f', 'WIDE', '--rate', '300'],
    transactionsPerClient: 750,
  },
];

export function captureFile(name: string): string {
  return join(DIRECTORY, `${name}.pcap`);
}

/** The truth of a capture that was made. */
export async function captureTruth(name: string): Promise<CaptureTruth> {
  const file = join(DIRECTORY, `${name}.json`);
  if (!existsSync(file)) throw new Error('no captures yet: npx tsx test/bench/captures.ts');
  return JSON.parse(await readFile(file, 'utf8')) as CaptureTruth;
}

async function record(server: PostgresServer, capture: BenchCapture, wide: string): Promise<void> {
  const file = captureFile(capture.name);
  const recording = await startRecording({ file: `${file}.tmp`, filter: 'tcp port 5432' });
  await server.query('postgres', 'SELECT pg_stat_statements_reset()');
  const args = capture.args.map((arg) => (arg === 'WIDE' ? wide : arg));
  const load = [
    '-n',
    '-c',
    String(CLIENTS),
    '-j',
    '2',
    '-t',
    String(capture.transactionsPerClient),
  ];
  await mustRun('pgbench', [...args, ...load, '-h', HOST, '-U', 'postgres', 'bench'], {
    env: { ...process.env, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
  await server.waitForNoClients();
  const { packets } = await recording.stop();
  const [sums] = await server.query(
    'postgres',
    `SELECT sum(calls)::int AS statements, sum(rows)::int AS rows FROM pg_stat_statements s
     JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = 'bench'`,
  );
  const truth: CaptureTruth = {
    statements: Number(sums?.['statements']),
    rows: Number(sums?.['rows']),
    packets,
  };
  await rename(`${file}.tmp`, file);
  await writeFile(join(DIRECTORY, `${capture.name}.json`), JSON.stringify(truth));
  console.log(`${capture.name}: ${String(statSync(file).size)} bytes, ${JSON.stringify(truth)}`);
}

async function makeCaptures(names: readonly string[]): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  const wide = join(scratch, 'wide.sql');
  const server = await startPostgres({
    addresses: [HOST],
    port: 5432,
    settings: {
      log_statement: 'none',
      log_min_duration_statement: '-1',
      log_connections: 'off',
      log_disconnections: 'off',
      synchronous_commit: 'off',
      max_parallel_workers_per_gather: '0',
    },
  });
  try {
    await server.query('postgres', 'CREATE DATABASE bench');
    const socket = ['-h', server.socketDirectory, '-U', 'postgres', 'bench'];
    await mustRun('pgbench', ['-i', '-q', '-s', '10', ...socket]);
    await server.query(
      'bench',
      `CREATE TABLE wide AS SELECT n AS id, repeat(md5(n::text), 18) AS body, now() AS at FROM generate_series(1, 10000) n`,
    );
    await server.query('bench', 'CREATE INDEX ON wide (id)');
    await writeFile(
      wide,
      '\\set n random(1, 9000)\nSELECT id, body, at FROM wide WHERE id BETWEEN :n AND :n + 119;\n',
    );
    for (const capture of benchCaptures) {
      if (names.length === 0 || names.includes(capture.name)) await record(server, capture, wide);
    }
  } finally {
    await server.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await insideNamespace([HOST], () => makeCaptures(process.argv.slice(2)));
}
