import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import type { Window, WindowFacts } from '../../src/events/facts.ts';
import { spine } from '../../src/store/migrations/001-spine.ts';
import { migrate, migrations } from '../../src/store/migrations/migrate.ts';
import { readExecutions } from '../../src/store/questions/executions.ts';
import { readExtent, readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import type { WriterCounts } from '../../src/store/writer.ts';
import { loadCapture } from './load-capture.ts';
import { numberOf, rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const CAPTURE = join(import.meta.dirname, '../scenarios/transactions/capture.pcap');

let temporary: TemporaryStore;
let opened: Store[];
beforeEach(async () => {
  temporary = await temporaryStore();
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  await temporary.remove();
});

/** Loads the capture as `collector` would. */
async function loadAs(collector: string): Promise<WriterCounts> {
  const store = await openStore(
    { kind: 'embedded', directory: temporary.directory },
    { collector },
  );
  opened.push(store);
  return await loadCapture(store, CAPTURE);
}

async function facts(scope: { collector?: string } = {}): Promise<WindowFacts> {
  const extent = (await readExtent(temporary.store)) as Window; // Something was loaded.
  return await readWindowFacts(temporary.store, extent, scope);
}

/** What must not depend on the name of who saw it. */
function withoutNames({ scope, collectors, ...rest }: WindowFacts): unknown {
  const facts = {
    ...rest,
    collectors: collectors.map((row) => ({ ...row, collector: '' })),
    scope: { ...scope, collector: '' },
  };
  // An id of a session is a hash of its collector's name too. A histogram is a map, which JSON leaves out: as its entries.
  const text = JSON.stringify(facts, (key, value: unknown) => {
    if (key === 'sessionId') return '';
    if (key === 'channels' && Array.isArray(value) && typeof value[0] === 'string') return [];
    return value instanceof Map ? [...value.entries()] : value;
  });
  return JSON.parse(text);
}

describe('two collectors that see the same connections', () => {
  it('keep them apart: each has its own sessions, and its own report as if it were alone', async () => {
    await loadAs('east');
    const alone = await facts({ collector: 'east' });
    await loadAs('west');
    const east = await facts({ collector: 'east' });
    const west = await facts({ collector: 'west' });
    expect(east).toEqual(alone);
    expect(withoutNames(west)).toEqual(withoutNames(east));
    const ids = ({ channels }: WindowFacts): string[] => channels.map((row) => row.sessionId);
    expect(ids(east).length).toBeGreaterThan(0);
    expect(ids(east).filter((id) => ids(west).includes(id))).toEqual([]);
    expect(await numberOf(temporary.store, '(SELECT uniqExact(session_id) FROM sessions)')).toBe(
      2 * ids(east).length,
    );
  });

  it('are told of: sums over both count each of them, and the report says so', async () => {
    await loadAs('east');
    const one = buildReport(await facts());
    expect(one.capture).toMatchObject({ connectionsDoubled: 0, complete: true });
    await loadAs('west');
    const both = buildReport(await facts());
    expect(both.overview.requests).toBe(2 * one.overview.requests);
    expect(both.capture.connectionsDoubled).toBe(one.channelsCount);
    expect(both.capture.verdict).toMatch(/several collectors saw count once for each/);
    expect(JSON.stringify(both.highlights)).toMatch(/seen by more than one collector/);
    expect(both.collectors).toMatchObject([
      { collector: 'east', packets: one.capture.packets, complete: true },
      { collector: 'west', packets: one.capture.packets, complete: true },
    ]);
    expect(both.capture.packets).toBe(2 * one.capture.packets);
  });

  it('are found by the executions of one of them', async () => {
    await loadAs('east');
    await loadAs('west');
    const window = (await readExtent(temporary.store)) as Window; // Something was loaded.
    const all = await readExecutions(temporary.store, window);
    const west = await readExecutions(temporary.store, window, { collector: 'west' });
    expect(west.length).toBeGreaterThan(0);
    expect(all.length).toBe(2 * west.length);
  });

  it('tell texts of classes and types of transactions once, and each knows its own capture again', async () => {
    const first = await loadAs('east');
    const other = await loadAs('west');
    const again = await loadAs('east');
    expect(other.stored.events).toBe(first.stored.events);
    expect(other.known).toEqual({
      classes: first.stored.classes,
      transaction_types: first.stored.transaction_types,
    });
    expect(again.stored).toEqual({});
    expect(again.known.events).toBe(first.stored.events);
  });
});

it('what one collector lost is told of that one', async () => {
  await loadAs('east');
  await loadAs('west');
  await temporary.store.client.command({
    query: `INSERT INTO captures (capture_id, collector, file, first_packet_ts, last_packet_ts, packets, lost_bytes, gaps, stored_at)
      SELECT repeat('9', 32), 'west', 'x', first_packet_ts, last_packet_ts, 1, 77, 3, now() FROM captures LIMIT 1`,
  });
  const { collectors, capture } = buildReport(await facts());
  expect(collectors).toMatchObject([
    { collector: 'east', lostBytes: 0, complete: true },
    { collector: 'west', lostBytes: 77, gaps: 3, complete: false },
  ]);
  expect(capture.lostBytes).toBe(77);
  expect(buildReport(await facts({ collector: 'east' })).capture.lostBytes).toBe(0);
});

it('a store of the first version keeps its rows, and takes those of named collectors beside them', async () => {
  const { store, directory } = temporary;
  const tables = await rowsOf<{ name: string }>(
    store,
    "SELECT name FROM system.tables WHERE database = 'mirrorsql' ORDER BY engine != 'MaterializedView'",
  );
  for (const { name } of tables) {
    await store.client.command({ query: `DROP TABLE ${name} SYNC` });
  }
  await migrate(store.client, 'mirrorsql', undefined, [spine]);
  const event = (id: string, more = ''): string =>
    `INSERT INTO events (ts, session_id, client_ip, server_ip, server_port, fingerprint, status, duration_us, stored_at${more === '' ? '' : ', collector'})
    SELECT toDateTime64('2026-11-20 10:00:01', 6, 'UTC'), '${id}', '10.0.0.1', '10.0.1.1', 5432, repeat('a', 16), 'ok', 1000, now()${more}`;
  const session = (collector: string): string =>
    `INSERT INTO sessions (session_id, start_ts, end_ts, client_ip, server_ip, stored_at${collector === '' ? '' : ', collector'})
    SELECT repeat('5', 16), toDateTime64('2026-11-20 10:00:00', 6, 'UTC'), toDateTime64('2026-11-20 10:00:02', 6, 'UTC'),
      '10.0.0.1', '10.0.1.1', now()${collector}`;
  const second = Math.floor(Date.parse('2026-11-20T10:00:01Z') / 1000);
  const stored_at = Math.floor(Date.now() / 1000);
  const activity = {
    t: second,
    stored_at,
    server_ip: '10.0.1.1',
    client_ip: '10.0.0.1',
    requests: 1,
  };
  await store.client.command({ query: event('1111111111111111') });
  await store.client.command({ query: session('') });
  await store.client.insert({ table: 'activity_1s', values: [activity], format: 'JSONEachRow' });

  const newer = await openStore({ kind: 'embedded', directory }, { collector: 'east' });
  opened.push(newer);
  const versions = await rowsOf<{ version: number }>(
    newer,
    'SELECT version FROM schema_migrations ORDER BY version',
  );
  expect(versions.map(({ version }) => version)).toEqual(migrations.map(({ version }) => version));
  await newer.client.command({ query: event('2222222222222222', ", 'east'") });
  await newer.client.command({ query: session(", 'east'") });
  await newer.client.insert({
    table: 'activity_1s',
    values: [{ ...activity, collector: 'east' }],
    format: 'JSONEachRow',
  });
  for (const table of ['class_1m', 'class_1h', 'activity_1s', 'sessions']) {
    await newer.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  }
  for (const table of ['events', 'sessions', 'class_1m', 'class_1h', 'activity_1s']) {
    const rows = await rowsOf(newer, `SELECT collector FROM ${table} ORDER BY collector`);
    expect(rows, table).toEqual([{ collector: '' }, { collector: 'east' }]);
  }
  const whole = buildReport(await facts());
  expect(whole.overview.requests).toBe(2);
  expect(whole.expensive[0]?.calls).toBe(2);
  expect(buildReport(await facts({ collector: 'east' })).expensive[0]?.calls).toBe(1);
});
