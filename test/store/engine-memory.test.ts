/** The memory of the embedded engine is that of its process, also after it was started again. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { engineMemory } from '../../src/store/engine-memory.ts';
import { waitUntil } from '../lab/process.ts';
import { temporaryStore } from './temporary-store.ts';

it('is that of the process which the data directory names, and of its successor when it died', async () => {
  const temporary = await temporaryStore();
  const { store, directory } = temporary;
  try {
    const pid = () =>
      Number(/"pid":\s*(\d+)/.exec(readFileSync(`${directory}/store.json`, 'utf8'))?.[1]);
    const first = pid();
    expect(store.engineResidentBytes?.()).toBeGreaterThan(5e7);
    process.kill(first, 'SIGKILL');
    await waitUntil('the engine to end', 10_000, () => engineMemory(first) === undefined);
    await waitUntil('its successor', 20_000, () => pid() !== first);
    expect(store.engineResidentBytes?.()).toBeGreaterThan(5e7);
  } finally {
    await temporary.remove();
  }
}, 60_000);

it('is nothing where the number is of another program, or of none', () => {
  expect(engineMemory(process.pid)).toBeUndefined();
  expect(engineMemory(0)).toBeUndefined();
});
