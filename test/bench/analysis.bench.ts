/**
 * What it costs to judge one hour at 1,400 statements a second (5 million): the questions to the store, in CPU time of this
 * process and of the engine, and the analysis of their answers. Ten edges between two databases and five applications, 60
 * classes; the seconds of two hours and the classes of the first are made up, those of the second come from 5 million
 * executions. Before them lies a week, of classes and of connections, as the store of a monitor has it. Each round asks
 * about an hour of its own, so that no answer comes from what the engine remembers. An hour without any rows is asked about as well:
 * what asking alone costs. Counted is all that a report of the
 * hour asks and says, monitors and diagnoses: also the lists of executions, channels and structure changes, and the hour
 * before it, from which is learnt. Filling takes a minute or two. Run: npx tsx test/bench/analysis.bench.ts [rounds]
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthOf } from '../../analysis/health/report.ts';
import { buildReport } from '../../analysis/report.ts';
import { defaultAnalysisSettings } from '../../analysis/settings.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const START = 1_790_000_000;
const SECONDS = 7_200;
const RATE = 1_400;
const EDGES = 10;
const CLASSES = 60;
const ROWS_AT_ONCE = 252_000;
const HISTORY_DAYS = 7;
const DAY = 86_400;
/** Each hour that is asked about begins a minute before the last one. */
const SHIFT = 60;
/** Of the hours without rows, behind the others. */
const NOTHING_FROM = START + 5 * DAY;
const TICKS_PER_SECOND = 100;
/** Issue 5, point 16. */
const BAR_MS = 200;

/** Twelve neighbouring buckets around two milliseconds, as the answers of one second fill them. */
const SPREAD = 12;
const spread = (count: string): string =>
  `mapFromArrays(arrayMap(i -> toUInt16(82 + i), range(${SPREAD})),
    arrayMap(i -> toUInt64(intDiv(${count}, ${SPREAD}) + (i = 4) * (${count} % ${SPREAD})), range(${SPREAD})))`;
const edge =
  "concat('10.0.1.', toString(1 + e % 2)), 5432, concat('10.0.0.', toString(1 + intDiv(e, 2)))";

/**
 * Two hours: the one before is learnt from. The statements of the second one are there, so that what reads them pays for it,
 * and those of `earlier` seconds before it, for the hours that begin before it.
 */
async function fill(store: Store, earlier: number): Promise<void> {
  for (let day = HISTORY_DAYS; day > 0; day--) {
    await fillClasses(store, START - day * DAY, DAY, 't');
    await fillSessions(store, START - day * DAY, DAY, 'end_ts');
  }
  await fillClasses(store, START, SECONDS / 2 - earlier, 'now()');
  await fillSessions(store, START, SECONDS, 'now()');
  const each = RATE / EDGES;
  await store.writer.command({
    query: `INSERT INTO activity_1s (t, server_ip, server_port, client_ip, connections_open, requests, requests_answered,
      answers, normal, commits, implicit_transactions, duration_sum_us, duration_max_us, durations, bytes_request,
      bytes_response, outstanding, outstanding_age_max_us, collector, stored_at)
    SELECT toDateTime(${START} + s, 'UTC'), ${edge}, 20, n, n, n, n, n, n, n * us, us * 5, ${spread('n')},
      n * 90, n * 400, 2, us, '', now()
    FROM (SELECT intDiv(number, ${EDGES}) AS s, number % ${EDGES} AS e,
      toUInt64(${each} + rand() % 30 - 15) AS n, toUInt64(1500 + rand(1) % 1000) AS us
      FROM numbers(${SECONDS * EDGES}))`,
  });
  const count = (SECONDS / 2 + earlier) * RATE;
  for (let from = 0; from < count; from += ROWS_AT_ONCE)
    await fillEvents(
      store,
      START + SECONDS / 2 - earlier,
      from,
      Math.min(ROWS_AT_ONCE, count - from),
    );
}

/** Each minute of each class on each edge; what is by the hour is filled by the view, as in earnest. */
async function fillClasses(
  store: Store,
  from: number,
  seconds: number,
  storedAt: string,
): Promise<void> {
  const perMinute = Math.round((RATE * 60) / EDGES / CLASSES);
  await store.writer.command({
    query: `INSERT INTO class_1m (t, fingerprint, server_ip, server_port, client_ip, database, calls, answered,
      duration_sum_us, duration_max_us, durations, rows_returned, bytes_request, bytes_response, first_ts, last_ts,
      collector, stored_at)
    SELECT t, lower(leftPad(hex(c + 1), 16, '0')), ${edge}, 'shop', n, n, n * us, us * 5, ${spread('n')},
      n, n * 90, n * 400, t, t, '', ${storedAt}
    FROM (SELECT toDateTime(${from} + 60 * intDiv(number, ${EDGES * CLASSES}), 'UTC') AS t, number % ${EDGES} AS e,
      intDiv(number, ${EDGES}) % ${CLASSES} AS c, toUInt64(${perMinute} + rand() % 8) AS n,
      toUInt64(1500 + rand(1) % 1000) AS us FROM numbers(${(seconds / 60) * EDGES * CLASSES}))`,
  });
}

/** One connection a second, which lasts five minutes. */
async function fillSessions(
  store: Store,
  from: number,
  seconds: number,
  storedAt: string,
): Promise<void> {
  await store.writer.command({
    query: `INSERT INTO sessions (session_id, client_ip, client_port, server_ip, server_port, user, database, start_ts, end_ts,
      end_reason, statements, stored_at)
    SELECT lower(hex(sipHash64(${from} + number))), concat('10.0.0.', toString(1 + number % 5)), 40000 + number % 20000,
      concat('10.0.1.', toString(1 + number % 2)), 5432, 'shop', 'shop', end_ts - 300, end_ts, 'terminate', 100, ${storedAt}
    FROM (SELECT number, toDateTime64(${from} + number, 6, 'UTC') AS end_ts FROM numbers(${seconds}))`,
  });
}

/** Class_1m of this hour, failures and error_1m are filled by the views, as in earnest. */
async function fillEvents(store: Store, begin: number, from: number, count: number): Promise<void> {
  await store.writer.command({
    query: `INSERT INTO events (ts, client_ip, client_port, server_ip, server_port, session_id, user, database, application,
      sequence, command, kind, fingerprint, statement, status, sqlstate, error_class, error_message, rows_returned,
      bytes_request, bytes_response, duration_us, transaction_id, collector, stored_at)
    SELECT fromUnixTimestamp64Micro(toInt64(${begin}) * 1000000 + intDiv(number * 1000000, ${RATE}), 'UTC'),
      concat('10.0.0.', toString(1 + intDiv(e, 2))), 40000 + number % 200, concat('10.0.1.', toString(1 + e % 2)), 5432,
      lower(leftPad(hex(number % 200), 16, '0')), 'shop', 'shop', 'web', intDiv(number, 200), 'SELECT', 'read',
      lower(leftPad(hex(1 + cityHash64(number) % ${CLASSES}), 16, '0')),
      concat('SELECT title, price FROM items WHERE id = ', toString(number % 1000)),
      if(number % 2000 = 0, 'error', 'ok'), if(number % 2000 = 0, '23505', ''),
      if(number % 2000 = 0, 'duplicate_key', ''), if(number % 2000 = 0, 'duplicate key', ''), 1, 90, 400,
      toUInt64(-2000 * log((1 + cityHash64(number, 1) % 1000000) / 1000001)), intDiv(number, 1000), '', now()
    FROM (SELECT number, number % ${EDGES} AS e FROM numbers(${from}, ${count}))`,
  });
}

/** User and system time of a process: fields 14 and 15 of proc(5) stat. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Of the last minute: the figures by the clock are worth something where it is little above that of this bench. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 10);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  const store = await openStore({ kind: 'embedded', directory });
  try {
    await fill(store, (rounds - 1) * SHIFT);
    const { pid } = JSON.parse(readFileSync(join(directory, 'store.json'), 'utf8')) as {
      pid: number;
    };
    const own = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    const best = {
      engine: Infinity,
      reading: Infinity,
      analysis: Infinity,
      health: Infinity,
      wall: Infinity,
      answers: Infinity,
      nothing: Infinity,
      nothingEngine: Infinity,
    };
    for (let round = 0; round < rounds; round++) {
      const fromUs = (START + 3_600 - round * SHIFT) * 1e6;
      const window = { fromUs, toUs: fromUs + 3_600e6 };
      const begin = { engine: cpuMsOf(pid), own: own(), wall: performance.now() };
      const facts = await readWindowFacts(store, window);
      const read = own();
      const answers = performance.now() - begin.wall;
      const engine = cpuMsOf(pid) - begin.engine;
      const report = buildReport(facts, defaultAnalysisSettings);
      const analysed = own();
      const wall = performance.now() - begin.wall;
      healthOf(facts.nodeSeconds, facts.healthWindow, window, defaultAnalysisSettings);
      const requests = report.overview.requests;
      if (Math.abs(requests - RATE * 3_600) > RATE * 72 || report.nodes.length !== 7)
        throw new Error(`wrong facts: ${requests} requests, ${report.nodes.length} nodes`);
      best.engine = Math.min(best.engine, engine);
      best.reading = Math.min(best.reading, read - begin.own);
      best.analysis = Math.min(best.analysis, analysed - read);
      best.health = Math.min(best.health, own() - analysed);
      best.wall = Math.min(best.wall, wall);
      const asks = { engine: cpuMsOf(pid), wall: performance.now() };
      const emptyUs = (NOTHING_FROM - round * SHIFT) * 1e6;
      const empty = await readWindowFacts(store, { fromUs: emptyUs, toUs: emptyUs + 3_600e6 });
      best.nothing = Math.min(best.nothing, performance.now() - asks.wall);
      best.nothingEngine = Math.min(best.nothingEngine, cpuMsOf(pid) - asks.engine);
      if (empty.classes.length > 0) throw new Error('there is something where nothing was put');
      best.answers = Math.min(best.answers, answers);
    }
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    console.log(
      `one hour of ${RATE} statements/s, 7 nodes, ${CLASSES} classes; best of ${rounds}:`,
    );
    console.log(`  questions: engine ${ms(best.engine)} CPU, this process ${ms(best.reading)} CPU`);
    console.log(`  analysis:  ${ms(best.analysis)} CPU, of which states ${ms(best.health)}`);
    console.log(
      `  together:  ${ms(best.wall)} by the clock, of which the answers ${ms(best.answers)}`,
    );
    console.log(
      `  an hour without rows: ${ms(best.nothing)} by the clock for the answers, engine ${ms(best.nothingEngine)} CPU`,
    );
    console.log(
      `  bar: ${BAR_MS} ms by the clock on two idle cores; best of each figure, other work of the machine (load ${load()}) included`,
    );
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
