/**
 * Fuzzing for as long as one likes: `npx tsx test/fuzz/run.ts --minutes 30 [--target NAME] [--seed N [--turn N]]`.
 * Works in a child process: one that says nothing for 60 s hangs, and is ended. Prints each failure with what repeats it,
 * and at the end how often each target ran and how large the heap was after each tenth of the time.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Dice } from '../simulation/dice.ts';
import { targets } from './targets.ts';

const SILENCE_MS = 60_000;
/** Heap that a run may hold on to, garbage collected, beyond what it began with. */
const GROWTH_MAX_MIB = 64;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    turn: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});

interface Said {
  readonly at: string;
  readonly failure?: string;
}

async function work(): Promise<void> {
  const seed = Number(values.seed);
  const all = (await targets()).filter(
    ({ name }) => values.target === undefined || name === values.target,
  );
  if (values.turn !== undefined) {
    for (const { run } of all) await run(new Dice(seed, Number(values.turn)));
    return;
  }
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapMib = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const counts = new Map<string, number>();
  const heaps: number[] = [];
  const lengthMs = Number(values.minutes) * 60_000;
  const startedMs = performance.now();
  let nextHeapMs = startedMs + lengthMs / 10;
  let failures = 0;
  for (let turn = 0; performance.now() - startedMs < lengthMs; turn++) {
    for (const { name, run } of all) {
      const at = `--target '${name}' --seed ${seed} --turn ${turn}`;
      if (turn % 20 === 0) process.send?.({ at } satisfies Said);
      try {
        await run(new Dice(seed, turn));
      } catch (error) {
        failures++;
        const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ at, failure } satisfies Said);
      }
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    if (performance.now() < nextHeapMs) continue;
    nextHeapMs += lengthMs / 10;
    heaps.push(heapMib());
  }
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  console.log(`${minutes} minutes, seed ${seed}, ${failures} failures`);
  for (const [name, count] of counts) console.log(`  ${name.padEnd(14)} ${count} runs`);
  console.log(`  heap after each tenth, MiB: ${heaps.map((heap) => heap.toFixed(0)).join(' ')}`);
  const growth = (heaps.at(-1) ?? 0) - (heaps[1] ?? heaps[0] ?? 0);
  if (growth > GROWTH_MAX_MIB) console.log(`  grew by ${growth.toFixed(0)} MiB`);
  process.exitCode = failures === 0 && growth <= GROWTH_MAX_MIB ? 0 : 1;
}

function watch(): void {
  const args = [...process.argv.slice(2), '--child', '--seed', values.seed];
  const child = fork(fileURLToPath(import.meta.url), args);
  let last = 'the beginning';
  let timer: NodeJS.Timeout | undefined;
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.log(`HANGS after ${last}`);
      child.kill('SIGKILL');
      process.exitCode = 1;
    }, SILENCE_MS);
  };
  listen();
  child.on('message', ({ at, failure }: Said) => {
    last = at;
    listen();
    if (failure !== undefined) console.log(`FAILED ${at}\n${failure}`);
  });
  child.on('close', (code) => {
    clearTimeout(timer);
    process.exitCode ??= code ?? 1;
  });
}

if (values.child || values.turn !== undefined) await work();
else watch();
