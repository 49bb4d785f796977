/** Loads a capture into a store as `mirrorsql load` does. */
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import { storeCapture } from '../../src/store/captures.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import type { Store } from '../../src/store/store.ts';
import { SegmentWriter, type WriterCounts } from '../../src/store/writer.ts';

export async function loadCapture(store: Store, path: string): Promise<WriterCounts> {
  const { collector, directory } = store;
  const writer = new SegmentWriter(store);
  const names: string[] = [];
  const sink = new SegmentSink({
    directory,
    collector,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => {
      names.push(segment.name);
      writer.enqueue(segment);
    },
  });
  const source = await openCapture(path);
  const summary = await collect(source, new Collector(sink, { name: collector }));
  await source.close();
  sink.seal();
  await sink.settled();
  await writer.flush();
  await storeCapture(store, path, summary, names);
  return writer.counts;
}
