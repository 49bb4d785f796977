/**
 * Loading end to end, on the captures of test/bench/captures.ts: events per CPU second of all processes (the store's child
 * included) and the memory of both. Checks the store's count against the server's. Run after `npm run build:code`:
 * `npx tsx test/bench/load.bench.ts [NAME]...`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchCaptures, captureFile, captureTruth } from './captures.ts';
import { measure } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EVENTS_PER_CPU_SECOND_MIN = 80_000;
const COLLECTOR = 'node cli/main.js';
const COLLECTOR_MAX_MIB = 250;
const STORE_MAX_MIB = 1024;

async function load(name: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  try {
    const data = `--data ${join(directory, 'data')}`;
    const main = 'node dist/src/cli/main.js';
    const cost = await measure(`${main} load ${captureFile(name)} ${data}`, ROOT);
    const truth = await captureTruth(name);
    const count = await measure(
      `${main} query 'SELECT count() AS n FROM events' --format csv ${data}`,
      ROOT,
    );
    const stored = Number(/\d+/.exec(count.stdout)?.[0]);
    if (cost.exitCode !== 0 || stored !== truth.statements) {
      throw new Error(
        `${name}: stored ${count.stdout}, counted ${String(truth.statements)}: ${cost.stderr}`,
      );
    }
    const rate = truth.statements / cost.cpuSeconds;
    const collector = cost.peakMibByProgram.get(COLLECTOR) ?? Number.NaN;
    const others = [...cost.peakMibByProgram].filter(([program]) => program !== COLLECTOR);
    const store = Math.max(...others.map(([, mib]) => mib));
    const passed =
      rate >= EVENTS_PER_CPU_SECOND_MIN && collector < COLLECTOR_MAX_MIB && store < STORE_MAX_MIB;
    console.log(
      `${name.padEnd(9)}; ${String(stored)} events in ${cost.cpuSeconds.toFixed(2)} CPU s: ${(rate / 1000).toFixed(0)} k per CPU second; ` +
        `collector ${collector.toFixed(0)} MiB; store ${store.toFixed(0)} MiB (${others.map(([program]) => program).join(', ')}); ${passed ? 'passed' : 'MISSED'}`,
    );
    return passed;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2);
let missed = 0;
for (const { name } of benchCaptures) {
  // Result rows are no events: there is nothing to store in it.
  if (name === 'wide') continue;
  if (asked.length > 0 && !asked.includes(name)) continue;
  if (!(await load(name))) missed++;
}
process.exitCode = missed === 0 ? 0 : 1;
