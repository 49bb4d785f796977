/** The parts of a running MirrorSQL that tell how they are doing. Everything is read when it is asked for. */
import type { MirrorSqlError } from '../../core/errors.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';

export interface ObservedCapture {
  /** Interfaces, or the file that is played. */
  readonly name: string;
  /** `afpacket`, `tcpdump` ..., or `file`. */
  readonly backend: string;
  /** What was seen and not seen so far. */
  readonly summary: () => CaptureSummary;
  readonly sessionsOpen: () => number;
  /** How much later than the wire the packets of the last seconds were decoded; undefined when none came. */
  readonly lagUs: () => number | undefined;
  /** The capture has come to its end (a file that is played). */
  readonly ended: () => boolean;
}

/** What stores segments; the store's SegmentWriter is one. */
export interface ObservedStoring {
  readonly state: {
    readonly segmentsWaiting: number;
    readonly bytesWaiting: number;
    readonly waitingBytesMax: number;
    /** When the oldest of the waiting ones was sealed, in milliseconds since 1970. */
    readonly oldestWaitingSinceMs: number | undefined;
    readonly segmentsDropped: number;
    readonly rowsDropped: Readonly<Record<string, number>>;
    readonly lastInsertAtMs: number | undefined;
    readonly lastInsertMs: number | undefined;
    /** Since the last success. */
    readonly failedTries: number;
    /** Since the beginning, by the code of the error. */
    readonly failures: Readonly<Record<string, number>>;
    readonly lastError: MirrorSqlError | undefined;
  };
  readonly counts: {
    readonly stored: Readonly<Record<string, number>>;
    readonly segmentsStored: number;
  };
}
