/**
 * Live capture by each backend: a recorded capture (test/bench/captures.ts) is sent through a veth pair in a namespace of
 * its own at asked rates, and captured, decoded and fingerprinted at the other end. Tells what was lost and the CPU time
 * per packet (user and system time of the capturing processes), and checks the events against what the server counted.
 * Then pgbench at full speed over a veth pair, against a server of its own: statements must be those that it counted.
 * Needs root and tcpreplay (Debian: apt-get install tcpreplay): `npx tsx test/bench/live.bench.ts [RATE]...`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { insideNamespace } from '../lab/namespace.ts';
import { beforeExit, delay, mustRun, runProgram } from '../lab/process.ts';
import { captureFile, captureTruth } from './captures.ts';

const CAPTURE = 'simple';
const SNIFFER = fileURLToPath(new URL('./live-sniffer.ts', import.meta.url));
const SCENE = fileURLToPath(new URL('../collectors/capture/live-scene.ts', import.meta.url));
const TICKS_PER_SECOND = 100;
const RATES = [50_000, 150_000, 250_000];
/** The lengths to which issue and design bind each backend at 150,000 packets a second, in microseconds per packet. */
const MUST_RATE = 150_000;
const MUST_US: Readonly<Record<string, number>> = { afpacket: 1.2, tcpdump: 2 };

interface Setup {
  readonly name: string;
  readonly backend: string;
  readonly workers: number;
}

const setups: readonly Setup[] = [
  { name: 'afpacket', backend: 'afpacket', workers: 1 },
  { name: 'tcpdump', backend: 'tcpdump', workers: 1 },
  { name: 'two workers', backend: 'afpacket', workers: 2 },
  // The last choice: measured, and bound to nothing.
  { name: 'cap', backend: 'cap', workers: 1 },
];

interface Told {
  readonly packets: number;
  readonly dropped: number;
  readonly statements: number;
  readonly gaps: number;
  readonly unmatched: number;
  readonly failure?: { readonly message: string };
}

interface Worker {
  readonly child: ChildProcess;
  readonly told: Promise<Told>;
}

async function startWorker(backend: string, group: number): Promise<Worker> {
  const args = ['--import', 'tsx', SNIFFER, 'mirror1', backend, String(group)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const forget = beforeExit(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes('ready')) resolve();
    });
    child.once('close', () => reject(new Error(said)));
  });
  const told = once(child, 'close').then(() => {
    forget();
    return JSON.parse(out) as Told;
  });
  return { child, told };
}

/** User and system time so far of a process and its children, in seconds. */
function cpuSeconds(pid: number): number {
  let sum = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    // Behind the name, which may hold anything: state, parent, and after nine more the two times (proc(5), stat).
    const fields = statOf(name).split(') ').at(-1)?.split(' ') ?? [];
    const program = /\((.*)\)/.exec(statOf(name))?.[1];
    // tsx runs its compiler as a child, which is no part of capturing.
    const counts =
      Number(name) === pid ||
      (Number(fields[1]) === pid && (program === 'tcpdump' || capMain(name)));
    if (!counts) continue;
    sum += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }
  return sum;
}

/** cap runs in a process of its own. */
function capMain(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('cap-main');
  } catch {
    return false;
  }
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** Resolves when a worker takes no more CPU time: everything that waited has been read. */
async function settled(pids: readonly number[]): Promise<void> {
  const total = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  await delay(1500);
  for (let before = -1, now = total(); now - before > 0.1; before = now, now = total()) {
    await delay(1000);
  }
}

async function run(setup: Setup, rate: number): Promise<boolean> {
  const truth = await captureTruth(CAPTURE);
  const workers: Worker[] = [];
  for (let index = 0; index < setup.workers; index++) {
    workers.push(await startWorker(setup.backend, setup.workers > 1 ? 77 : 0));
  }
  const pids = workers.flatMap(({ child }) => child.pid ?? []);
  const before = pids.map(cpuSeconds);
  const replay = ['-q', '-K', '-i', 'mirror0', `--pps=${String(rate)}`, captureFile(CAPTURE)];
  const { code, stdout, stderr } = await runProgram('tcpreplay', replay);
  if (code !== 0) throw new Error(`tcpreplay: ${stderr}`);
  const reached = Number(/([\d.]+) pps/.exec(stdout)?.[1]);
  await settled(pids);
  const after = pids.map(cpuSeconds);
  for (const { child } of workers) child.kill('SIGTERM');
  const told = await Promise.all(workers.map((worker) => worker.told));
  const sum = (of: (one: Told) => number): number => told.reduce((all, one) => all + of(one), 0);
  const cpu = after.reduce((all, value, index) => all + value - (before[index] ?? 0), 0);
  const microseconds = (cpu * 1e6) / sum(({ packets }) => packets);
  const lost = truth.packets - sum(({ packets }) => packets);
  const whole = sum(({ statements }) => statements) === truth.statements;
  const inOrder = sum(({ gaps, unmatched }) => gaps + unmatched) === 0;
  const must = setup.workers === 1 ? MUST_US[setup.backend] : undefined;
  const passed =
    rate !== MUST_RATE ||
    setup.backend === 'cap' ||
    (lost === 0 && whole && inOrder && (must === undefined || microseconds <= must));
  console.log(
    [
      `${setup.name.padEnd(11)} ${String(rate)} packets/s asked, ${reached.toFixed(0)} sent`,
      `received ${String(truth.packets - lost)} of ${String(truth.packets)} [${told.map((one) => one.packets).join(' + ')}]`,
      `kernel drops ${setup.backend === 'cap' ? 'not told' : String(sum(({ dropped }) => dropped))}`,
      `${microseconds.toFixed(2)} us CPU a packet${must === undefined ? '' : ` (must be ${String(must)} at ${String(MUST_RATE)})`}`,
      `events ${whole && inOrder ? 'complete' : `NOT complete: ${JSON.stringify(told)}`}`,
      passed ? (reached < rate * 0.95 ? 'passed at the rate sent' : 'passed') : 'MISSED',
    ].join('; '),
  );
  return passed;
}

/** Nothing lost at full speed: what was captured is what pg_stat_statements counted. */
async function runPgbench(backend: string): Promise<boolean> {
  const script = ['--import', 'tsx', SCENE, 'veth', backend, 'tcp port 5432', '15000'];
  const said = await mustRun('unshare', ['--net', process.execPath, ...script]);
  const told = JSON.parse(said) as Record<string, number>;
  const { statements, truth, dropped, gaps, perSecond, packets } = told;
  const passed = statements === truth && dropped === 0 && gaps === 0;
  console.log(
    `pgbench -S  ${backend}: ${String(perSecond)} transactions/s, ${String(packets)} packets; statements ${String(statements)} of ${String(truth)}; kernel drops ${String(dropped)}; gaps ${String(gaps)}; ${passed ? 'passed' : 'MISSED'}`,
  );
  return passed;
}

await insideNamespace([], async () => {
  await mustRun('ip', ['link', 'add', 'mirror0', 'type', 'veth', 'peer', 'name', 'mirror1']);
  for (const end of ['mirror0', 'mirror1']) await mustRun('ip', ['link', 'set', end, 'up']);
  const asked = process.argv.slice(2).map(Number);
  let missed = 0;
  for (const rate of asked.length > 0 ? asked : RATES) {
    for (const setup of setups) if (!(await run(setup, rate))) missed++;
  }
  for (const backend of ['afpacket', 'tcpdump']) if (!(await runPgbench(backend))) missed++;
  console.log(
    `load average ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
  );
  process.exitCode = missed === 0 ? 0 : 1;
});
