/** What happens to packets on their way through a network, a mirror port and a capture. */
import { Flag } from '../wire/packets.ts';
import type { Side } from './dialogue.ts';
import { Dice } from './dice.ts';
import type { Packet } from './packets.ts';

export interface Faults {
  /** Segments of any size from one byte on. */
  readonly cut: boolean;
  readonly duplicate: boolean;
  readonly reorder: boolean;
  /** Bytes sent once more, with other boundaries. */
  readonly retransmit: boolean;
  /** As `retransmit`, with other bytes in them. */
  readonly overlap: boolean;
  /** Every packet a second time, from another leg of the mirror, with a VLAN tag. */
  readonly secondLeg: boolean;
  /** One in so many packets is lost; 0 for none. */
  readonly loss: number;
  /** Of lost packets, how many in a row. */
  readonly burst: number;
  /** Only packets of this side are lost. */
  readonly lossySide: Side | undefined;
  /** Only packets of this side are seen. */
  readonly onlySide: Side | undefined;
  /** Parts of a thousand of the packets, before and behind what the capture has. */
  readonly startsLate: number;
  readonly endsEarly: number;
  /** 0 for none. */
  readonly snapLength: number;
}

export const NO_FAULTS: Faults = {
  cut: false,
  duplicate: false,
  reorder: false,
  retransmit: false,
  overlap: false,
  secondLeg: false,
  loss: 0,
  burst: 1,
  lossySide: undefined,
  onlySide: undefined,
  startsLate: 0,
  endsEarly: 0,
  snapLength: 0,
};

/** Whether every byte passes the mirror in the end. */
export function isWhole(faults: Faults): boolean {
  const { loss, onlySide, startsLate, endsEarly, snapLength } = faults;
  const missing = loss + startsLate + endsEarly + snapLength;
  return missing === 0 && onlySide === undefined;
}

/** Each kind of fault is on in some runs and off in the others, so that no two always come together. */
export function faultsOf(seed: number): Faults {
  const dice = new Dice(seed, 30);
  const harmless = {
    cut: dice.oneIn(2),
    duplicate: dice.oneIn(4),
    reorder: dice.oneIn(4),
    retransmit: dice.oneIn(4),
    secondLeg: dice.oneIn(12),
  };
  const kind = dice.weighted({
    none: 8,
    loss: 8,
    onlySide: 1,
    startsLate: 3,
    endsEarly: 1,
    snapLength: 2,
    loseAndStartLate: 1,
  });
  const loss = dice.pick([5, 20, 20, 60, 200]);
  const loses = {
    loss,
    burst: dice.pick([1, 1, 3, 8]),
    lossySide: dice.pick<Side | undefined>([undefined, undefined, 'client', 'server']),
  };
  const faults = { ...NO_FAULTS, ...harmless };
  switch (kind) {
    case 'none':
      return { ...faults, overlap: !harmless.reorder && dice.oneIn(4) };
    case 'loss':
      return { ...faults, ...loses };
    case 'onlySide':
      return { ...faults, onlySide: dice.pick(['client', 'server']) };
    case 'startsLate':
      return { ...faults, startsLate: dice.between(1, 900) };
    case 'endsEarly':
      return { ...faults, endsEarly: dice.between(1, 900) };
    case 'snapLength':
      return { ...faults, snapLength: dice.pick([74, 100, 128, 256, 600]) };
    case 'loseAndStartLate':
      return { ...faults, ...loses, startsLate: dice.between(1, 900) };
  }
}

/** Which faults of which packets are left out, to find the ones that matter: `kind/connection/number`. */
export type Spared = ReadonlySet<string>;

export class FaultInjector {
  /** Every fault that was done. */
  readonly done: string[] = [];
  readonly #faults: Faults;
  readonly #seed: number;
  readonly #spared: Spared;

  constructor(faults: Faults, seed: number, spared: Spared) {
    this.#faults = faults;
    this.#seed = seed;
    this.#spared = spared;
  }

  /** @param packets of all connections, in order of time */
  apply(packets: readonly Packet[]): Packet[] {
    const { startsLate, endsEarly, onlySide } = this.#faults;
    const from = Math.floor((packets.length * startsLate) / 1000);
    const to = packets.length - Math.floor((packets.length * endsEarly) / 1000);
    let list = packets.slice(from, to);
    if (onlySide !== undefined) list = list.filter(({ side }) => side === onlySide);
    list = this.#again(list);
    list = this.#reorder(list);
    list = this.#lose(list);
    list = this.#repeat(list);
    // A capture is in order of time: who comes in another's place comes at another's time.
    let lastUs = 0;
    return list.map((packet) => {
      lastUs = Math.max(lastUs, packet.atUs);
      return { ...packet, atUs: lastUs };
    });
  }

  /** Whether this fault happens to this packet. */
  #strikes(kind: string, packet: Packet, dice: Dice, oneIn: number): boolean {
    if (oneIn === 0 || !dice.oneIn(oneIn)) return false;
    const name = `${kind}/${packet.connection}/${packet.number}`;
    if (this.#spared.has(name)) return false;
    this.done.push(name);
    return true;
  }

  #dice(kind: number, { connection, number }: Packet): Dice {
    return new Dice(this.#seed, 40 + kind, connection, number);
  }

  /** Retransmissions, with bytes of their own when they are to overlap. */
  #again(packets: Packet[]): Packet[] {
    const { retransmit, overlap } = this.#faults;
    if (!retransmit && !overlap) return packets;
    const sent = new Map<string, Packet[]>();
    return packets.flatMap((packet) => {
      const key = `${packet.connection}/${packet.side}`;
      const before = sent.get(key) ?? [];
      sent.set(key, before);
      const dice = this.#dice(0, packet);
      const result = [packet];
      if (packet.payload.length > 0) before.push(packet);
      const quiet = (packet.flags & (Flag.syn | Flag.rst | Flag.fin)) !== 0;
      if (quiet || before.length === 0 || !this.#strikes('again', packet, dice, 12)) return result;
      result.push(repetition(packet, before, dice, overlap && (!retransmit || dice.oneIn(2))));
      return result;
    });
  }

  /** Neighbours of one connection change places, when no more than some milliseconds lie between. */
  #reorder(packets: Packet[]): Packet[] {
    if (!this.#faults.reorder) return packets;
    const list = [...packets];
    const fixed = Flag.syn | Flag.rst;
    for (let index = 0; index + 1 < list.length; index++) {
      const [packet, next] = [list[index], list[index + 1]];
      if (packet === undefined || next === undefined) break;
      if (((packet.flags | next.flags) & fixed) !== 0 || packet.number < 3) continue;
      if (next.atUs - packet.atUs > 5000) continue;
      // That a single byte is missing cannot be told from a FIN that is.
      const single = packet.payload.length === 1 || next.payload.length === 1;
      if (single && packet.side !== next.side) continue;
      if (!this.#strikes('swap', packet, this.#dice(1, packet), 8)) continue;
      list[index] = { ...next, atUs: packet.atUs };
      list[index + 1] = { ...packet, atUs: next.atUs };
      index++;
    }
    return list;
  }

  #lose(packets: Packet[]): Packet[] {
    const { loss, burst, lossySide } = this.#faults;
    if (loss === 0) return packets;
    let losing = 0;
    return packets.filter((packet) => {
      if (lossySide !== undefined && packet.side !== lossySide) return true;
      const begins = this.#strikes('loss', packet, this.#dice(2, packet), loss);
      if (begins) losing = burst;
      if (losing === 0) return true;
      losing--;
      return false;
    });
  }

  #repeat(packets: Packet[]): Packet[] {
    const { duplicate, secondLeg } = this.#faults;
    if (secondLeg) {
      return packets.flatMap((packet) => [packet, { ...packet, tags: [0x8100] }]);
    }
    if (!duplicate) return packets;
    return packets.flatMap((packet) => {
      const twice = this.#strikes('twice', packet, this.#dice(3, packet), 10);
      return twice ? [packet, packet] : [packet];
    });
  }
}

/** Bytes that its side has sent before, from anywhere to anywhere. */
function repetition(
  packet: Packet,
  before: readonly Packet[],
  dice: Dice,
  strange: boolean,
): Packet {
  const from = Math.max(0, before.length - 1 - dice.below(4));
  const chosen = before.slice(from, from + dice.between(1, 3));
  const bytes = Buffer.concat(chosen.map(({ payload }) => payload));
  const skip = dice.below(bytes.length);
  const payload = Uint8Array.from(bytes.subarray(skip, skip + dice.between(1, 1460)));
  if (strange)
    for (let index = 0; index < payload.length; index++) payload[index] = dice.below(256);
  return { ...packet, start: (chosen[0]?.start ?? 0) + skip, payload, repeats: true };
}
