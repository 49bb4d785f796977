/**
 * Run inside a network namespace of its own: a PostgreSQL, pgbench with many connections against it, and `monitor`'s
 * workers, each with its share. Prints one line of JSON: what each worker saw and what the server counted.
 * Argument: backend.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Backend } from '../../../collectors/capture/live.ts';
import { TOGETHER } from '../../../collectors/network/scope.ts';
import { Workers } from '../../../src/cli/monitor/workers.ts';
import type { Segment } from '../../../src/store/segment.ts';
import { startPostgres } from '../../lab/postgres-server.ts';
import { delay, mustRun, waitAtMost } from '../../lab/process.ts';

const CONNECTIONS = '16';
const backend = (process.argv[2] ?? 'auto') as Backend;

async function main(): Promise<void> {
  await mustRun('ip', ['link', 'set', 'lo', 'up']);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-workers-'));
  await mkdir(join(directory, 'segments'));
  const server = await startPostgres({ addresses: ['127.0.0.1'], port: 5432 });
  try {
    await mustRun('pgbench', [
      '-i',
      '-q',
      '-h',
      server.socketDirectory,
      '-U',
      'postgres',
      'postgres',
    ]);
    await server.query('postgres', 'SELECT pg_stat_statements_reset()');
    const origin = { kind: 'interfaces', interfaces: ['lo'], backend, filter: undefined } as const;
    const settings = {
      ports: new Map(),
      separation: TOGETHER,
      quotaBytes: undefined,
      retention: { days: {}, quotaBytes: undefined },
      keyLogPath: undefined,
      values: 'masked' as const,
    };
    const workers = await Workers.open({ origin, workers: 2, ...settings });
    const segments: Segment[] = [];
    const running = await workers.begin(
      { directory, collector: 'test' },
      {
        sealed: (segment) => segments.push(segment),
        lost: () => undefined,
        reduced: () => undefined,
      },
    );
    const ended = running.run();
    // Their pipelines are made while their kernel buffers fill: nothing has to be waited for.
    const load = ['-n', '-c', CONNECTIONS, '-t', '100', '-S', '-h', '127.0.0.1', '-U', 'postgres'];
    await mustRun('pgbench', [...load, 'postgres']);
    await server.waitForNoClients();
    const [row] = await server.query(
      'postgres',
      `SELECT sum(calls)::int AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'`,
    );
    const truth = Number(row?.['calls']);
    // On a busy machine tcpdump gives its packets seconds later. What comes too often comes at once.
    const statements = (): number => running.summary().events['statement'] ?? 0;
    await waitAtMost(60_000, () => statements() >= truth);
    await delay(500);
    running.stop();
    const summary = await ended;
    workers.close();
    const rowsOf = (table: string) =>
      segments
        .filter((segment) => segment.table === table)
        .reduce((sum, { rowsCount }) => sum + rowsCount, 0);
    process.stdout.write(
      `${JSON.stringify({
        summary,
        each: running.summaries().map(({ events }) => events['statement'] ?? 0),
        truth,
        stored: rowsOf('events'),
        names: new Set(segments.map(({ name }) => name)).size === segments.length,
      })}\n`,
    );
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
