/** What the loads that overlap the window could not see. */
import type { CaptureFacts } from '../../events/facts.ts';
import { QUALITY_IN_PART } from '../../events/quality.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, type Parameters } from './ask.ts';

export async function readCapture(store: Store, parameters: Parameters): Promise<CaptureFacts> {
  const [rows, flawed, encrypted] = await Promise.all([
    ask<Omit<CaptureFacts, 'statementsWithFlaw' | 'encryptedSessions'>>(
      store,
      `SELECT sum(captures.packets) AS packets, sum(captures.bytes) AS bytes, sum(lost_bytes) AS lostBytes,
        sum(captures.gaps) AS gaps, sum(unanswered_requests) AS unanswered, sum(unmatched_answers) AS unmatchedAnswers,
        sum(frames_refused) AS framesRefused, sum(dropped_by_limit) AS droppedByLimit
      FROM captures FINAL
      WHERE first_packet_ts < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
        AND last_packet_ts >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC')`,
      parameters,
    ),
    ask<{ count: number }>(
      store,
      `SELECT count() AS count FROM events WHERE ${inWindow('ts')} AND bitAnd(quality, ${QUALITY_IN_PART}) != 0 AND ${IN_SCOPE}`,
      parameters,
    ),
    ask<{ count: number }>(
      store,
      `SELECT uniqExact(session_id) AS count FROM session_events
      WHERE type = 'encrypted' AND ${inWindow('ts')} AND ${IN_SCOPE}`,
      parameters,
    ),
  ]);
  const [sums] = rows;
  return {
    packets: sums?.packets ?? 0,
    bytes: sums?.bytes ?? 0,
    lostBytes: sums?.lostBytes ?? 0,
    gaps: sums?.gaps ?? 0,
    unanswered: sums?.unanswered ?? 0,
    unmatchedAnswers: sums?.unmatchedAnswers ?? 0,
    framesRefused: sums?.framesRefused ?? 0,
    droppedByLimit: sums?.droppedByLimit ?? 0,
    statementsWithFlaw: flawed[0]?.count ?? 0,
    encryptedSessions: encrypted[0]?.count ?? 0,
  };
}
