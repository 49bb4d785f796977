/** A store in a directory of its own, for one test file. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SegmentSink, type SinkOptions } from '../../src/store/segment-sink.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';

export interface TemporaryStore {
  readonly store: Store;
  readonly directory: string;
  /** Closes the store and removes its directory. */
  remove(): Promise<void>;
}

export async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'mirrorsql-test-'));
}

export async function temporaryStore(): Promise<TemporaryStore> {
  const directory = await temporaryDirectory();
  const store = await openStore({ kind: 'embedded', directory });
  return {
    store,
    directory,
    remove: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when what `fill` hands to the sink is stored. Statements have no tables, unless `options` describes them. */
export async function fillStore(
  { store, directory }: TemporaryStore,
  fill: (sink: SegmentSink) => void,
  options: Partial<SinkOptions> = {},
): Promise<void> {
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => writer.enqueue(segment),
    ...options,
  });
  fill(sink);
  sink.end();
  await sink.settled();
  await writer.flush();
}

export async function rowsOf<Row>(store: Store, query: string): Promise<Row[]> {
  const answer = await store.client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return await answer.json<Row>();
}

export async function numberOf(store: Store, expression: string): Promise<number> {
  const [row] = await rowsOf<{ value: number }>(store, `SELECT ${expression} AS value`);
  return Number(row?.value);
}

export interface Description {
  readonly pid: number;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** What the engine left for other processes. */
export function descriptionOf(directory: string): Description {
  return JSON.parse(readFileSync(join(directory, 'store.json'), 'utf8')) as Description;
}
