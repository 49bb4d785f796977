/**
 * How long the rows of large answers take to arrive, of the classes that take most time with such answers. Single
 * executions, of the newest minutes in which each ran, ten and 2,000 executions are enough; to see them: `mirrorsql query "SELECT ts, first_row_us, duration_us,
 * bytes_response FROM events WHERE fingerprint = '...'"`.
 */
import type { DeliveryFacts } from '../../events/slow-classes.ts';
import type { Store } from '../store.ts';
import type { ClassSums } from './classes.ts';
import { ask, IN_SCOPE, inWindow, MINUTE_IN_WINDOW, type Parameters } from './ask.ts';

/** Smaller answers fit into the buffers of a connection: nobody waits for their reader. */
const ANSWER_BYTES_MIN = 16_384;
const CLASSES_MAX = 10;
const MINUTES_MAX = 10;
/** The newest minutes of a class that hold so many executions are enough, and read in milliseconds. */
const EXECUTIONS_ENOUGH = 2_000;

/** @param classes the heaviest first  @throws MirrorSqlError */
export async function readDeliveries(
  store: Store,
  classes: readonly ClassSums[],
  parameters: Parameters,
): Promise<DeliveryFacts[]> {
  const fingerprints = classes
    .filter(({ responseBytes, answered }) => responseBytes >= ANSWER_BYTES_MIN * answered)
    .filter(({ answered }) => answered > 0)
    .slice(0, CLASSES_MAX)
    .map(({ fingerprint }) => fingerprint);
  if (fingerprints.length === 0) return [];
  // Asked apart: on a cluster no question about all hosts may stand within another.
  const minutes = await ask<{ fingerprint: string; minute: string }>(
    store,
    `SELECT fingerprint, toString(toUnixTimestamp(t)) AS minute
    FROM (
      SELECT fingerprint, t, sum(answered) AS executions,
        sum(executions) OVER (PARTITION BY fingerprint ORDER BY t DESC ROWS UNBOUNDED PRECEDING) - executions AS newer
      FROM class_1m
      WHERE fingerprint IN {fingerprints:Array(String)} AND ${IN_SCOPE}
        AND ${MINUTE_IN_WINDOW}
      GROUP BY fingerprint, t
    )
    WHERE newer < ${EXECUTIONS_ENOUGH}
    ORDER BY t DESC, fingerprint LIMIT ${MINUTES_MAX} BY fingerprint`,
    { ...parameters, fingerprints },
  );
  return await ask<DeliveryFacts>(
    store,
    `SELECT fingerprint, count() AS executions, sum(assumeNotNull(first_row_us)) AS firstSumUs,
      sum(assumeNotNull(duration_us) - assumeNotNull(first_row_us)) AS deliverySumUs, sum(bytes_response) AS bytes
    FROM events
    WHERE ${inWindow('ts')} AND ${IN_SCOPE}
      AND (toStartOfMinute(ts), fingerprint) IN (
        SELECT toDateTime(toUInt32(pair.1), 'UTC'), toFixedString(pair.2, 16)
        FROM (SELECT arrayJoin(arrayZip({minutes:Array(String)}, {ran:Array(String)})) AS pair)
      )
      AND status = 'ok' AND first_row_us IS NOT NULL AND duration_us >= first_row_us
      AND bytes_response >= ${ANSWER_BYTES_MIN}
    GROUP BY fingerprint ORDER BY fingerprint`,
    {
      ...parameters,
      minutes: minutes.map(({ minute }) => minute),
      ran: minutes.map(({ fingerprint }) => fingerprint),
    },
  );
}
