/**
 * Decoding 20,000 connections at once against as many statements on eight: both captures are synthesised (test/wire),
 * every connection logs in, asks in turns, simple and extended, and stays open. Checks that every statement, session and
 * transaction is told; prints CPU time, the ratio, and the memory that a connection costs. Run after
 * `npm run build:code`: `npx tsx test/bench/connections.bench.ts`; takes about a minute.
 */
import { mkdirSync, openSync, closeSync, writeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf } from '../wire/bytes.ts';
import { ethernet, Flag, ipv4, tcp } from '../wire/packets.ts';
import { client, server } from '../wire/postgres.ts';
import { type Cost, measure } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIRECTORY = fileURLToPath(new URL('../../.cache/bench', import.meta.url));
const CONNECTIONS = 20_000;
const FEW = 8;
const STATEMENTS_EACH = 30;
const RUNS = 3;
const MEMORY_MAX_MIB = 400;

/** A pcap file, written packet by packet. */
class CaptureWriter {
  readonly #file: number;
  #parts: Buffer[] = [];
  #size = 0;
  #nowUs = 1_767_225_600_000_000;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(1, 20);
    this.#put(header);
  }

  packet(bytes: Uint8Array): void {
    this.#nowUs += 3;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(Math.floor(this.#nowUs / 1e6), 0);
    header.writeUInt32LE(this.#nowUs % 1e6, 4);
    header.writeUInt32LE(bytes.length, 8);
    header.writeUInt32LE(bytes.length, 12);
    this.#put(header, Buffer.from(bytes));
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #put(...parts: readonly Buffer[]): void {
    this.#parts.push(...parts);
    for (const part of parts) this.#size += part.length;
    if (this.#size > 4 << 20) this.#flush();
  }

  #flush(): void {
    writeSync(this.#file, Buffer.concat(this.#parts));
    this.#parts = [];
    this.#size = 0;
  }
}

/** The two ends of one connection, as numbers only: there are many. */
interface Ends {
  readonly address: string;
  readonly port: number;
  client: number;
  server: number;
}

function segment(ends: Ends, fromClient: boolean, payload: Uint8Array, flags: number): Buffer {
  const packet = tcp({
    sourcePort: fromClient ? ends.port : 5432,
    destinationPort: fromClient ? 5432 : ends.port,
    sequence: fromClient ? ends.client : ends.server,
    acknowledgement: flags === Flag.syn ? 0 : fromClient ? ends.server : ends.client,
    flags,
    payload,
  });
  const size = payload.length + ((flags & Flag.syn) === 0 ? 0 : 1);
  if (fromClient) ends.client = (ends.client + size) >>> 0;
  else ends.server = (ends.server + size) >>> 0;
  const [source, destination] = fromClient
    ? [ends.address, '10.9.0.1']
    : ['10.9.0.1', ends.address];
  return ethernet(ipv4(packet, { source, destination }));
}

function write(path: string, connections: number, turns: number): void {
  const file = new CaptureWriter(path);
  const none = new Uint8Array(0);
  const all = Array.from({ length: connections }, (_, index): Ends => {
    const [high, low] = [Math.floor(index / 250), index % 250];
    return {
      address: `10.8.${high}.${low + 1}`,
      port: 30_000 + (index % 20_000),
      client: index * 77,
      server: index * 99,
    };
  });
  const say = (ends: Ends, fromClient: boolean, bytes: Uint8Array): void => {
    file.packet(segment(ends, fromClient, bytes, Flag.ack));
  };
  const loggedIn = bytesOf(
    server.authenticationOk(),
    server.parameterStatus('server_version', '15.4'),
    server.keyData(1, Buffer.from('cafe', 'hex')),
    server.ready(),
  );
  for (const [index, ends] of all.entries()) {
    file.packet(segment(ends, true, none, Flag.syn));
    file.packet(segment(ends, false, none, Flag.syn | Flag.ack));
    say(ends, true, client.startup({ user: `user${index % 100}`, database: 'shop' }));
    say(ends, false, loggedIn);
    say(ends, true, bytesOf(client.parse('SELECT a FROM t WHERE b = $1', 's1'), client.sync()));
    say(ends, false, bytesOf(server.parseComplete(), server.ready()));
  }
  const rows = bytesOf(server.row('7'), server.complete('SELECT 1'), server.ready());
  const simple = bytesOf(server.rowDescription('a'), rows);
  const extended = bytesOf(server.bindComplete(), rows);
  for (let turn = 0; turn < turns; turn++) {
    for (const ends of all) {
      if (turn % 2 === 0) say(ends, true, client.query(`SELECT a FROM t WHERE b = ${turn}`));
      else
        say(
          ends,
          true,
          bytesOf(client.bind({ statement: 's1', values: ['7'] }), client.execute(), client.sync()),
        );
      say(ends, false, turn % 2 === 0 ? simple : extended);
    }
  }
  file.close();
}

interface Measured {
  readonly cpuSeconds: number;
  readonly memoryMib: number;
}

/** Decodes a capture, which must tell exactly what was written into it. */
async function decode(path: string, connections: number, turns: number): Promise<Measured> {
  const runs: Cost[] = [];
  for (let run = 0; run < RUNS; run++) {
    const cost = await measure(
      `node dist/src/cli/main.js decode ${path} --output none --summary json`,
      ROOT,
    );
    runs.push(cost);
    const { events, ...summary } = JSON.parse(cost.stderr) as {
      readonly events: Readonly<Record<string, number>>;
      readonly streams: number;
      readonly gaps: number;
      readonly unmatched_answers: number;
      readonly dropped_by_limit: Readonly<Record<string, number>>;
    };
    const right =
      summary.streams === connections &&
      summary.gaps === 0 &&
      summary.unmatched_answers === 0 &&
      Object.keys(summary.dropped_by_limit).length === 0 &&
      events['session_start'] === connections &&
      events['session_end'] === connections &&
      events['statement'] === connections * turns &&
      // The Parse alone is a transaction of its own.
      events['transaction_end'] === connections * (turns + 1);
    if (!right)
      throw new Error(`${connections} connections, ${turns} statements each: ${cost.stderr}`);
  }
  const cpu = runs.map(({ cpuSeconds }) => cpuSeconds).sort((a, b) => a - b);
  return {
    cpuSeconds: cpu[Math.floor(cpu.length / 2)] ?? Number.NaN,
    memoryMib: Math.max(
      ...runs.map(({ peakMibByProgram }) => Math.max(...peakMibByProgram.values())),
    ),
  };
}

mkdirSync(DIRECTORY, { recursive: true });
const many = join(DIRECTORY, 'many.pcap.tmp');
const few = join(DIRECTORY, 'few.pcap.tmp');
try {
  const turnsOfFew = (CONNECTIONS * STATEMENTS_EACH) / FEW;
  write(many, CONNECTIONS, STATEMENTS_EACH);
  write(few, FEW, turnsOfFew);
  const fewMeasured = await decode(few, FEW, turnsOfFew);
  const manyMeasured = await decode(many, CONNECTIONS, STATEMENTS_EACH);
  const perConnection = ((manyMeasured.memoryMib - fewMeasured.memoryMib) * 1024) / CONNECTIONS;
  const passed = manyMeasured.memoryMib < MEMORY_MAX_MIB;
  console.log(
    [
      `${CONNECTIONS} connections with ${STATEMENTS_EACH} statements each`,
      `CPU ${manyMeasured.cpuSeconds.toFixed(2)} s against ${fewMeasured.cpuSeconds.toFixed(2)} s on ${FEW}, ratio ${(manyMeasured.cpuSeconds / fewMeasured.cpuSeconds).toFixed(2)}`,
      `memory ${manyMeasured.memoryMib.toFixed(0)} MiB against ${fewMeasured.memoryMib.toFixed(0)} MiB (${perConnection.toFixed(1)} KiB a connection)`,
      passed ? 'passed' : `MISSED (memory must stay under ${MEMORY_MAX_MIB} MiB)`,
    ].join('; '),
  );
  process.exitCode = passed ? 0 : 1;
} finally {
  for (const path of [many, few]) rmSync(path, { force: true });
}
