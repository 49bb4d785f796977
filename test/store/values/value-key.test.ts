import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KeyReaderData } from './key-reader.ts';

const READERS_COUNT = 4;
const DIRECTORIES_COUNT = 100;

/** A thread does not take over the loader of TypeScript from its parent. */
const FROM_SOURCES = `import('tsx/esm/api').then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL('./key-reader.ts', import.meta.url).href)});
});`;

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'mirrorsql-key-'));
});
afterEach(() => {
  rmSync(place, { recursive: true, force: true });
});

it('is one key and whole for all that ask for it at the same moment in a directory that has none', async () => {
  const directories = Array.from({ length: DIRECTORIES_COUNT }, (_, index) => {
    const directory = join(place, String(index));
    mkdirSync(directory);
    return directory;
  });
  const workerData: KeyReaderData = {
    directories,
    readersCount: READERS_COUNT,
    arrived: new Int32Array(new SharedArrayBuffer(4)),
  };
  const answers = await Promise.all(
    Array.from({ length: READERS_COUNT }, async () => {
      const reader = new Worker(FROM_SOURCES, { eval: true, workerData });
      const [keys] = (await once(reader, 'message')) as [string[]];
      return keys;
    }),
  );
  for (const index of directories.keys()) {
    const keys = new Set(answers.map((of) => of[index]));
    expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  }
});
