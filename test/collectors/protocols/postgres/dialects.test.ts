/**
 * KingbaseES and openGauss, on bytes built from what their drivers' and servers' sources say: no such server was at hand.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../../collectors/protocols/postgres/opengauss.ts';
import { bytesOf, cstring, int16, int32, int8 } from '../../../wire/bytes.ts';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, message, server } from '../../../wire/postgres.ts';
import { play, type Played } from '../../recording-sink.ts';
import { lines } from './talk.ts';

const HEX64 = Buffer.from('ab'.repeat(32));
const HEX8 = Buffer.from('0123abcd');
const auth = (...parts: readonly Uint8Array[]): Buffer => message('R', ...parts);

interface Server {
  readonly version?: number;
  readonly asks?: readonly Buffer[];
  readonly says?: readonly Buffer[];
}

/** A session with a server of some kind: it logs in, `say` goes on. */
function session(kind: Server, say: (c: Connection) => void = () => undefined): Played {
  const wire = new Wire();
  const c = new Connection(wire).open();
  c.client(client.startup({ user: 'gaussdb', database: 'shop' }, kind.version ?? 0x30000));
  for (const asked of kind.asks ?? []) {
    c.server(asked);
    c.client(client.password('S3cret-hash'));
  }
  c.server(
    server.authenticationOk(),
    ...(kind.says ?? []),
    server.keyData(1, int32(7)),
    server.ready(),
  );
  say(c);
  c.client(client.terminate());
  c.close();
  return play(wire.packets, { parameters: true });
}

const dialect = ({ told }: Played): string | undefined =>
  told.of('session_start')[0]?.session.dialect;

describe('the dialect of a server', () => {
  it.each<[string, Server, string | undefined]>([
    ['startup 3.51', { version: 0x30033 }, 'opengauss'],
    ['startup 3.50', { version: 0x30032 }, 'opengauss'],
    [
      'a request for SHA256 to a client of 3.0',
      { asks: [auth(int32(10), int32(2), HEX64, HEX8, HEX64)] },
      'opengauss',
    ],
    [
      'a request for SHA256 to a client of 3.51',
      { asks: [auth(int32(10), int32(2), HEX64, HEX8, int32(10_000))] },
      'opengauss',
    ],
    [
      'a request for MD5_SHA256',
      { asks: [auth(int32(11), HEX64, Buffer.from('salt'))] },
      'opengauss',
    ],
    ['a request for SM3', { asks: [auth(int32(13), int32(3), HEX64, HEX8)] }, 'opengauss'],
    [
      'SASL of PostgreSQL',
      {
        asks: [
          auth(int32(10), cstring('SCRAM-SHA-256'), int8(0)),
          auth(int32(11), Buffer.from(`r=${'x'.repeat(66)}`)),
          auth(int32(12), Buffer.from('v=abc')),
        ],
      },
      undefined,
    ],
    [
      'SASL of KingbaseES, and its version',
      {
        asks: [auth(int32(10), cstring('SCRAM-SM3'), int8(0))],
        says: [server.parameterStatus('server_version', 'KingbaseES V008R006C007B0024')],
      },
      'kingbase',
    ],
    [
      'a request that nobody has published',
      { asks: [auth(int32(99), Buffer.alloc(40))] },
      undefined,
    ],
  ])('is told by %s', (_what, kind, expected) => {
    const played = session(kind);
    expect(dialect(played)).toBe(expected);
    expect(played.summary).toMatchObject({ framesRefused: 0, gaps: 0 });
    expect(JSON.stringify(played.told)).not.toContain('S3cret');
  });
});

/** 'U': two sets of two parameters, the first in text, the second in binary. */
function batch(sets: readonly (readonly (Uint8Array | null)[])[], ...tail: Uint8Array[]): Buffer {
  const values = sets
    .flat()
    .map((value) => (value === null ? int32(-1) : bytesOf(int32(value.length), value)));
  return message(
    'U',
    int32(sets.length),
    cstring(''),
    cstring('ins'),
    int16(2),
    int16(0),
    int16(1),
    int16(0),
    int16(sets[0]?.length ?? 0),
    ...values,
    ...tail,
    Buffer.from('E'),
    cstring(''),
    int32(0),
  );
}

const OPENGAUSS: Server = { version: 0x30033 };
const INSERT = 'INSERT INTO t VALUES ($1, $2)';

/** The statement is prepared, with bytes behind its types as proc_outparam_override adds them. */
function prepareInsert(c: Connection): void {
  c.client(
    message(
      'P',
      cstring('ins'),
      cstring(INSERT),
      int16(2),
      int32(25),
      int32(23),
      int16(2),
      Buffer.from('ii'),
    ),
    client.sync(),
  );
  c.server(server.parseComplete(), server.ready());
}

describe('a session with openGauss', () => {
  const SETS = [
    [Buffer.from('a'), int32(1)],
    [null, int32(2)],
  ];

  it.each([
    ['without a Describe', [], []],
    [
      'with one of the statement',
      [Buffer.from('DS'), cstring('ins')],
      [server.parameterDescription(25, 23), server.noData()],
    ],
    ['with one of the portal', [Buffer.from('DP'), cstring('')], [server.noData()]],
  ])('binds many rows at once, %s', (_how, tail, answers) => {
    const played = session(OPENGAUSS, (c) => {
      prepareInsert(c);
      c.client(batch(SETS, ...tail), client.sync());
      c.server(server.bindComplete(), ...answers, server.complete('INSERT 0 2'), server.ready());
      c.client(client.query('SELECT 1'));
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual([`${INSERT}: ok a2`, 'SELECT 1: ok r0 a1']);
    expect(played.told.statements[0]).toMatchObject({
      statementName: 'ins',
      parameters: ['a', '1', null, '2'],
      batchCount: 2,
      quality: [],
    });
    expect(played.summary).toMatchObject({ unmatchedAnswers: 0, framesRefused: 0 });
  });

  it('fails a batch as one', () => {
    const played = session(OPENGAUSS, (c) => {
      prepareInsert(c);
      c.client(batch(SETS), client.sync());
      c.server(server.error('23505'), server.ready());
    });
    expect(lines(played)).toEqual([`${INSERT}: error 23505`]);
  });

  it('has messages of its own, which are stepped over', () => {
    const played = session(OPENGAUSS, (c) => {
      c.client(message('K', Buffer.alloc(8)), message('V'), message('J', cstring('trace')));
      c.client(client.query('SELECT 1'));
      c.server(message('K', Buffer.alloc(8)), message('k', Buffer.alloc(4)));
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r0 a1']);
    expect(played.summary).toMatchObject({ framesRefused: 0, unmatchedAnswers: 0 });
  });

  it('is the only one in which these messages are legal', () => {
    const played = session({}, (c) => {
      prepareInsert(c);
      c.client(batch(SETS), client.sync());
    });
    expect(played.summary.framesRefused).toBeGreaterThan(0);
  });

  it('may send batches that are none: they are never believed', () => {
    const whole = batch(SETS, Buffer.from('DP'), cstring(''));
    for (let length = 0; length < whole.length - 5; length++) {
      const body = Buffer.from(whole.subarray(5, 5 + length));
      const view = new DataView(body.buffer, body.byteOffset, body.length);
      const read = readBatch(body, view, 0, body.length, true);
      expect(read?.parameters?.values.length ?? 4).toBe(4);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        expect(readBatch(bytes, view, 0, bytes.length, true)?.setsCount ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});

describe('a session with KingbaseES', () => {
  it('prints its own types', () => {
    const kind = { says: [server.parameterStatus('server_version', 'Kingbase V008R003C002B0100')] };
    const played = session(kind, (c) => {
      c.client(client.parse('SELECT $1, $2', '', [8100, 7952]));
      c.client(client.bind({ formats: [1], values: [int8(-5), Buffer.alloc(8)] }));
      c.client(client.execute(), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.complete('SELECT 1'));
      c.server(server.ready());
    });
    expect(played.told.statements[0]?.parameters).toEqual(['-5', '2000-01-01 00:00:00']);
  });

  it('does not take the BEGIN of a block for that of a transaction', () => {
    const played = session(
      { says: [server.parameterStatus('server_version', 'KingbaseES V9')] },
      (c) => {
        c.client(client.query('BEGIN UPDATE t SET a = 1; END;'));
        c.server(server.complete('ANONYMOUS BLOCK'), server.ready());
      },
    );
    expect(played.told.transactions.map(({ implicit, outcome }) => [implicit, outcome])).toEqual([
      [true, 'commit'],
    ]);
  });
});
