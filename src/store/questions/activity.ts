/** Activity over time, and by client host and server endpoint. */
import type { ActivityStep, EdgeFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import {
  ask,
  histogramOf,
  IN_SCOPE,
  type JsonHistogram,
  type Parameters,
  SECOND_IN_WINDOW,
  SERVER,
} from './ask.ts';

/** Client hosts and endpoints that a report can tell apart; those with the fewest requests are left out. */
const EDGES_MAX = 2_000;

/** Requests of the last ten seconds of the data may still be answered: nobody can judge them. */
const JUDGED = 'toUnixTimestamp(t) + 1 <= {judgedUntilSeconds:Int64}';

const SUMS = `
  sum(a.requests) AS requests,
  sumIf(a.requests, ${JUDGED}) AS requestsJudged,
  sumIf(requests_answered, ${JUDGED}) AS requestsJudgedAnswered,
  sum(answers) AS answers,
  sum(normal) AS normal,
  sum(errors) AS errors,
  sum(commits) AS commits,
  sum(rollbacks) AS rollbacks,
  sum(implicit_transactions) AS implicitTransactions,
  sum(empty_transactions) AS emptyTransactions,
  sum(explicit_rollbacks) AS explicitRollbacks,
  sum(duration_sum_us) AS durationSumUs,
  max(duration_max_us) AS durationMaxUs,
  sumMap(durations) AS durations,
  sum(rows_returned) AS rowsReturned,
  sum(rows_affected) AS rowsAffected,
  sum(bytes_request) AS requestBytes,
  sum(bytes_response) AS responseBytes,
  sum(lost_bytes) AS lostBytes,
  sum(lost_packets_min) AS lostPacketsMin,
  sum(connections_opened) AS connectionsOpened,
  sum(connections_closed) AS connectionsClosed,
  sum(connections_refused) AS connectionsRefused`;

type Totals = EdgeFacts['totals'];
type TotalsRow = Omit<Totals, 'durations'> & { readonly durations: JsonHistogram };

export async function readSteps(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<ActivityStep[]> {
  const rows = await ask<TotalsRow & { start: number }>(
    store,
    `SELECT intDiv(toUnixTimestamp(t), {stepSeconds:UInt32}) * {stepSeconds:UInt32} AS start, ${SUMS},
      max(open) AS connectionsOpenMax, max(inTransaction) AS connectionsInTransactionMax,
      max(waiting) AS outstandingMax, max(age) AS outstandingAgeMaxUs
    FROM (
      SELECT *, sum(connections_open) OVER second AS open, sum(connections_in_transaction) OVER second AS inTransaction,
        sum(outstanding) OVER second AS waiting, outstanding_age_max_us AS age
      FROM activity_1s FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
      WINDOW second AS (PARTITION BY t)
    ) AS a
    GROUP BY start ORDER BY start`,
    { ...parameters, stepSeconds: stepUs / 1_000_000 },
  );
  return rows.map(({ start, ...totals }) => ({
    ...totals,
    startUs: start * 1_000_000,
    stepUs,
    durations: histogramOf(totals.durations),
  }));
}

export async function readEdges(store: Store, parameters: Parameters): Promise<EdgeFacts[]> {
  const rows = await ask<TotalsRow & { client: string; server: string }>(
    store,
    `SELECT client_ip AS client, ${SERVER} AS server, ${SUMS},
      max(connections_open) AS connectionsOpenMax, max(connections_in_transaction) AS connectionsInTransactionMax,
      max(outstanding) AS outstandingMax, max(outstanding_age_max_us) AS outstandingAgeMaxUs
    FROM activity_1s AS a FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
    GROUP BY client_ip, server_ip, server_port ORDER BY requests DESC, client, server LIMIT ${EDGES_MAX}`,
    parameters,
  );
  return rows.map(({ client, server, ...totals }) => ({
    client,
    server,
    totals: { ...totals, durations: histogramOf(totals.durations) },
  }));
}
