/** Connections: openings, endings, reused ports, holes with and without a hope, and the limits of patience. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Health } from '../../../collectors/health.ts';
import { defaultLimits, type Limits } from '../../../collectors/limits.ts';
import { Connections } from '../../../collectors/network/connections.ts';
import type { Flow } from '../../../collectors/network/flow.ts';
import { cut } from '../../wire/bytes.ts';
import { Connection, Wire, type WirePacket } from '../../wire/connection.ts';
import { Flag } from '../../wire/packets.ts';

/** What one reader was told: bytes by direction, with `_` for each byte of a gap, and its end. */
interface Heard {
  readonly flow: Flow;
  readonly texts: [string, string];
  end: string | undefined;
  endUs: number;
}

function listen(
  packets: Iterable<WirePacket>,
  options: {
    limits?: Partial<Limits>;
    foreign?: boolean;
    finish?: boolean;
    onChunk?: (text: string) => void;
  } = {},
): { heard: Heard[]; health: Health } {
  const heard: Heard[] = [];
  const health = new Health();
  const readerOf = (flow: Flow) => {
    if (options.foreign === true) return undefined;
    const one: Heard = { flow, texts: ['', ''], end: undefined, endUs: 0 };
    heard.push(one);
    return {
      chunk(direction: 0 | 1, bytes: Uint8Array, _view: DataView, start: number, end: number) {
        health.decodedBytes += end - start;
        const text = Buffer.from(bytes.slice(start, end)).toString('latin1');
        one.texts[direction] += text;
        options.onChunk?.(text);
      },
      gap(direction: 0 | 1, size: number) {
        health.lostBytes += size;
        one.texts[direction] += '_'.repeat(size);
      },
      end(reason: string, endpoint: number, tsUs: number) {
        expect(one.end).toBeUndefined();
        one.end = endpoint === -1 ? reason : `${reason} by ${endpoint}`;
        one.endUs = tsUs;
      },
    };
  };
  const connections = new Connections(readerOf, health, { ...defaultLimits, ...options.limits });
  let lastUs = 0;
  for (const { bytes, tsUs } of packets) {
    // A buffer of its own for each packet, spoilt afterwards: what is kept must have been copied.
    const copy = Uint8Array.from(bytes);
    connections.packet(copy, new DataView(copy.buffer), 0, copy.length, tsUs, 1);
    copy.fill(0x2a);
    lastUs = tsUs;
  }
  if (options.finish !== false) connections.finish(lastUs);
  return { heard, health };
}

const bytes = (text: string): Buffer => Buffer.from(text);
const told = (heard: readonly Heard[]): unknown[] => heard.map(({ texts, end }) => [...texts, end]);

describe('a connection', () => {
  it('from its handshake to its FINs is told in order, with who opened and who closed it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('ask'));
    connection.server(bytes('answer'));
    connection.close('server');
    const { heard, health } = listen(wire.packets);
    expect(told(heard)).toEqual([['ask', 'answer', 'fin by 1']]);
    expect(heard[0]?.flow).toMatchObject({
      opener: 0,
      accepted: true,
      ports: [40_000, 5432],
      firstUs: wire.packets[0]?.tsUs,
    });
    expect(health).toMatchObject({ streams: 1, payloadBytes: 9, decodedBytes: 9 });
  });

  it('whose SYN was missed has its opener told by the answer to it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('ask'));
    const { heard } = listen(wire.packets.slice(1));
    expect(heard[0]?.flow).toMatchObject({ opener: 1, accepted: true, ports: [5432, 40_000] });
    expect(heard[0]?.texts).toEqual(['', 'ask']);
  });

  it('that was open before the capture begins with its first payload', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.segment('client', {});
    connection.server(bytes('middle'));
    connection.client(bytes('more'));
    const { heard, health } = listen(wire.packets);
    expect(told(heard)).toEqual([['middle', 'more', 'capture_end']]);
    expect([heard[0]?.flow.opener, health.streams]).toEqual([-1, 1]);
  });

  it('that is reset ends at once, by whoever reset it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('ask'));
    connection.reset('server');
    expect(told(listen(wire.packets).heard)).toEqual([['ask', '', 'reset by 1']]);
  });

  it('that is only half closed goes on', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.segment('client', { flags: Flag.fin | Flag.ack, payload: bytes('last') });
    connection.server(bytes('still talking'));
    expect(told(listen(wire.packets).heard)).toEqual([['last', 'still talking', 'capture_end']]);
  });

  it('of IPv4 and its like of other ports do not mix', () => {
    const wire = new Wire();
    const [one, two] = [
      new Connection(wire).open(),
      new Connection(wire, { clientPort: 40_001 }).open(),
    ];
    one.client(bytes('a'));
    two.client(bytes('b'));
    one.client(bytes('c'));
    expect(listen(wire.packets).heard.map(({ texts }) => texts[0])).toEqual(['ac', 'b']);
  });

  it('that nobody reads is counted as foreign and asked about once only', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('GET /'));
    connection.server(bytes('200'));
    const { health } = listen(wire.packets, { foreign: true });
    expect(health).toMatchObject({ payloadBytes: 8, foreignBytes: 8, decodedBytes: 0 });
  });
});

describe('a repeated opening', () => {
  it('with the same number is the same connection', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.segment('client', { flags: Flag.syn, sequence: 1000 });
    connection.segment('client', { flags: Flag.syn, sequence: 1000 });
    connection.open();
    connection.segment('server', { flags: Flag.syn | Flag.ack, sequence: 5000 });
    connection.client(bytes('ask'));
    const { heard, health } = listen(wire.packets);
    expect([told(heard), health.streams]).toEqual([[['ask', '', 'capture_end']], 1]);
  });

  it('with another number is another connection, and the first has been replaced', () => {
    const wire = new Wire();
    new Connection(wire).open().client(bytes('first'));
    new Connection(wire, { clientSequence: 900_000, serverSequence: 77 })
      .open()
      .client(bytes('second'));
    const { heard, health } = listen(wire.packets);
    expect(told(heard)).toEqual([
      ['first', '', 'replaced'],
      ['second', '', 'capture_end'],
    ]);
    expect(health.streams).toBe(2);
  });

  it('right after the end of the first is another connection', () => {
    const wire = new Wire();
    const first = new Connection(wire).open();
    first.client(bytes('first'));
    first.close();
    new Connection(wire, { clientSequence: 900_000 }).open().client(bytes('second'));
    expect(told(listen(wire.packets).heard)).toEqual([
      ['first', '', 'fin by 0'],
      ['second', '', 'capture_end'],
    ]);
  });

  it('after a refusal is another connection, even with the same number', () => {
    const wire = new Wire();
    const refused = new Connection(wire);
    refused.segment('client', { flags: Flag.syn });
    refused.reset('server');
    new Connection(wire).open().client(bytes('now'));
    expect(told(listen(wire.packets).heard)).toEqual([
      ['', '', 'reset by 1'],
      ['now', '', 'capture_end'],
    ]);
  });

  it('on a connection that was found in its middle is another connection', () => {
    const wire = new Wire();
    new Connection(wire).client(bytes('middle'));
    new Connection(wire, { clientSequence: 7 }).open().client(bytes('anew'));
    expect(told(listen(wire.packets).heard)).toEqual([
      ['middle', '', 'replaced'],
      ['anew', '', 'capture_end'],
    ]);
  });
});

describe('after the end', () => {
  const ended = (): { wire: Wire; connection: Connection } => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('ask'));
    connection.close();
    return { wire, connection };
  };

  it('late repetitions are no new connection', () => {
    const { wire, connection } = ended();
    wire.wait(9_000_000);
    connection.segment('client', { sequence: 1001, payload: bytes('ask') });
    const { heard, health } = listen(wire.packets);
    expect(heard.length).toBe(1);
    expect(health).toMatchObject({
      payloadBytes: 6,
      decodedBytes: 3,
      repeatedBytes: 3,
      streams: 1,
    });
  });

  it('for ten seconds the four-tuple is remembered, then forgotten', () => {
    const { wire, connection } = ended();
    wire.wait(12_000_000);
    connection.segment('client', { sequence: 1001, payload: bytes('ask') });
    wire.wait(2_000_000);
    connection.segment('client', { sequence: 1004, payload: bytes('more') });
    const { heard, health } = listen(wire.packets);
    expect(health.streams).toBe(2);
    expect(told(heard)[1]).toEqual(['askmore', '', 'capture_end']);
  });

  it('a bare acknowledgement, a FIN or a reset opens nothing', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.segment('client', {});
    connection.segment('server', { flags: Flag.fin | Flag.ack });
    connection.segment('client', { flags: Flag.rst, payload: bytes('why') });
    const { heard, health } = listen(wire.packets);
    expect([heard.length, health.streams]).toEqual([0, 0]);
  });
});

describe('a FIN', () => {
  it('that overtakes the last bytes does not hide them', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    const late = connection.frame('server', { payload: bytes('late') });
    connection.lost('server', bytes('late'));
    connection.segment('server', { flags: Flag.fin | Flag.ack });
    connection.segment('client', { flags: Flag.fin | Flag.ack });
    const endUs = wire.put(late);
    new Connection(wire, { clientPort: 1 }).open();
    const { heard } = listen(wire.packets);
    expect(told(heard)[0]).toEqual(['', 'late', 'fin by 1']);
    expect(heard[0]?.endUs).toBe(endUs);
  });

  it('names the bytes in front of it that never came', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.server(bytes('some'));
    connection.lost('server', bytes('lost'));
    connection.close('server');
    expect(told(listen(wire.packets).heard)).toEqual([['', 'some____', 'fin by 1']]);
  });

  it('is waited for two seconds when bytes are missing, with the time of packets', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.lost('server', bytes('lost'));
    connection.close('server');
    const other = new Connection(wire, { clientPort: 1 });
    wire.wait(500_000);
    other.client(bytes('x'));
    expect(listen(wire.packets, { finish: false }).heard[0]?.end).toBeUndefined();
    wire.wait(3_000_000);
    other.client(bytes('x'));
    expect(listen(wire.packets, { finish: false }).heard[0]?.end).toBe('fin by 1');
  });

  it('of a capture that began late is believed as it is', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.client(bytes('bye'));
    connection.close();
    expect(told(listen(wire.packets).heard)).toEqual([['bye', '', 'fin by 0']]);
  });
});

describe('a hole', () => {
  const scene = (): { wire: Wire; connection: Connection } => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('one '));
    return { wire, connection };
  };

  it('that is filled in time leaves no trace', () => {
    const { wire, connection } = scene();
    const late = connection.frame('client', { payload: bytes('two ') });
    connection.lost('client', bytes('two '));
    connection.client(bytes('three'));
    wire.wait(25_000_000);
    wire.put(late);
    expect(told(listen(wire.packets).heard)).toEqual([['one two three', '', 'capture_end']]);
  });

  it('that the receiver has acknowledged is given up after 20 ms', () => {
    const { wire, connection } = scene();
    connection.lost('client', bytes('two '));
    connection.client(bytes('three'));
    connection.server(bytes('answer'));
    wire.wait(15_000);
    connection.segment('server', {});
    expect(listen(wire.packets, { finish: false }).heard[0]?.texts[0]).toBe('one ');
    wire.wait(10_000);
    connection.segment('server', {});
    expect(listen(wire.packets, { finish: false }).heard[0]?.texts[0]).toBe('one ____three');
  });

  it('that nobody has acknowledged is kept open for 30 s', () => {
    const { wire, connection } = scene();
    connection.lost('client', bytes('two '));
    connection.client(bytes('three'));
    const other = new Connection(wire, { clientPort: 1 });
    wire.wait(29_000_000);
    other.client(bytes('x'));
    expect(listen(wire.packets, { finish: false }).heard[0]?.texts[0]).toBe('one ');
    wire.wait(3_000_000);
    other.client(bytes('x'));
    expect(listen(wire.packets, { finish: false }).heard[0]?.texts[0]).toBe('one ____three');
  });

  it('on a one-way mirror is given up after a second', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.client(bytes('one '));
    connection.lost('client', bytes('two '));
    connection.client(bytes('three'));
    wire.wait(1_500_000);
    connection.client(bytes('.'));
    expect(listen(wire.packets, { finish: false }).heard[0]?.texts[0]).toBe('one ____three.');
  });

  it('is told before the connection is told to have ended', () => {
    const { wire, connection } = scene();
    connection.lost('client', bytes('two '));
    connection.client(bytes('three'));
    connection.reset('client');
    expect(told(listen(wire.packets).heard)).toEqual([['one ____three', '', 'reset by 0']]);
  });
});

describe('a RST', () => {
  it('names the bytes in front of it that were not seen, and those of the other side that it acknowledges', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('asked'));
    connection.server(bytes('some'));
    connection.lost('server', bytes('lost'));
    connection.lost('client', bytes('more'));
    connection.reset('client');
    // The last byte that is acknowledged might be a FIN.
    expect(told(listen(wire.packets).heard)).toEqual([['asked____', 'some___', 'reset by 0']]);
  });

  it('that is far from what was seen tells of nothing', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(bytes('asked'));
    connection.segment('client', { flags: Flag.rst, sequence: connection.next.client - 2 ** 31 });
    expect(told(listen(wire.packets).heard)).toEqual([['asked', '', 'reset by 0']]);
  });
});

describe('a single byte', () => {
  it('that is held back and has been acknowledged comes before what acknowledges it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.lost('client', bytes('lost'));
    connection.client(bytes('a'));
    connection.server(bytes('1'));
    connection.client(bytes('b'));
    connection.server(bytes('2'));
    const order: string[] = [];
    listen(wire.packets, { onChunk: (text) => order.push(text) });
    expect(order.join('')).toBe('a1b2');
  });
});

describe('a repetition', () => {
  it('whose acknowledgement is later than its bytes does not wait for what waits for it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    const start = connection.next.client;
    connection.lost('client', Buffer.from('first'));
    connection.server(Buffer.from('ONE'));
    connection.client(Buffer.from('second'));
    connection.server(Buffer.from('TWO'));
    // All of it once more, in one segment: it fills the hole, and acknowledges TWO.
    connection.segment('client', { payload: Buffer.from('firstsecond'), sequence: start });
    wire.wait(100_000);
    connection.client(Buffer.from('third'));
    const { heard, health } = listen(wire.packets);
    expect(heard[0]?.texts).toEqual(['firstsecondthird', 'ONETWO']);
    expect(health.lostBytes).toBe(0);
  });

  it('in one piece goes on as far as the answer that waits for it says, and no further', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    const start = connection.next.client;
    connection.lost('client', Buffer.from('first'));
    connection.server(Buffer.from('ONE'));
    connection.lost('client', Buffer.from('second'));
    connection.server(Buffer.from('TWO'));
    connection.segment('client', { payload: Buffer.from('firstsecond'), sequence: start });
    const order: string[] = [];
    const { heard, health } = listen(wire.packets, {
      onChunk: (text) => order.push(text),
    });
    expect(order).toEqual(['first', 'ONE', 'second', 'TWO']);
    expect(heard[0]?.texts).toEqual(['firstsecond', 'ONETWO']);
    expect(health.lostBytes).toBe(0);
    expect(health.repeatedBytes).toBe(0);
  });

  it('between two held segments comes before what was sent behind it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.lost('client', Buffer.from('lost'));
    connection.server(Buffer.from('ONE'));
    const again = connection.next.server;
    connection.server(Buffer.from('TWO'));
    connection.client(Buffer.from('next'));
    connection.segment('server', { payload: Buffer.from('WO'), sequence: again + 1 });
    wire.wait(100_000);
    connection.server(Buffer.from('END'));
    const { heard, health } = listen(wire.packets);
    expect(heard[0]?.texts).toEqual(['____next', 'ONETWOEND']);
    expect(health.lostBytes).toBe(4);
  });
});

describe('the last bytes of a side', () => {
  it('that only an answer and a FIN tell of are missed once', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(Buffer.from('seen'));
    connection.lost('client', Buffer.from('lost'));
    connection.server(Buffer.from('ONE'));
    connection.close('server');
    const { heard, health } = listen(wire.packets);
    expect(heard[0]?.texts).toEqual(['seen____', 'ONE']);
    expect(health.lostBytes).toBe(4);
  });
});

describe('limits', () => {
  const holes = (count: number, size: number): WirePacket[] => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    for (let index = 0; index < count; index++) {
      connection.lost('client', bytes('?'));
      connection.client(Buffer.alloc(size, 0x61));
    }
    return wire.packets;
  };

  it('on the bytes held for one direction give up the oldest hole and count it', () => {
    const { heard, health } = listen(holes(4, 10), { limits: { heldBytesMax: 25 }, finish: false });
    expect(heard[0]?.texts[0]).toBe(`_${'a'.repeat(10)}_${'a'.repeat(10)}`);
    expect(health.droppedByLimit.get('held_bytes')).toBe(2);
  });

  it('on the segments held for one direction give up the oldest hole and count it', () => {
    const { heard, health } = listen(holes(5, 1), {
      limits: { heldSegmentsMax: 3 },
      finish: false,
    });
    expect(heard[0]?.texts[0]).toBe('_a_a');
    expect(health.droppedByLimit.get('held_bytes')).toBe(2);
  });

  it('on the bytes held for all connections give up holes and count them', () => {
    const wire = new Wire();
    for (const clientPort of [1, 2, 3]) {
      const connection = new Connection(wire, { clientPort }).open();
      connection.lost('client', bytes('?'));
      connection.client(Buffer.alloc(10, 0x61));
    }
    const { heard, health } = listen(wire.packets, {
      limits: { heldBytesTotalMax: 25 },
      finish: false,
    });
    expect(heard.map(({ texts }) => texts[0])).toEqual(['', '', `_${'a'.repeat(10)}`]);
    expect(health.droppedByLimit.get('held_bytes')).toBe(1);
  });

  it('on flows forget the one that was silent longest and count it', () => {
    const wire = new Wire();
    const all = [1, 2, 3].map((clientPort) => new Connection(wire, { clientPort }).open());
    all[0]?.client(bytes('again'));
    new Connection(wire, { clientPort: 4 }).open();
    const { heard, health } = listen(wire.packets, { limits: { flowsMax: 3 }, finish: false });
    expect(heard.map(({ end }) => end)).toEqual([undefined, 'limit', undefined, undefined]);
    expect(health.droppedByLimit.get('flows')).toBe(1);
  });

  it('on silence forget a connection that says nothing for longer', () => {
    const wire = new Wire();
    new Connection(wire, { clientPort: 1 }).open().client(bytes('x'));
    const alive = new Connection(wire, { clientPort: 2 }).open();
    for (let minute = 0; minute < 4; minute++) {
      wire.wait(61_000_000);
      alive.client(bytes('.'));
    }
    const { heard } = listen(wire.packets, {
      limits: { flowIdleUsMax: 120_000_000 },
      finish: false,
    });
    expect(heard.map(({ end }) => end)).toEqual(['idle', undefined]);
  });
});

describe('whatever the mirror does to the packets', () => {
  const text = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const sizes = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 8 });

  /** Client and server each send the text, in turns, around the wrap of the sequence numbers. */
  function packetsOf(clientSizes: readonly number[], serverSizes: readonly number[]): WirePacket[] {
    const wire = new Wire();
    const connection = new Connection(wire, {
      clientSequence: 0xffff_ffe0,
      serverSequence: 0x7fff_ffe0,
    }).open();
    const asked = cut(bytes(text), clientSizes);
    const answered = cut(bytes(text), serverSizes);
    for (let index = 0; index < Math.max(asked.length, answered.length); index++) {
      const [ask, answer] = [asked[index], answered[index]];
      if (ask !== undefined) connection.client(ask);
      if (answer !== undefined) connection.server(answer);
    }
    return wire.packets;
  }

  /** The packets with their old times in a new order. */
  const retimed = (packets: readonly WirePacket[], order: readonly WirePacket[]): WirePacket[] =>
    order.map((packet, index) => ({ ...packet, tsUs: packets[index]?.tsUs ?? packet.tsUs }));

  it('repeating and reordering them gives the same bytes', () => {
    const scene = fc.tuple(sizes, sizes).chain(([one, two]) => {
      const packets = packetsOf(one, two);
      const all = [...packets.slice(3), ...packets.slice(3)];
      return fc
        .shuffledSubarray(all, { minLength: all.length })
        .map((shuffled) => [...packets.slice(0, 3), ...retimed(packets, shuffled)]);
    });
    fc.assert(
      fc.property(scene, (packets) => {
        const { heard, health } = listen(packets);
        expect(told(heard)).toEqual([[text, text, 'capture_end']]);
        expect(health.payloadBytes).toBe(health.decodedBytes + health.repeatedBytes);
      }),
      { numRuns: 150 },
    );
  });

  it('losing some gives the same bytes with gaps of the right size', () => {
    const scene = fc.tuple(sizes, sizes).chain(([one, two]) => {
      const packets = packetsOf(one, two);
      return fc
        .subarray(packets.slice(3))
        .map((kept) => ({ packets: [...packets.slice(0, 3), ...kept], all: packets }));
    });
    fc.assert(
      fc.property(scene, ({ packets }) => {
        const { heard, health } = listen(packets);
        const [one = '', two = ''] = heard[0]?.texts ?? [];
        for (const seen of [one, two]) {
          const expected = [...text.slice(0, seen.length)];
          expect([...seen].filter((c, at) => c !== '_' && c !== expected[at])).toEqual([]);
        }
        const gaps = (one + two).length - (one + two).replaceAll('_', '').length;
        expect(health.lostBytes).toBe(gaps);
        expect(health.decodedBytes).toBe(health.payloadBytes);
      }),
      { numRuns: 150 },
    );
  });
});
