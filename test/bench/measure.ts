/** What a command costs: CPU time of it and its children, and the peak of resident memory of each process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

export interface Cost {
  readonly exitCode: number | null;
  /**
   * User and system time of all its processes: what the shell counts of those that were waited for, or what /proc showed,
   * whichever is more (a process that nobody waits for is in the second only).
   */
  readonly cpuSeconds: number;
  /** Peak of resident memory by program: the largest process of each name. */
  readonly peakMibByProgram: ReadonlyMap<string, number>;
  readonly stdout: string;
  readonly stderr: string;
}

const POLL_MS = 20;
const TICKS_PER_SECOND = 100;
const TIMES = /MEASURED ([\d.]+) ([\d.]+)\n$/;

/** Runs a shell command to its end. */
export async function measure(command: string, cwd: string): Promise<Cost> {
  const script = `TIMEFORMAT='MEASURED %U %S'; time { ${command}; }`;
  const child = spawn('bash', ['-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => stdout.push(data));
  child.stderr.on('data', (data: Buffer) => stderr.push(data));
  const peaks = new Map<string, number>();
  const cpu = new Map<number, number>();
  const timer = setInterval(() => {
    if (child.pid !== undefined) note(child.pid, peaks, cpu);
  }, POLL_MS);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  const said = Buffer.concat(stderr).toString();
  const times = TIMES.exec(said);
  return {
    exitCode,
    cpuSeconds: Math.max(Number(times?.[1]) + Number(times?.[2]), sum(cpu)),
    peakMibByProgram: peaks,
    stdout: Buffer.concat(stdout).toString(),
    stderr: said.replace(TIMES, ''),
  };
}

function sum(cpu: ReadonlyMap<number, number>): number {
  return [...cpu.values()].reduce((total, seconds) => total + seconds, 0);
}

/**
 * VmHWM of proc(5) status never falls, and no more does the CPU time: the last reading before a process ends is its
 * peak, and its time but for the last POLL_MS.
 */
function note(root: number, peaks: Map<string, number>, cpu: Map<number, number>): void {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = /^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1];
    if (parent === undefined) continue;
    const siblings = children.get(Number(parent)) ?? [];
    siblings.push(pid);
    children.set(Number(parent), siblings);
  }
  const open = [...(children.get(root) ?? [])];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    open.push(...(children.get(pid) ?? []));
    const peakKib = Number(/^VmHWM:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0);
    const name = programOf(pid);
    const seconds = cpuSecondsOf(pid);
    if (seconds > 0) cpu.set(pid, seconds);
    if (peakKib > 0) peaks.set(name, Math.max(peaks.get(name) ?? 0, peakKib / 1024));
  }
}

/** User and system time: fields 14 and 15 of proc(5) stat, behind the name, which may hold anything. */
function cpuSecondsOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

function statusOf(pid: number): string {
  return readProc(pid, 'status');
}

/** The program and, of Node, the script that it runs. */
function programOf(pid: number): string {
  const words = readProc(pid, 'cmdline').split('\0');
  const program = words[0]?.split('/').at(-1) ?? '';
  if (program !== 'node') return program;
  const script = words.slice(1).find((word) => /\.[jt]s$/.test(word));
  return `node ${script?.split('/').slice(-2).join('/') ?? ''}`;
}

/** Empty when the process has ended meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
