/** Statements of one connection, timed four times over: by us, by tshark's clockwork, by the server and by the client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { type LogEntry, startPostgres } from '../lab/postgres-server.ts';
import { mustRun } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';

export interface TimedStatement {
  readonly text: string;
  readonly event: PrintedEvent | undefined;
  /** From the packets, by tshark: request's last byte to the first and to the last message of the answer. */
  readonly tshark: WireTimes | undefined;
  /**
   * All that the server's log says it worked on it, in microseconds, to which the server rounds. 0 where it tells none: of
   * one that failed.
   */
  readonly serverUs: number;
  readonly clientUs: number;
}

export interface WireTimes {
  readonly firstUs: number;
  readonly lastUs: number;
}

/** Short and long ones, large requests and answers, failures, both protocols; the text names each. */
const statements: readonly { text: string; values?: readonly unknown[] }[] = [
  { text: 'SELECT 1' },
  { text: 'SELECT pg_sleep(0.05)' },
  { text: 'CREATE TABLE timed (id int PRIMARY KEY, name text)' },
  { text: 'INSERT INTO timed SELECT i, md5(i::text) FROM generate_series(1, 20000) AS i' },
  { text: 'SELECT * FROM timed ORDER BY id' },
  { text: `SELECT length('${'x'.repeat(200_000)}')` },
  { text: "SELECT repeat('y', 3000000)" },
  { text: 'SELECT 1 / 0' },
  { text: 'SELECT nothing FROM nowhere' },
  { text: 'SELECT name FROM timed WHERE id = $1', values: [7] },
  { text: 'SELECT pg_sleep($1)', values: [0.03] },
  { text: 'SELECT * FROM timed WHERE id > $1', values: [100] },
  { text: 'UPDATE timed SET name = $1 WHERE id < $2', values: ['z'.repeat(100_000), 50] },
  { text: 'SELECT 1 / $1::int', values: [0] },
  ...Array.from({ length: 200 }, (_, index) => ({ text: `SELECT ${String(index)}` })),
  ...Array.from({ length: 200 }, (_, index) => ({ text: 'SELECT $1::int', values: [index] })),
];

export async function timeStatements(): Promise<readonly TimedStatement[]> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-times-'));
  const server = await startPostgres();
  try {
    const file = join(directory, 'times.pcap');
    const filter = `tcp port ${String(server.port)}`;
    const recording = await startRecording({ file, filter, nanoseconds: true });
    const clientUs = await runStatements(server.port);
    await server.waitForNoClients();
    await recording.stop();
    const { events } = await decodeCapture(file, ['--port', `${String(server.port)}=postgres`]);
    const events1 = events
      .filter(({ type, command }) => type === 'statement' && command !== 'SET')
      .sort((a, b) => (a.ts < b.ts ? -1 : 1));
    const wire = wireTimes(await tsharkFrames(file, server.port));
    const serverUs = durationsOfLog(server.readLog());
    return statements.map(({ text }, index) => ({
      text: numbered(text, index),
      event: events1[index],
      tshark: wire[index],
      serverUs: serverUs.get(index) ?? 0,
      clientUs: clientUs[index] ?? Number.NaN,
    }));
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** So that the server's log says which statement it tells of. */
function numbered(text: string, index: number): string {
  return `/* ${String(index)} */ ${text}`;
}

async function runStatements(port: number): Promise<number[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  const times: number[] = [];
  for (const [index, { text, values }] of statements.entries()) {
    const begun = process.hrtime.bigint();
    await client.query(numbered(text, index), values === undefined ? undefined : [...values]).catch(
      // Some are to fail; that they did is in the events.
      () => undefined,
    );
    times.push(Number(process.hrtime.bigint() - begun) / 1000);
  }
  await client.end();
  return times;
}

/** The server tells a duration with the text (parse, bind), or in a line of its own behind the statement's. */
function durationsOfLog(log: readonly LogEntry[]): Map<number, number> {
  const sums = new Map<number, number>();
  let current = -1;
  for (const { message, remote_port: remotePort } of log) {
    if (remotePort === undefined) continue;
    const number = /\/\* (\d+) \*\//.exec(message)?.[1];
    if (number !== undefined) current = Number(number);
    const milliseconds = /^duration: ([\d.]+) ms/.exec(message)?.[1];
    if (milliseconds === undefined || current === -1) continue;
    sums.set(current, (sums.get(current) ?? 0) + Number(milliseconds) * 1000);
  }
  return sums;
}

interface Frame {
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
  readonly fromClient: boolean;
  readonly types: readonly string[];
}

/** Frames in which PostgreSQL messages end, with their types, as tshark reads them. */
async function tsharkFrames(file: string, port: number): Promise<Frame[]> {
  const fields = ['frame.time_epoch', 'pgsql.frontend', 'pgsql.type'].flatMap((name) => [
    '-e',
    name,
  ]);
  const args = [
    '-r',
    file,
    '-d',
    `tcp.port==${String(port)},pgsql`,
    '-Y',
    'pgsql.type',
    '-T',
    'fields',
  ];
  const said = await mustRun('tshark', [...args, ...fields, '-E', 'separator=|']);
  return said
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [time = '', frontend = '', types = ''] = line.split('|');
      const [seconds = '0', fraction = ''] = time.split('.');
      return {
        ns: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9)),
        fromClient: /^(?:1|True)/.test(frontend),
        types: types.split(','),
      };
    });
}

/** One statement after another: from the frame that ends a request to those that begin and end its answer. */
function wireTimes(frames: readonly Frame[]): WireTimes[] {
  const times: WireTimes[] = [];
  let asked: bigint | undefined;
  let first: bigint | undefined;
  for (const { ns, fromClient, types } of frames) {
    if (fromClient) {
      if (types.some((type) => type === 'Simple query' || type === 'Sync')) {
        asked = ns;
        first = undefined;
      }
      continue;
    }
    if (asked === undefined) continue;
    first ??= ns;
    // What ends a statement's answer; an error is sent before the server is ready for the next.
    if (!types.includes('Command completion') && !types.includes('Error')) continue;
    times.push({ firstUs: Number(first - asked) / 1000, lastUs: Number(ns - asked) / 1000 });
    asked = undefined;
  }
  return times;
}
