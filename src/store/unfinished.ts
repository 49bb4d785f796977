/** What is written beside its place and renamed when it is whole: nothing of it stays when the program is told to end. */
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does `work`, which makes `path`; a signal meanwhile removes it, then has its usual effect. */
export async function removedOnSignal<T>(path: string, work: () => Promise<T>): Promise<T> {
  return heeding((signal) => {
    remove(path);
    process.kill(process.pid, signal);
  }, work);
}

/**
 * The same for work that others do in `path` too: it is told by `interrupted`, and `path` is removed when it has ended, which
 * it should do soon. A second signal has its usual effect.
 */
export async function removedWhenInterrupted<T>(
  path: string,
  work: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  const interruption = new AbortController();
  let heard: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals): void => {
    heard = signal;
    interruption.abort();
  };
  try {
    return await heeding(note, () => work(interruption.signal));
  } finally {
    if (heard !== undefined) {
      remove(path);
      process.kill(process.pid, heard);
    }
  }
}

async function heeding<T>(
  heed: (signal: NodeJS.Signals) => void,
  work: () => Promise<T>,
): Promise<T> {
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, hear);
  };
  const hear = (signal: NodeJS.Signals): void => {
    forget();
    heed(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  try {
    return await work();
  } finally {
    forget();
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Somebody is still writing there: a part stays.
  }
}

/** Whether a file is there to its end. The engine says that all is well when the disk was full: its files then break off. */
export async function endsWith(path: string, expected: Uint8Array): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const end = Buffer.alloc(expected.length);
    const { bytesRead } = await file.read(end, 0, end.length, Math.max(0, size - end.length));
    return bytesRead === expected.length && end.equals(expected);
  } finally {
    await file.close();
  }
}
