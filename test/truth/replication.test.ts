/**
 * Replication as the server sees it: a standby with paused replay, pg_receivewal, a logical client and a base backup, all
 * recorded while they run against a real PostgreSQL; what the decoder tells must be what pg_stat_replication said at the
 * same moment, positions to the byte and lags within the jitter of two programs reading one clock.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import {
  freePort,
  type PostgresServer,
  serverBinaries,
  startPostgres,
  SUPERUSER,
} from '../lab/postgres-server.ts';
import { delay, mustRun, stopProgram, unprivileged, waitUntil } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';

const JITTER_US = 150_000;
const SAMPLES = 5;

interface Printed extends PrintedEvent {
  readonly application?: string;
  readonly phase?: string;
  readonly mode?: string;
  readonly slot?: string;
  readonly sent_lsn?: string;
  readonly write_lsn?: string;
  readonly flush_lsn?: string;
  readonly replay_lsn?: string;
  readonly write_lag_us?: number;
  readonly flush_lag_us?: number;
  readonly replay_lag_us?: number;
  readonly replay_lag_bytes?: number;
  readonly backup_bytes_done?: number;
  readonly backup_bytes_total?: number;
}

/** A row of pg_stat_replication, lags in microseconds. */
type Row = Record<string, string | null>;

const ASK = `SELECT application_name, sent_lsn::text, write_lsn::text, flush_lsn::text, replay_lsn::text,
  extract(epoch FROM write_lag) * 1000000 AS write_lag_us, extract(epoch FROM flush_lag) * 1000000 AS flush_lag_us,
  extract(epoch FROM replay_lag) * 1000000 AS replay_lag_us, pg_wal_lsn_diff(sent_lsn, replay_lsn)::text AS behind
  FROM pg_stat_replication WHERE state = 'streaming'`;

let told: Printed[] = [];
/** The server's own words, one list of samples for each application. */
const said = new Map<string, Row[]>();

async function sample(server: PostgresServer): Promise<void> {
  for (let count = 0; count < SAMPLES; count++) {
    await delay(1_100);
    for (const row of (await server.query('postgres', ASK)) as Row[]) {
      const name = String(row['application_name']);
      said.set(name, [...(said.get(name) ?? []), row]);
    }
  }
}

async function play(server: PostgresServer, directory: string): Promise<void> {
  const owner = { ...unprivileged(SUPERUSER), cwd: directory };
  const bin = serverBinaries();
  const there = ['-h', '127.0.0.1', '-p', String(server.port), '-U', SUPERUSER];
  const running: ChildProcess[] = [];
  const run = (program: string, args: readonly string[]): void => {
    running.push(spawn(join(bin, program), args, { ...owner, stdio: 'ignore' }));
  };
  try {
    const data = join(directory, 'standby');
    const copy = ['-D', data, '-R', '-X', 'stream', '-P', '--checkpoint=fast', '--no-sync'];
    await mustRun(join(bin, 'pg_basebackup'), [...there, ...copy], owner);
    await server.query('postgres', 'CREATE TABLE work (n int, text text)');
    await server.query('postgres', 'CREATE PUBLICATION "all" FOR ALL TABLES');
    const port = await freePort('127.0.0.1');
    const settings = [`port=${String(port)}`, 'listen_addresses=127.0.0.1', 'fsync=off'];
    const places = [`unix_socket_directories=${directory}`, 'wal_receiver_status_interval=1s'];
    run('postgres', ['-D', data, ...[...settings, ...places].flatMap((one) => ['-c', one])]);
    await mustRun(join(bin, 'pg_recvlogical'), [
      ...[...there, '-d', 'postgres', '--slot', 'words'],
      ...['--create-slot', '-P', 'pgoutput'],
    ]);
    run('pg_recvlogical', [
      ...[...there, '-d', 'postgres', '--slot', 'words', '--start', '-s', '1'],
      ...['-f', join(directory, 'words'), '-o', 'proto_version=1', '-o', 'publication_names=all'],
    ]);
    run('pg_receivewal', [...there, '-D', directory, '-s', '1', '--no-loop']);
    const streaming = async (): Promise<boolean> =>
      (await server.query('postgres', ASK)).length === 3;
    await waitUntil('three streams', 30_000, streaming);
    const insert = `INSERT INTO work SELECT n, repeat('x', 100) FROM generate_series(1, 500) n`;
    await server.query('postgres', insert);
    await sample(server);
    const standby = new pg.Client({
      host: '127.0.0.1',
      port,
      database: 'postgres',
      user: SUPERUSER,
    });
    await standby.connect();
    await standby.query('SELECT pg_wal_replay_pause()');
    await server.query('postgres', insert);
    await sample(server);
    await standby.query('SELECT pg_wal_replay_resume()');
    await standby.end();
    await sample(server);
  } finally {
    for (const child of running.reverse()) await stopProgram(child, 'SIGINT');
  }
}

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-replication-'));
  const { uid, gid } = unprivileged(SUPERUSER);
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
  const server = await startPostgres({
    settings: { wal_level: 'logical', max_wal_senders: '10', max_replication_slots: '5' },
    hbaLines: ['host replication all 127.0.0.1/32 trust'],
  });
  try {
    const file = join(await mkdtemp(join(tmpdir(), 'mirrorsql-recorded-')), 'replication.pcap');
    const recording = await startRecording({ file, filter: `tcp port ${String(server.port)}` });
    await play(server, directory);
    await recording.stop();
    const { events, summary } = await decodeCapture(file, [
      '--port',
      `${String(server.port)}=postgres`,
    ]);
    expect(summary).toMatchObject({ gaps: 0, frames_refused: 0 });
    told = (events as Printed[]).filter(({ type }) => type === 'replication');
    await rm(join(file, '..'), { recursive: true });
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}, 180_000);

afterAll(() => {
  said.clear();
});

const of = (application: string): Printed[] =>
  told.filter((event) => event.application === application && event.mode !== 'base_backup');

const POSITIONS = ['sent_lsn', 'write_lsn', 'flush_lsn', 'replay_lsn'] as const;
const LAGS = ['write_lag_us', 'flush_lag_us', 'replay_lag_us'] as const;

const position = (lsn: string | null | undefined): number => {
  const [high = '0', low = '0'] = (lsn ?? '0/0').split('/');
  return parseInt(high, 16) * 2 ** 32 + parseInt(low, 16);
};

/** Whether every position lies between those of two states that were told one after the other. */
function between(events: readonly Printed[], row: Row): boolean {
  return events.some((event, index) => {
    const next = events[index + 1];
    return POSITIONS.every((name) => {
      const at = position(row[name]);
      return position(event[name]) <= at && at <= position(next?.[name]);
    });
  });
}

/** Whether a state that was told is what the server said. */
function agrees(event: Printed, row: Row): boolean {
  const positions = POSITIONS.every((name) => (event[name] ?? null) === row[name]);
  const lags = LAGS.every((name) => {
    const [mine, its] = [event[name], row[name]];
    if (mine === undefined || its === null || its === undefined) return (mine ?? null) === its;
    return Math.abs(mine - Number(its)) <= JITTER_US;
  });
  return positions && lags;
}

describe('replication', () => {
  it.each(['walreceiver', 'pg_receivewal', 'pg_recvlogical'])(
    'of %s is told as pg_stat_replication says it',
    (application) => {
      const samples = said.get(application) ?? [];
      expect(samples.length).toBe(3 * SAMPLES);
      const others = samples.filter((row) => !of(application).some((event) => agrees(event, row)));
      // A state is told once a second: what stood for less may lie between two that were told.
      expect(others.filter((row) => !between(of(application), row))).toEqual([]);
      expect(others.length).toBeLessThan(SAMPLES);
    },
  );

  it('shows how far a paused standby is behind, in bytes and in time', () => {
    const behind = (said.get('walreceiver') ?? []).filter(({ behind: bytes }) => Number(bytes) > 0);
    expect(behind.length).toBeGreaterThanOrEqual(SAMPLES - 1);
    const bytes = new Set(of('walreceiver').map((event) => event.replay_lag_bytes));
    const known = behind.filter(({ behind: lag }) => bytes.has(Number(lag)));
    expect(known.length).toBeGreaterThanOrEqual(SAMPLES - 2);
    const longest = Math.max(...of('walreceiver').map((event) => event.replay_lag_us ?? 0));
    expect(longest).toBeGreaterThan((SAMPLES - 2) * 1_000_000);
  });

  it('has modes, a slot, a beginning and an end', () => {
    const phases = (application: string): (string | undefined)[] =>
      [of(application)[0], of(application).at(-1)].map((event) => event?.phase);
    expect(phases('walreceiver')).toEqual(['start', 'end']);
    expect(phases('pg_recvlogical')).toEqual(['start', 'end']);
    expect(of('pg_recvlogical').at(-1)).toMatchObject({ mode: 'logical', slot: 'words' });
    expect(of('walreceiver').at(-1)).toMatchObject({ mode: 'physical' });
  });

  it('tells of a base backup how far it is, to its end', () => {
    const backup = told.filter(({ mode }) => mode === 'base_backup');
    const done = backup.map((event) => event.backup_bytes_done ?? 0);
    const total = backup.at(-1)?.backup_bytes_total ?? 0;
    expect(backup[0]?.phase).toBe('start');
    expect(backup.at(-1)?.phase).toBe('end');
    expect(total).toBeGreaterThan(10_000_000);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    // The total is an estimate that the server makes before it begins.
    expect(Math.abs((done.at(-1) ?? 0) / total - 1)).toBeLessThan(0.2);
  });
});
