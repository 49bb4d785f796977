/**
 * What counting values costs: the captures of test/bench/captures.ts through collector and sink with and without it, in
 * turns, CPU time of this process an event. Checks that both tell the same events. Run: `npx tsx test/bench/values.bench.ts
 * [NAME]...`
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { readValueKey, ValueNames } from '../../src/store/values/value-names.ts';
import { benchCaptures, captureFile } from './captures.ts';

const MORE_US_MAX = 1;
const TURNS = 3;

interface Run {
  readonly events: number;
  readonly usPerEvent: number;
}

async function run(name: string, counting: boolean): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-bench-'));
  mkdirSync(join(directory, 'segments'));
  const source = await openCapture(captureFile(name));
  try {
    const values = counting ? new ValueNames(readValueKey(directory), 'masked') : undefined;
    const sink = new SegmentSink({
      directory,
      describe: () => ({ tables: [], columns: [] }),
      onSealed: ({ path }) => rmSync(path),
      values,
    });
    const before = process.cpuUsage();
    const collector = new Collector(sink, { boundValues: counting });
    await collect(source, collector, { afterChunk: () => sink.settled() });
    sink.end();
    await sink.settled();
    const { user, system } = process.cpuUsage(before);
    const events = collector.health.statementsCount;
    return { events, usPerEvent: (user + system) / events };
  } finally {
    await source.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2);
let missed = 0;
for (const { name } of benchCaptures) {
  if (name === 'wide' || (asked.length > 0 && !asked.includes(name))) continue;
  await run(name, true);
  const without: Run[] = [];
  const counted: Run[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    without.push(await run(name, false));
    counted.push(await run(name, true));
  }
  const events = new Set([...without, ...counted].map((one) => one.events));
  if (events.size !== 1) throw new Error(`${name}: ${[...events].join(' and ')} events`);
  const least = (runs: readonly Run[]) => Math.min(...runs.map(({ usPerEvent }) => usPerEvent));
  const more = least(counted) - least(without);
  if (more > MORE_US_MAX) missed++;
  console.log(
    `${name.padEnd(9)}; ${least(without).toFixed(2)} us an event, with values ${least(counted).toFixed(2)}: ` +
      `${more.toFixed(2)} more; ${more <= MORE_US_MAX ? 'passed' : 'MISSED'}`,
  );
}
process.exitCode = missed === 0 ? 0 : 1;
