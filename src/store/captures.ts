/** The row that tells of one load: what the capture held and what the collector could not see of it. */
import { createHash } from 'node:crypto';
import type { CaptureSummary } from '../events/capture-summary.ts';
import type { Store } from './store.ts';
import { storeError } from './store-error.ts';

/**
 * Stores the summary. The same capture makes the same segments and so the same row, which replaces the earlier one.
 * @throws MirrorSqlError
 */
export async function storeCapture(
  store: Store,
  file: string,
  summary: CaptureSummary,
  segmentNames: readonly string[],
): Promise<void> {
  const identity = `${store.collector}\n${[...segmentNames].sort().join('\n')}\n${JSON.stringify(summary)}`;
  const row = captureRow(store, identity, file, summary);
  try {
    await store.writer.insert({
      table: store.holding('captures'),
      values: [row],
      format: 'JSONEachRow',
    });
  } catch (error) {
    throw storeError(error);
  }
}

export type CaptureRow = ReturnType<typeof captureRow>;

/** A row of `captures`, as JSON. A later one of the same identity replaces the earlier one. */
export function captureRow(store: Store, identity: string, file: string, summary: CaptureSummary) {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return {
    capture_id: createHash('sha256').update(identity).digest('hex').slice(0, 32),
    collector: store.collector,
    file,
    first_packet_ts: decimalSeconds(summary.firstPacketUs),
    last_packet_ts: decimalSeconds(summary.lastPacketUs),
    packets: summary.packets,
    bytes: summary.bytes,
    gaps: summary.gaps,
    lost_bytes: summary.lostBytes,
    text_bytes_replaced: summary.textBytesReplaced,
    unanswered_requests: summary.unansweredRequests,
    unmatched_answers: summary.unmatchedAnswers,
    frames_refused: summary.framesRefused,
    dropped_by_limit: sum(summary.droppedByLimit),
    capture_truncated: summary.captureTruncated ? 1 : 0,
    summary: JSON.stringify(summary),
    stored_at: Math.floor(Date.now() / 1000),
  };
}

/** Seconds with six decimals: a DateTime64(6) that no rounding touches. */
export function decimalSeconds(timeUs: number | undefined): string | null {
  if (timeUs === undefined) return null;
  const seconds = Math.floor(timeUs / 1_000_000);
  return `${seconds}.${String(timeUs - seconds * 1_000_000).padStart(6, '0')}`;
}
