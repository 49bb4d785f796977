/**
 * What an hour costs where weeks are kept: the rows that the engine reads for each question of a report, with and without
 * days before. What it remembers of conditions and of merged parts is left aside: neither helps a new window of new rows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Window, WindowFacts } from '../../src/events/facts.ts';
import { timeIndexes } from '../../src/store/migrations/020-time-indexes.ts';
import { migrate, migrations } from '../../src/store/migrations/migrate.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { storeHistory } from './history.ts';
import { numberOf, rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const DAY = 86_400;
const DAYS = 10;
/** Midnight. */
const TODAY = 20_717 * DAY;
const WATCHED = 10 * 3_600;
const window: Window = {
  fromUs: (TODAY + WATCHED - 3_600) * 1_000_000,
  toUs: (TODAY + WATCHED) * 1_000_000,
};
/** The least that is read of a part. */
const GRANULE = 8_192;

/** What is meant to be read of the time before, by a text that only such questions hold. */
const OF_THE_PAST = {
  'five weeks, by the hour: what is usual at this hour': 'hoursOfDay',
  'a week, by the hour: what transactions usually do': 'learntFromUs',
  'all codes of errors: when each was first seen': 'min(first_ts)',
  'some of each part of the sessions: from when to when anything is stored':
    'SELECT start_ts AS first FROM sessions',
  'all states and findings, which are few: what was not as usual': 'FROM states FINAL',
} as const;

interface Asked {
  readonly text: string;
  readonly parameters: Record<string, unknown>;
}

let temporary: TemporaryStore;
let facts: WindowFacts;
/** By the text of the question. */
let before: ReadonlyMap<string, number>;

beforeAll(async () => {
  temporary = await temporaryStore();
  await withoutIndexes();
  await storeHistory(temporary.store, TODAY, WATCHED);
  facts = await readWindowFacts(temporary.store, window);
  before = await rowsReadBy(await questionsOf(window));
  await storeHistory(temporary.store, TODAY - DAYS * DAY, DAYS * DAY);
});

afterAll(() => temporary.remove());

/** As a store of an earlier version is. */
async function withoutIndexes(): Promise<void> {
  const indexes = await rowsOf<{ table: string; name: string }>(
    temporary.store,
    "SELECT table, name FROM system.data_skipping_indices WHERE name IN ('by_time', 'by_start', 'by_end', 'by_name')",
  );
  expect(indexes.length).toBeGreaterThan(9);
  for (const { table, name } of indexes) await command(`ALTER TABLE ${table} DROP INDEX ${name}`);
}

/** All that a report asks, taken apart where several questions travel together (questions/ask.ts). */
async function questionsOf(asked: Window): Promise<Asked[]> {
  const { client } = temporary.store;
  const questions: Asked[] = [];
  const note = (query: string, parameters: Record<string, unknown> = {}): void => {
    for (const part of query.split(/\nUNION ALL\n(?=SELECT \d+ AS question)/)) {
      const text = part.replace(/ FORMAT Native$/, '');
      const own = Object.entries(parameters).filter(([name]) => text.includes(`{${name}:`));
      questions.push({ text, parameters: Object.fromEntries(own) });
    }
  };
  const query: typeof client.query = (request) => {
    note(request.query, request.query_params);
    return client.query(request);
  };
  const exec: typeof client.exec = (request) => {
    note(request.query, request.query_params);
    return client.exec(request);
  };
  const listening = { ...client, query, exec };
  await readWindowFacts({ ...temporary.store, client: listening }, asked);
  return questions;
}

async function rowsReadBy(questions: readonly Asked[]): Promise<Map<string, number>> {
  const read = new Map<string, number>();
  for (const { text, parameters } of questions) {
    const answer = await temporary.store.client.query({
      query: text,
      query_params: parameters,
      format: 'JSON',
      clickhouse_settings: { ...NOTHING_REMEMBERED },
    });
    const { statistics } = await answer.json<unknown>();
    const known = text.replace(ALONE, '$1').replace(/_\d+:/g, ':');
    read.set(known, (read.get(known) ?? 0) + (statistics?.rows_read ?? 0));
  }
  return read;
}

/** What stands around a question, and what its parameters are called, depends on those that travel with it. */
const ALONE = /^SELECT \d+ AS question, .*? FROM \(\n(.*)\)$/s;

const NOTHING_REMEMBERED = { use_query_condition_cache: 0, use_statistics_for_part_pruning: 0 };

/** Questions that read more than before although nothing of the past is theirs. */
async function grown(): Promise<string[]> {
  const read = await rowsReadBy(await questionsOf(window));
  return [...read]
    .filter(([text]) => !Object.values(OF_THE_PAST).some((mark) => text.includes(mark)))
    .filter(([text, rows]) => rows > (before.get(text) ?? 0) + GRANULE)
    .map(([text, rows]) => `${rows} rows and not ${before.get(text) ?? 0}: ${text}`);
}

async function command(query: string): Promise<void> {
  await temporary.store.client.command({ query });
}

describe('an hour of a store that holds weeks', () => {
  it('is told as without them', async () => {
    const { classes, channelsCount, errors, openTransactions, sessionEvents, replication } =
      await readWindowFacts(temporary.store, window);
    expect({ classes, channelsCount, errors, sessionEvents, replication }).toEqual({
      classes: facts.classes,
      channelsCount: facts.channelsCount,
      errors: facts.errors,
      sessionEvents: facts.sessionEvents,
      replication: facts.replication,
    });
    expect(openTransactions.open).toEqual(facts.openTransactions.open);
    expect([classes.length, channelsCount, openTransactions.openCount]).toEqual([8, 1_200, 25]);
  });

  it('reads them where nothing tells one day from another', async () => {
    expect(before.size).toBeGreaterThan(40);
    expect((await grown()).length).toBeGreaterThan(15);
  });

  it('costs no more rows than without them: of days from before the indexes, and of those since', async () => {
    const { client, database } = temporary.store;
    const again = { ...timeIndexes, version: 1_000 };
    await migrate(client, database, undefined, [...migrations, again]);
    const unmade = '(SELECT count() FROM system.mutations WHERE NOT is_done)';
    while ((await numberOf(temporary.store, unmade)) > 0) await sleep(50);
    await storeHistory(temporary.store, TODAY - (DAYS + 2) * DAY, 2 * DAY);
    expect(await grown()).toEqual([]);
  });

  it('tells a connection once and as it was last, on whatever days it was stored', async () => {
    const row = (storedSeconds: number, lasted: object): object => ({
      session_id: 'f'.repeat(16),
      client_ip: '10.0.9.9',
      server_ip: '10.0.1.1',
      server_port: 5432,
      start_ts: (TODAY - DAY + 600) * 1e6,
      end_ts: storedSeconds * 1e6,
      stored_at: storedSeconds,
      ...lasted,
    });
    const open = {
      transaction_status: 'T',
      transaction_start_ts: (TODAY - DAY + 700) * 1e6,
      quality: 16,
    };
    await temporary.store.writer.insert({
      table: 'sessions',
      values: [
        row(TODAY - DAY + 1_200, { end_reason: 'capture_end', statements: 1, ...open }),
        row(TODAY + 60, { end_reason: 'terminate', statements: 7, bytes_request: 9 }),
        row(TODAY - DAY + 900, { end_reason: 'capture_end', ...open }),
      ],
      format: 'JSONEachRow',
    });
    const yesterday = { fromUs: (TODAY - DAY) * 1e6, toUs: (TODAY - DAY + 3_600) * 1e6 };
    // Twice: what was said of it must not depend on what was asked before.
    for (let time = 0; time < 2; time++) {
      const told = await readWindowFacts(temporary.store, yesterday, { client: '10.0.9.9' });
      expect(told.channels).toMatchObject([{ endReason: 'terminate', statements: 7 }]);
      expect(told.channelsCount).toBe(1);
      expect(told.openTransactions.openCount).toBe(0);
      expect(told.capture).toMatchObject({ clientOnlySessions: 0, serverOnlySessions: 0 });
    }
  });
});
