/** What is written beside its place and renamed when it is whole: nothing of it stays when the program is told to end. */
import { rmSync } from 'node:fs';
import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does `work`, which makes `path`; a signal meanwhile removes it, then has its usual effect. */
export async function removedOnSignal<T>(path: string, work: () => Promise<T>): Promise<T> {
  const end = (signal: NodeJS.Signals): void => {
    forget();
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // The engine may be writing into it: then a part stays.
    }
    process.kill(process.pid, signal);
  };
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work();
  } finally {
    forget();
  }
}
