/**
 * Run inside a network namespace of its own: a PostgreSQL at one end of a veth pair, its client in a namespace of its own
 * at the other, and what befalls interfaces: down and up, removed, large frames, segmentation offload, a way there and
 * another one back. Prints one line of JSON: for each case, what was captured and what the server counted.
 * Argument: backend.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import type { PacketHandler } from '../../../collectors/capture/capture-source.ts';
import { type Backend, openLive } from '../../../collectors/capture/live.ts';
import { Collector, collect } from '../../../collectors/collector.ts';
import { type PostgresServer, startPostgres } from '../../lab/postgres-server.ts';
import {
  beforeExit,
  delay,
  mustRun,
  stopProgram,
  waitAtMost,
  waitUntil,
} from '../../lab/process.ts';
import { RecordingSink } from '../recording-sink.ts';

const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';
/** The server hears on the one and answers on the other. */
const BACK = 'back0';
const TCPDUMP_HOLDS_BACK_MS = 1500;

const backend = (process.argv[2] ?? 'auto') as Backend;

interface Captured {
  readonly statements: number;
  readonly truth: number;
  readonly gaps: number;
  readonly repeatedBytes: number;
  readonly cutPackets: number;
  readonly interruptions: number;
  readonly late: number;
  readonly unmatchedAnswers: number;
  readonly unanswered: number;
  /** Captured bytes of the largest packet. */
  readonly largestBytes: number;
  readonly told: readonly string[];
}

const ip = (...args: string[]) => mustRun('ip', args);

class Stage {
  readonly #server: PostgresServer;
  readonly #holder: number;

  constructor(server: PostgresServer, holder: number) {
    this.#server = server;
    this.#holder = holder;
  }

  client(program: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };
    return mustRun('nsenter', ['-t', String(this.#holder), '-n', program, ...args], { env });
  }

  async addPair(name: string, peer: string): Promise<void> {
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', peer);
    await ip('link', 'set', peer, 'netns', String(this.#holder));
    await ip('link', 'set', name, 'up');
    await this.client('ip', 'link', 'set', peer, 'up');
  }

  async addWay(): Promise<void> {
    await this.addPair('mirror0', 'mirror1');
    await ip('address', 'add', `${SERVER}/24`, 'dev', 'mirror0');
    await this.client('ip', 'address', 'add', `${CLIENT}/24`, 'dev', 'mirror1');
  }

  async load(): Promise<void> {
    const run = ['-n', '-c', '2', '-t', '100', '-S', '-h', SERVER, '-U', 'postgres', 'postgres'];
    await this.client('pgbench', ...run);
  }

  async ask(sql: string): Promise<void> {
    await this.client('psql', '-qAt', '-h', SERVER, '-U', 'postgres', '-o', '/dev/null', '-c', sql);
  }

  /** Captures on these interfaces while `play` plays. */
  async capture(
    interfaces: readonly string[],
    play: (told: readonly string[]) => Promise<void>,
    filter?: string,
  ): Promise<Captured> {
    await this.#server.query('postgres', 'SELECT pg_stat_statements_reset()');
    const told: string[] = [];
    const { source, timedOnArrival } = await openLive({
      interfaces,
      backend,
      bufferBytes: 32 << 20,
      onInterruption: (text) => told.push(text),
      ...(filter === undefined ? {} : { filter }),
    });
    const sink = new RecordingSink();
    const collector = new Collector(sink, { timedOnArrival });
    let largestBytes = 0;
    const handler: PacketHandler = {
      packet: (bytes, view, offset, captured, original, tsUs, linkType) => {
        largestBytes = Math.max(largestBytes, captured);
        collector.packet(bytes, view, offset, captured, original, tsUs, linkType);
      },
    };
    const ended = collect(
      { ...readsThrough(source), readChunk: () => source.readChunk(handler) },
      collector,
    );
    const timer = setInterval(() => source.statistics(), 1000);
    await play(told);
    await this.#server.waitForNoClients();
    const [row] = await this.#server.query(
      'postgres',
      `SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'`,
    );
    const truth = Number(row?.['calls']);
    // On a busy machine tcpdump gives its packets seconds later. What comes too often comes at once.
    await waitAtMost(60_000, () => sink.statements.length >= truth);
    await delay(300);
    source.stop();
    const summary = await ended;
    clearInterval(timer);
    const counts = source.statistics();
    await source.close();
    return {
      statements: sink.statements.length,
      truth,
      gaps: summary.gaps,
      repeatedBytes: summary.repeatedBytes,
      cutPackets: summary.cutPackets,
      unmatchedAnswers: summary.unmatchedAnswers,
      unanswered: summary.unansweredRequests,
      interruptions: counts?.interruptions ?? 0,
      late: counts?.late ?? 0,
      largestBytes,
      told,
    };
  }
}

/** What `collect` asks of a source beside its packets. */
function readsThrough(source: { readonly bytesRead: number; close(): Promise<void> }) {
  return {
    sizeBytes: undefined,
    truncated: false,
    get bytesRead() {
      return source.bytesRead;
    },
    close: () => source.close(),
  };
}

async function downAndUp(stage: Stage): Promise<Captured> {
  return stage.capture(['mirror0'], async (told) => {
    await stage.load();
    await delay(backend === 'tcpdump' ? TCPDUMP_HOLDS_BACK_MS : 300);
    await ip('link', 'set', 'mirror0', 'down');
    await delay(300);
    await ip('link', 'set', 'mirror0', 'up');
    // cap has to be started again; the others go on by themselves.
    if (backend === 'cap') await waitUntil('cap to go on', 20_000, () => told.length === 2);
    await stage.load();
  });
}

async function removed(stage: Stage): Promise<Captured> {
  return stage.capture(['mirror0'], async (told) => {
    await stage.load();
    await delay(backend === 'tcpdump' ? TCPDUMP_HOLDS_BACK_MS : 300);
    await ip('link', 'del', 'mirror0');
    await waitUntil('the interruption to be told', 20_000, () => told.length === 1);
    await stage.addWay();
    await waitUntil('the capture to go on', 20_000, () => told.length === 2);
    await stage.load();
  });
}

/** Frames of nearly 9,000 bytes, and no larger ones made by segmentation offload. */
async function jumboFrames(stage: Stage): Promise<Captured> {
  const size = ['mtu', '9000', 'gso_max_size', '9000'];
  await ip('link', 'set', 'mirror0', ...size);
  await stage.client('ip', 'link', 'set', 'mirror1', ...size);
  return stage.capture(['mirror0'], () => bigResults(stage));
}

/** Packets of up to 64 KiB, which are cut behind the place where they are captured. */
async function offloaded(stage: Stage): Promise<Captured> {
  const size = ['mtu', '1500', 'gso_max_size', '65536'];
  await ip('link', 'set', 'mirror0', ...size);
  await stage.client('ip', 'link', 'set', 'mirror1', ...size);
  return stage.capture(['mirror0'], () => bigResults(stage), 'tcp port 5432');
}

async function bigResults(stage: Stage): Promise<void> {
  await stage.ask(`SELECT repeat('x', 3000000)`);
  await stage.ask('SELECT i, md5(i::text) FROM generate_series(1, 50000) AS i');
  await stage.ask(`SELECT length('${'y'.repeat(100_000)}')`);
}

async function twoWays(stage: Stage): Promise<Captured> {
  await stage.addPair(BACK, 'back1');
  for (const name of ['all', 'mirror0', BACK]) {
    await mustRun('sysctl', ['-qw', `net.ipv4.conf.${name}.rp_filter=0`]);
  }
  for (const name of ['all', 'mirror1', 'back1']) {
    await stage.client('sysctl', '-qw', `net.ipv4.conf.${name}.rp_filter=0`);
  }
  await ip('route', 'replace', `${CLIENT}/32`, 'dev', BACK, 'src', SERVER);
  return stage.capture(['mirror0', BACK], () => stage.load());
}

async function main(): Promise<void> {
  await ip('link', 'set', 'lo', 'up');
  const holder = spawn('unshare', ['--net', 'sleep', '300'], { stdio: 'ignore' });
  beforeExit(() => holder.kill('SIGKILL'));
  await once(holder, 'spawn');
  // unshare has left our namespace when it has become sleep.
  await delay(300);
  const server = await startPostgres({ addresses: ['0.0.0.0'], port: 5432 });
  try {
    const stage = new Stage(server, holder.pid ?? 0);
    await stage.addWay();
    const to = ['-h', server.socketDirectory, '-U', 'postgres', 'postgres'];
    await mustRun('pgbench', ['-i', '-q', ...to]);
    const told: Record<string, Captured> = {
      downAndUp: await downAndUp(stage),
      removed: await removed(stage),
      jumboFrames: await jumboFrames(stage),
      offloaded: await offloaded(stage),
      twoWays: await twoWays(stage),
    };
    if (backend === 'tcpdump') told['any'] = await stage.capture(['any'], () => stage.load());
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } finally {
    await server.stop();
    await stopProgram(holder, 'SIGKILL');
  }
}

await main();
