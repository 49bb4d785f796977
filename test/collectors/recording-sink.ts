/** A sink that copies all it is told into plain objects, and what feeds a collector with packets for it. */
import { Collector, type CollectorOptions } from '../../collectors/collector.ts';
import type { CaptureSummary } from '../../src/events/capture-summary.ts';
import {
  type ActivitySecond,
  type EventSink,
  type SessionEvent,
  STATUS_NAMES,
  type StatementEvent,
  type TransactionEnd,
  UNKNOWN,
} from '../../src/events/events.ts';
import { qualityNames } from '../../src/events/quality.ts';
import type { WirePacket } from '../wire/connection.ts';

export interface RecordedStatement {
  readonly sessionId: string;
  readonly tsUs: number;
  readonly sequence: number;
  readonly command: string | undefined;
  /** Undefined when its text is not known. */
  readonly text: string | undefined;
  readonly statementName: string | undefined;
  readonly portalName: string | undefined;
  readonly fingerprint: string | undefined;
  readonly source: string | undefined;
  readonly sourceFingerprint: string | undefined;
  readonly user: string | undefined;
  readonly parameters: readonly (string | null)[] | undefined;
  readonly status: string;
  readonly sqlstate: string | undefined;
  readonly message: string | undefined;
  readonly rowsReturned: number | undefined;
  readonly rowsAffected: number | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly firstRowUs: number | undefined;
  readonly durationUs: number | undefined;
  readonly transactionId: number | undefined;
  readonly transactionStatus: string;
  readonly copyBytes: number | undefined;
  readonly copyRows: number | undefined;
  readonly batchCount: number | undefined;
  readonly quality: readonly string[];
}

export type RecordedTransaction = Omit<TransactionEnd, 'session' | 'quality'> & {
  readonly sessionId: string;
  readonly quality: readonly string[];
};

const known = (value: number): number | undefined => (value === UNKNOWN ? undefined : value);

export class RecordingSink implements EventSink {
  readonly statements: RecordedStatement[] = [];
  readonly transactions: RecordedTransaction[] = [];
  readonly sessions: SessionEvent[] = [];
  readonly seconds: ActivitySecond[] = [];

  statement(event: StatementEvent): void {
    const { text, textStart, textEnd, statementClass } = event;
    this.statements.push({
      sessionId: event.session.id,
      tsUs: event.tsUs,
      sequence: event.sequence,
      command: event.command,
      text:
        statementClass === undefined
          ? undefined
          : Buffer.from(text.slice(textStart, textEnd)).toString(),
      statementName: event.statementName,
      portalName: event.portalName,
      fingerprint: statementClass?.fingerprint,
      source: event.source,
      sourceFingerprint: event.sourceClass?.fingerprint,
      user: event.session.user,
      parameters: event.parameters === undefined ? undefined : [...event.parameters],
      status: STATUS_NAMES[event.status],
      sqlstate: event.error?.sqlstate,
      message: event.error?.message,
      rowsReturned: known(event.rowsReturned),
      rowsAffected: known(event.rowsAffected),
      requestBytes: event.requestBytes,
      responseBytes: event.responseBytes,
      firstRowUs: known(event.firstRowUs),
      durationUs: known(event.durationUs),
      transactionId: known(event.transactionId),
      transactionStatus: event.transactionStatus,
      copyBytes: known(event.copyBytes),
      copyRows: known(event.copyRows),
      batchCount: known(event.batchCount),
      quality: qualityNames(event.quality),
    });
  }

  transactionEnd(event: TransactionEnd): void {
    const { startUs, endUs, transactionId, outcome, statements, rowsAffected, implicit } = event;
    this.transactions.push({
      sessionId: event.session.id,
      startUs,
      endUs,
      transactionId,
      outcome,
      statements,
      rowsAffected,
      implicit,
      quality: qualityNames(event.quality),
      shapeHigh: event.shapeHigh,
      shapeLow: event.shapeLow,
    });
  }

  sessionEvent(event: SessionEvent): void {
    this.sessions.push({ ...event, session: { ...event.session } });
  }

  activity(second: ActivitySecond): void {
    this.seconds.push(second);
  }

  /** The session events of one type. */
  of<T extends SessionEvent['type']>(type: T): Extract<SessionEvent, { readonly type: T }>[] {
    return this.sessions.filter(
      (event): event is Extract<SessionEvent, { readonly type: T }> => event.type === type,
    );
  }
}

export interface Played {
  readonly told: RecordingSink;
  readonly summary: CaptureSummary;
}

const RUBBISH = 0xa5;

/**
 * Gives the packets to a collector in a buffer that is overwritten after each, as a capture's window is: bytes that
 * somebody kept without copying them turn into rubbish.
 */
export function play(packets: Iterable<WirePacket>, options: CollectorOptions = {}): Played {
  const told = new RecordingSink();
  const collector = new Collector(told, options);
  const window = new Uint8Array(1 << 18);
  const view = new DataView(window.buffer);
  let offset = 3;
  for (const { bytes, tsUs, originalLength } of packets) {
    offset = (offset + 7) % 61;
    window.set(bytes, offset);
    collector.packet(window, view, offset, bytes.length, originalLength, tsUs, 1);
    window.fill(RUBBISH, 0, bytes.length + 64);
  }
  return { told, summary: collector.finish() };
}
