/**
 * What the collector counts about itself while it works: one plain object of numbers, shared by every stage, so that
 * nothing is lost silently. `summary` turns it into the CaptureSummary that is printed and stored.
 */
import type { CaptureSummary } from '../src/events/capture-summary.ts';
import { type SinkLimitName, STATUS_NAMES, type Status } from '../src/events/events.ts';
import { TUNNEL_NAMES } from './network/tunnels/inner.ts';

export type LimitName =
  | 'flows'
  | 'held_bytes'
  | 'fragments'
  | 'statement_bytes'
  | 'bind_bytes'
  | 'message_bytes'
  | 'statements'
  | 'portals'
  | 'pending'
  | 'cancel_keys'
  | 'learned_statements'
  | 'learned_logins'
  | 'anomalies'
  | 'silent_seconds'
  | 'classes'
  | 'classes_forgotten'
  | 'key_log'
  | 'tls_held'
  // Of what counts the events on their way to the store.
  | SinkLimitName;

export class Health {
  packets = 0;
  bytes = 0;
  firstPacketUs = Number.POSITIVE_INFINITY;
  lastPacketUs = Number.NEGATIVE_INFINITY;
  streams = 0;
  payloadBytes = 0;
  decodedBytes = 0;
  foreignBytes = 0;
  repeatedBytes = 0;
  doubledPackets = 0;
  doubledBytes = 0;
  retransmittedPackets = 0;
  retransmittedBytes = 0;
  encryptedBytes = 0;
  /** Sessions that stayed encrypted, by reason, and those that a key log opened. */
  readonly encryptedSessions = new Map<string, number>();
  decryptedSessions = 0;
  gaps = 0;
  lostBytes = 0;
  resyncs = 0;
  resyncBytes = 0;
  unansweredRequests = 0;
  unmatchedAnswers = 0;
  framesRefused = 0;
  /** Bytes in texts that were no characters of their encoding, and were replaced. */
  textBytesReplaced = 0;
  /** Connections of which only one side was seen, by that side. */
  clientOnlyConnections = 0;
  serverOnlyConnections = 0;
  /** Packets that the snap length cut. */
  cutPackets = 0;
  /** Live: packets that the kernel dropped, and times that its buffer was full. */
  kernelDrops = 0;
  kernelFreezes = 0;
  /** Live: times that the capture ended by itself, and packets too late to be put in order across interfaces. */
  captureInterruptions = 0;
  latePackets = 0;
  /** Live: what is left out at this moment (Reduction); statements that were told so, and the seconds of it. */
  reduction = 0;
  statementsReduced = 0;
  reducedSeconds = 0;
  reducedFirstUs: number | undefined = undefined;
  reducedLastUs: number | undefined = undefined;
  /** Times that the clock of the capture went back. */
  clockSteps = 0;
  timedOnArrival = false;
  captureTruncated = false;
  failure: CaptureSummary['failure'] = undefined;
  /** Packets by the tunnels that they came in, one place a kind. */
  readonly tunnelPackets = new Float64Array(TUNNEL_NAMES.length);
  /** Fragments of IP packets: seen = joined + doubled + refused + incomplete, once nothing waits any more. */
  readonly fragments = { seen: 0, joined: 0, packets: 0, doubled: 0, refused: 0, incomplete: 0 };
  readonly packetsPassedOver = new Map<string, number>();
  readonly events = new Map<string, number>();
  /** Statements by their status, and these two by the million: numbers, not entries of a map. */
  readonly #statementsByStatus = new Float64Array(STATUS_NAMES.length);
  statementsCount = 0;
  transactionEndsCount = 0;
  readonly droppedByLimit = new Map<string, number>();

  passOver(reason: string): void {
    this.packetsPassedOver.set(reason, (this.packetsPassedOver.get(reason) ?? 0) + 1);
  }

  countStatement(status: Status): void {
    this.#statementsByStatus[status] = (this.#statementsByStatus[status] as number) + 1; // One place a status.
  }

  drop(limit: LimitName, count = 1): void {
    this.droppedByLimit.set(limit, (this.droppedByLimit.get(limit) ?? 0) + count);
  }

  /** What the sink has dropped until now, where the limits are its own. */
  noteSink(dropped: Readonly<Record<SinkLimitName, number>> | undefined): void {
    for (const [limit, count] of Object.entries(dropped ?? {})) {
      if (count > 0) this.droppedByLimit.set(limit, count);
    }
  }

  /** A second in which something was left out. */
  countReduced(secondUs: number): void {
    this.reducedSeconds++;
    this.reducedFirstUs ??= secondUs;
    this.reducedLastUs = secondUs + 1_000_000;
  }

  summary(): CaptureSummary {
    return {
      packets: this.packets,
      bytes: this.bytes,
      firstPacketUs: this.packets > 0 ? this.firstPacketUs : undefined,
      lastPacketUs: this.packets > 0 ? this.lastPacketUs : undefined,
      streams: this.streams,
      payloadBytes: this.payloadBytes,
      decodedBytes: this.decodedBytes,
      foreignBytes: this.foreignBytes,
      repeatedBytes: this.repeatedBytes,
      doubledPackets: this.doubledPackets,
      doubledBytes: this.doubledBytes,
      retransmittedPackets: this.retransmittedPackets,
      retransmittedBytes: this.retransmittedBytes,
      packetsPassedOver: Object.fromEntries(this.packetsPassedOver),
      tunnels: counted(TUNNEL_NAMES.map((name, kind) => [name, this.tunnelPackets[kind] ?? 0])),
      fragments: counted(Object.entries(this.fragments)),
      events: counted([
        ['statement', this.statementsCount],
        ['transaction_end', this.transactionEndsCount],
        ...this.events,
      ]),
      statements: counted(
        STATUS_NAMES.map((name, status) => [name, this.#statementsByStatus[status] ?? 0]),
      ),
      gaps: this.gaps,
      lostBytes: this.lostBytes,
      resyncs: this.resyncs,
      resyncBytes: this.resyncBytes,
      unansweredRequests: this.unansweredRequests,
      unmatchedAnswers: this.unmatchedAnswers,
      framesRefused: this.framesRefused,
      textBytesReplaced: this.textBytesReplaced,
      droppedByLimit: Object.fromEntries(this.droppedByLimit),
      encryptedBytes: this.encryptedBytes,
      encryptedSessions: Object.fromEntries(this.encryptedSessions),
      decryptedSessions: this.decryptedSessions,
      cutPackets: this.cutPackets,
      clientOnlyConnections: this.clientOnlyConnections,
      serverOnlyConnections: this.serverOnlyConnections,
      kernelDrops: this.kernelDrops,
      kernelFreezes: this.kernelFreezes,
      captureInterruptions: this.captureInterruptions,
      latePackets: this.latePackets,
      statementsReduced: this.statementsReduced,
      reducedSeconds: this.reducedSeconds,
      reducedFirstUs: this.reducedFirstUs,
      reducedLastUs: this.reducedLastUs,
      clockSteps: this.clockSteps,
      timedOnArrival: this.timedOnArrival,
      captureTruncated: this.captureTruncated,
      failure: this.failure,
    };
  }
}

/** What was counted at all, by name. */
function counted(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
