/**
 * TLS without asking (sslnegotiation=direct) through a front that Node's own TLS makes, before a PostgreSQL server: what
 * PostgreSQL's TLS does not do (resumption, CCM in TLS 1.3) with a real library at both ends. The front speaks clear text
 * to the server, so each session is on the wire twice, and both must be the same. Needs a PostgreSQL server, openssl and
 * tcpdump with the right to capture.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { startPostgres } from '../lab/postgres-server.ts';
import { delay, mustRun } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';
import { client as say } from '../wire/postgres.ts';

const VARIANTS = [
  ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLSv1.3', 'TLS_AES_128_CCM_SHA256'],
  ['TLSv1.3', 'TLS_AES_128_CCM_8_SHA256'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
] as const;

const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-direct-'));
const capture = join(directory, 'direct.pcap');
const keys = join(directory, 'keys.log');
const lines: Buffer[] = [];

/** OpenSSL wants a suite of TLS 1.2 in the list as well; the weak ones need its lowest level. */
const cipherList = (cipher: string): string => `${cipher}:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0`;

async function makeFront(
  serverPort: number,
  [version, cipher]: readonly [string, string],
): Promise<Server> {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const limits = { minVersion: version, maxVersion: version } as { minVersion: 'TLSv1.3' };
  const front = createServer({
    ...limits,
    key: readFileSync(key),
    cert: readFileSync(cert),
    ciphers: cipherList(cipher),
    ALPNProtocols: ['postgresql'],
  });
  front.on('secureConnection', (secure) => {
    const server = connectTcp(serverPort, '127.0.0.1');
    secure.pipe(server).pipe(secure);
    for (const socket of [secure, server]) socket.on('error', () => socket.destroy());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return front;
}

/** One session; @returns what it takes to resume it. */
async function converse(
  port: number,
  [version, cipher]: readonly [string, string],
  session: Buffer | undefined,
): Promise<Buffer | undefined> {
  const name = `${cipher} ${session === undefined ? 'first' : 'again'}`;
  const limits = { minVersion: version, maxVersion: version } as { minVersion: 'TLSv1.3' };
  const socket = connect({
    ...limits,
    port,
    host: '127.0.0.1',
    ciphers: cipherList(cipher),
    servername: 'db.example',
    ALPNProtocols: ['postgresql'],
    rejectUnauthorized: false,
    ...(session === undefined ? {} : { session }),
  });
  let resumable: Buffer | undefined;
  socket.on('keylog', (line: Buffer) => lines.push(line));
  socket.on('session', (told: Buffer) => (resumable = told));
  socket.resume();
  await once(socket, 'secureConnect');
  expect(socket.isSessionReused()).toBe(session !== undefined);
  for (const message of [
    say.startup({ user: 'postgres', database: 'postgres', application_name: name }),
    say.query('SELECT 1'),
    say.query('SELECT 1/0'),
    say.query("SELECT repeat('x', 1000) FROM generate_series(1, 100)"),
  ]) {
    socket.write(message);
    // The answer has come, or the next request is asked behind it: both are conversations.
    await delay(100);
  }
  socket.end(say.terminate());
  await once(socket, 'close');
  return resumable;
}

type Event = PrintedEvent & Readonly<Record<string, unknown>>;

describe('direct TLS through a front', () => {
  let events: readonly Event[];
  let summary: Record<string, unknown>;

  beforeAll(async () => {
    const server = await startPostgres();
    try {
      const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')];
      const subject = ['-subj', '/CN=front', '-days', '30', '-nodes'];
      await mustRun('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files]);
      const recording = await startRecording({ file: capture, filter: 'tcp and host 127.0.0.1' });
      for (const variant of VARIANTS) {
        const front = await makeFront(server.port, variant);
        const { port } = front.address() as AddressInfo;
        const session = await converse(port, variant, undefined);
        expect(session).toBeDefined();
        await converse(port, variant, session);
        front.close();
      }
      await recording.stop();
      writeFileSync(keys, Buffer.concat(lines));
      const named = ['--port', `${String(server.port)}=postgres`, '--keylog', keys];
      const decoded = await decodeCapture(capture, named);
      events = decoded.events as Event[];
      ({ summary } = decoded);
    } finally {
      await server.stop();
    }
    return () => rmSync(directory, { recursive: true });
  });

  it.each(
    VARIANTS.flatMap(([, cipher]) => [
      [cipher, 'first'],
      [cipher, 'again'],
    ]),
  )('is on the wire in clear and encrypted, and is the same: %s, %s', (cipher, turn) => {
    const ours = events.filter((event) => event['application'] === `${cipher} ${turn}`);
    const starts = ours.filter(({ type }) => type === 'session_start');
    const [inClear, encrypted] = [undefined, turn === 'again'].map((resumed) =>
      starts.find((event) => event['resumed'] === resumed),
    );
    expect(encrypted).toMatchObject({
      server_name: 'db.example',
      application_protocol: 'postgresql',
    });
    const statementsOf = (start: PrintedEvent | undefined) =>
      ours
        .filter(({ type, session_id: id }) => type === 'statement' && id === start?.session_id)
        .map(({ statement, status, sqlstate, rows }) => ({ statement, status, sqlstate, rows }));
    expect(statementsOf(encrypted)).toEqual(statementsOf(inClear));
    expect(statementsOf(encrypted).map(({ rows }) => rows)).toEqual([1, undefined, 100]);
  });

  it('leaves no session encrypted', () => {
    expect(summary).toMatchObject({
      decrypted_sessions: 2 * VARIANTS.length,
      encrypted_sessions: {},
    });
  });
});
