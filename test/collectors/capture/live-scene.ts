/**
 * Run inside a network namespace of its own: a PostgreSQL, pgbench against it, and a live capture of the traffic, then
 * one line of JSON with what was captured and what the server counted. Arguments: lo or veth, backend, filter, transactions of each of four clients.
 * With veth, the client has a namespace of its own at the other end of the pair.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { type Backend, openLive } from '../../../collectors/capture/live.ts';
import { Collector, collect } from '../../../collectors/collector.ts';
import { startPostgres } from '../../lab/postgres-server.ts';
import { beforeExit, delay, mustRun, stopProgram } from '../../lab/process.ts';
import { RecordingSink } from '../recording-sink.ts';

const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';
const [where = 'lo', backend = 'auto', filter = '', transactions = '200'] = process.argv.slice(2);

/** A process that does nothing but hold the client's namespace open. */
async function clientNamespace() {
  const holder = spawn('unshare', ['--net', 'sleep', '120'], { stdio: 'ignore' });
  beforeExit(() => holder.kill('SIGKILL'));
  await once(holder, 'spawn');
  // unshare has left our namespace when it has become sleep.
  await delay(300);
  const pid = String(holder.pid);
  const inside = ['-t', pid, '-n'];
  await mustRun('ip', ['link', 'add', 'mirror0', 'type', 'veth', 'peer', 'name', 'mirror1']);
  await mustRun('ip', ['link', 'set', 'mirror1', 'netns', pid]);
  await mustRun('ip', ['address', 'add', `${SERVER}/24`, 'dev', 'mirror0']);
  await mustRun('ip', ['link', 'set', 'mirror0', 'up']);
  const ip = (...args: string[]) => mustRun('nsenter', [...inside, 'ip', ...args]);
  await ip('address', 'add', `${CLIENT}/24`, 'dev', 'mirror1');
  await ip('link', 'set', 'mirror1', 'up');
  return { run: ['nsenter', ...inside], stop: () => stopProgram(holder, 'SIGKILL') };
}

async function main() {
  await mustRun('ip', ['link', 'set', 'lo', 'up']);
  const pair = where === 'veth' ? await clientNamespace() : undefined;
  const host = pair === undefined ? '127.0.0.1' : SERVER;
  const server = await startPostgres({ addresses: [host], port: 5432 });
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
    const live = await openLive({
      interfaces: [pair === undefined ? 'lo' : 'mirror0'],
      backend: backend as Backend,
      bufferBytes: 32 << 20,
      ...(filter === '' ? {} : { filter }),
    });
    const { source } = live;
    const sink = new RecordingSink();
    const ended = collect(source, new Collector(sink, { timedOnArrival: live.timedOnArrival }));
    const load = [
      '-n',
      '-c',
      '4',
      '-t',
      transactions,
      '-S',
      '-h',
      host,
      '-U',
      'postgres',
      'postgres',
    ];
    const [program = 'pgbench', ...args] = [...(pair?.run ?? []), 'pgbench', ...load];
    const said = await mustRun(program, args);
    await server.waitForNoClients();
    // tcpdump writes what it holds after a second without more.
    await delay(live.backend === 'tcpdump' ? 1500 : 100);
    source.stop();
    const summary = await ended;
    const [row] = await server.query(
      'postgres',
      `SELECT sum(calls)::int AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'`,
    );
    process.stdout.write(
      `${JSON.stringify({
        backend: live.backend,
        reason: live.reason,
        statements: sink.statements.length,
        truth: row?.['calls'],
        perSecond: Number(/^tps = ([\d.]+)/m.exec(said)?.[1] ?? 0),
        gaps: summary.gaps,
        packets: summary.packets,
        dropped: source.statistics()?.dropped ?? 0,
        unmatchedAnswers: summary.unmatchedAnswers,
        timedOnArrival: summary.timedOnArrival,
        marked: sink.statements.filter(({ quality }) => quality.includes('timed_on_arrival'))
          .length,
      })}\n`,
    );
    await source.close();
  } finally {
    await server.stop();
    await pair?.stop();
  }
}

await main();
