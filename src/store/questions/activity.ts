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
/** More than any window has (steps.ts). */
const STEPS_MAX = 400;

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

/** A row tells of a step, or of an edge: then its start is 0. */
type Row = TotalsRow & { readonly start: number; readonly client: string; readonly server: string };

/** What all hosts and endpoints had at the same time: the most of the seconds of a step. */
type Gauges = Pick<
  ActivityStep,
  'connectionsOpenMax' | 'connectionsInTransactionMax' | 'outstandingMax'
>;

/** Both from one reading: the steps in order of time, and the edges with the most requests first. */
export async function readActivity(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<{ readonly steps: ActivityStep[]; readonly edges: EdgeFacts[] }> {
  const start = 'intDiv(toUnixTimestamp(t), {stepSeconds:UInt32}) * {stepSeconds:UInt32} AS start';
  const asked = { ...parameters, stepSeconds: stepUs / 1_000_000 };
  const [rows, gauges] = await Promise.all([
    ask<Row>(
      store,
      `SELECT ${start}, client_ip AS client, ${SERVER} AS server, ${SUMS},
        max(connections_open) AS connectionsOpenMax, max(connections_in_transaction) AS connectionsInTransactionMax,
        max(a.outstanding) AS outstandingMax, max(outstanding_age_max_us) AS outstandingAgeMaxUs
      FROM activity_1s AS a WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE}
      GROUP BY GROUPING SETS ((start), (client_ip, server_ip, server_port))
      ORDER BY start = 0, start, requests DESC, client, server LIMIT ${STEPS_MAX + EDGES_MAX}`,
      asked,
    ),
    ask<Gauges & { readonly start: number }>(
      store,
      `SELECT ${start}, max(open) AS connectionsOpenMax, max(inTransaction) AS connectionsInTransactionMax,
        max(waiting) AS outstandingMax
      FROM (
        SELECT t, sum(connections_open) AS open, sum(connections_in_transaction) AS inTransaction, sum(outstanding) AS waiting
        FROM activity_1s FINAL WHERE ${SECOND_IN_WINDOW} AND ${IN_SCOPE} GROUP BY t
      ) GROUP BY start`,
      asked,
    ),
  ]);
  const gaugesOf = new Map(gauges.map(({ start: at, ...own }) => [at, own]));
  const steps: ActivityStep[] = [];
  const edges: EdgeFacts[] = [];
  for (const { start: at, client, server, ...row } of rows) {
    const totals = { ...row, durations: histogramOf(row.durations) };
    if (at > 0) steps.push({ ...totals, ...gaugesOf.get(at), startUs: at * 1_000_000, stepUs });
    else if (edges.length < EDGES_MAX) edges.push({ client, server, totals });
  }
  return { steps, edges };
}
