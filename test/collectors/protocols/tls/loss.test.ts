/** What is read of a TLS connection of which bytes are missing, changed or doubled: whole records, counted gaps, nothing invented. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, cut } from '../../../wire/bytes.ts';
import { client, server } from '../../../wire/postgres.ts';
import { plainRecord, recordType, type TlsPeersOptions } from '../../../wire/tls.ts';
import { Wire, type WirePacket } from '../../../wire/connection.ts';
import { type Played, play } from '../../recording-sink.ts';
import { lines } from '../postgres/talk.ts';
import { keyLogOf, TlsTalk } from './tls-talk.ts';

const TLS13: TlsPeersOptions = { version: '1.3', suite: 'TLS_CHACHA20_POLY1305_SHA256' };
const TLS12: TlsPeersOptions = { version: '1.2', suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' };
const TLS12_CHACHA: TlsPeersOptions = {
  version: '1.2',
  suite: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
};
const ALL = [
  ['TLS 1.2 with GCM', TLS12],
  ['TLS 1.2 with ChaCha20', TLS12_CHACHA],
  ['TLS 1.3', TLS13],
] as const;

const reasons = ({ summary }: Played): Record<string, number> => summary.encryptedSessions;

function expectBalance({ summary }: Played): void {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  expect(payloadBytes).toBe(decodedBytes + encryptedBytes + foreignBytes + repeatedBytes);
}

/** A session that has logged in; `say` puts what follows, in whatever pieces. */
function talked(options: TlsPeersOptions, say: (talk: TlsTalk) => void): [Played, TlsTalk] {
  const talk = new TlsTalk(options).handshake().login();
  say(talk);
  const played = play(talk.wire.packets, { keyLog: keyLogOf(talk.peers.keyLog) });
  expectBalance(played);
  return [played, talk];
}

const row = (size: number): Buffer => server.row('x'.repeat(size));

describe('a gap in a TLS connection', () => {
  it.each(ALL)('inside a record costs its text, and no more: %s', (_name, options) => {
    const [played] = talked(options, (talk) => {
      talk.say('client', client.query('SELECT 1'));
      const { connection, peers } = talk;
      talk.say('server', row(10));
      const record = peers.record('server', bytesOf(row(500), row(10)));
      connection.server(record.subarray(0, 100));
      connection.lost('server', record.subarray(100, 300));
      connection.server(record.subarray(300));
      talk.say('server', row(10), server.complete('SELECT 4'), server.ready());
      talk.query('SELECT 2');
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r4', 'SELECT 2: ok r1']);
    expect(played.told.statements.map(({ quality }) => quality)).toEqual([['gap_response'], []]);
    expect(played.summary).toMatchObject({ gaps: 1, lostBytes: 200, encryptedSessions: {} });
  });

  it.each(ALL)('over many records is measured by their numbers: %s', (_name, options) => {
    const [played] = talked(options, (talk) => {
      talk.say('client', client.query('SELECT 1'));
      const { connection, peers } = talk;
      const whole = bytesOf(...Array.from({ length: 40 }, () => row(90)));
      // A message that the last record begins, and the first one behind the gap ends.
      const rest = bytesOf(whole, row(700), server.complete('SELECT 41'), server.ready());
      const pieces = cut(rest, [300]);
      pieces.forEach((piece, index) => {
        const record = peers.record('server', piece);
        if (index < 2 || index >= 13) connection.server(record);
        else connection.lost('server', record);
      });
      talk.query('SELECT 2');
    });
    // Rows lie where they lay: after the text that is missing the next one begins in the midst of a known message,
    // or is found anew. Nothing is invented, and the next round is whole.
    expect(lines(played).at(-1)).toBe('SELECT 2: ok r1');
    expect(played.told.statements[0]?.quality).toContain('gap_response');
    expect(reasons(played)).toEqual({});
    const gap = played.told.of('anomaly').find(({ kind }) => kind === 'gap');
    expect(gap?.lostBytes).toBe(11 * 300);
  });

  it.each(ALL)('in what the client says loses that and nothing else: %s', (_name, options) => {
    const [played] = talked(options, (talk) => {
      const { connection, peers } = talk;
      connection.lost('client', peers.record('client', client.query('SELECT 1')));
      talk.say('server', server.row('1'), server.complete('SELECT 1'), server.ready());
      talk.query('SELECT 2');
      talk.query('SELECT 3');
    });
    expect(lines(played)).toEqual(['<SELECT>: ok r1', 'SELECT 2: ok r1', 'SELECT 3: ok r1']);
  });

  it('that takes a change of keys with it is overcome (TLS 1.3)', () => {
    const [played] = talked(TLS13, (talk) => {
      const { connection, peers } = talk;
      talk.say('client', client.query('SELECT 1'));
      connection.lost('server', peers.record('server', row(300)), peers.keyUpdate('server'));
      connection.lost('server', peers.record('server', row(300)));
      talk.say('server', server.complete('SELECT 2'), server.ready());
      talk.query('SELECT 2');
      talk.query('SELECT 3');
    });
    expect(lines(played).slice(-2)).toEqual(['SELECT 2: ok r1', 'SELECT 3: ok r1']);
    expect(reasons(played)).toEqual({});
  });

  it('in the encrypted part of the handshake is overcome (TLS 1.3)', () => {
    const talk = new TlsTalk(TLS13);
    const { connection, peers } = talk;
    connection.client(client.sslRequest());
    connection.server(Buffer.from('S'));
    connection.client(peers.clientHello());
    connection.server(peers.serverHello());
    connection.lost('server', peers.serverFinished());
    connection.lost('client', peers.clientFinished());
    talk.login();
    talk.query('SELECT 1');
    const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expect(played.told.of('session_start')[0]?.session.user).toBe('ann');
  });

  it.each([
    ['TLS 1.2', TLS12],
    ['TLS 1.3', TLS13],
  ] as const)('in the hellos leaves it encrypted, with the reason: %s', (_name, options) => {
    for (const lost of ['client', 'server'] as const) {
      const talk = new TlsTalk(options);
      const { connection, peers } = talk;
      connection.client(client.sslRequest());
      connection.server(Buffer.from('S'));
      const [asked, answered] = [peers.clientHello(), peers.serverHello()];
      if (lost === 'client') connection.lost('client', asked);
      else connection.client(asked);
      if (lost === 'server') connection.lost('server', answered);
      else connection.server(answered);
      connection.server(peers.early13());
      connection.client(peers.clientFinished());
      connection.server(peers.late12());
      talk.login();
      talk.query('SELECT 1');
      const played = play(talk.wire.packets, { keyLog: keyLogOf(peers.keyLog) });
      expect(lines(played)).toEqual([]);
      expect(reasons(played)).toEqual({ handshake_lost: 1 });
      expectBalance(played);
    }
  });

  it('after which no record opens seals the session, and says so', () => {
    const [played] = talked(TLS13, (talk) => {
      talk.query('SELECT 1');
      talk.say('client', client.query('SELECT 2'));
      const strange = plainRecord(recordType.data, Buffer.alloc(60, 3));
      for (let count = 0; count < 20; count++) talk.connection.server(strange);
      talk.query('SELECT 3');
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: unknown']);
    expect(reasons(played)).toEqual({ records_lost: 1 });
    expect(played.summary.decryptedSessions).toBe(1);
    expect(played.summary.encryptedBytes).toBeGreaterThan(0);
  });

  it('of so many bytes that trying has no end is given up after a bounded number of trials', () => {
    const [played] = talked(TLS13, (talk) => {
      talk.query('SELECT 1');
      const { connection, peers } = talk;
      for (let count = 0; count < 5000; count++) peers.record('server', Buffer.alloc(1));
      connection.lost('server', Buffer.alloc(5000 * 23));
      for (let count = 0; count < 20; count++) talk.query('SELECT 2');
    });
    expect(reasons(played)).toEqual({ records_lost: 1 });
  });

  it.each(ALL)('of a byte that was changed on the way costs one record: %s', (_name, options) => {
    const [played] = talked(options, (talk) => {
      talk.say('client', client.query('SELECT 1'));
      const record = talk.peers.record('server', bytesOf(row(40), row(40)));
      record[30] = (record[30] ?? 0) ^ 1;
      talk.connection.server(record);
      talk.say('server', row(40), server.complete('SELECT 3'), server.ready());
      talk.query('SELECT 2');
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r3', 'SELECT 2: ok r1']);
    expect(played.told.statements.map(({ quality }) => quality)).toEqual([['gap_response'], []]);
    expect(reasons(played)).toEqual({});
  });
});

describe('a capture that begins in the midst of TLS', () => {
  const late = (from: number, sizes: readonly number[]): [WirePacket[], TlsTalk] => {
    const talk = new TlsTalk(TLS13).handshake().login();
    const before = talk.wire.packets.length;
    const { connection, peers } = talk;
    for (let turn = 0; turn < 6; turn++) {
      for (const piece of cut(peers.record('client', client.query('SELECT 1')), sizes))
        connection.client(piece);
      const answer = bytesOf(row(2000), server.complete('SELECT 1'), server.ready());
      for (const piece of cut(peers.record('server', answer), sizes)) connection.server(piece);
    }
    return [talk.wire.packets.slice(before + from), talk];
  };

  it.each([
    ['at a record', 0, [100_000]],
    ['in the midst of one', 3, [50, 700]],
    ['in the midst of a header', 1, [3]],
  ] as const)('%s counts it as encrypted, with or without keys', (_name, from, sizes) => {
    const [packets, { peers }] = late(from, sizes);
    for (const keyLog of [undefined, keyLogOf(peers.keyLog)]) {
      const played = play(packets, { keyLog });
      expect(lines(played)).toEqual([]);
      expect(reasons(played)).toEqual({ mid_stream: 1 });
      expect(played.summary).toMatchObject({
        encryptedBytes: played.summary.payloadBytes,
        decodedBytes: 0,
        resyncBytes: 0,
        framesRefused: 0,
      });
      expect(played.told.of('session_end')[0]?.quality).toBe(4);
    }
  });

  it('and ends after one record still does', () => {
    const [packets] = late(0, [100_000]);
    expect(reasons(play(packets.slice(0, 1)))).toEqual({ mid_stream: 1 });
  });

  it('just before its handshake reads it all', () => {
    const talk = new TlsTalk(TLS13).handshake().login();
    talk.query('SELECT 1');
    const keyLog = keyLogOf(talk.peers.keyLog);
    // Three packets of TCP's handshake, the request and its answer were missed.
    const played = play(talk.wire.packets.slice(5), { keyLog });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expectBalance(played);
  });

  it('is not what clear text with the bytes of a header in it looks like', () => {
    const wire = new Wire();
    const talk = new TlsTalk(TLS13, wire);
    const header = Buffer.from('1703030040', 'hex');
    for (let turn = 0; turn < 10; turn++) {
      talk.connection.client(client.query('SELECT 1'));
      const text = bytesOf(Buffer.alloc(40, 0x61), header, Buffer.alloc(200, 0x62));
      talk.connection.server(server.row(text.toString('latin1')), server.complete('SELECT 1'));
      talk.connection.server(server.ready());
    }
    const played = play(wire.packets.slice(4));
    expect(reasons(played)).toEqual({});
    expect(lines(played).length).toBeGreaterThan(8);
  });
});

describe('however the packets of a TLS connection are lost', () => {
  const QUERIES = 25;

  /** Each query has a text and a number of rows of its own. */
  function conversation(options: TlsPeersOptions, sizes: readonly number[]): TlsTalk {
    const talk = new TlsTalk(options).handshake().login();
    const { connection, peers } = talk;
    for (let number = 1; number <= QUERIES; number++) {
      connection.client(peers.record('client', client.query(`SELECT ${number}`)));
      const rows = Array.from({ length: number }, () => row(60));
      const answer = bytesOf(...rows, server.complete(`SELECT ${number}`), server.ready());
      const records = cut(answer, [...sizes, 400]).map((piece) => peers.record('server', piece));
      for (const piece of cut(bytesOf(...records), [350])) connection.server(piece);
    }
    return talk;
  }

  it.each(ALL)('what is told was said, and what is whole is right: %s', (_name, options) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 50, max: 900 }), { maxLength: 5 }),
        fc.array(fc.nat(300), { maxLength: 12 }),
        (sizes, lost) => {
          const { wire, peers } = conversation(options, sizes);
          const packets = wire.packets.filter(
            (_packet, index) => index < 14 || !lost.includes(index),
          );
          const played = play(packets, { keyLog: keyLogOf(peers.keyLog) });
          for (const { text, status, quality, rowsReturned } of played.told.statements) {
            if (text !== undefined) expect(text).toMatch(/^SELECT \d+$/);
            const whole = quality.length === 0 && status === 'ok';
            if (whole) expect(`SELECT ${rowsReturned}`).toBe(text);
          }
          expect(reasons(played)).toEqual({});
          expectBalance(played);
          const missed = wire.packets.length - packets.length;
          const untouched = played.told.statements.filter(({ quality }) => quality.length === 0);
          // A lost packet touches the round that it belongs to and the ones beside it; when a whole answer is missing,
          // those behind it are marked until eight have been asked and answered one by one.
          expect(untouched.length).toBeGreaterThanOrEqual(QUERIES - 12 * missed);
        },
      ),
      { numRuns: 40 },
    );
  });
});
