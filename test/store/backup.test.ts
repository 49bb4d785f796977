import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp, restore } from '../../src/store/backup.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeWorkload } from './synthetic.ts';
import {
  numberOf,
  rowsOf,
  temporaryDirectory,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

let temporary: TemporaryStore;
let place: string;
beforeAll(async () => {
  temporary = await temporaryStore();
  place = await temporaryDirectory();
  await storeSome(71, 5_000);
});
afterAll(async () => {
  await temporary.remove();
  await rm(place, { recursive: true, force: true });
});

function sinkInto(writer: SegmentWriter): SegmentSink {
  return new SegmentSink({
    directory: temporary.directory,
    collector: 'east',
    describe: () => ({ tables: ['t'], columns: ['a'] }),
    onSealed: (segment) => writer.enqueue(segment),
    segmentRowsMax: 400,
  });
}

async function storeSome(seed: number, count: number): Promise<void> {
  const writer = new SegmentWriter(temporary.store);
  const sink = sinkInto(writer);
  makeWorkload(seed, 1_790_000_000_000_000).feed(sink, count);
  sink.seal();
  await sink.settled();
  await writer.flush();
}

/** Rows and a sum over all of each row, of every table that holds rows, as if the engine had merged all that it may. */
async function contentOf(store: Store): Promise<Record<string, string>> {
  const tables = await rowsOf<{ name: string; final: string }>(
    store,
    "SELECT name, if(engine = 'MergeTree', '', 'FINAL') AS final FROM system.tables WHERE database = 'mirrorsql' AND engine LIKE '%MergeTree' ORDER BY name",
  );
  const content: Record<string, string> = {};
  for (const { name, final } of tables) {
    const [row] = await rowsOf<{ rows: number; sum: string }>(
      store,
      `SELECT count() AS rows, toString(sum(cityHash64(formatRow('JSONEachRow', *)))) AS sum FROM ${name} ${final}`,
    );
    content[name] = `${row?.rows ?? 0} ${row?.sum ?? ''}`;
  }
  return content;
}

describe('a backup', () => {
  it('makes a store with every row of every table, and one that goes on', async () => {
    const target = join(place, 'whole');
    const outcome = await backUp(temporary.store, target);
    expect(outcome).toMatchObject({ path: target, segmentsWaiting: 0 });
    expect(readdirSync(target).sort()).toEqual(['manifest.json', 'store.tar']);
    const before = await contentOf(temporary.store);
    expect(Object.keys(before).length).toBeGreaterThan(10);

    const directory = join(place, 'restored');
    await restore(target, directory);
    const store = await openStore({ kind: 'embedded', directory });
    try {
      expect(await contentOf(store)).toEqual(before);
      await store.client.command({
        query:
          "INSERT INTO events (ts, fingerprint, stored_at) SELECT now(), repeat('a', 16), now()",
      });
      expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(5_001);
    } finally {
      await store.close();
    }
  });

  it('is of one moment while the store is being written to', async () => {
    const writing = storeSome(72, 12_000);
    const target = join(place, 'meanwhile');
    await expect
      .poll(() => numberOf(temporary.store, '(SELECT count() FROM events)'), {
        interval: 20,
        timeout: 20_000,
      })
      .toBeGreaterThan(6_000);
    await backUp(temporary.store, target);
    await writing;
    expect(await numberOf(temporary.store, '(SELECT count() FROM events)')).toBe(17_000);
    const directory = join(place, 'meanwhile-restored');
    await restore(target, directory);
    const store = await openStore({ kind: 'embedded', directory });
    try {
      const events = await numberOf(store, '(SELECT count() FROM events)');
      expect(events).toBeGreaterThan(6_000);
      for (const rollup of ['class_1m', 'class_1h']) {
        expect(await numberOf(store, `(SELECT sum(calls) FROM ${rollup})`), rollup).toBe(events);
      }
    } finally {
      await store.close();
    }
  }, 120_000);

  it('overwrites nothing', async () => {
    const target = join(place, 'taken');
    mkdirSync(target);
    await expect(backUp(temporary.store, target)).rejects.toMatchObject({
      code: 'MSQL_BACKUP_EXISTS',
    });
    await expect(backUp(temporary.store, join(place, 'no/such/place'))).rejects.toMatchObject({
      code: 'MSQL_OUTPUT_WRITE',
    });
    const source = join(place, 'source');
    await backUp(temporary.store, source);
    writeFileSync(join(target, 'mine'), 'mine');
    await expect(restore(source, target)).rejects.toMatchObject({ code: 'MSQL_BACKUP_EXISTS' });
    await expect(restore(source, temporary.directory)).rejects.toMatchObject({
      code: 'MSQL_BACKUP_EXISTS',
    });
    expect(readFileSync(join(target, 'mine'), 'utf8')).toBe('mine');
    expect(readdirSync(place).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('that was damaged is refused, wherever, and nothing is made of it', async () => {
    const source = join(place, 'damaged');
    await backUp(temporary.store, source);
    const archive = join(source, 'store.tar');
    const manifest = join(source, 'manifest.json');
    const whole = { archive: readFileSync(archive), manifest: readFileSync(manifest, 'utf8') };
    const directory = join(place, 'of-damaged');
    const refused = async (): Promise<void> => {
      await expect(restore(source, directory)).rejects.toMatchObject({
        code: 'MSQL_BACKUP_DAMAGED',
      });
      expect(existsSync(directory)).toBe(false);
    };
    for (const share of [0.1, 0.6, 0.95]) {
      const bytes = Buffer.from(whole.archive);
      const at = Math.floor(bytes.length * share);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(archive, bytes);
      await refused();
    }
    writeFileSync(archive, whole.archive.subarray(0, -512));
    await refused();
    writeFileSync(archive, whole.archive);
    for (const text of [
      '',
      '{}',
      'null',
      whole.manifest.replace('"formatVersion": 1', '"formatVersion": 2'),
    ]) {
      writeFileSync(manifest, text);
      await refused();
    }
    writeFileSync(manifest, whole.manifest.replace(/"schemaVersion": \d+/, '"schemaVersion": 999'));
    await expect(restore(source, directory)).rejects.toMatchObject({ code: 'MSQL_STORE_VERSION' });
    await expect(restore(join(place, 'nothing'), directory)).rejects.toMatchObject({
      code: 'MSQL_BACKUP_DAMAGED',
    });
  });
});
