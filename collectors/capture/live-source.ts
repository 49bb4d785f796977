/** A capture that does not end by itself: an interface, through one of the backends of live.ts. */
import type { CaptureSource } from './capture-source.ts';

export interface LiveOptions {
  /** Memory in which the kernel may hold packets that are not read yet. */
  readonly bufferBytes: number;
  /** Sockets of one group share the traffic by flow (PACKET_FANOUT_HASH), where the backend can. */
  readonly fanoutGroup?: number;
}

/** Totals since the capture began. */
export interface LiveStatistics {
  /** Packets that the kernel saw for us, the dropped ones included where the backend counts so. */
  readonly received: number;
  /** Packets that the kernel threw away because we were too slow. */
  readonly dropped: number;
  /** Times that the ring was full. */
  readonly freezes: number;
  /** Times that the capture ended by itself and was begun again: the interface was removed, say. */
  readonly interruptions: number;
  /** Packets of several interfaces that came too late to be put in the order of time. */
  readonly late: number;
}

export interface LiveSource extends CaptureSource {
  /** Undefined where the backend cannot tell yet. */
  statistics(): LiveStatistics | undefined;
  /** Ends the capture in order: what was captured is delivered, then readChunk returns false. */
  stop(): void;
}

export const NO_STATISTICS: LiveStatistics = {
  received: 0,
  dropped: 0,
  freezes: 0,
  interruptions: 0,
  late: 0,
};

export function addStatistics(a: LiveStatistics, b: LiveStatistics): LiveStatistics {
  return {
    received: a.received + b.received,
    dropped: a.dropped + b.dropped,
    freezes: a.freezes + b.freezes,
    interruptions: a.interruptions + b.interruptions,
    late: a.late + b.late,
  };
}
