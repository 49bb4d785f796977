/** TLS connections with and without their keys: what is read, what is told instead, and why. */
import { describe, expect, it } from 'vitest';
import { client, server } from '../../../wire/postgres.ts';
import { bytesOf, cut, int16 } from '../../../wire/bytes.ts';
import {
  handshakeMessage,
  plainRecord,
  recordType,
  suites12,
  suites13,
  type TlsPeersOptions,
} from '../../../wire/tls.ts';
import { type Played, play } from '../../recording-sink.ts';
import { lines } from '../postgres/talk.ts';
import { keyLogOf, TlsTalk } from './tls-talk.ts';

const TLS13: TlsPeersOptions = { version: '1.3', suite: 'TLS_AES_256_GCM_SHA384' };
const TLS12: TlsPeersOptions = {
  version: '1.2',
  suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
};
const BOTH = [
  ['TLS 1.2', TLS12],
  ['TLS 1.3', TLS13],
] as const;

const ALL: readonly (readonly [string, TlsPeersOptions])[] = [
  ...Object.keys(suites12).map((suite) => [suite, { version: '1.2', suite }] as const),
  ...Object.keys(suites13).map((suite) => [suite, { version: '1.3', suite }] as const),
];

const kinds = ({ told }: Played): string[] => told.sessions.map(({ type }) => type);
const reasons = ({ summary }: Played): Record<string, number> => summary.encryptedSessions;

/** Nothing captured is left out of the books. */
function expectBalance({ summary }: Played): void {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  expect(payloadBytes).toBe(decodedBytes + encryptedBytes + foreignBytes + repeatedBytes);
}

function ordinary(options: TlsPeersOptions): TlsTalk {
  const talk = new TlsTalk(options).handshake().login();
  talk.query('SELECT 1');
  talk.query('SELECT 2');
  return talk.leave();
}

describe('a TLS connection with its keys', () => {
  it.each(ALL)('is read like any other: %s', (suite, options) => {
    const { wire, peers } = ordinary(options);
    const played = play(wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1']);
    expect(kinds(played)).toEqual(['session_start', 'session_end']);
    expect(played.told.of('session_start')[0]).toMatchObject({
      session: { user: 'ann', database: 'shop', application: 'till' },
      tls: { version: `TLS ${options.version}`, cipherSuite: suite },
    });
    expect(played.told.of('session_end')[0]).toMatchObject({ reason: 'terminate', quality: 0 });
    expect(played.told.of('session_end')[0]?.turns).toBeUndefined();
    expect(played.summary).toMatchObject({
      encryptedBytes: 0,
      encryptedSessions: {},
      decryptedSessions: 1,
      framesRefused: 0,
    });
    expectBalance(played);
  });

  it.each(BOTH)('is read however its records are cut and joined: %s', (_name, options) => {
    for (const sizes of [[1], [3, 7], [1000], [100_000]]) {
      const talk = new TlsTalk(options).handshake();
      const login = client.startup({ user: 'ann' });
      const { connection, peers } = talk;
      const asked = bytesOf(
        ...cut(login, sizes).map((piece) => peers.record('client', piece)),
        ...cut(client.query('SELECT 1'), sizes).map((piece) => peers.record('client', piece)),
      );
      for (const piece of cut(asked, sizes)) connection.client(piece);
      const answer = bytesOf(server.authenticationOk(), server.ready(), server.row('1'));
      const told = bytesOf(answer, server.complete('SELECT 1'), server.ready());
      const records = cut(told, sizes).map((piece) => peers.record('server', piece));
      for (const piece of cut(bytesOf(...records), sizes)) connection.server(piece);
      const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
      expect(lines(played)).toEqual(['SELECT 1: ok r1']);
      expectBalance(played);
    }
  });

  it('is read through padding, tickets, alerts and new keys (TLS 1.3)', () => {
    const talk = new TlsTalk(TLS13).handshake().login();
    const { connection, peers } = talk;
    const ticket = handshakeMessage(4, Buffer.alloc(200, 9));
    connection.server(peers.record('server', ticket, { type: recordType.handshake }));
    talk.query('SELECT 1');
    connection.client(peers.keyUpdate('client'));
    connection.client(peers.record('client', client.query('SELECT 2'), { padding: 300 }));
    connection.server(peers.keyUpdate('server'), peers.keyUpdate('server'));
    talk.say('server', server.row('1'), server.complete('SELECT 1'), server.ready());
    connection.client(peers.record('client', Buffer.from([1, 0]), { type: recordType.alert }));
    const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1']);
    expect(played.summary.framesRefused).toBe(0);
  });

  it('is read when the server asks for another hello (TLS 1.3)', () => {
    const talk = new TlsTalk(TLS13);
    const { connection, peers } = talk;
    connection.client(client.sslRequest());
    connection.server(Buffer.from('S'));
    connection.client(peers.clientHello());
    connection.server(peers.helloRetryRequest(), plainRecord(recordType.change, Buffer.of(1)));
    connection.client(plainRecord(recordType.change, Buffer.of(1)), peers.clientHello());
    talk.answer().login().query('SELECT 1');
    const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
  });

  it.each(BOTH)('is read when it goes on from an earlier session: %s', (_name, options) => {
    const talk = new TlsTalk({ ...options, resumed: true });
    const { connection, peers } = talk;
    connection.client(client.sslRequest());
    connection.server(Buffer.from('S'));
    connection.client(peers.clientHello());
    // In TLS 1.2 the server finishes first when it resumes.
    connection.server(peers.serverHello(), peers.serverFinished());
    connection.client(peers.clientFinished());
    talk.login().query('SELECT 1');
    const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expect(played.told.of('session_start')[0]?.tls).toMatchObject({ resumed: true });
  });

  it('needs no handshake secrets, which some programs do not write (TLS 1.3)', () => {
    const { wire, peers } = ordinary(TLS13);
    const traffic = peers.keyLog.replace(/^.*HANDSHAKE.*\n/gm, '');
    const played = play(wire.packets, { keyLog: keyLogOf(traffic) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1']);
  });

  it('without an SSLRequest (sslnegotiation=direct) is read on a port that nobody named', () => {
    const options = { ...TLS13, protocols: ['postgresql'], serverName: 'db.example' };
    const talk = new TlsTalk(options, undefined, { serverPort: 7777 });
    talk.connection.client(talk.peers.clientHello());
    talk.answer().login().query('SELECT 1');
    const played = play(talk.wire.packets, { keyLog: keyLogOf(talk.peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expect(played.told.of('session_start')[0]?.tls).toMatchObject({
      applicationProtocol: 'postgresql',
      serverName: 'db.example',
    });
  });

  it('that carries another protocol is told as such', () => {
    const talk = new TlsTalk(TLS13).handshake();
    talk.say('client', Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    talk.say('server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const played = play(talk.wire.packets, { keyLog: keyLogOf(talk.peers.keyLog) });
    expect(played.told.of('anomaly')).toMatchObject([{ kind: 'not_postgres', detail: 'HTTP' }]);
    expectBalance(played);
  });
});

describe('a TLS connection whose keys come while it goes on', () => {
  it.each(BOTH)('is read from its beginning once they have come: %s', (_name, options) => {
    const { wire, peers } = ordinary(options);
    const lateLines = peers.keyLog.split('\n').map((line) => `${line}\n`);
    const keyLog = keyLogOf('', { follows: true });
    const packets = (function* () {
      for (const [index, packet] of wire.packets.entries()) {
        // One line with each of the last packets but one, in pieces.
        const line = lateLines[index - wire.packets.length + lateLines.length + 1] ?? '';
        keyLog.add(line.slice(0, 30));
        keyLog.add(line.slice(30));
        yield packet;
      }
    })();
    const played = play(packets, { keyLog });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1']);
    expect(played.told.statements[0]?.durationUs).toBe(100);
    expect(keyLog.heldBytes).toBe(0);
    expectBalance(played);
  });

  it('stays encrypted when they do not come within five seconds', () => {
    const talk = new TlsTalk(TLS13).handshake().login();
    talk.wire.wait(6_000_000);
    talk.query('SELECT 1');
    const keyLog = keyLogOf('', { follows: true });
    const played = play(talk.wire.packets, { keyLog });
    expect([reasons(played), keyLog.heldBytes]).toEqual([{ no_keys: 1 }, 0]);
    expectBalance(played);
  });

  it('stays encrypted when it ends before they come', () => {
    const keyLog = keyLogOf('', { follows: true });
    const played = play(ordinary(TLS13).wire.packets, { keyLog });
    expect([reasons(played), keyLog.heldBytes]).toEqual([{ no_keys: 1 }, 0]);
  });
});

describe('a TLS connection without its keys', () => {
  it.each(BOTH)('is told once, with what its handshake shows: %s', (_name, options) => {
    const { wire } = ordinary({ ...options, serverName: 'db.example', protocols: ['postgresql'] });
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['encrypted', 'session_end']);
    expect(played.told.of('encrypted')[0]).toMatchObject({
      method: 'tls',
      reason: 'no_key_log',
      tls: {
        version: `TLS ${options.version}`,
        cipherSuite: options.suite,
        serverName: 'db.example',
        applicationProtocol: 'postgresql',
        resumed: false,
        certificate: undefined,
      },
    });
    expect(played.summary).toMatchObject({ encryptedSessions: { no_key_log: 1 }, decodedBytes: 9 });
    expectBalance(played);
  });

  it('has its bytes and turns counted by direction', () => {
    const talk = new TlsTalk(TLS13).handshake();
    const [asked, told] = [Buffer.alloc(100, 1), Buffer.alloc(400, 2)];
    talk.say('client', asked);
    talk.wire.wait(1000);
    talk.say('server', told);
    talk.wire.wait(50_000);
    talk.say('client', asked);
    talk.say('client', asked);
    talk.wire.wait(3000);
    talk.say('server', told);
    talk.say('server', told);
    const played = play(talk.wire.packets);
    const end = played.told.of('session_end')[0];
    expect(end?.turns).toEqual({ count: 2, sumUs: 1100 + 3200, maxUs: 3200 });
    const sent = (side: number) =>
      played.told.seconds.reduce(
        (sum, row) => sum + (side === 0 ? row.requestBytes : row.responseBytes),
        0,
      );
    // SSLRequest and its answer are not encrypted.
    expect(end?.requestBytes).toBe(sent(0) + 8);
    expect(end?.responseBytes).toBe(sent(1) + 1);
    expect(end?.responseBytes).toBeGreaterThan(3 * 400);
  });

  it.each([
    ['no_keys', TLS13, (log: string) => log.replace(/ [0-9a-f]{4}/g, ' 0000')],
    ['no_keys', TLS12, (log: string) => log.replace(/ [0-9a-f]{4}/g, ' 0000')],
    ['wrong_keys', TLS13, (log: string) => log.replace(/[0-9a-f]{4}$/gm, '0000')],
    ['wrong_keys', TLS12, (log: string) => log.replace(/[0-9a-f]{4}$/gm, '0000')],
  ] as const)('says why it stays encrypted: %s', (reason, options, spoil) => {
    const { wire, peers } = ordinary(options);
    const played = play(wire.packets, { keyLog: keyLogOf(spoil(peers.keyLog)) });
    expect(kinds(played)).toEqual(['encrypted', 'session_end']);
    expect(reasons(played)).toEqual({ [reason]: 1 });
    expect(played.summary.decryptedSessions).toBe(0);
    expectBalance(played);
  });

  it('says so of a suite, and of a version, that is not decrypted', () => {
    const hello = (version: number, suite: number): Buffer =>
      plainRecord(
        recordType.handshake,
        bytesOf(
          Buffer.from('02000026', 'hex'),
          int16(version),
          Buffer.alloc(32, 9),
          Buffer.of(0),
          int16(suite),
          Buffer.of(0),
        ),
      );
    for (const [version, suite, reason] of [
      [0x0303, 0xc013, 'cipher_suite'],
      [0x0302, 0xc013, 'version'],
    ] as const) {
      const { connection, peers, wire } = new TlsTalk(TLS12);
      connection.client(peers.clientHello());
      connection.server(hello(version, suite));
      connection.client(plainRecord(recordType.change, Buffer.of(1)));
      const played = play(wire.packets, { keyLog: keyLogOf(peers.keyLog) });
      expect(reasons(played)).toEqual({ [reason]: 1 });
      expect(played.told.of('encrypted')[0]?.tls?.cipherSuite).toBe('0xc013');
    }
  });

  it('says so when the client speaks before the handshake and is heard (0-RTT)', () => {
    const talk = new TlsTalk({ ...TLS13, resumed: true, earlyData: true });
    const { connection, peers, wire } = talk;
    connection.client(peers.clientHello(), plainRecord(recordType.data, Buffer.alloc(90, 5)));
    connection.server(peers.serverHello(), peers.serverFinished(Buffer.from('002a0000', 'hex')));
    connection.client(peers.clientFinished());
    talk.login();
    const played = play(wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(reasons(played)).toEqual({ early_data: 1 });
  });

  it('is read when the server does not listen to what the client says before the handshake', () => {
    const talk = new TlsTalk({ ...TLS13, resumed: true, earlyData: true });
    const { connection, peers } = talk;
    connection.client(peers.clientHello(), plainRecord(recordType.data, Buffer.alloc(90, 5)));
    connection.client(plainRecord(recordType.data, Buffer.alloc(90, 6)));
    talk.answer().login().query('SELECT 1');
    const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
  });

  it('that ends in its handshake, or is none, says so', () => {
    const begun = new TlsTalk(TLS13);
    begun.connection.client(client.sslRequest());
    begun.connection.server(Buffer.from('S'));
    begun.connection.client(begun.peers.clientHello());
    expect(reasons(play(begun.wire.packets))).toEqual({ unfinished: 1 });
    const strange = new TlsTalk(TLS13);
    strange.connection.client(client.sslRequest());
    strange.connection.server(Buffer.from('S'));
    strange.connection.client(client.startup({ user: 'ann' }));
    expect(reasons(play(strange.wire.packets))).toEqual({ malformed: 1 });
  });
});
