/**
 * What storing an event costs, in CPU time of the two processes: events made up from a seed go through the sink, the writer and the
 * engine. Checks that the store then has each of them once. Run: npx tsx test/bench/store-load.bench.ts [events]
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeWorkload } from '../store/synthetic.ts';

const TICKS_PER_SECOND = 100;
const CHUNK = 20_000;

interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly rssPeakMib: number;
}

/** User and system time (fields 14 and 15 of proc(5) stat) and the peak of the resident memory. */
function factsOf(pid: number): ProcessFacts {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssPeakMib: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

async function main(): Promise<void> {
  const total = Number(process.argv[2] ?? 1_000_000);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  const store = await openStore({ kind: 'embedded', directory });
  const { pid } = JSON.parse(readFileSync(join(directory, 'store.json'), 'utf8')) as {
    pid: number;
  };
  const workload = makeWorkload(7, 1_790_000_000_000_000);
  const discard = { statement() {}, transactionEnd() {}, sessionEvent() {}, activity() {} };
  makeWorkload(7, 1_790_000_000_000_000).feed(discard, CHUNK);
  const makingBefore = process.cpuUsage();
  makeWorkload(8, 1_790_000_000_000_000).feed(discard, 200_000);
  const making = process.cpuUsage(makingBefore);
  const makingUs = (making.user + making.system) / 200_000;

  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => writer.enqueue(segment),
  });
  const before = { own: process.cpuUsage(), engine: factsOf(pid), at: performance.now() };
  for (let fed = 0; fed < total; fed += CHUNK) {
    workload.feed(sink, Math.min(CHUNK, total - fed));
    await sink.settled();
    await writer.drained();
  }
  sink.seal();
  await sink.settled();
  await writer.flush();
  const own = process.cpuUsage(before.own);
  const engine = factsOf(pid);
  const ownUs = (own.user + own.system) / total - makingUs;
  const engineUs = ((engine.cpuSeconds - before.engine.cpuSeconds) * 1e6) / total;
  const seconds = (performance.now() - before.at) / 1000;

  const answer = await store.client.query({
    query: `SELECT (SELECT count() FROM events) AS stored, (SELECT sum(calls) FROM class_1m) AS rolled,
      (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events') / ${total} AS bytes`,
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ stored: number; rolled: number; bytes: number }>();
  await store.close();
  await rm(directory, { recursive: true, force: true });
  if (Number(row?.stored) !== total || Number(row?.rolled) !== total) {
    throw new Error(
      `stored ${String(row?.stored)}, in the rollup ${String(row?.rolled)}, fed ${total}`,
    );
  }
  console.log(`events ${total}, each stored once; ${seconds.toFixed(1)} s by the clock`);
  console.log(
    `sink and writer ${ownUs.toFixed(2)} us/event CPU (making the events, not counted: ${makingUs.toFixed(2)})`,
  );
  console.log(`engine          ${engineUs.toFixed(2)} us/event CPU, merges so far included`);
  console.log(
    `together        ${(1e6 / (ownUs + engineUs) / 1000).toFixed(0)} thousand events per CPU second`,
  );
  console.log(
    `memory, peak    own ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB, engine ${engine.rssPeakMib.toFixed(0)} MiB`,
  );
  console.log(`on disk         ${Number(row?.bytes).toFixed(1)} bytes/event in events`);
}

await main();
