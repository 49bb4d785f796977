/** A mirror that shows one side only: it is noticed, named, and what can be known is told while it happens. */
import { describe, expect, it } from 'vitest';
import type { CollectorOptions } from '../../../../collectors/collector.ts';
import { Connection, type Side, Wire } from '../../../wire/connection.ts';
import { Flag } from '../../../wire/packets.ts';
import { client, server } from '../../../wire/postgres.ts';
import { type Played, play } from '../../recording-sink.ts';
import { keyLogOf, TlsTalk } from '../tls/tls-talk.ts';
import { login } from './talk.ts';

const STATEMENTS = 10;

/** Ten statements, of which the packets of one side are shown; the connection stays open. */
function shown(side: Side, say: (c: Connection) => void = ask): Played {
  const wire = new Wire();
  const c = login(wire);
  say(c);
  return playSide(wire, side);
}

/** The client's port is 40,000, the first of the TCP header behind 34 bytes. */
function fromClient(bytes: Uint8Array): boolean {
  return (((bytes[34] ?? 0) << 8) | (bytes[35] ?? 0)) === 40_000;
}

/** With the packets of one side only. */
function playSide(wire: Wire, side: Side, options: CollectorOptions = {}): Played {
  return play(
    wire.packets.filter(({ bytes }) => fromClient(bytes) === (side === 'client')),
    options,
  );
}

function ask(c: Connection): void {
  for (let n = 0; n < STATEMENTS; n++) {
    c.client(client.query(`SELECT ${n}`));
    c.server(
      server.rowDescription('n'),
      server.row(String(n)),
      server.complete('SELECT 1'),
      server.ready(),
    );
    c.segment('client', {}); // It acknowledges.
    c.wire.wait(1_000_000);
  }
}

describe('a mirror that shows the client only, and later the server as well', () => {
  it('gives no answer that was owed to a request behind it as certain', () => {
    const wire = new Wire();
    const c = login(wire);
    const answer = (rows: number) => [
      ...Array.from({ length: rows }, () => server.row('x')),
      server.complete(`SELECT ${rows}`),
      server.ready(),
    ];
    c.client(client.query('SELECT 1'));
    c.server(...answer(1));
    c.segment('client', {}); // It acknowledges what is not shown.
    for (const n of [2, 3, 4]) c.client(client.query(`SELECT ${n}`));
    const hidden = wire.packets.length + 1;
    for (const message of answer(2)) c.server(message);
    c.client(client.query('SELECT 5'));
    for (const n of [3, 4, 5]) c.server(...answer(n));
    const seen = wire.packets.filter(({ bytes }, index) => fromClient(bytes) || index >= hidden);
    const { told } = play(seen);
    expect(told.statements.map(({ text }) => text)).toContain('SELECT 5');
    for (const { text, rowsReturned, quality } of told.statements)
      expect(text === `SELECT ${rowsReturned}` || quality.length > 0).toBe(true);
  });
});

describe('a mirror that shows the client only', () => {
  const played = shown('client');

  it('yields each statement with its text, and no durations or results', () => {
    expect(played.told.statements.map(({ text }) => text)).toEqual(
      Array.from({ length: STATEMENTS }, (_, n) => `SELECT ${n}`),
    );
    for (const statement of played.told.statements) {
      expect(statement).toMatchObject({
        status: 'unknown',
        quality: ['one_way'],
        durationUs: undefined,
        rowsReturned: undefined,
      });
    }
  });

  it('is noticed once for each connection, and named', () => {
    expect(played.summary).toMatchObject({ clientOnlyConnections: 1, serverOnlyConnections: 0 });
    expect(played.told.of('anomaly')).toMatchObject([
      { kind: 'one_way', detail: 'only the client is seen' },
    ]);
    expect(played.told.of('session_end')[0]?.quality).toBe(16);
  });

  it('does not look like a database that hangs', () => {
    const seconds = played.told.seconds;
    const sum = (value: (second: (typeof seconds)[number]) => number): number =>
      seconds.reduce((total, second) => total + value(second), 0);
    expect(sum(({ requestsAnswered }) => requestsAnswered)).toBe(sum(({ requests }) => requests));
    expect(Math.max(...seconds.map(({ outstanding }) => outstanding))).toBe(0);
    expect(played.summary.unansweredRequests).toBe(0);
  });

  it('tells statements while the connection is open, in a bounded queue', () => {
    const many = shown('client', (c) => {
      for (let n = 0; n < 50; n++) ask(c);
    });
    expect(many.told.statements.length).toBe(50 * STATEMENTS);
    expect(many.summary.droppedByLimit).toEqual({});
    const firstUs = many.told.statements[0]?.tsUs ?? 0;
    expect(firstUs).toBeLessThan(many.told.seconds.at(-1)?.secondUs ?? 0);
  });

  it('tells a pipeline as well', () => {
    const pipeline = shown('client', (c) => {
      for (let n = 0; n < 3; n++) {
        c.client(client.parse(`SELECT ${n}`), client.bind(), client.execute(), client.sync());
        c.server(
          server.parseComplete(),
          server.bindComplete(),
          server.complete('SELECT 1'),
          server.ready(),
        );
        c.segment('client', {});
      }
    });
    expect(pipeline.told.statements.map(({ text, quality }) => [text, ...quality])).toEqual([
      ['SELECT 0', 'one_way'],
      ['SELECT 1', 'one_way'],
      ['SELECT 2', 'one_way'],
    ]);
  });
});

describe('a mirror that shows the server only', () => {
  const played = shown('server');

  it('yields each statement with its result, and no text or duration', () => {
    expect(played.told.statements.length).toBe(STATEMENTS);
    for (const statement of played.told.statements) {
      expect(statement).toMatchObject({
        text: undefined,
        command: 'SELECT',
        rowsReturned: 1,
        durationUs: undefined,
      });
      expect(statement.quality).toContain('one_way');
    }
  });

  it('is noticed once for each connection, and named', () => {
    expect(played.summary).toMatchObject({ clientOnlyConnections: 0, serverOnlyConnections: 1 });
    expect(played.told.of('anomaly')).toMatchObject([
      { kind: 'one_way', detail: 'only the server is seen' },
    ]);
  });
});

describe.each(['client', 'server'] as const)('a mirror that shows the %s only, of TLS', (side) => {
  it.each([
    { version: '1.2', suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' },
    { version: '1.3', suite: 'TLS_AES_256_GCM_SHA384' },
  ] as const)('$version, shows that it is encrypted, and one side only', (options) => {
    const talk = new TlsTalk(options).handshake().login();
    talk.query('SELECT 1');
    talk.leave();
    const played = playSide(talk.wire, side, { keyLog: keyLogOf(talk.peers.keyLog) });
    // With the keys at hand: the random bytes of the other side's hello are a part of them.
    expect(played.told.of('encrypted')).toMatchObject([
      { method: 'tls', reason: 'handshake_lost' },
    ]);
    expect(played.told.of('anomaly')).toMatchObject([
      { kind: 'one_way', detail: `only the ${side} is seen` },
    ]);
    expect(played.told.statements).toEqual([]);
    expect(played.summary).toMatchObject({ foreignBytes: 0, framesRefused: 0 });
  });
});

describe('what is no one-way mirror', () => {
  const oneWay = ({ summary }: Played): number[] => [
    summary.clientOnlyConnections,
    summary.serverOnlyConnections,
  ];

  it('is a server that takes a request and does not answer', () => {
    const wire = new Wire();
    const c = login(wire);
    c.client(client.query('SELECT pg_sleep(99)'));
    c.segment('server', {});
    const played = play(wire.packets);
    expect(oneWay(played)).toEqual([0, 0]);
    expect(played.told.statements).toMatchObject([{ status: 'unanswered', quality: [] }]);
    expect(Math.max(...played.told.seconds.map(({ outstanding }) => outstanding))).toBe(1);
  });

  it('is a client that sends several requests before the first answer comes', () => {
    const wire = new Wire();
    const c = new Connection(wire);
    for (let n = 0; n < 3; n++) c.client(client.query(`SELECT ${n}`));
    for (let n = 0; n < 3; n++) c.server(server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets);
    expect(oneWay(played)).toEqual([0, 0]);
    expect(played.told.statements.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });

  it('is a handshake alone', () => {
    const wire = new Wire();
    const c = new Connection(wire);
    c.segment('client', { flags: Flag.syn });
    expect(oneWay(play(wire.packets))).toEqual([0, 0]);
  });
});
