/**
 * The writing process of the outage proof: stores made-up traffic without end (argument 2: which run this is) or, when
 * that is 'drain', only what earlier runs left. Prints a line for each segment that is safe on the disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventualStore } from '../../src/store/eventual-store.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { enqueueLeftovers } from '../../src/store/leftovers.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeActivity, makeWorkload } from './synthetic.ts';
import { HOUR_US } from '../../src/core/time.ts';

const START_US = 1_790_000_000_000_000;
const ROWS_AT_ONCE = 700;
const PAUSE_MS = 25;

async function main(directory: string, run: string): Promise<void> {
  // As `monitor` has it: nothing waits for the store, not even at the start.
  const store = new EventualStore({ kind: 'embedded', directory });
  const writer = new SegmentWriter(store, { patience: 'forever' });
  const leftovers = enqueueLeftovers(store, writer);
  if (run === 'drain') {
    await leftovers;
    await store.opened;
    await writer.flush();
    await store.close();
    return;
  }
  const sink = new SegmentSink({
    directory: store.directory,
    describe: () => ({ tables: [], columns: [] }),
    segmentRowsMax: 2_000,
    onSealed: (segment) => {
      process.stdout.write(`sealed ${segment.name} ${segment.rowsCount}\n`);
      writer.enqueue(segment);
    },
  });
  const startUs = START_US + Number(run) * HOUR_US;
  const workload = makeWorkload(Number(run) + 1, startUs);
  process.stdout.write('ready\n');
  for (let round = 0; ; round++) {
    workload.feed(sink, ROWS_AT_ONCE);
    sink.activity(makeActivity({ secondUs: startUs + round * 1_000_000, requests: ROWS_AT_ONCE }));
    if (round % 8 === 7) sink.seal();
    await sleep(PAUSE_MS);
  }
}

await main(process.argv[2] ?? '', process.argv[3] ?? 'drain');
