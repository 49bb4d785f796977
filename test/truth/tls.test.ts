/**
 * The same work over PostgreSQL's own TLS, once for each version and suite, and once in clear: with the key log that the
 * client wrote the events must be the same. tshark with the same key log counts beside us. Needs a PostgreSQL server,
 * tcpdump with the right to capture, and tshark.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from 'pg';
import { decodeCapture, mirrorsql, type PrintedEvent } from '../lab/decode.ts';
import { startPostgres } from '../lab/postgres-server.ts';
import { startRecording } from '../lab/recorder.ts';
import { connectTls, type TlsChoice } from '../lab/tls-client.ts';
import { tsharkMessages } from './tshark-messages.ts';

const SUITES = {
  TLS_AES_128_GCM_SHA256: ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
  TLS_AES_256_GCM_SHA384: ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  TLS_CHACHA20_POLY1305_SHA256: ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: ['TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305'],
  TLS_DHE_RSA_WITH_AES_128_CCM: ['TLSv1.2', 'DHE-RSA-AES128-CCM'],
  TLS_DHE_RSA_WITH_AES_256_CCM_8: ['TLSv1.2', 'DHE-RSA-AES256-CCM8'],
  TLS_RSA_WITH_AES_128_GCM_SHA256: ['TLSv1.2', 'AES128-GCM-SHA256'],
} as const;
const NAMES = Object.keys(SUITES) as (keyof typeof SUITES)[];
const CLEAR = 'clear';
const SERVER_NAME = 'db.example';

const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-tls-'));
const capture = join(directory, 'tls.pcap');
const keys = join(directory, 'keys.log');
let port = 0;

/** Small and large, right and wrong, in every way that the driver speaks. */
async function work(client: Client): Promise<void> {
  await client.query('CREATE TEMPORARY TABLE t (id int, name text)');
  await client.query('BEGIN');
  for (let id = 0; id < 20; id++)
    await client.query('INSERT INTO t VALUES ($1, $2)', [id, `name ${id}`]);
  await client.query('INSERT INTO t VALUES ($1, $2)', [99, 'x'.repeat(100_000)]);
  await client.query('COMMIT');
  await client.query('SELECT count(*) FROM t');
  await client.query("SELECT g, repeat('y', 1000) FROM generate_series(1, 200) g");
  await client.query({ name: 'by-id', text: 'SELECT name FROM t WHERE id = $1', values: [7] });
  await client.query({ name: 'by-id', text: 'SELECT name FROM t WHERE id = $1', values: [8] });
  await client.query('SELECT 1/0').catch(() => undefined);
  await client.query('SELECT 1; SELECT 2');
}

beforeAll(async () => {
  const server = await startPostgres({
    tls: true,
    settings: { ssl_ciphers: 'ALL:@SECLEVEL=0' },
  });
  ({ port } = server);
  const lines: Buffer[] = [];
  try {
    const recording = await startRecording({ file: capture, filter: `tcp port ${String(port)}` });
    const where = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
    for (const name of [CLEAR, ...NAMES] as const) {
      const tls = name === CLEAR ? {} : { tls: choice(name, lines) };
      const client = await connectTls({ ...where, ...tls, application: name });
      await work(client);
      await client.end();
    }
    await recording.stop();
  } finally {
    await server.stop();
  }
  writeFileSync(keys, Buffer.concat(lines));
  return () => rmSync(directory, { recursive: true });
});

function choice(name: keyof typeof SUITES, lines: Buffer[]): TlsChoice {
  const [version, cipher] = SUITES[name];
  return { version, cipher, serverName: SERVER_NAME, keyLog: (line) => lines.push(line) };
}

const decode = (args: readonly string[] = []) =>
  decodeCapture(capture, ['--params', '--port', `${String(port)}=postgres`, ...args]);

/** An event without what differs from run to run: times, ports, ids. */
function comparable(event: PrintedEvent): object {
  const fleeting =
    /^(ts|session_id|client_port|.*_us|application|tls_version|cipher_suite|server_name|resumed|certificate_.*)$/;
  return Object.fromEntries(Object.entries(event).filter(([name]) => !fleeting.test(name)));
}

type Event = PrintedEvent & Readonly<Record<string, unknown>>;

describe("PostgreSQL's TLS, with the key log of its clients", () => {
  let events: readonly Event[];
  let summary: Record<string, unknown>;

  beforeAll(async () => {
    ({ events, summary } = (await decode(['--keylog', keys])) as {
      events: Event[];
      summary: Record<string, unknown>;
    });
  });

  const of = (application: string): Event[] =>
    events.filter((event) => event['application'] === application);

  it.each(NAMES)('gives the events of clear text: %s', (name) => {
    const [inClear, decrypted] = [of(CLEAR), of(name)].map((all) =>
      all.filter(({ type }) => type !== 'session_end').map(comparable),
    );
    expect(inClear?.length).toBeGreaterThan(30);
    expect(decrypted).toEqual(inClear);
  });

  it.each(NAMES)('tells of the handshake at the start of the session: %s', (name) => {
    const [version] = SUITES[name];
    expect(of(name).find(({ type }) => type === 'session_start')).toMatchObject({
      tls_version: version.replace('v', ' '),
      cipher_suite: name,
      server_name: SERVER_NAME,
      resumed: false,
      certificate_subject: 'CN=mirrorsql-lab',
    });
  });

  it('leaves nothing encrypted, missing or refused', () => {
    expect(summary).toMatchObject({
      encrypted_bytes: 0,
      encrypted_sessions: {},
      decrypted_sessions: NAMES.length,
      frames_refused: 0,
      gaps: 0,
      resyncs: 0,
    });
    const bytes = (name: string) => Number(summary[name]);
    expect(bytes('decoded_bytes') + bytes('repeated_bytes')).toBe(bytes('payload_bytes'));
  });

  it('counts what tshark counts with the same key log', async () => {
    const theirs = await tsharkMessages(capture, [port], ['-o', `tls.keylog_file:${keys}`]);
    const count = (type: string): number => theirs.filter((one) => one.type === type).length;
    const statements = events.filter(({ type }) => type === 'statement');
    const rows = statements.reduce((sum, { rows_returned: returned }) => sum + (returned ?? 0), 0);
    expect(rows).toBe(count('Data row'));
    expect(events.filter(({ reason }) => reason === 'terminate').length).toBe(count('Termination'));
    expect(events.filter(({ sqlstate }) => sqlstate !== undefined).length).toBe(count('Error'));
    expect(count('Termination')).toBe(NAMES.length + 1);
  });

  it('keeps the secrets to itself', async () => {
    const { stdout, stderr } = await mirrorsql(['decode', capture, '--keylog', keys]);
    const secrets = readFileSync(keys, 'utf8').match(/[0-9a-f]{64,}/g) ?? [];
    expect(secrets.length).toBeGreaterThan(30);
    const printed = (stdout + stderr).toLowerCase();
    expect(secrets.filter((secret) => printed.includes(secret))).toEqual([]);
  });
});

describe("PostgreSQL's TLS without keys", () => {
  it('is told with what the handshake shows', async () => {
    const { events, summary } = await decode();
    const sealed = events.filter(({ type }) => type === 'encrypted');
    const visible = NAMES.map((name) => ({
      type: 'encrypted',
      method: 'tls',
      reason: 'no_key_log',
      tls_version: SUITES[name][0].replace('v', ' '),
      cipher_suite: name,
      server_name: SERVER_NAME,
      resumed: false,
      ...(SUITES[name][0] === 'TLSv1.2' ? { certificate_subject: 'CN=mirrorsql-lab' } : {}),
    }));
    expect(sealed).toMatchObject(visible);
    expect(summary['encrypted_sessions']).toEqual({ no_key_log: NAMES.length });
    const ends = events.filter(({ type }) => type === 'session_end') as Event[];
    const turns = ends.flatMap(({ turns: count }) => (count === undefined ? [] : [count]));
    // The login and 31 queries; the driver sends each and waits, and Terminate is not answered.
    expect(new Set(turns)).toEqual(new Set([32]));
    expect(turns.length).toBe(NAMES.length);
  });

  it('stays encrypted with the keys of others, and with wrong ones', async () => {
    const log = readFileSync(keys, 'utf8');
    const strange = join(directory, 'strange.log');
    writeFileSync(strange, log.replace(/^(\w+ )[0-9a-f]{4}/gm, '$10000'));
    const wrong = join(directory, 'wrong.log');
    writeFileSync(wrong, log.replace(/[0-9a-f]{4}$/gm, '0000'));
    const others = await decode(['--keylog', strange]);
    expect(others.summary['encrypted_sessions']).toEqual({ no_keys: NAMES.length });
    const mistaken = await decode(['--keylog', wrong]);
    expect(mistaken.summary['encrypted_sessions']).toEqual({ wrong_keys: NAMES.length });
    expect(mistaken.summary['decrypted_sessions']).toBe(0);
  });
});
