/**
 * Records the capture of an incident whose cause is known: `npx tsx test/lab/record-incident.ts [OUTPUT.pcap.gz]`, as root
 * on Linux. Two applications work on one database; after half a minute a batch locks what both of them write and does not
 * commit, so that both wait; a quarter of a minute later the server is killed with all its processes, and started again
 * after six seconds.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import type pg from 'pg';
import { attempt } from './demo-stage.ts';
import { connectFrom } from './host-client.ts';
import { insideNamespace } from './namespace.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { delay } from './process.ts';
import { integerOf, pauseOf, randomBySeed } from './random.ts';
import { startRecording } from './recorder.ts';

const SERVER = { host: '10.30.5.1', port: 5432 };
const [SHOP, BILLING, BATCH, DBA] = ['10.30.1.11', '10.30.1.12', '10.30.2.40', '10.30.3.7'];
const OUTPUT = fileURLToPath(new URL('../truth/incident/incident.pcap.gz', import.meta.url));
const CONNECTIONS = 4;
/** When what happens, in seconds. */
const PLAN = { index: 20, lock: 30, crash: 46, again: 52, end: 75 } as const;
const PAUSE_MS = 130;

const SCHEMA = `CREATE TABLE accounts (id int PRIMARY KEY, balance numeric NOT NULL, owner text);
  INSERT INTO accounts SELECT n, 100, 'owner ' || n FROM generate_series(1, 200) n`;

/** One connection of an application: a look and a booking, over and over; it comes back when it is thrown out. */
async function work(from: string, application: string, seed: number, endMs: number): Promise<void> {
  const random = randomBySeed(7919 * seed);
  while (Date.now() < endMs) {
    let client: pg.Client | undefined;
    await attempt(async () => {
      client = await login(from, application);
      while (Date.now() < endMs) {
        const id = integerOf(random, 1, 200);
        await client.query('SELECT balance, owner FROM accounts WHERE id = $1', [id]);
        await client.query('UPDATE accounts SET balance = balance + $2 WHERE id = $1', [id, 1]);
        await delay(pauseOf(random, PAUSE_MS));
      }
    });
    await attempt(async () => client?.end());
    await delay(400);
  }
}

function login(localAddress: string, application: string): Promise<pg.Client> {
  const name = { user: 'postgres', database: 'postgres', application };
  return connectFrom({ ...SERVER, localAddress, ...name });
}

/** Locks every account and goes to lunch. */
async function forget(startMs: number): Promise<void> {
  const batch = await login(BATCH, 'month-end');
  await until(startMs, PLAN.lock);
  await batch.query('BEGIN');
  await batch.query('UPDATE accounts SET balance = balance * 1.01');
}

async function makeIndex(startMs: number): Promise<void> {
  await until(startMs, PLAN.index);
  const dba = await login(DBA, 'psql');
  await dba.query('CREATE INDEX accounts_owner ON accounts (owner)');
  await dba.end();
}

async function crash(server: PostgresServer, startMs: number): Promise<void> {
  await until(startMs, PLAN.crash);
  await server.crash();
  await until(startMs, PLAN.again);
  await server.startAgain();
}

async function until(startMs: number, seconds: number): Promise<void> {
  await delay(Math.max(0, startMs + 1000 * seconds - Date.now()));
}

async function record(output: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-incident-'));
  const file = join(directory, 'incident.pcap');
  const server = await startPostgres({
    addresses: [SERVER.host],
    port: SERVER.port,
    // What was committed before the crash must be there after it.
    settings: { log_statement: 'none', log_min_duration_statement: '-1', fsync: 'on' },
  });
  try {
    await server.query('postgres', SCHEMA);
    const recording = await startRecording({ file, filter: `tcp port ${String(SERVER.port)}` });
    const startMs = Date.now();
    const endMs = startMs + 1000 * PLAN.end;
    const crew = [SHOP, BILLING].flatMap((from, index) =>
      Array.from({ length: CONNECTIONS }, (_, number) =>
        work(from, index === 0 ? 'shop' : 'billing', 1 + 10 * index + number, endMs),
      ),
    );
    await Promise.all([...crew, forget(startMs), makeIndex(startMs), crash(server, startMs)]);
    const { packets } = await recording.stop();
    const packed = gzipSync(await readFile(file), { level: constants.Z_BEST_COMPRESSION });
    await writeFile(output, packed);
    console.log(`${output}: ${String(packets)} packets, ${String(statSync(output).size)} bytes`);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

await insideNamespace([SHOP, BILLING, BATCH, DBA, SERVER.host], () =>
  record(process.argv[2] ?? OUTPUT),
);
