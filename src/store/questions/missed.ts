/** What the captures missed, step by step; only steps in which something was missed. */
import type { MissedFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { ask, OF_COLLECTOR, type Parameters, SECOND_IN_WINDOW } from './ask.ts';

/** Some hundred steps, of some collectors. */
const ROWS_MAX = 10_000;

export function readMissed(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<MissedFacts[]> {
  return ask<MissedFacts>(
    store,
    `SELECT intDiv(toInt64(toUnixTimestamp(t)) * 1000000, {stepUs:Int64}) * {stepUs:Int64} AS startUs, {stepUs:Int64} AS stepUs, collector,
      sum(kernel_drops) AS kernelDrops, sum(kernel_freezes) AS kernelFreezes, sum(lost_bytes) AS lostBytes,
      sum(frames_refused) AS framesRefused, sum(dropped_by_limit) AS droppedByLimit, sum(rows_lost) AS rowsLost,
      sum(statements_reduced) AS statementsReduced
    FROM capture_1s
    WHERE ${SECOND_IN_WINDOW} AND ${OF_COLLECTOR}
    GROUP BY startUs, collector
    HAVING kernelDrops + kernelFreezes + lostBytes + framesRefused + droppedByLimit + rowsLost + statementsReduced > 0
    ORDER BY startUs, collector LIMIT ${ROWS_MAX}`,
    { ...parameters, stepUs },
  );
}
