/**
 * Hot. From address and port pairs to flows: open addressing over typed arrays, one lookup for both directions of a
 * connection. Bench: test/bench/decode.bench.ts.
 */
import type { Flow } from './flow.ts';
import type { PacketDecoder } from './packet.ts';

/** Words of a key: two addresses of four words, then both ports in one word, then the network that they are of. */
const KEY_WORDS = 10;
const CAPACITY_MIN = 1024;

export class FlowTable {
  sizeCount = 0;
  /** Direction of the packet of the last `find` that found a flow. */
  direction: 0 | 1 = 0;
  #capacity = CAPACITY_MIN;
  #keys = new Int32Array(CAPACITY_MIN * KEY_WORDS);
  #flows: (Flow | undefined)[] = new Array<Flow | undefined>(CAPACITY_MIN).fill(undefined);
  /** Most packets belong to the flow of the packet before. */
  #last: Flow | undefined = undefined;

  /** The flow of this segment, and in `direction` which way it goes; undefined when it is new. */
  find(packet: PacketDecoder): Flow | undefined {
    const last = this.#last;
    if (last !== undefined && this.#matches(last.slot, packet)) return last;
    const mask = this.#capacity - 1;
    let slot = hash(packet) & mask;
    for (;;) {
      const flow = this.#flows[slot];
      if (flow === undefined) return undefined;
      if (this.#matches(slot, packet)) {
        this.#last = flow;
        return flow;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Adds the flow of this segment, which `find` did not find: the segment's source is endpoint 0. */
  add(packet: PacketDecoder, flow: Flow): void {
    if ((this.sizeCount + 1) * 2 > this.#capacity) this.#grow();
    const mask = this.#capacity - 1;
    let slot = hash(packet) & mask;
    while (this.#flows[slot] !== undefined) slot = (slot + 1) & mask;
    const keys = this.#keys;
    const key = slot * KEY_WORDS;
    keys[key] = packet.source0;
    keys[key + 1] = packet.source1;
    keys[key + 2] = packet.source2;
    keys[key + 3] = packet.source3;
    keys[key + 4] = packet.destination0;
    keys[key + 5] = packet.destination1;
    keys[key + 6] = packet.destination2;
    keys[key + 7] = packet.destination3;
    keys[key + 8] = (packet.sourcePort << 16) | packet.destinationPort;
    keys[key + 9] = packet.scope;
    this.#flows[slot] = flow;
    flow.slot = slot;
    this.#last = flow;
    this.sizeCount++;
  }

  /** Removes a flow and closes up the probe sequence behind it (no tombstones). */
  remove(flow: Flow): void {
    if (this.#last === flow) this.#last = undefined;
    const mask = this.#capacity - 1;
    let hole = flow.slot;
    flow.slot = -1;
    this.#flows[hole] = undefined;
    this.sizeCount--;
    let slot = (hole + 1) & mask;
    for (;;) {
      const moved = this.#flows[slot];
      if (moved === undefined) return;
      const home = this.#hashOfSlot(slot) & mask;
      // It may move back into the hole only when its home does not lie behind the hole.
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        this.#move(slot, hole);
        hole = slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  *flows(): IterableIterator<Flow> {
    for (const flow of this.#flows) if (flow !== undefined) yield flow;
  }

  #move(from: number, to: number): void {
    this.#keys.copyWithin(to * KEY_WORDS, from * KEY_WORDS, (from + 1) * KEY_WORDS);
    const flow = this.#flows[from];
    this.#flows[to] = flow;
    this.#flows[from] = undefined;
    if (flow !== undefined) flow.slot = to;
  }

  #grow(): void {
    const keys = this.#keys;
    const flows = this.#flows;
    this.#capacity *= 2;
    this.#keys = new Int32Array(this.#capacity * KEY_WORDS);
    this.#flows = new Array<Flow | undefined>(this.#capacity).fill(undefined);
    const mask = this.#capacity - 1;
    for (const flow of flows) {
      if (flow === undefined) continue;
      const old = flow.slot * KEY_WORDS;
      let slot = hashOfKey(keys, old) & mask;
      while (this.#flows[slot] !== undefined) slot = (slot + 1) & mask;
      this.#keys.set(keys.subarray(old, old + KEY_WORDS), slot * KEY_WORDS);
      this.#flows[slot] = flow;
      flow.slot = slot;
    }
  }

  #hashOfSlot(slot: number): number {
    return hashOfKey(this.#keys, slot * KEY_WORDS);
  }

  #matches(slot: number, packet: PacketDecoder): boolean {
    const keys = this.#keys;
    const key = slot * KEY_WORDS;
    const ports = keys[key + 8];
    if (
      ports === ((packet.sourcePort << 16) | packet.destinationPort) &&
      keys[key + 3] === packet.source3 &&
      keys[key + 7] === packet.destination3 &&
      keys[key + 2] === packet.source2 &&
      keys[key + 6] === packet.destination2 &&
      keys[key + 1] === packet.source1 &&
      keys[key + 5] === packet.destination1 &&
      keys[key] === packet.source0 &&
      keys[key + 4] === packet.destination0 &&
      keys[key + 9] === packet.scope
    ) {
      this.direction = 0;
      return true;
    }
    if (
      ports === ((packet.destinationPort << 16) | packet.sourcePort) &&
      keys[key + 3] === packet.destination3 &&
      keys[key + 7] === packet.source3 &&
      keys[key + 2] === packet.destination2 &&
      keys[key + 6] === packet.source2 &&
      keys[key + 1] === packet.destination1 &&
      keys[key + 5] === packet.source1 &&
      keys[key] === packet.destination0 &&
      keys[key + 4] === packet.source0 &&
      keys[key + 9] === packet.scope
    ) {
      this.direction = 1;
      return true;
    }
    return false;
  }
}

/** Equal for both directions: only sums and exclusive-ors of the two ends go in. */
function hash(packet: PacketDecoder): number {
  return mix(
    packet.source3 ^ packet.destination3,
    packet.source0 ^ packet.destination0 ^ packet.source1 ^ packet.destination1,
    packet.source2 ^ packet.destination2,
    packet.sourcePort ^ packet.destinationPort,
    packet.sourcePort + packet.destinationPort,
  );
}

function hashOfKey(keys: Int32Array, key: number): number {
  const word = (index: number): number => keys[key + index] as number; // Inside the array: key is a slot's.
  const ports = word(8);
  return mix(
    word(3) ^ word(7),
    word(0) ^ word(4) ^ word(1) ^ word(5),
    word(2) ^ word(6),
    (ports >>> 16) ^ (ports & 0xffff),
    (ports >>> 16) + (ports & 0xffff),
  );
}

function mix(a: number, b: number, c: number, portsXor: number, portsSum: number): number {
  let value = Math.imul(a ^ Math.imul(b, 0x2c1b3c6d) ^ Math.imul(c, 0x297a2d39), 0x45d9f3b);
  value ^= value >>> 15;
  value = Math.imul(value ^ (portsXor << 16) ^ portsSum, 0x119de1f3);
  return value ^ (value >>> 16);
}
