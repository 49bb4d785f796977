/**
 * Hot. From packets to connections: finds the flow of each segment, keeps both directions in order, notices openings,
 * endings, reused ports and holes, and forgets what has gone silent. Bench: test/bench/decode.bench.ts.
 */
import type { Health } from '../health.ts';
import type { Limits } from '../limits.ts';
import { Flow, type FlowEnd, type FlowReader } from './flow.ts';
import { FlowTable } from './flow-table.ts';
import { Fragments } from './fragments.ts';
import type { HalfStream } from './half-stream.ts';
import { PacketDecoder, TcpFlag } from './packet.ts';
import { RecentSegments } from './recent-segments.ts';
import { type Separation, TOGETHER } from './scope.ts';
import { PASSED_OVER, Verdict } from './verdict.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** A closed connection is remembered this long, so that late repetitions are not taken for a new one. */
const LINGER_US = 10 * SECOND_US;
/** A mirror's second leg is not later than this. */
const SECOND_LEG_US = 50_000;
/** After both FINs, bytes that were overtaken by them may still come. */
const CLOSING_US = 2 * SECOND_US;
/** The receiver has acknowledged the bytes: the capture missed them. Wait only as long as a mirror may reorder. */
const ACKNOWLEDGED_HOLE_US = 20_000;
/** Lost on the way: the sender repeats them, after a few timeouts at worst. */
const OPEN_HOLE_US = 30 * SECOND_US;
/** With one direction only, no acknowledgement can tell, and nobody knows whether a repetition will be seen. */
const ONE_WAY_HOLE_US = SECOND_US;
/** How often silent flows are looked for, in capture time. */
const SWEEP_US = 60 * SECOND_US;

/** Decides who reads a flow: at its first packet (`payload` false), and again at its first payload. */
export type ReaderFactory = (flow: Flow) => FlowReader | undefined;

export class Connections {
  readonly #packet: PacketDecoder;
  readonly #fragments: Fragments;
  readonly #recent = new RecentSegments();
  readonly #table = new FlowTable();
  readonly #readerOf: ReaderFactory;
  readonly #health: Health;
  readonly #limits: Limits;
  readonly #holding = new Set<Flow>();
  /** Closed or closing flows, in the order of their time; `#lingerHead` is the first that still counts. */
  #lingering: { readonly flow: Flow; readonly dueUs: number }[] = [];
  #lingerHead = 0;
  #heldTotalBytes = 0;
  #nextSweepUs = Number.NEGATIVE_INFINITY;
  #nextTickUs = Number.NEGATIVE_INFINITY;

  constructor(
    readerOf: ReaderFactory,
    health: Health,
    limits: Limits,
    separation: Separation = TOGETHER,
  ) {
    this.#packet = new PacketDecoder(separation, health.tunnelPackets);
    this.#fragments = new Fragments(health, limits);
    this.#readerOf = readerOf;
    this.#health = health;
    this.#limits = limits;
  }

  packet(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    end: number,
    tsUs: number,
    linkType: number,
  ): void {
    const packet = this.#packet;
    const verdict = packet.decode(view, offset, end, linkType);
    if (verdict === 0) this.#read(bytes, view, tsUs);
    else if (verdict === Verdict.Fragment) this.#piece(bytes, tsUs);
    else this.#health.passOver(PASSED_OVER[verdict] ?? 'other');
  }

  /** A fragment. The packet that it completes may be one of another packet, inside a tunnel. */
  #piece(bytes: Uint8Array, tsUs: number): void {
    const packet = this.#packet;
    let whole = this.#fragments.take(packet, bytes, tsUs);
    while (whole !== undefined) {
      const { view, length, version, protocol } = whole;
      const verdict = packet.decodeWhole(view, 0, view.byteLength, length, version, protocol);
      if (verdict === 0) this.#read(whole.bytes, view, tsUs);
      else if (verdict !== Verdict.Fragment) this.#health.passOver(PASSED_OVER[verdict] ?? 'other');
      whole =
        verdict === Verdict.Fragment ? this.#fragments.take(packet, whole.bytes, tsUs) : undefined;
    }
    if (tsUs >= this.#nextTickUs) this.#tick(tsUs);
  }

  /** The segment that the decoder holds. */
  #read(bytes: Uint8Array, view: DataView, tsUs: number): void {
    const packet = this.#packet;
    if (tsUs >= this.#nextTickUs) this.#tick(tsUs);
    let flow = this.#table.find(packet);
    const flags = packet.flags;
    if (flow === undefined || ((flags & TcpFlag.Syn) !== 0 && this.#isAnother(flow, tsUs))) {
      if (flow !== undefined) this.#forget(flow, 'replaced', tsUs);
      // Without payload or SYN there is nothing to read: an acknowledgement of a connection that has ended, or will speak.
      if (
        (flags & TcpFlag.Syn) === 0 &&
        (packet.payloadLength === 0 || (flags & TcpFlag.Rst) !== 0)
      )
        return;
      flow = this.#open(tsUs);
    }
    this.#segment(flow, this.#table.direction, bytes, view, tsUs);
  }

  /** Time has passed without packets. */
  idle(tsUs: number): void {
    if (tsUs >= this.#nextTickUs) this.#tick(tsUs);
  }

  /** The clock was set back to `tsUs`: what was due by the old time is due soon by the new one. */
  rewind(tsUs: number): void {
    this.#nextTickUs = tsUs;
    this.#nextSweepUs = Math.min(this.#nextSweepUs, tsUs + SECOND_US);
    this.#lingering = this.#lingering
      .slice(this.#lingerHead)
      .map(({ flow, dueUs }) => ({ flow, dueUs: Math.min(dueUs, tsUs + LINGER_US) }));
    this.#lingerHead = 0;
  }

  /** Lets every reader tell what it is in the middle of. */
  tellOpen(tsUs: number): void {
    for (const flow of this.#table.flows()) flow.reader?.tellOpen?.(tsUs);
  }

  /** Ends every connection: the capture is over. */
  finish(tsUs: number): void {
    this.#fragments.finish();
    for (const flow of this.#table.flows()) this.#end(flow, 'capture_end', -1, tsUs);
  }

  #segment(flow: Flow, direction: 0 | 1, bytes: Uint8Array, view: DataView, tsUs: number): void {
    const packet = this.#packet;
    const flags = packet.flags;
    const half = flow.halves[direction];
    const other = flow.halves[direction === 0 ? 1 : 0];
    flow.seen[direction] = true;
    if ((flags & TcpFlag.Ack) !== 0) acknowledge(other, packet.acknowledgement);
    let sequence = packet.sequence;
    if ((flags & TcpFlag.Syn) !== 0) {
      this.#synchronise(flow, direction, half, sequence);
      sequence = (sequence + 1) | 0;
    }
    const length = packet.payloadLength;
    if (length > 0) this.#payload(flow, direction, half, bytes, view, sequence, tsUs);
    if ((flags & (TcpFlag.Fin | TcpFlag.Rst)) !== 0)
      this.#closing(flow, direction, half, sequence, tsUs);
    if (half.heldCount + other.heldCount > 0) this.#holes(flow, tsUs);
    flow.lastUs = tsUs;
  }

  #payload(
    flow: Flow,
    direction: 0 | 1,
    half: HalfStream,
    bytes: Uint8Array,
    view: DataView,
    sequence: number,
    tsUs: number,
  ): void {
    const packet = this.#packet;
    const health = this.#health;
    const { payloadStart, payloadEnd, payloadLength: length } = packet;
    const captured = payloadEnd - payloadStart;
    health.payloadBytes += captured;
    if (flow.closed) {
      this.#repeated(captured, flow, tsUs);
      return;
    }
    const reader = flow.reader ?? this.#adopt(flow);
    if (reader === undefined) {
      health.foreignBytes += captured;
      return;
    }
    if (!half.started) half.start(flow.opener === -1 ? sequence : half.beginsBefore(sequence));
    const other = flow.halves[direction === 0 ? 1 : 0];
    const heldBefore = half.heldBytes + other.heldBytes;
    const acknowledgement =
      (packet.flags & TcpFlag.Ack) === 0 ? other.next : packet.acknowledgement;
    if (sequence === half.next && half.unseenBefore(acknowledgement) === 0) {
      const repeated = half.deliver(
        reader,
        direction,
        bytes,
        view,
        payloadStart,
        payloadEnd,
        length,
        tsUs,
      );
      if (repeated > 0) this.#repeated(repeated, flow, tsUs);
    } else {
      const repeated = half.take(
        reader,
        direction,
        bytes,
        view,
        sequence,
        payloadStart,
        payloadEnd,
        length,
        tsUs,
        acknowledgement,
      );
      if (repeated > 0) this.#repeated(repeated, flow, tsUs);
      if (half.heldCount > 0) this.#holding.add(flow);
    }
    this.#recent.add(packet);
    this.#heldTotalBytes += half.heldBytes + other.heldBytes - heldBefore;
    if (half.finSeen) this.#endWhenComplete(flow, tsUs);
  }

  /** Bytes of the segment at hand have been seen before: another copy of the packet, or sent again. */
  #repeated(size: number, flow: Flow, tsUs: number): void {
    const health = this.#health;
    if (this.#recent.has(this.#packet, tsUs - flow.lastUs)) {
      health.repeatedBytes += size;
      health.doubledPackets++;
      health.doubledBytes += size;
    } else {
      health.retransmittedPackets++;
      this.#sentAgain(size);
    }
  }

  #sentAgain(size: number): void {
    this.#health.repeatedBytes += size;
    this.#health.retransmittedBytes += size;
  }

  #adopt(flow: Flow): FlowReader | undefined {
    if (flow.foreign) return undefined;
    flow.reader = this.#readerOf(flow);
    if (flow.reader === undefined) flow.foreign = true;
    return flow.reader;
  }

  #open(tsUs: number): Flow {
    const packet = this.#packet;
    if (this.#table.sizeCount >= this.#limits.flowsMax) this.#evict(tsUs);
    const flow = new Flow(
      [
        addressOf(packet.source0, packet.source1, packet.source2, packet.source3),
        addressOf(
          packet.destination0,
          packet.destination1,
          packet.destination2,
          packet.destination3,
        ),
      ],
      [packet.sourcePort, packet.destinationPort],
      tsUs,
      packet.scope,
    );
    this.#table.add(packet, flow);
    this.#table.direction = 0;
    this.#health.streams++;
    return flow;
  }

  /** A SYN on a known pair of endpoints: the same opening once more, or a new connection on reused ports? */
  #isAnother(flow: Flow, tsUs: number): boolean {
    const half = flow.halves[this.#table.direction];
    // A second leg of the mirror may show a short connection when the first has shown its end.
    if (flow.closed && (!flow.accepted || tsUs - flow.lastUs > SECOND_LEG_US)) return true;
    return (
      half.started && !(half.initialSeen && half.initial === ((this.#packet.sequence + 1) | 0))
    );
  }

  #synchronise(flow: Flow, direction: 0 | 1, half: HalfStream, sequence: number): void {
    if ((this.#packet.flags & TcpFlag.Ack) !== 0) {
      flow.opener = direction === 0 ? 1 : 0;
      flow.accepted = true;
    } else {
      flow.opener = direction;
    }
    if (half.started) return;
    half.start((sequence + 1) | 0);
    half.initial = half.next;
    half.initialSeen = true;
    if (flow.reader === undefined) flow.reader = this.#readerOf(flow);
  }

  #closing(flow: Flow, direction: 0 | 1, half: HalfStream, sequence: number, tsUs: number): void {
    if (flow.closed) return;
    const seen = half.finSeen;
    if (!seen) half.finish((sequence + this.#packet.payloadLength) | 0);
    if ((this.#packet.flags & TcpFlag.Rst) !== 0) {
      this.#end(flow, 'reset', direction, tsUs);
      return;
    }
    if (seen) return;
    if (flow.firstToClose === -1) flow.firstToClose = direction;
    const [first, second] = flow.halves;
    if (!first.finSeen || !second.finSeen) return;
    if (!this.#endWhenComplete(flow, tsUs))
      this.#lingering.push({ flow, dueUs: tsUs + CLOSING_US });
  }

  /** Both sides have closed: that is the end, unless a FIN has overtaken bytes. @returns whether it has ended */
  #endWhenComplete(flow: Flow, tsUs: number): boolean {
    const [first, second] = flow.halves;
    if (flow.closed || !first.finSeen || !second.finSeen) return flow.closed;
    if (first.heldCount + second.heldCount + first.missingBeforeFin + second.missingBeforeFin > 0)
      return false;
    this.#end(flow, 'fin', flow.firstToClose, tsUs);
    return true;
  }

  /** Gives up holes that will not be filled any more. */
  #holes(flow: Flow, tsUs: number): void {
    const limits = this.#limits;
    for (const direction of [0, 1] as const) {
      const half = flow.halves[direction];
      while (half.heldCount > 0 && !flow.closed) {
        const crowded =
          half.heldBytes > limits.heldBytesMax ||
          half.heldCount > limits.heldSegmentsMax ||
          this.#heldTotalBytes > limits.heldBytesTotalMax;
        if (crowded) this.#health.drop('held_bytes');
        // A clock that was set back has made the wait long as well.
        else if (Math.abs(tsUs - (half.waitingSinceUs ?? tsUs)) <= patienceUs(flow, half)) break;
        this.#giveUp(flow, direction);
      }
    }
    if (flow.halves[0].heldCount + flow.halves[1].heldCount === 0) this.#holding.delete(flow);
  }

  #giveUp(flow: Flow, direction: 0 | 1): void {
    const half = flow.halves[direction];
    const other = flow.halves[direction === 0 ? 1 : 0];
    const before = half.heldBytes + other.heldBytes;
    if (flow.reader !== undefined) this.#sentAgain(half.giveUp(flow.reader, direction));
    else this.#health.foreignBytes += half.clear();
    this.#heldTotalBytes += half.heldBytes + other.heldBytes - before;
  }

  /** Nothing more will come: what is still missing is missing for good. */
  #settle(flow: Flow, tsUs: number): void {
    // What is held tells first: it may say that bytes of the other direction are missing.
    for (const direction of [0, 1] as const)
      while (flow.halves[direction].heldCount > 0) this.#giveUp(flow, direction);
    for (const direction of [0, 1] as const) {
      const half = flow.halves[direction];
      const missing = half.missingAtEnd;
      if (missing > 0) flow.reader?.gap(direction, missing, tsUs);
    }
    this.#holding.delete(flow);
  }

  #end(flow: Flow, reason: FlowEnd, endpoint: 0 | 1 | -1, tsUs: number): void {
    if (flow.closed) return;
    this.#settle(flow, tsUs);
    flow.closed = true;
    const [first, second] = flow.halves;
    // Both sides had closed, and it was only kept for bytes that their FINs might have overtaken.
    if (reason !== 'reset' && first.finSeen && second.finSeen)
      flow.reader?.end('fin', flow.firstToClose, tsUs);
    else flow.reader?.end(reason, endpoint, tsUs);
    flow.reader = undefined;
    if (reason === 'fin' || reason === 'reset')
      this.#lingering.push({ flow, dueUs: tsUs + LINGER_US });
  }

  #forget(flow: Flow, reason: FlowEnd, tsUs: number): void {
    this.#end(flow, reason, -1, tsUs);
    if (flow.slot >= 0) this.#table.remove(flow);
  }

  /** Once a second of capture time: holes without further packets, closed flows, silent flows. */
  #tick(tsUs: number): void {
    this.#nextTickUs = tsUs + SECOND_US;
    this.#fragments.expire(tsUs);
    for (const flow of this.#holding) this.#holes(flow, tsUs);
    const lingering = this.#lingering;
    while (this.#lingerHead < lingering.length) {
      const entry = lingering[this.#lingerHead];
      if (entry === undefined || entry.dueUs > tsUs) break;
      this.#lingerHead++;
      const { flow } = entry;
      if (!flow.closed) this.#end(flow, 'fin', flow.firstToClose, tsUs);
      else if (flow.slot >= 0) this.#table.remove(flow);
    }
    if (this.#lingerHead > 1024 && this.#lingerHead * 2 > lingering.length) {
      this.#lingering = lingering.slice(this.#lingerHead);
      this.#lingerHead = 0;
    }
    if (tsUs >= this.#nextSweepUs) this.#sweep(tsUs);
  }

  #sweep(tsUs: number): void {
    this.#nextSweepUs = tsUs + SWEEP_US;
    const silent: Flow[] = [];
    for (const flow of this.#table.flows()) {
      if (tsUs - flow.lastUs > this.#limits.flowIdleUsMax) silent.push(flow);
    }
    for (const flow of silent) this.#forget(flow, 'idle', tsUs);
  }

  /** Makes room: the hundredth part that has been silent longest goes. */
  #evict(tsUs: number): void {
    const flows = [...this.#table.flows()].sort((a, b) => a.lastUs - b.lastUs);
    const count = Math.max(1, Math.floor(flows.length / 100));
    for (const flow of flows.slice(0, count)) {
      if (!flow.closed) this.#health.drop('flows');
      this.#forget(flow, 'limit', tsUs);
    }
  }
}

function patienceUs(flow: Flow, half: HalfStream): number {
  if (half.missedForGood) return ACKNOWLEDGED_HOLE_US;
  return flow.seen[0] && flow.seen[1] ? OPEN_HOLE_US : ONE_WAY_HOLE_US;
}

function acknowledge(half: HalfStream, acknowledgement: number): void {
  if (!half.acknowledgedSeen) half.acknowledgedFirst = acknowledgement;
  if (!half.acknowledgedSeen || ((acknowledgement - half.acknowledged) | 0) > 0) {
    if (!half.acknowledgedSeen) half.acknowledgedFrom = acknowledgement;
    half.acknowledged = acknowledgement;
    half.acknowledgedSeen = true;
  }
}

function addressOf(word0: number, word1: number, word2: number, word3: number): Uint8Array {
  const address = new Uint8Array(16);
  // No view: a small array that nobody asks for its buffer lies within the heap.
  for (const [place, word] of [word0, word1, word2, word3].entries()) {
    address[place * 4] = word >>> 24;
    address[place * 4 + 1] = word >>> 16;
    address[place * 4 + 2] = word >>> 8;
    address[place * 4 + 3] = word;
  }
  return address;
}
