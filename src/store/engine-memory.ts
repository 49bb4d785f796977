/** The memory of the embedded engine, which is a process of its own: proc(5), `/proc/PID/status`, VmRSS. */
import { readFileSync } from 'node:fs';

/** The engine's program, as its command line names it: a number may have become another process's meanwhile. */
const PROGRAM = /\/store\/engine\/main\.[jt]s\0/;
const RESIDENT = /^VmRSS:\s+(\d+) kB$/m;

/** Resident memory of the engine with this process number; undefined when there is none. */
export function engineMemory(pid: number): number | undefined {
  try {
    if (!PROGRAM.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) return undefined;
    const kilobytes = RESIDENT.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // It has ended.
    return undefined;
  }
}
