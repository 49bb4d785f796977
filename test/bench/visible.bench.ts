/**
 * From packet to stored and visible: in a namespace of its own a recorded capture of pgbench (test/bench/captures.ts) is
 * sent through a veth pair at 20,000 statements a second. First to a collector that only captures, decodes and
 * fingerprints (live-sniffer.ts); then to `monitor`, which is left alone at first, so that its CPU time less the collector's
 * is what storing costs, and is then asked twice a second what it knows. Prints after how long any packet was visible in
 * the API at the latest, the delay of the event loop as /metrics tells it, the CPU time of storing per event (merges,
 * judging and self-observation included), and the bytes per event on disk. Needs root, tcpreplay and `npm run build`:
 * `npx tsx test/bench/visible.bench.ts [SECONDS OF EACH PART] [STATEMENTS_PER_SECOND] [OPTION OF MONITOR]...`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { insideNamespace } from '../lab/namespace.ts';
import { beforeExit, delay, mustRun, runProgram } from '../lab/process.ts';
import { captureFile, captureTruth } from './captures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/src/cli/main.js');
const SNIFFER = fileURLToPath(new URL('./live-sniffer.ts', import.meta.url));
/** One request and one answer a packet each. */
const CAPTURE = 'simple';
const PACKETS_PER_STATEMENT = 2;
const ASK_EVERY_MS = 500;
/** The first seconds compile: not what weeks are like. */
const WARM_UP_S = 20;
const SECOND_MS = 1000;
const TICKS_PER_SECOND = 100;

const VISIBLE_MAX_S = 3;
const EVENT_LOOP_P99_MAX_MS = 5;
const STORED_US_MAX = 10;
const BYTES_MAX = 40;

const seconds = Number(process.argv[2] ?? 60);
const rate = Number(process.argv[3] ?? 20_000);

interface Monitor {
  readonly pid: number;
  readonly url: string;
  end(): Promise<string>;
}

async function startMonitor(directory: string): Promise<Monitor> {
  const args = ['monitor', '-i', 'mirror1', '--data', directory, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...args, ...process.argv.slice(4)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const forget = beforeExit(() => child.kill('SIGKILL'));
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
      const found = /serves on (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(said)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('monitor has no process id');
  return {
    pid,
    url,
    end: async () => {
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
      forget();
      return said;
    },
  };
}

/** User and system time: of a process, and of the processes that it started. */
interface Cpu {
  readonly own: number;
  readonly others: number;
}

/** So far, in seconds. */
async function cpuSeconds(pid: number): Promise<Cpu> {
  const { stdout } = await runProgram('ps', ['-o', 'pid=', '--ppid', String(pid)]);
  const others = stdout.split('\n').map(Number).filter(Boolean);
  return {
    own: processorSeconds(pid),
    others: others.reduce((sum, one) => sum + processorSeconds(one), 0),
  };
}

/** In microseconds per event, while `work` goes on. */
async function cpuPerEvent(pid: number, work: () => Promise<unknown>): Promise<Cpu> {
  const before = await cpuSeconds(pid);
  const startMs = performance.now();
  await work();
  const after = await cpuSeconds(pid);
  const events = (rate * (performance.now() - startMs)) / SECOND_MS;
  return {
    own: ((after.own - before.own) / events) * 1e6,
    others: ((after.others - before.others) / events) * 1e6,
  };
}

/** What capturing, decoding and fingerprinting cost, without storing. */
async function sniff(): Promise<Cpu> {
  const child = spawn(process.execPath, ['--import', 'tsx', SNIFFER, 'mirror1', 'afpacket'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the collector has no process id');
  const forget = beforeExit(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await Promise.race([once(child.stderr, 'data'), closed]);
  const sent = replay(WARM_UP_S + seconds);
  await delay(WARM_UP_S * SECOND_MS);
  const cpu = await cpuPerEvent(pid, () => sent);
  child.kill('SIGTERM');
  await closed;
  forget();
  return cpu;
}

function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * How old the newest second was that the API knew whole, each time it was asked, in seconds. What it does not know yet
 * is visible later: the greatest of these is the longest that any packet took.
 */
async function watch(url: string, until: Promise<unknown>): Promise<number[]> {
  const ages: number[] = [];
  const sending = { ended: false };
  const end = until.then(() => (sending.ended = true));
  while (!sending.ended) {
    const answer = await fetch(`${url}api/v1/extent`);
    const { extent } = (await answer.json()) as { extent: { toUs: number } | null };
    if (extent !== null) ages.push(Date.now() / 1000 - extent.toUs / 1e6);
    await Promise.race([end, delay(ASK_EVERY_MS)]);
  }
  return ages;
}

async function eventLoopDelay(url: string): Promise<number> {
  const text = await (await fetch(`${url}metrics`)).text();
  return Number(/^mirrorsql_event_loop_delay_seconds\{quantile="0.99"\} (\S+)$/m.exec(text)?.[1]);
}

async function ask(directory: string, sql: string): Promise<number> {
  const args = [MAIN, 'query', sql, '--format', 'csv', '--data', directory];
  return Number(/\d+/.exec((await mustRun(process.execPath, args)).split('\n')[1] ?? '')?.[0]);
}

interface Line {
  readonly what: string;
  readonly is: number;
  readonly unit: string;
  readonly atMost: number;
}

function tell({ what, is, unit, atMost }: Line): boolean {
  const passed = is <= atMost;
  console.log(
    `${what}: ${is.toFixed(2)} ${unit} (must be ${String(atMost)} at most) ${passed ? 'passed' : 'MISSED'}`,
  );
  return passed;
}

async function run(directory: string): Promise<boolean> {
  const decoding = await sniff();
  const monitor = await startMonitor(directory);
  const sent = replay(WARM_UP_S + 2 * seconds);
  await delay(WARM_UP_S * SECOND_MS);
  const alone = await cpuPerEvent(monitor.pid, () => delay(seconds * SECOND_MS));
  let ages: readonly number[] = [];
  const asked = await cpuPerEvent(monitor.pid, async () => {
    ages = await watch(monitor.url, sent);
  });
  const packets = await sent;
  const eventLoopMs = (await eventLoopDelay(monitor.url)) * 1000;
  const said = await monitor.end();
  const statements = await ask(directory, 'SELECT count() FROM events');
  const bytes = await ask(
    directory,
    `SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()`,
  );
  const sorted = ages.toSorted((a, b) => a - b);
  const half = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  console.log(
    `${String(packets)} packets sent, ${String(statements)} statements stored; load average ${loadavg()[0]?.toFixed(1) ?? ''}`,
  );
  const us = (cpu: number): string => cpu.toFixed(2);
  console.log(
    `CPU per event, in us: capturing and decoding alone ${us(decoding.own)}; monitor left alone ${us(alone.own)} and its store ${us(alone.others)}; asked ${String(ages.length)} times ${us(asked.own)} and ${us(asked.others)}, half of them the newest second was ${half.toFixed(2)} s old`,
  );
  const passed = [
    tell({
      what: 'visible after',
      is: sorted.at(-1) ?? Number.NaN,
      unit: 's',
      atMost: VISIBLE_MAX_S,
    }),
    tell({ what: 'event loop p99', is: eventLoopMs, unit: 'ms', atMost: EVENT_LOOP_P99_MAX_MS }),
    tell({
      what: 'CPU per event to store it',
      is: alone.own + alone.others - decoding.own,
      unit: 'us',
      atMost: STORED_US_MAX,
    }),
    tell({ what: 'disk per event', is: bytes / statements, unit: 'bytes', atMost: BYTES_MAX }),
  ];
  // The last request of each connection may have been cut from its answer.
  if (statements < packets / PACKETS_PER_STATEMENT - 100) {
    console.log(`FAULT: not everything was stored: ${said}`);
    return false;
  }
  return passed.every(Boolean);
}

/** @returns packets sent */
async function replay(lengthSeconds: number): Promise<number> {
  const pps = rate * PACKETS_PER_STATEMENT;
  const { packets } = await captureTruth(CAPTURE);
  const count = Math.min(packets, lengthSeconds * pps);
  const pace = ['-q', '-K', '-i', 'mirror0', `--pps=${String(pps)}`, `--limit=${String(count)}`];
  await mustRun('tcpreplay', [...pace, captureFile(CAPTURE)]);
  return count;
}

await insideNamespace([], async () => {
  await mustRun('ip', ['link', 'add', 'mirror0', 'type', 'veth', 'peer', 'name', 'mirror1']);
  for (const end of ['mirror0', 'mirror1']) await mustRun('ip', ['link', 'set', end, 'up']);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-visible-'));
  try {
    process.exitCode = (await run(directory)) ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
