/** `mirrorsql monitor` as a process of its own, and what it says, serves and stores. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openStore } from '../../src/store/store.ts';
import { waitUntil } from '../lab/process.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const DEMO = join(ROOT, 'test/scenarios/demo/demo.pcap.gz');
/** Statements that the demo capture holds. */
export const DEMO_STATEMENTS = 56_028;

export interface Monitor {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

/** Through `via`, a command that starts another one, where it is given. */
export function monitor(args: readonly string[], via: readonly string[] = []): Monitor {
  const main = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'monitor', ...args];
  const [program = process.execPath, ...rest] = [...via, process.execPath, ...main];
  const child = spawn(program, rest, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said: () => said, ended };
}

/** The address of its pages, when it serves them. */
export async function servedAt({ said, child }: Monitor): Promise<string> {
  let url = '';
  await waitUntil('the address', 30_000, () => {
    if (child.exitCode !== null) throw new Error(said());
    url = /serves on (\S+)/.exec(said())?.[1] ?? '';
    return url !== '';
  });
  return url;
}

/** A number out of the store of a monitor that has ended. */
export async function count(directory: string, sql: string): Promise<number> {
  const opened = await openStore({ kind: 'embedded', directory });
  try {
    const answer = await opened.client.query({
      query: `SELECT ${sql} AS n`,
      format: 'JSONEachRow',
    });
    const [row] = await answer.json<{ n: number | string }>();
    return Number(row?.n);
  } finally {
    await opened.close();
  }
}
