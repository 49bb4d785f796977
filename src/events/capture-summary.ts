/**
 * What one run of the collector saw and what it could not use: captured = decoded + accounted for.
 * Printed at the end of `decode` (as JSON with `--summary json`, in the same names in snake_case) and stored by `load`.
 */
import type { ErrorCode } from '../core/errors.ts';

export interface CaptureSummary {
  /** Records of the capture and their bytes as captured. */
  packets: number;
  bytes: number;
  firstPacketUs: number | undefined;
  lastPacketUs: number | undefined;
  /** TCP connections seen. */
  streams: number;
  /** TCP payload bytes as captured: all; given to a protocol's decoder; of connections that no decoder knows; seen twice. */
  payloadBytes: number;
  decodedBytes: number;
  foreignBytes: number;
  repeatedBytes: number;
  /**
   * Of what was seen twice: segments that the mirror showed twice (two legs, VLANs, tunnels), and segments that their
   * sender sent again; network/recent-segments.ts says how they are told apart.
   */
  doubledPackets: number;
  doubledBytes: number;
  retransmittedPackets: number;
  retransmittedBytes: number;
  /** Packets that carry no TCP payload of interest, by reason: not_ip, not_tcp, fragment, truncated_header, bad_length ... */
  packetsPassedOver: Record<string, number>;
  /** Packets by the tunnels that they came in: vxlan, geneve, gre, erspan, mpls, ip_in_ip, pppoe; one in two counts in both. */
  tunnels: Record<string, number>;
  /**
   * IP fragments: `seen`, of which `joined` into so many `packets`, `doubled` (shown twice), `refused` (they overlap),
   * `incomplete` (others were missing).
   */
  fragments: Record<string, number>;
  /** Events told, by type, and statements by status. */
  events: Record<string, number>;
  statements: Record<string, number>;
  /** Holes in byte streams and the bytes known to be missing in them (or cut off by the snap length). */
  gaps: number;
  lostBytes: number;
  /** Times a decoder had to look for a message boundary, and bytes it passed over while looking. */
  resyncs: number;
  resyncBytes: number;
  unansweredRequests: number;
  unmatchedAnswers: number;
  framesRefused: number;
  /** Places in texts where bytes were no characters of the session's encoding, and were replaced by U+FFFD. */
  textBytesReplaced: number;
  /** By name of the limit that was reached. */
  droppedByLimit: Record<string, number>;
  /** Connections of which the mirror showed one side only: the client, or the server. */
  clientOnlyConnections: number;
  serverOnlyConnections: number;
  /** Packets that the snap length cut; what it cut off of TCP payload counts as lost. */
  cutPackets: number;
  /** Live: packets that the kernel threw away because they were not read in time, where the backend can tell. */
  kernelDrops: number;
  /** Live: times that the kernel's buffer was full. */
  kernelFreezes: number;
  /** Live: times that the capture ended by itself (an interface was removed, say) and was begun again. */
  captureInterruptions: number;
  /** Live: packets of several interfaces that came too late to be put in the order of time. */
  latePackets: number;
  /** Packets carry the time at which they came to us: response times hold our own delay, and drops are not counted. */
  timedOnArrival: boolean;
  /** Live: statements told with less than was seen of them, because the machine could not keep up; when, and how long. */
  statementsReduced: number;
  reducedSeconds: number;
  reducedFirstUs: number | undefined;
  reducedLastUs: number | undefined;
  /** Times that the clock of the capture went back by more than seconds. */
  clockSteps: number;
  /** Of encrypted sessions: bytes that cannot be read. */
  encryptedBytes: number;
  /** Sessions that stayed encrypted, by reason (EncryptedReason), and those that a key log opened. */
  encryptedSessions: Record<string, number>;
  decryptedSessions: number;
  /** The capture ended in the middle of a record. */
  captureTruncated: boolean;
  /** Why reading stopped before the end of the capture; what was decoded until then is told. */
  failure: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** What several pipelines beside each other saw, as one. */
export function addSummaries(summaries: readonly CaptureSummary[]): CaptureSummary {
  const sum = (of: (summary: CaptureSummary) => number): number =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const named = (of: (summary: CaptureSummary) => Record<string, number>) => {
    const total: Record<string, number> = {};
    for (const summary of summaries) {
      for (const [name, count] of Object.entries(of(summary))) {
        total[name] = (total[name] ?? 0) + count;
      }
    }
    return total;
  };
  return {
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    firstPacketUs: least(summaries.map(({ firstPacketUs }) => firstPacketUs)),
    lastPacketUs: greatest(summaries.map(({ lastPacketUs }) => lastPacketUs)),
    streams: sum(({ streams }) => streams),
    payloadBytes: sum(({ payloadBytes }) => payloadBytes),
    decodedBytes: sum(({ decodedBytes }) => decodedBytes),
    foreignBytes: sum(({ foreignBytes }) => foreignBytes),
    repeatedBytes: sum(({ repeatedBytes }) => repeatedBytes),
    doubledPackets: sum(({ doubledPackets }) => doubledPackets),
    doubledBytes: sum(({ doubledBytes }) => doubledBytes),
    retransmittedPackets: sum(({ retransmittedPackets }) => retransmittedPackets),
    retransmittedBytes: sum(({ retransmittedBytes }) => retransmittedBytes),
    packetsPassedOver: named(({ packetsPassedOver }) => packetsPassedOver),
    tunnels: named(({ tunnels }) => tunnels),
    fragments: named(({ fragments }) => fragments),
    events: named(({ events }) => events),
    statements: named(({ statements }) => statements),
    gaps: sum(({ gaps }) => gaps),
    lostBytes: sum(({ lostBytes }) => lostBytes),
    resyncs: sum(({ resyncs }) => resyncs),
    resyncBytes: sum(({ resyncBytes }) => resyncBytes),
    unansweredRequests: sum(({ unansweredRequests }) => unansweredRequests),
    unmatchedAnswers: sum(({ unmatchedAnswers }) => unmatchedAnswers),
    framesRefused: sum(({ framesRefused }) => framesRefused),
    textBytesReplaced: sum(({ textBytesReplaced }) => textBytesReplaced),
    droppedByLimit: named(({ droppedByLimit }) => droppedByLimit),
    cutPackets: sum(({ cutPackets }) => cutPackets),
    clientOnlyConnections: sum(({ clientOnlyConnections }) => clientOnlyConnections),
    serverOnlyConnections: sum(({ serverOnlyConnections }) => serverOnlyConnections),
    kernelDrops: sum(({ kernelDrops }) => kernelDrops),
    kernelFreezes: sum(({ kernelFreezes }) => kernelFreezes),
    captureInterruptions: sum(({ captureInterruptions }) => captureInterruptions),
    latePackets: sum(({ latePackets }) => latePackets),
    statementsReduced: sum(({ statementsReduced }) => statementsReduced),
    reducedSeconds: Math.max(0, ...summaries.map(({ reducedSeconds }) => reducedSeconds)),
    reducedFirstUs: least(summaries.map(({ reducedFirstUs }) => reducedFirstUs)),
    reducedLastUs: greatest(summaries.map(({ reducedLastUs }) => reducedLastUs)),
    clockSteps: Math.max(0, ...summaries.map(({ clockSteps }) => clockSteps)),
    timedOnArrival: summaries.some(({ timedOnArrival }) => timedOnArrival),
    encryptedBytes: sum(({ encryptedBytes }) => encryptedBytes),
    encryptedSessions: named(({ encryptedSessions }) => encryptedSessions),
    decryptedSessions: sum(({ decryptedSessions }) => decryptedSessions),
    captureTruncated: summaries.some(({ captureTruncated }) => captureTruncated),
    failure: summaries.find(({ failure }) => failure !== undefined)?.failure,
  };
}

function least(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function greatest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
