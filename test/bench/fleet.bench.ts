/**
 * A report of one hour of a large fleet: 42 servers, 600 clients, 8,000 classes of statements, 20,000 connections of which a
 * thousand stand in a transaction, 3,000 types of transactions. Nothing may fail for being many, and what is told must be
 * counted, not cut: the bounds of all lists are met here. Filling takes a minute. Prints the time by the clock, of which the
 * answers of the store, and the size of the report. Run: npx tsx test/bench/fleet.bench.ts [rounds]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildReport } from '../../analysis/report.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const START = 1_790_000_000;
const SECONDS = 3_600;
const EDGES = 600;
const CLASSES = 8_000;
const TYPES = 3_000;
const SESSIONS = 20_000;
/** Of each twenty sessions one. */
const OPEN_TRANSACTIONS = SESSIONS / 20;
const EVENTS = 3_000_000;
const EVENTS_AT_ONCE = 250_000;
const EVENTS_APART_US = (SECONDS * 1e6) / EVENTS;
const TRANSACTIONS = 500_000;
const SECONDS_AT_ONCE = 600;

/** 16 hex digits of a number, other ones for each kind of thing. */
const hexOf = (number: string, kind: string): string =>
  `lower(leftPad(hex(cityHash64(${number}, '${kind}')), 16, '0'))`;
const CLIENT = "concat('10.0.', toString(e % 5), '.', toString(1 + intDiv(e, 5)))";
const SERVER = "concat('10.1.', toString(e % 6), '.', toString(1 + e % 7))";
const moment = (us: string): string => `fromUnixTimestamp64Micro(toInt64(${us}), 'UTC')`;
const BEGIN_US = `${START}000000`;

async function fill(store: Store): Promise<void> {
  const insert = (table: string, columns: string, select: string): Promise<unknown> =>
    store.writer.command({ query: `INSERT INTO ${table} (${columns}) ${select}` });
  await insert(
    'classes',
    'fingerprint, normalized, command, kind, tables, predicate_columns, stored_at',
    `SELECT ${hexOf('number', 'class')},
      concat('SELECT a', toString(number), repeat(', a_long_name_of_a_column', number % 60), ' FROM t', toString(number % 500), ' WHERE id = ?'),
      if(number % 10 = 0, 'UPDATE', 'SELECT'), if(number % 10 = 0, 'update', 'select'), [concat('t', toString(number % 500))],
      ['id'], now() FROM numbers(${CLASSES})`,
  );
  for (let from = 0; from < SECONDS; from += SECONDS_AT_ONCE)
    await insert(
      'activity_1s',
      `t, server_ip, server_port, client_ip, connections_open, connections_in_transaction, requests, requests_answered,
        answers, normal, commits, duration_sum_us, duration_max_us, durations, bytes_request, bytes_response, stored_at`,
      `SELECT toDateTime(${START} + ${from} + intDiv(number, ${EDGES}), 'UTC'), ${SERVER}, 5432, ${CLIENT}, 30, 2, n, n, n, n, n,
        n * 2000, 20000, map(toUInt16(80), toUInt64(n - 1), toUInt16(88), toUInt64(1)), n * 90, n * 400, now()
      FROM (SELECT number, number % ${EDGES} AS e, toUInt64(1 + rand() % 3) AS n FROM numbers(${SECONDS_AT_ONCE * EDGES}))`,
    );
  for (let from = 0; from < EVENTS; from += EVENTS_AT_ONCE)
    await insert(
      'events',
      `ts, client_ip, client_port, server_ip, server_port, session_id, user, database, application, sequence, command, kind,
        fingerprint, statement, status, sqlstate, error_class, error_message, rows_returned, rows_affected, bytes_request,
        bytes_response, duration_us, first_row_us, transaction_id, stored_at`,
      `SELECT ${moment(`${BEGIN_US} + number * ${EVENTS_APART_US}`)}, ${CLIENT}, 1024 + number % ${SESSIONS}, ${SERVER}, 5432,
        ${hexOf(`number % ${SESSIONS}`, 'session')}, concat('u', toString(number % 50)), 'bank', concat('app', toString(number % 30)),
        intDiv(number, ${SESSIONS}), 'SELECT', 'select', ${hexOf(`cityHash64(number) % ${CLASSES}`, 'class')},
        concat('SELECT a FROM t WHERE id = ', toString(number)), if(number % 50 = 0, 'error', 'ok'),
        if(number % 50 = 0, '23505', ''), if(number % 50 = 0, 'duplicate_key', ''), '', 1, if(number % 100000 = 0, 50000, 1), 90,
        40000, toUInt64(-2000 * log((1 + cityHash64(number, 1) % 1000000) / 1000001)) + 400, 400,
        intDiv(number, ${SESSIONS} * 10) + 1, now()
      FROM (SELECT number, number % ${EDGES} AS e FROM numbers(${from}, ${EVENTS_AT_ONCE}))`,
    );
  await insert(
    'sessions',
    `session_id, client_ip, client_port, server_ip, server_port, user, database, application, start_ts, end_ts, end_reason,
      statements, transaction_status, transaction_start_ts, last_fingerprint, last_command, stored_at`,
    `SELECT ${hexOf('number', 'session')}, ${CLIENT}, 1024 + number, ${SERVER}, 5432, 'u', 'bank', 'app', ${moment(BEGIN_US)},
      ${moment(`${BEGIN_US} + ${SECONDS - 1}000000`)}, 'capture_end', 1000, if(number % 20 = 0, 'T', 'I'),
      if(number % 20 = 0, ${moment(`${BEGIN_US} + (number % 3000) * 1000000`)}, NULL), ${hexOf(`number % ${CLASSES}`, 'class')},
      'SELECT', now()
    FROM (SELECT number, number % ${EDGES} AS e FROM numbers(${SESSIONS}))`,
  );
  await insert(
    'transaction_types',
    'type, statements, stored_at',
    `SELECT ${hexOf('number', 'type')},
      arrayMap(i -> ${hexOf(`(number * 13 + i) % ${CLASSES}`, 'class')}, range(2 + number % 40)), now() FROM numbers(${TYPES})`,
  );
  await insert(
    'transactions',
    `ts, start_ts, session_id, client_ip, client_port, server_ip, server_port, user, database, application, transaction_id,
      outcome, statements, rows_affected, duration_us, shape, type, stored_at`,
    `SELECT ts, ts - toIntervalMicrosecond(us), ${hexOf(`n % ${SESSIONS}`, 'session')}, ${CLIENT}, 1024 + n % ${SESSIONS}, ${SERVER}, 5432,
      'u', 'bank', 'app', n + 1, if(n % 100 = 0, 'rollback', 'commit'), 2 + n % 40, if(n % 5000 = 0, 50000, 2), us,
      ${hexOf(`n % ${TYPES}`, 'shape')}, ${hexOf(`n % ${TYPES}`, 'type')}, now()
    FROM (SELECT number AS n, number % ${EDGES} AS e, ${moment(`${BEGIN_US} + number * 7200`)} AS ts,
      toUInt64(if(number % 2000 = 0, 40000000, 2000 + cityHash64(number) % 5000)) AS us FROM numbers(${TRANSACTIONS}))`,
  );
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 3);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  const store = await openStore({ kind: 'embedded', directory });
  try {
    await fill(store);
    const window = { fromUs: START * 1e6, toUs: (START + SECONDS) * 1e6 };
    let best = { all: Infinity, answers: Infinity };
    let size = 0;
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      const facts = await readWindowFacts(store, window);
      const answers = performance.now() - begun;
      const report = buildReport(facts);
      const all = performance.now() - begun;
      if (all < best.all) best = { all, answers };
      size = Buffer.byteLength(JSON.stringify(report));
      const { openCount } = report.openTransactions;
      if (openCount !== OPEN_TRANSACTIONS || report.slowest.length === 0)
        throw new Error(`wrong facts: ${openCount} open transactions`);
    }
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
    console.log(
      `one hour of 42 servers, ${EDGES} clients and edges, ${CLASSES} classes, ${SESSIONS} connections:`,
    );
    console.log(
      `  ${seconds(best.all)} by the clock, of which the answers ${seconds(best.answers)}; best of ${rounds}`,
    );
    console.log(`  the report as JSON: ${(size / 1e6).toFixed(1)} MB`);
    console.log(`  load of the machine ${(loadavg()[0] ?? 0).toFixed(1)}`);
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
