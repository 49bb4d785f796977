import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import { retentionPolicy, retentionText } from '../../src/cli/retention-options.ts';
import { readExecutions, readSlowest } from '../../src/store/questions/executions.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import {
  applyRetention,
  chooseDoomed,
  droppedUntil,
  type RetentionPolicy,
} from '../../src/store/retention.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import type { Store } from '../../src/store/store.ts';
import { STORED_TABLES } from '../../src/store/tables/stored-tables.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeActivity, makeWorkload } from './synthetic.ts';
import { numberOf, rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;
const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const day = (daysAgo: number): string =>
  new Date(NOW_MS - daysAgo * DAY_MS).toISOString().slice(0, 10);
const KEEP: RetentionPolicy = { days: {}, quotaBytes: undefined };

let temporary: TemporaryStore;
let store: Store;
beforeEach(async () => {
  temporary = await temporaryStore();
  store = temporary.store;
});
afterEach(() => temporary.remove());

/** A load as it was sealed so many days ago. */
async function load(seed: number, daysAgo: number, events = 2_000): Promise<SegmentWriter> {
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: temporary.directory,
    describe: () => ({ tables: ['t'], columns: ['a'] }),
    onSealed: (segment) => writer.enqueue(segment),
    now: () => (NOW_MS - daysAgo * DAY_MS) / 1000,
  });
  makeWorkload(seed, START_US + seed * 3_600_000_000).feed(sink, events);
  sink.activity(makeActivity({ requests: events }));
  sink.seal();
  await sink.settled();
  await writer.flush();
  return writer;
}

const count = (table: string): Promise<number> => numberOf(store, `(SELECT count() FROM ${table})`);

describe('retention by age', () => {
  it('drops whole days of each table at its own age, and says what went', async () => {
    await load(1, 45);
    await load(2, 20);
    await load(3, 0);
    const { dropped } = await applyRetention(store, KEEP, NOW_MS);
    expect(dropped.every(({ storedOn, reason }) => storedOn === day(45) && reason === 'age')).toBe(
      true,
    );
    expect(dropped.find(({ table }) => table === 'events')?.rows).toBe(2_000);
    expect(dropped.map(({ table }) => table)).not.toContain('class_1m');
    expect(await count('events')).toBe(4_000);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1m)')).toBe(6_000);
    expect(await applyRetention(store, KEEP, NOW_MS)).toEqual({ dropped: [], beyondQuotaBytes: 0 });

    const policy = { days: { events: 7, transactions: null }, quotaBytes: undefined };
    const next = await applyRetention(store, policy, NOW_MS);
    expect(next.dropped).toMatchObject([{ table: 'events', storedOn: day(20), rows: 2_000 }]);
    expect(await count('events')).toBe(2_000);
  });

  it('is a gap that the report of that time shows, and no other', async () => {
    await load(1, 45);
    await load(3, 0);
    const hour = (seed: number) => ({
      fromUs: START_US + seed * 3_600_000_000,
      toUs: START_US + (seed + 1) * 3_600_000_000,
    });
    await applyRetention(store, KEEP, NOW_MS);
    const gone = buildReport(await readWindowFacts(store, hour(1)));
    expect(gone.capture.rowsRetired).toBeGreaterThan(2_000);
    expect(gone.capture.verdict).toMatch(/dropped by retention since/);
    expect(gone.capture.complete).toBe(false);
    const there = buildReport(await readWindowFacts(store, hour(3)));
    expect(there.capture.rowsRetired).toBe(0);
  });

  it('leaves the slowest executions of those that are kept', async () => {
    await load(1, 45);
    await load(3, 0);
    const window = { fromUs: START_US, toUs: START_US + 5 * 3_600_000_000 };
    await applyRetention(store, KEEP, NOW_MS);
    const kept = await readExecutions(store, window, { limit: 20 });
    expect(kept).toHaveLength(20);
    expect(await readSlowest(store, window, {}, 20)).toEqual(kept);
    const gone = { fromUs: START_US, toUs: START_US + 2 * 3_600_000_000 };
    expect(await readSlowest(store, gone, {}, 20)).toEqual([]);
  });

  it('never drops a day of which it is not sure that it is written down', async () => {
    await load(1, 45);
    const before = await count('events');
    const failing: Store = {
      ...store,
      writer: {
        close: () => Promise.resolve(),
        query: (parameters) => store.writer.query(parameters),
        exec: (parameters) => store.writer.exec(parameters),
        command: (parameters) => store.writer.command(parameters),
        insert: () => Promise.reject(new Error('no')),
      },
    };
    await expect(applyRetention(failing, KEEP, NOW_MS)).rejects.toThrow();
    expect(await count('events')).toBe(before);
  });
});

describe('a capture whose rows were dropped', () => {
  it('is not stored again, as the summaries still count it, and its load can tell', async () => {
    await load(1, 45);
    await applyRetention(store, KEEP, NOW_MS);
    const again = await load(1, 0);
    expect(again.counts.stored).toEqual({});
    expect(await count('events')).toBe(0);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(2_000);
    expect((await droppedUntil(store)).get('events')).toBe(day(45));
  });

  it('may be stored again when all of it is gone: the ledger forgets it then, not before', async () => {
    await load(1, 45);
    const days = Object.fromEntries(STORED_TABLES.map(({ name }) => [name, 44]));
    const short: RetentionPolicy = { days, quotaBytes: undefined };
    await applyRetention(store, short, NOW_MS);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(0);
    const kept = await count('segments');
    expect(kept).toBeGreaterThan(0);
    await applyRetention(store, short, NOW_MS + 46 * DAY_MS);
    expect(await count('segments')).toBe(0);
    const again = await load(1, 0);
    expect(again.counts.stored.events).toBe(2_000);
    expect(await numberOf(store, '(SELECT sum(calls) FROM class_1h)')).toBe(2_000);
  });
});

describe('the disk quota', () => {
  it('drops the oldest days, details before summaries, never today’s, and says what it cannot', async () => {
    await load(1, 9, 20_000);
    await load(2, 5, 20_000);
    await load(3, 0, 20_000);
    const bytes = await numberOf(
      store,
      "(SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'mirrorsql' AND active)",
    );
    const little = await applyRetention(store, { days: {}, quotaBytes: bytes - 1 }, NOW_MS);
    expect(little.dropped).toHaveLength(1);
    expect(little.dropped[0]).toMatchObject({ storedOn: day(9), reason: 'quota' });
    const none = await applyRetention(store, { days: {}, quotaBytes: 1 }, NOW_MS);
    expect(none.beyondQuotaBytes).toBeGreaterThan(0);
    const order = none.dropped.map(({ table }) => /_1[mh]$/.test(table));
    expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
    expect(
      await rowsOf(store, 'SELECT DISTINCT toString(toDate(stored_at)) AS d FROM events'),
    ).toEqual([{ d: day(0) }]);
    expect(retentionText(none)).toMatch(
      /over its disk quota; what was stored today is not dropped\n$/,
    );
  });

  it('never chooses more than it must, nor today, whatever is there', () => {
    const table = fc.constantFrom(
      ...STORED_TABLES.filter(({ retainDays }) => retainDays !== undefined),
    );
    const partitions = fc.array(
      fc.record({
        table,
        partitionId: fc.constant('p'),
        storedOn: fc.integer({ min: 0, max: 100 }).map(day),
        rows: fc.integer({ min: 1, max: 1e9 }),
        bytes: fc.integer({ min: 1, max: 1e9 }),
        newestBlock: fc.constant(1),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(partitions, fc.integer({ min: 1, max: 2e10 }), (all, quotaBytes) => {
        const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
        const policy = { days: {}, quotaBytes };
        const { doomed, beyondQuotaBytes } = chooseDoomed(all, total, policy, NOW_MS);
        const gone = doomed.reduce((sum, { partition }) => sum + partition.bytes, 0);
        expect(doomed.every(({ partition }) => partition.storedOn < day(0))).toBe(true);
        expect(new Set(doomed.map(({ partition }) => partition)).size).toBe(doomed.length);
        expect(beyondQuotaBytes).toBe(Math.max(0, total - gone - quotaBytes));
        const last = doomed.filter(({ reason }) => reason === 'quota').at(-1);
        // Without the last one it would still have been too much.
        if (last !== undefined)
          expect(total - gone + last.partition.bytes).toBeGreaterThan(quotaBytes);
        if (beyondQuotaBytes > 0) {
          const left = all.filter((one) => !doomed.some(({ partition }) => partition === one));
          expect(left.every(({ storedOn }) => storedOn === day(0))).toBe(true);
        }
      }),
    );
  });
});

it('the engine drops nothing by itself any more', async () => {
  expect(
    await rowsOf(
      store,
      "SELECT name FROM system.tables WHERE database = 'mirrorsql' AND position(engine_full, ' TTL ') > 0",
    ),
  ).toEqual([]);
});

it('understands what one asks for, and refuses the rest', () => {
  expect(retentionPolicy({})).toEqual({ days: {}, quotaBytes: undefined });
  expect(
    retentionPolicy({ retain: ['events=7d,class_1m=forever', 'sessions=90d'], diskQuota: '1.5GB' }),
  ).toEqual({ days: { events: 7, class_1m: null, sessions: 90 }, quotaBytes: 1.5 * 1024 ** 3 });
  for (const wrong of [
    'events',
    'events=0d',
    'events=7',
    'classes=7d',
    'nothing=7d',
    'events=-1d',
  ]) {
    expect(() => retentionPolicy({ retain: [wrong] }), wrong).toThrow(/not understood/);
  }
  expect(() => retentionPolicy({ diskQuota: 'much' })).toThrow(/no size/);
});
