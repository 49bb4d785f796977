/**
 * Whether a monitor can run for weeks: plays a recorded capture in a loop, faster than it was, through the pipeline, the
 * store and the pages of `monitor`, and prints every ten seconds what it holds: resident memory, heap, open handles,
 * segments that wait. At the end the growth an hour after the first third, by least squares. Checks that every
 * statement is stored once. Run: npx tsx test/bench/soak.bench.ts [seconds] [speed]
 */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { linearRegression } from 'simple-statistics';
import { PacedSource } from '../../collectors/capture/paced.ts';
import { TOGETHER } from '../../collectors/network/scope.ts';
import { Pipeline } from '../../src/cli/monitor/pipeline.ts';
import { Storing } from '../../src/cli/monitor/storing.ts';
import { observe, startServing } from '../../src/cli/serve.ts';
import { EventualStore } from '../../src/store/eventual-store.ts';
import { LoopedCapture } from './looped-capture.ts';

const DEMO = fileURLToPath(new URL('../scenarios/demo/demo.pcap.gz', import.meta.url));
const EVERY_SECONDS = 10;
const MIB = 1024 * 1024;

const seconds = Number(process.argv[2] ?? 600);
const speed = Number(process.argv[3] ?? 10);
const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-soak-'));
const looped = new LoopedCapture(DEMO, Date.now() * 1000);
const source = new PacedSource(looped, speed, {
  nowMs: () => performance.now(),
  wait: (ms) => sleep(ms),
});
const store = new EventualStore({ kind: 'embedded', directory }, { collector: 'soak' });
const observation = observe(store, { data: directory });
const listening = await startServing(store, { listen: '127.0.0.1:0' }, observation);
const storing = new Storing(store, 'soak', undefined, () => undefined);
const feed = {
  ...{ source, name: 'soak', reason: '', backend: 'file', speed, ends: true },
  ...{ timedOnArrival: false, sharedByKernel: false, nowUs: () => source.captureNowUs },
};
const place = { directory, collector: 'soak', ports: new Map(), separation: TOGETHER };
const pipeline = await Pipeline.create(
  feed,
  { ...place, keyLogPath: undefined, values: 'masked' },
  {
    sealed: (segment) => storing.take(segment),
    lost: (table, rows, atUs, error) => storing.lost(table, rows, atUs, error),
    reduced: (reduction) => console.log(`reduction ${reduction}`),
  },
);

interface Sample {
  readonly at: number;
  readonly rss: number;
  readonly heap: number;
  readonly handles: number;
}

const samples: Sample[] = [];
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const startMs = performance.now();
const elapsed = (): number => (performance.now() - startMs) / 1000;
const second = setInterval(() => {
  pipeline.waiting = storing.waiting;
  storing.look();
  if (Math.floor(elapsed()) % EVERY_SECONDS !== 0) return;
  const summary = pipeline.summary();
  storing.tell(summary);
  void fetch(`${listening.url}api/v1/status`).then((answer) => answer.text());
  const { rss, heapUsed } = process.memoryUsage();
  const handles = readdirSync('/proc/self/fd').length;
  samples.push({ at: elapsed(), rss: rss / MIB, heap: heapUsed / MIB, handles });
  const waiting = storing.writer.waitingCount;
  console.log(
    `${elapsed().toFixed(0)} s: ${summary.packets} packets, ${summary.events['statement'] ?? 0} statements, ${looped.turns} turns, rss ${(rss / MIB).toFixed(0)} MiB, heap ${(heapUsed / MIB).toFixed(0)} MiB, ${handles} handles, ${waiting} segments wait, delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`,
  );
}, 1000);
const ended = pipeline.run();
await sleep(seconds * 1000);
pipeline.stop();
const summary = await ended;
clearInterval(second);
const trouble = await storing.finish(summary);
const answer = await store.client.query({
  query: `SELECT (SELECT count() FROM events) AS events, (SELECT sum(calls) FROM class_1m) AS calls,
    (SELECT count() FROM sessions WHERE isNull(end_reason) OR end_reason = '') AS states`,
  format: 'JSONEachRow',
});
const [row] = await answer.json<{ events: string; calls: string; states: string }>();
await listening.close();
observation.close();
await store.close();
await rm(directory, { recursive: true, force: true });

const steady = samples.filter(({ at }) => at > seconds / 3);
const growth = (of: (sample: Sample) => number): string =>
  (linearRegression(steady.map((sample) => [sample.at, of(sample)])).m * 3600).toFixed(1);
console.log(
  `growth an hour: rss ${growth(({ rss }) => rss)} MiB, heap ${growth(({ heap }) => heap)} MiB, handles ${growth(({ handles }) => handles)}`,
);
const told = summary.events['statement'] ?? 0;
console.log(
  `told ${told} statements, stored ${row?.events ?? ''}, in the rollup ${row?.calls ?? ''}`,
);
if (trouble !== undefined || Number(row?.events) !== told || Number(row?.calls) !== told) {
  console.log(`FAULT ${trouble?.line ?? 'not all is stored once'}`);
  process.exitCode = 1;
}
