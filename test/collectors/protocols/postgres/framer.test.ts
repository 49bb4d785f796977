/** Where messages end: whatever TCP does to the bytes, the same messages; whatever the bytes say, no throw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer, Mode } from '../../../../collectors/protocols/postgres/framer.ts';
import {
  BackendTag,
  backendKeep,
  frontendKeep,
} from '../../../../collectors/protocols/postgres/messages.ts';
import {
  findBackendBoundary,
  findFrontendBoundary,
} from '../../../../collectors/protocols/postgres/resync.ts';
import { bytesOf, cut, int32 } from '../../../wire/bytes.ts';
import { client, message, server } from '../../../wire/postgres.ts';

interface Options {
  readonly side?: 'client' | 'server';
  readonly mode?: Mode;
  /** Bytes of a body that are kept. */
  readonly kept?: number;
}

/** A framer that writes down what it is told, as short texts. */
function recorder({ side = 'server', mode = Mode.Typed, kept = 1 << 20 }: Options = {}): {
  framer: Framer;
  log: string[];
} {
  const log: string[] = [];
  const name = (tag: number): string => (tag === 0 ? 'startup' : String.fromCharCode(tag));
  const receiver = {
    message(
      tag: number,
      bytes: Uint8Array,
      view: DataView,
      start: number,
      end: number,
      sizeBytes: number,
      isCut: boolean,
    ) {
      const body = Buffer.from(bytes.slice(start, end));
      if (body.length > 0 && view.getUint8(start) !== body[0]) throw new Error('view differs');
      log.push(`${name(tag)}:${body.toString('latin1')}:${sizeBytes}${isCut ? ' cut' : ''}`);
    },
    stepped: (tag: number, sizeBytes: number) => log.push(`${name(tag)} stepped ${sizeBytes}`),
    damaged: (tag: number, sizeBytes: number) => log.push(`${name(tag)} damaged ${sizeBytes}`),
    negotiated: (answer: number) => log.push(`answer ${String.fromCharCode(answer)}`),
    refused: () => log.push('refused'),
    resynchronised: (passed: number) => log.push(`found after ${passed}`),
  };
  const sizes = { statementBytes: kept, bindBytes: kept, messageBytes: kept };
  const framer =
    side === 'server'
      ? new Framer(receiver, backendKeep(sizes), findBackendBoundary, mode)
      : new Framer(receiver, frontendKeep(sizes), findFrontendBoundary, mode);
  return { framer, log };
}

/** Feeds pieces from one buffer that is spoilt after each: what is kept must have been copied. */
function feed(framer: Framer, ...pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    const window = new Uint8Array(piece.length + 8);
    window.set(piece, 4);
    framer.feed(window, new DataView(window.buffer), 4, 4 + piece.length, 1);
    window.fill(0x58);
  }
}

function logOf(pieces: readonly Uint8Array[], options: Options = {}): string[] {
  const { framer, log } = recorder(options);
  feed(framer, ...pieces);
  return log;
}

const serverMessage = fc.oneof(
  fc.constantFrom(
    server.ready('I'),
    server.parseComplete(),
    server.noData(),
    server.notification('c', 'p'),
    server.notice('00000'),
    server.error('42601'),
    server.complete('SELECT 1'),
  ),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => message('D', bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => message('C', bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => message('d', bytes)),
);

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 10 });

describe('the framer', () => {
  it('tells the same messages however TCP cut the bytes', () => {
    fc.assert(
      fc.property(fc.array(serverMessage, { maxLength: 12 }), sizes, (messages, pieces) => {
        const bytes = bytesOf(...messages);
        expect(logOf(cut(bytes, pieces))).toEqual(logOf([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it('tells each message of its own', () => {
    expect(
      logOf([
        bytesOf(message('C', Buffer.from('SELECT 1\0')), server.row('a', null), server.ready('T')),
      ]),
    ).toEqual(['C:SELECT 1\0:14', 'D stepped 16', 'Z:T:6']);
  });

  it('tells startup packets and bare answers where they stand', () => {
    const startup = client.startup({ user: 'u' });
    const all = bytesOf(client.sslRequest(), startup);
    for (const size of [1, 3, 4, 5, 8, 100]) {
      const log = logOf(cut(all, [size]), { side: 'client', mode: Mode.Startup });
      expect(log.map((line) => line.split(':').at(-1))).toEqual(['8', String(startup.length)]);
    }
    expect(logOf([Buffer.from('N')], { mode: Mode.Answer })).toEqual(['answer N']);
  });

  it.each([
    ['a length below four', bytesOf(Buffer.from('C'), int32(3), Buffer.alloc(9))],
    ['a length above a gibibyte', bytesOf(Buffer.from('C'), int32(0x4000_0001), Buffer.alloc(9))],
    ['a negative length', bytesOf(Buffer.from('C'), int32(-1), Buffer.alloc(9))],
    ['a type that no server sends', bytesOf(Buffer.from('Q'), int32(4), Buffer.alloc(9))],
    ['a type that nobody sends', bytesOf(Buffer.of(0), int32(4), Buffer.alloc(9))],
  ])('refuses %s, however it is cut', (_name, bytes) => {
    for (const size of [1, 2, 3, 4, 5, 6, 100]) {
      expect(logOf(cut(bytes, [size]))[0]).toBe('refused');
    }
  });

  it.each([7, 10_001, -1])('refuses a startup packet of %i bytes', (size) => {
    const bytes = bytesOf(int32(size), Buffer.alloc(20));
    for (const pieces of [[1], [3], [100]]) {
      expect(logOf(cut(bytes, pieces), { side: 'client', mode: Mode.Startup })[0]).toBe('refused');
    }
  });

  it('looks for a boundary behind a refused message and says how far it had to go', () => {
    const rubbish = bytesOf(Buffer.from('C'), int32(2), Buffer.from('rubbish'));
    const good = bytesOf(server.complete('SELECT 1'), server.ready());
    expect(logOf([bytesOf(rubbish, good)])).toEqual([
      'refused',
      'found after 12',
      'C:SELECT 1\0:14',
      'Z:I:6',
    ]);
  });

  it('never throws and never tells what was not there, whatever the bytes', () => {
    const any = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 30 }), serverMessage, fc.constant(undefined)),
      { maxLength: 12 },
    );
    const modes = fc.constantFrom(...Object.values(Mode));
    const sides = fc.constantFrom('client' as const, 'server' as const);
    fc.assert(
      fc.property(any, modes, sides, fc.integer({ min: 1, max: 9 }), (pieces, mode, side, kept) => {
        const { framer, log } = recorder({ side, mode, kept });
        let fed = 0;
        for (const piece of pieces) {
          if (piece === undefined) framer.gap(7, 1);
          else feed(framer, piece);
          fed += piece?.length ?? 7;
        }
        const whole = log.flatMap((line) => /:(\d+)( cut)?$/s.exec(line)?.[1] ?? []);
        const told = whole.reduce((sum, size) => sum + Number(size), 0);
        expect(told).toBeLessThanOrEqual(fed);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a message longer than what is kept of it', () => {
  const long = message('C', Buffer.from('0123456789'));

  it('is cut, flagged, and followed by the next one', () => {
    for (const size of [1, 4, 5, 6, 7, 8, 9, 10, 11, 14]) {
      expect([size, logOf(cut(bytesOf(long, server.ready()), [size]), { kept: 4 })]).toEqual([
        size,
        ['C:0123:15 cut', 'Z:I:6'],
      ]);
    }
  });

  it('that lies whole in one packet needs no copy and is not cut', () => {
    expect(logOf([long], { kept: 4 })).toEqual(['C:0123456789:15']);
  });

  it('of which nothing is kept is stepped over without a look', () => {
    expect(logOf(cut(bytesOf(message('D', Buffer.alloc(999)), server.ready()), [10]))).toEqual([
      'D stepped 1004',
      'Z:I:6',
    ]);
  });
});

describe('a gap', () => {
  const complete = message('C', Buffer.from('0123456789'));
  const row = message('D', Buffer.alloc(20));

  it('inside a row is stepped over exactly', () => {
    const { framer, log } = recorder();
    feed(framer, row.subarray(0, 9));
    framer.gap(11, 1);
    feed(framer, row.subarray(20), server.ready('I'));
    expect(log).toEqual(['D stepped 25', 'Z:I:6']);
  });

  it('inside a wanted message damages it and nothing else', () => {
    const { framer, log } = recorder();
    feed(framer, complete.subarray(0, 8));
    framer.gap(3, 1);
    feed(framer, complete.subarray(11), server.ready('I'));
    expect(log).toEqual(['C damaged 15', 'Z:I:6']);
  });

  it('that reaches to the very end of a message leaves the boundary known', () => {
    const { framer, log } = recorder();
    feed(framer, complete.subarray(0, 8));
    framer.gap(7, 1);
    feed(framer, server.ready('I'));
    expect(log).toEqual(['C damaged 15', 'Z:I:6']);
  });

  it('behind the kept part of a long message leaves the boundary known', () => {
    for (const kept of [1, 2, 3]) {
      const { framer, log } = recorder({ kept });
      feed(framer, complete.subarray(0, 10));
      framer.gap(2, 1);
      feed(framer, complete.subarray(12), server.ready('I'), server.ready('T'));
      expect([kept, log]).toEqual([kept, ['C damaged 15', 'Z:I:6', 'Z:T:6']]);
    }
  });

  it('twice in one message leaves the boundary known', () => {
    const { framer, log } = recorder();
    feed(framer, complete.subarray(0, 6));
    framer.gap(2, 1);
    feed(framer, complete.subarray(8, 10));
    framer.gap(3, 1);
    feed(framer, complete.subarray(13), server.ready('E'));
    expect(log).toEqual(['C damaged 15', 'Z:E:6']);
  });

  it.each([
    ['beyond the end of a message', 8, 9],
    ['between messages', 0, 4],
    ['in a header', 3, 3],
  ])('%s loses the boundary, which is found again', (_name, seen, size) => {
    const { framer, log } = recorder();
    feed(framer, complete.subarray(0, seen));
    framer.gap(size, 1);
    feed(framer, Buffer.from('rest'), bytesOf(server.complete('SELECT 1'), server.ready('I')));
    expect(log).toEqual(['found after 4', 'C:SELECT 1\0:14', 'Z:I:6']);
  });

  it('in a startup packet or an awaited answer loses the boundary', () => {
    for (const mode of [Mode.Startup, Mode.Answer]) {
      const { framer } = recorder({ mode });
      framer.gap(5, 1);
      expect(framer.mode).toBe(Mode.Lost);
    }
  });

  it('in encrypted bytes changes nothing', () => {
    const { framer, log } = recorder({ mode: Mode.Opaque });
    framer.gap(5, 1);
    feed(framer, server.ready());
    expect([framer.mode, log]).toEqual([Mode.Opaque, []]);
  });

  it('anywhere gives the messages behind it as they were, if any', () => {
    const scene = fc.tuple(
      fc.array(serverMessage, { minLength: 1, maxLength: 6 }),
      fc.nat(200),
      fc.integer({ min: 1, max: 60 }),
    );
    fc.assert(
      fc.property(scene, ([messages, at, size]) => {
        const bytes = bytesOf(...messages, server.complete('SELECT 1'), server.ready('T'));
        const from = at % bytes.length;
        const to = Math.min(bytes.length, from + size);
        const { framer, log } = recorder();
        feed(framer, bytes.subarray(0, from));
        framer.gap(to - from, 1);
        feed(framer, bytes.subarray(to));
        const whole = logOf([bytes]);
        const told = log.filter((line) => !/^(found|[A-Za-z0-9] damaged)/.test(line));
        expect(whole.filter((line) => told.includes(line))).toEqual(
          expect.arrayContaining(told.filter((line) => !line.includes('stepped'))),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is kept', () => {
  it('of a password is nothing, and of a row is nothing', () => {
    expect(logOf([client.password('secret')], { side: 'client' })).toEqual(['p stepped 12']);
    expect(
      backendKeep({ statementBytes: 9, bindBytes: 9, messageBytes: 9 })[BackendTag.DataRow],
    ).toBe(0);
  });

  it('is let go when a large message has been told', () => {
    const { framer, log } = recorder();
    const large = message('C', Buffer.alloc(200_000, 0x41));
    feed(framer, large.subarray(0, 100_000), large.subarray(100_000), ...cut(server.ready(), [2]));
    expect(log.map((line) => line.length)).toEqual([200_009, 5]);
  });
});

describe('a receiver that gives a connection up', () => {
  it('hears nothing more of it, not even from the bytes that were refused', () => {
    const { framer, log } = recorder();
    const giveUp = new Framer(
      {
        message: () => log.push('message'),
        stepped: () => log.push('stepped'),
        damaged: () => log.push('damaged'),
        negotiated: () => log.push('negotiated'),
        resynchronised: () => log.push('found'),
        refused: () => {
          log.push('refused');
          giveUp.reset(Mode.Opaque);
        },
      },
      backendKeep({ statementBytes: 9, bindBytes: 9, messageBytes: 9 }),
      findBackendBoundary,
      framer.mode,
    );
    const bad = bytesOf(Buffer.from('C'), int32(2));
    const good = bytesOf(server.ready(), server.ready(), server.ready());
    feed(giveUp, bytesOf(bad, good));
    feed(giveUp, good);
    expect(log).toEqual(['refused']);
    giveUp.reset(Mode.Typed);
    feed(giveUp, ...cut(bytesOf(bad, good), [3]));
    expect(log).toEqual(['refused', 'refused']);
  });
});
