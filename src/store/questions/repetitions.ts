/**
 * Lists whose rows were asked for one by one. From the rollup; the same: `mirrorsql query "SELECT leading_fingerprint,
 * fingerprint, sum(runs), sum(matched_runs), sum(executions), sum(elapsed_sum_us) FROM repetition_1m GROUP BY 1, 2"`.
 */
import type { RepetitionFacts } from '../../events/repetitions.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, MINUTE_IN_WINDOW, type Parameters, SERVER } from './ask.ts';
import type { ClassDescriptions } from './class-descriptions.ts';

const PAIRS_MAX = 50;

/** Of the minutes that overlap the window, most time first. @throws MirrorSqlError */
export async function readRepetitions(
  store: Store,
  parameters: Parameters,
  descriptions: ClassDescriptions,
): Promise<RepetitionFacts[]> {
  const rows = await ask<Omit<RepetitionFacts, 'leadingNormalized' | 'normalized'>>(
    store,
    `SELECT client_ip AS client, ${SERVER} AS server, leading_fingerprint AS leadingFingerprint, fingerprint,
      sum(repetition_1m.runs) AS runs, sum(matched_runs) AS matchedRuns,
      sum(repetition_1m.executions) AS executions, max(executions_max) AS executionsMax,
      sum(duration_sum_us) AS durationSumUs, sum(elapsed_sum_us) AS elapsedSumUs,
      toInt64(toUnixTimestamp(min(t))) * 1000000 AS firstUs,
      (toInt64(toUnixTimestamp(max(t))) + 60) * 1000000 AS lastUs
    FROM repetition_1m
    WHERE ${MINUTE_IN_WINDOW} AND ${IN_SCOPE}
    GROUP BY client, server, leadingFingerprint, fingerprint HAVING matchedRuns > 0
    ORDER BY elapsedSumUs DESC, client, server, leadingFingerprint, fingerprint LIMIT ${PAIRS_MAX}`,
    parameters,
  );
  const named = rows.flatMap((row) => [row.leadingFingerprint, row.fingerprint]);
  const described = await descriptions.of(named);
  return rows.map((row) => ({
    ...row,
    leadingNormalized: described(row.leadingFingerprint).normalized,
    normalized: described(row.fingerprint).normalized,
  }));
}
