import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Status, type StatementEvent } from '../../src/events/events.ts';
import type { Window } from '../../src/events/facts.ts';
import { distributedStatements } from '../../src/store/migrations/distributed.ts';
import { CLUSTER_SETTINGS, migrate, migrations } from '../../src/store/migrations/migrate.ts';
import { statementFor } from '../../src/store/migrations/migration.ts';
import { readExtent, readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { shardHosts, shardIndex } from '../../src/store/server/cluster.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import {
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
  makeWorkload,
} from './synthetic.ts';
import { descriptionOf, numberOf, rowsOf, temporaryDirectory } from './temporary-store.ts';

/**
 * No Keeper runs here, so nothing is replicated and nothing runs ON CLUSTER. What can be true is: the engine parses each
 * statement; Distributed tables answer every question as the tables do that they read; and so do two shards, each of
 * which merges its own rows only (two databases, read together by the engine's Merge).
 */
const SHARDS = ['shard_a', 'shard_b'];
/** Beside the made-up workload. */
const PAGE_STATEMENTS = 12;
/** One fails, and the one that follows in its transaction is ignored; one gives up waiting. */
const FAILURES = [
  ['40P01', 'deadlock'],
  ['25P02', 'tx_aborted'],
  ['55P03', 'lock_timeout'],
] as const;
/** Open while they fail, of another session. */
const HELD = { startUs: 1_789_999_990_000_000, endUs: 1_790_000_001_500_000 } as const;
const CONFIG = `<clickhouse><tcp_port>9000</tcp_port><remote_servers><one>
  <shard><replica><host>localhost</host><port>9000</port></replica></shard>
</one></remote_servers></clickhouse>`;

let directory: string;
let store: Store;
beforeAll(async () => {
  directory = await temporaryDirectory();
  mkdirSync(join(directory, 'engine.d'));
  writeFileSync(join(directory, 'engine.d', 'cluster.xml'), CONFIG);
  store = await openStore({ kind: 'embedded', directory });
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

describe('each statement of a cluster', () => {
  const statements = [
    ...migrations.flatMap(({ statements: all }) => all.map((one) => statementFor(one, "o'ne"))),
    ...distributedStatements('traffic', "o'ne"),
  ];

  it.each(statements.map((statement) => [statement.slice(0, 70).replace(/\s+/g, ' '), statement]))(
    'is understood by the engine: %s',
    async (_name, statement) => {
      expect(statement).not.toMatch(/\{(local|on_cluster|replicated|window)\}/);
      const [row] = await rowsOf<{ text: string }>(
        store,
        `SELECT formatQuerySingleLine('${statement.replace(/[\\']/g, '\\$&')}') AS text`,
      );
      expect(row?.text).toMatch(/ON CLUSTER `o'ne`/);
      if (/^CREATE TABLE/.test(statement)) {
        expect(row?.text).toMatch(
          /ENGINE = Replicated\w*MergeTree\('\/clickhouse\/tables\/\{shard\}\/\{database\}\/\{table\}', '\{replica\}'(, \w+)?\)/,
        );
      }
    },
  );

  it('names a table that holds rows, never the one that reads them', () => {
    const local = new Set<string>();
    const read = new Set<string>();
    for (const statement of statements) {
      const created = /^CREATE (?:MATERIALIZED VIEW|TABLE) IF NOT EXISTS (\w+)/.exec(
        statement,
      )?.[1];
      const over = /^CREATE OR REPLACE TABLE `(\w+)`/.exec(statement)?.[1];
      if (created !== undefined) local.add(created);
      if (over !== undefined) read.add(over);
      if (over === undefined)
        expect(statement).not.toMatch(/\b(FROM|TO) (events|class_1m|class_1h)\b/);
    }
    const tables = [...local].filter((name) => !name.includes('_from_'));
    expect([...read].filter((name) => name !== 'schema_migrations').sort()).toEqual(
      tables.map((name) => name.replace(/_local$/, '')).sort(),
    );
  });

  it('is sent with settings that the engine knows', async () => {
    const answer = await store.client.query({
      query: 'SELECT 1',
      clickhouse_settings: CLUSTER_SETTINGS,
    });
    expect(await answer.text()).toContain('1');
  });
});

describe('two shards', () => {
  /** The statement as far as an engine without Keeper can run it. */
  const runnable = (statement: string): string =>
    statement
      .replace(/ ON CLUSTER '\w+'/, '')
      .replace(/Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, (\w+))?\)/, '$1($2)')
      .replace(/replicated_deduplication_window_seconds = \d+/, 'index_granularity = 8192')
      .replace('replicated_deduplication_window', 'non_replicated_deduplication_window');

  const loads: readonly (readonly [collector: string, database: string, seed: number])[] = [
    ['east', 'shard_a', 61],
    ['west', 'shard_b', 62],
  ];

  /** A list, each of its rows by itself, and something else; the answers are large. */
  function pages(seed: number): StatementEvent[] {
    const [list, one, other] = [makeClass(100), makeClass(101), makeClass(103)];
    const session = makeSession(seed);
    return Array.from({ length: PAGE_STATEMENTS }, (_, index) =>
      makeStatement(session, {
        tsUs: 1_790_000_000_000_000 + index * 2_000,
        statementClass: index === 0 ? list : index < PAGE_STATEMENTS - 1 ? one : other,
        ...{ rowsReturned: PAGE_STATEMENTS - 2, responseBytes: 40_000 },
        ...{ firstRowUs: 400 + seed, durationUs: 900 },
      }),
    );
  }

  function failures(seed: number): StatementEvent[] {
    return FAILURES.map(([sqlstate, errorClass], index) =>
      makeStatement(makeSession(seed), {
        tsUs: 1_790_000_001_000_000 + index * 2_000,
        sequence: PAGE_STATEMENTS + index,
        statementClass: makeClass(103),
        status: Status.Error,
        error: { sqlstate, errorClass, message: errorClass, code: undefined, severity: 'ERROR' },
        transactionId: 1,
        durationUs: 900,
      }),
    );
  }

  async function storeSome(into: Store, seed: number): Promise<void> {
    const writer = new SegmentWriter(into);
    const sink = new SegmentSink({
      directory: into.directory,
      collector: into.collector,
      describe: () => ({ tables: ['t'], columns: ['a'] }),
      onSealed: (segment) => writer.enqueue(segment),
    });
    makeWorkload(seed, 1_790_000_000_000_000).feed(sink, 3_000);
    for (const event of [...pages(seed), ...failures(seed)]) sink.statement(event);
    sink.transactionEnd(makeTransactionEnd(makeSession(seed + 2), HELD));
    sink.end();
    await sink.settled();
    await writer.flush();
  }

  const clients: Store['client'][] = [];
  afterAll(async () => {
    for (const client of clients) await client.close();
  });

  /** The store in another database of the same engine. */
  const inDatabase = (database: string): Store => {
    const { url, user: username, password } = descriptionOf(directory);
    const log = { level: ClickHouseLogLevel.OFF };
    const client = createClient({ url, username, password, database, log });
    clients.push(client);
    return { ...store, client, writer: client, database, holding: (table) => `${table}_local` };
  };

  async function expectSameAnswers(other: Store): Promise<void> {
    const extent = await readExtent(store);
    expect(await readExtent(other)).toEqual(extent);
    const window = extent as Window; // Something was stored.
    for (const scope of [{}, { collector: 'west' }, { server: '10.0.1.1:5432' }]) {
      const facts = await readWindowFacts(other, window, scope);
      expect(facts).toEqual(await readWindowFacts(store, window, scope));
      expect(facts.classes.length).toBeGreaterThan(10);
      expect(facts.repetitions.length).toBeGreaterThan(0);
      expect(facts.deliveries.length).toBeGreaterThan(0);
      expect(facts.errorDiagnosis.causes.map(({ followOn }) => followOn)).toContain(
        'collector' in scope ? 1 : 2,
      );
      expect(facts.openTransactions.ended).toHaveLength('collector' in scope ? 1 : 2);
      expect(facts.openTransactions.gaveUp.length).toBeGreaterThan(0);
    }
  }

  it('answer every question as one table does', async () => {
    for (const database of [...SHARDS, 'whole', 'distributed']) {
      await store.client.command({ query: `CREATE DATABASE ${database} ENGINE = Atomic` });
    }
    for (const database of SHARDS) {
      const { client } = inDatabase(database);
      for (const { statements } of migrations) {
        for (const statement of statements) {
          await client.command({ query: runnable(statementFor(statement, 'one')) });
        }
      }
    }
    for (const [collector, database, seed] of loads) {
      await storeSome({ ...inDatabase(database), collector }, seed);
      await storeSome({ ...store, collector }, seed);
    }
    expect(await numberOf(inDatabase('shard_a'), '(SELECT count() FROM events_local)')).toBe(
      3_000 + PAGE_STATEMENTS + FAILURES.length,
    );
    const whole = inDatabase('whole');
    const distributed = inDatabase('distributed');
    for (const statement of distributedStatements('mirrorsql', 'one')) {
      if (statement.includes('schema_migrations')) continue;
      const create = runnable(statement);
      await whole.client.command({
        query: create
          .replace(/ AS (`\w+`)/, ' AS shard_a.$1')
          .replace(
            /Distributed\(.*'(\w+)'\)$/,
            (_all, table: string) => `Merge(REGEXP('^shard_'), '^${table}$')`,
          ),
      });
      await distributed.client.command({
        query: create.replaceAll('_local', '').replace(/ AS (`\w+`)/, ' AS mirrorsql.$1'),
      });
    }
    await expectSameAnswers(distributed);
    await expectSameAnswers(whole);
  });

  it('take all segments of a collector to one of them', async () => {
    const address = {
      hosts: ['https://door:8443'],
      user: undefined,
      password: '',
      database: 'x',
      ca: undefined,
      cluster: 'one',
    };
    expect(await shardHosts(store.client, address, 'east')).toEqual(['https://localhost:8443']);
    await expect(
      shardHosts(store.client, { ...address, cluster: 'none' }, 'east'),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_SERVER' });
    const chosen = Array.from({ length: 300 }, (_, index) => shardIndex(`collector-${index}`, 3));
    expect(chosen).toEqual(chosen.map((_, index) => shardIndex(`collector-${index}`, 3)));
    for (const shard of [0, 1, 2]) {
      expect(chosen.filter((one) => one === shard).length).toBeGreaterThan(60);
    }
  });
});

it('without a cluster, migrations make no table that reads others', async () => {
  expect(await migrate(store.client, 'mirrorsql', undefined)).toEqual([]);
  expect(
    await numberOf(
      store,
      "(SELECT count() FROM system.tables WHERE database = 'mirrorsql' AND engine = 'Distributed')",
    ),
  ).toBe(0);
});
