/** What comes twice: shown twice by the mirror, or sent twice by its sender. Either makes one event. */
import { describe, expect, it } from 'vitest';
import { type Played, play } from '../recording-sink.ts';
import { login } from '../protocols/postgres/talk.ts';
import { Connection, Wire, type WirePacket } from '../../wire/connection.ts';
import { bytesOf, int16 } from '../../wire/bytes.ts';
import { ethernet, ipv4, ipv6, tcp } from '../../wire/packets.ts';
import { client, server } from '../../wire/postgres.ts';
import { erspan2, vxlan } from '../../wire/tunnels.ts';

const counts = ({ summary }: Played): number[] => [
  summary.doubledPackets,
  summary.doubledBytes,
  summary.retransmittedPackets,
  summary.retransmittedBytes,
];

/** A session with five statements. */
function five(): { packets: readonly WirePacket[]; payloads: number; bytes: number } {
  const wire = new Wire();
  const c = login(wire);
  for (let n = 0; n < 5; n++) {
    c.client(client.query(`SELECT ${n}`));
    c.server(server.complete('SELECT 1'), server.ready());
  }
  wire.wait(500_000);
  c.client(client.terminate());
  c.close();
  const sizes = wire.packets.map(({ bytes }) => bytes.length - 54).filter((size) => size > 0);
  return { packets: wire.packets, payloads: sizes.length, bytes: sizes.reduce((a, b) => a + b, 0) };
}

const later = (packet: WirePacket, us: number, bytes = packet.bytes): WirePacket => ({
  bytes,
  tsUs: packet.tsUs + us,
  originalLength: bytes.length,
});

const inTime = (packets: readonly WirePacket[]): WirePacket[] =>
  [...packets].sort((a, b) => a.tsUs - b.tsUs);

const tagged = (frame: Uint8Array): Buffer =>
  bytesOf(frame.subarray(0, 12), int16(0x8100), int16(7), frame.subarray(12));

/** One hop later: other hardware addresses, one less to live. */
function routed(frame: Uint8Array): Buffer {
  const copy = Buffer.from(frame);
  copy.fill(0x0e, 0, 12);
  copy[22] = 63;
  return copy;
}

describe('a mirror that shows all packets twice', () => {
  const once = five();

  it.each([
    ['as they are', (frame: Uint8Array) => frame],
    ['in another VLAN', tagged],
    ['in a tunnel', (frame: Uint8Array) => vxlan(frame)],
    ['in a tunnel of its own', (frame: Uint8Array) => erspan2(frame)],
    ['behind a router', routed],
  ])('(%s) makes each event once and counts the doubles', (_name, change) => {
    for (const delayUs of [1, 30, 20_000, 400_000]) {
      const twice = once.packets.flatMap((packet) => [
        packet,
        later(packet, delayUs, change(packet.bytes)),
      ]);
      const played = play(inTime(twice));
      const plain = play(once.packets);
      expect(played.told.statements).toEqual(plain.told.statements);
      expect(played.told.transactions).toEqual(plain.told.transactions);
      expect([delayUs, ...counts(played)]).toEqual([delayUs, once.payloads, once.bytes, 0, 0]);
      expect(played.summary.repeatedBytes).toBe(once.bytes);
    }
  });

  it('in two VLANs makes two sessions when VLANs are told apart', () => {
    const twice = once.packets.flatMap((packet) => [
      packet,
      later(packet, 1, tagged(packet.bytes)),
    ]);
    const played = play(twice, { separation: { tunnels: false, vlans: true } });
    expect(played.told.statements.length).toBe(10);
    const ids = played.told.of('session_start').map(({ session }) => session.id);
    expect(new Set(ids).size).toBe(2);
    expect(counts(played)).toEqual([0, 0, 0, 0]);
  });
});

describe('a short connection', () => {
  const wire = new Wire();
  const c = login(wire);
  c.client(client.terminate());
  c.close();
  const again = (delayUs: number): Played => {
    const end = wire.packets.at(-1)?.tsUs ?? 0;
    const start = wire.packets[0]?.tsUs ?? 0;
    const copies = wire.packets.map((packet) => later(packet, end - start + delayUs));
    return play([...wire.packets, ...copies]);
  };

  it('that the other leg of the mirror shows when it is over is no other connection', () => {
    expect(again(10_000).told.of('session_start').length).toBe(1);
    expect(again(10_000).summary.doubledPackets).toBe(3);
  });

  it('that comes again later is another one', () => {
    expect(again(100_000).told.of('session_start').length).toBe(2);
  });
});

describe('a segment that is sent again', () => {
  it('with another identification is a retransmission, however soon', () => {
    for (const waitUs of [10, 5_000, 300_000]) {
      const wire = new Wire();
      const c = login(wire);
      const sequence = c.next.client;
      c.client(client.query('SELECT 1'));
      wire.wait(waitUs);
      c.segment('client', { payload: client.query('SELECT 1'), sequence });
      c.server(server.complete('SELECT 1'), server.ready());
      const played = play(wire.packets);
      expect(played.told.statements.length).toBe(1);
      expect([waitUs, ...counts(played)]).toEqual([waitUs, 0, 0, 1, 14]);
    }
  });

  it('and shown twice each time counts as one retransmission and its doubles', () => {
    const wire = new Wire();
    const c = login(wire);
    const sequence = c.next.client;
    c.client(client.query('SELECT 1'));
    c.segment('client', { payload: client.query('SELECT 1'), sequence });
    const last = wire.packets.slice(-2);
    for (const { bytes } of last) wire.put(bytes);
    const played = play(wire.packets);
    expect(counts(played)).toEqual([2, 28, 1, 14]);
  });

  it('joined with new bytes counts the old ones only', () => {
    const wire = new Wire();
    const c = login(wire);
    const sequence = c.next.client;
    c.client(client.query('SELECT 1'));
    const both = bytesOf(client.query('SELECT 1'), client.query('SELECT 2'));
    c.segment('client', { payload: both, sequence });
    const played = play(wire.packets);
    expect(counts(played)).toEqual([0, 0, 1, 14]);
    expect(played.told.statements.map(({ text }) => text)).toEqual(['SELECT 1', 'SELECT 2']);
  });
});

describe('packets without an identification', () => {
  const payload = client.query('SELECT 1');
  const segment = (checksum: number): Buffer => tcp({ sequence: 100, payload, checksum });
  const start = 1_767_225_600_000_000;
  const shown = (frames: readonly (readonly [Buffer, number])[]): number[] => {
    const opening = ethernet(ipv6(tcp({ sequence: 99, flags: 2 })));
    const plain = ethernet(ipv4(tcp({ sequence: 99, flags: 2 })));
    const all = [[opening, 0] as const, [plain, 0] as const, ...frames];
    return counts(
      play(all.map(([bytes, us]) => ({ bytes, tsUs: start + us, originalLength: bytes.length }))),
    ).slice(0, 3);
  };
  const six = (checksum: number): Buffer => ethernet(ipv6(segment(checksum)));
  const zero = (checksum: number): Buffer =>
    ethernet(ipv4(segment(checksum), { identification: 0 }));

  it.each([
    ['IPv6', six],
    ['IPv4 with zero', zero],
  ])('(%s) are doubles when they are equal and soon', (_name, frame) => {
    expect(
      shown([
        [frame(5), 10],
        [frame(5), 30],
      ]),
    ).toEqual([1, 14, 0]);
    expect(
      shown([
        [frame(5), 10],
        [frame(5), 50_010],
      ]),
    ).toEqual([1, 14, 0]);
  });

  it.each([
    ['IPv6', six],
    ['IPv4 with zero', zero],
  ])('(%s) were sent again when their checksum, and so their time, is another', (_name, frame) => {
    expect(
      shown([
        [frame(5), 10],
        [frame(6), 30],
      ]),
    ).toEqual([0, 0, 1]);
  });

  it.each([
    ['IPv6', six],
    ['IPv4 with zero', zero],
  ])('(%s) were sent again when the connection was silent before', (_name, frame) => {
    expect(
      shown([
        [frame(5), 10],
        [frame(5), 200_010],
      ]),
    ).toEqual([0, 0, 1]);
  });
});

describe('copies that come after many other segments', () => {
  it('count as sent again, and still make no event', () => {
    const wire = new Wire();
    const c = login(wire);
    c.client(client.query('SELECT 1'));
    const copy = wire.packets.at(-1)?.bytes ?? Buffer.alloc(0);
    c.server(server.complete('SELECT 1'), server.ready());
    const other = new Connection(wire, { clientPort: 41_000 });
    for (let n = 0; n < 4100; n++) other.client(client.sync());
    wire.put(copy);
    const played = play(wire.packets);
    expect(counts(played)).toEqual([0, 0, 1, 14]);
    expect(played.told.statements.map(({ text }) => text)).toEqual(['SELECT 1']);
  });
});
