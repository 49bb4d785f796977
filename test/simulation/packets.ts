/** From what both ends say to the packets that pass the mirror, before anything goes wrong with them. */
import { ethernet, Flag, ipv4, ipv6, IPV6_A, IPV6_B, tcp } from '../wire/packets.ts';
import type { WirePacket } from '../wire/connection.ts';
import type { Side } from './dialogue.ts';
import { Dice } from './dice.ts';
import type { SessionModel } from './session-model.ts';

export const CLIENT_PORT_FIRST = 40_000;

/** One packet; `start` is its place in the bytes of its side, -1 for a SYN. */
export interface Packet {
  readonly connection: number;
  /** Counts the packets of its connection. */
  readonly number: number;
  readonly side: Side;
  readonly flags: number;
  readonly start: number;
  readonly payload: Uint8Array;
  /** How many bytes of the other side its sender has; a FIN counts as one. */
  readonly acknowledged: number;
  readonly atUs: number;
  /** VLAN tags around it. */
  readonly tags: readonly number[];
  /** Its bytes were sent before. */
  readonly repeats?: boolean;
}

export interface Addressing {
  readonly initial: Readonly<Record<Side, number>>;
  readonly version: 4 | 6;
}

/** Sequence numbers that often wrap soon, and the addresses' version. */
export function addressingOf(seed: number, connection: number): Addressing {
  const dice = new Dice(seed, connection, 20);
  const initial = (): number =>
    dice.oneIn(3) ? 0xffff_ffff - dice.below(400) : dice.below(0xffff_ffff);
  return {
    initial: { client: initial(), server: initial() },
    version: new Dice(seed, 22).oneIn(6) ? 6 : 4,
  };
}

const SEGMENT_BYTES_MAX = 1460;
/** What stands in an end's state beside its data: before the handshake, and after the FIN. */
interface Ends {
  readonly seen: Record<Side, number>;
  readonly finished: Record<Side, boolean>;
}

const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');

/** The packets of one connection in order of time. @param cut every segment to a size of its own */
export function packetsOf(
  session: SessionModel,
  connection: number,
  seed: number,
  cut: boolean,
): Packet[] {
  const dice = new Dice(seed, connection, 21);
  const { dialogue } = session;
  const raw: Omit<Packet, 'number' | 'acknowledged' | 'connection' | 'tags'>[] = [];
  const empty = new Uint8Array(0);
  const control = (side: Side, atUs: number, flags: number, start: number): void => {
    raw.push({ side, atUs, flags, start, payload: empty });
  };
  const { openedUs, accepted } = dialogue;
  control('client', openedUs, Flag.syn, -1);
  if (accepted === 'refused') control('server', openedUs + 40, Flag.rst | Flag.ack, -1);
  else if (accepted === 'silence') {
    for (const later of [1_000_000, 3_000_000]) control('client', openedUs + later, Flag.syn, -1);
  } else {
    control('server', openedUs + 40, Flag.syn | Flag.ack, -1);
    control('client', openedUs + 80, Flag.ack, 0);
  }
  for (const { side, atUs, bytes, start } of dialogue.inOrder()) {
    let position = 0;
    let index = 0;
    const largest = cut ? dice.pick([1, 3, 9, 40, 300, SEGMENT_BYTES_MAX]) : SEGMENT_BYTES_MAX;
    while (position < bytes.length) {
      const size = cut ? dice.between(1, largest) : largest;
      const payload = bytes.subarray(position, position + size);
      raw.push({ side, atUs: atUs + index, flags: Flag.ack, start: start + position, payload });
      position += size;
      index++;
    }
  }
  end(session, control);
  const ordered = raw
    .map((packet, index) => ({ packet, index }))
    .sort((a, b) => a.packet.atUs - b.packet.atUs || a.index - b.index);
  const ends: Ends = {
    seen: { client: -1, server: -1 },
    finished: { client: false, server: false },
  };
  return ordered.map(({ packet }, number): Packet => {
    const { side, flags, start, payload } = packet;
    const acknowledged = ends.seen[other(side)] + (ends.finished[other(side)] ? 1 : 0);
    ends.seen[side] = Math.max(ends.seen[side], start + payload.length, 0);
    if ((flags & Flag.fin) !== 0) ends.finished[side] = true;
    return { ...packet, number, connection, acknowledged, tags: [] };
  });
}

function end(
  { dialogue }: SessionModel,
  control: (side: Side, atUs: number, flags: number, start: number) => void,
): void {
  const { ending, sent, accepted } = dialogue;
  if (accepted !== 'yes' || ending.how === 'open') return;
  const { first } = ending;
  const second = other(first);
  if (ending.how === 'reset') {
    control(first, ending.atUs, Flag.rst | Flag.ack, sent[first]);
    return;
  }
  control(first, ending.atUs, Flag.fin | Flag.ack, sent[first]);
  control(second, ending.atUs + 60, Flag.fin | Flag.ack, sent[second]);
  control(first, ending.atUs + 100, Flag.ack, sent[first] + 1);
}

/** The packet as the mirror shows it, cut off behind `snapLength` bytes. */
export function onTheWire(
  packet: Packet,
  { initial, version }: Addressing,
  snapLength: number,
): WirePacket {
  const { side, flags, start, payload, acknowledged } = packet;
  const port = CLIENT_PORT_FIRST + packet.connection;
  const fromClient = side === 'client';
  const segment = tcp({
    sourcePort: fromClient ? port : 5432,
    destinationPort: fromClient ? 5432 : port,
    sequence: (initial[side] + 1 + start) >>> 0,
    acknowledgement: (flags & Flag.ack) === 0 ? 0 : (initial[other(side)] + 1 + acknowledged) >>> 0,
    flags,
    payload,
  });
  const [a, b] = version === 4 ? ['10.0.0.1', '10.0.0.2'] : [IPV6_A, IPV6_B];
  const ends = fromClient ? { source: a, destination: b } : { source: b, destination: a };
  const frame = ethernet(version === 4 ? ipv4(segment, ends) : ipv6(segment, ends), packet.tags);
  const bytes = frame.subarray(0, Math.min(frame.length, snapLength));
  return { bytes, tsUs: packet.atUs, originalLength: frame.length };
}
