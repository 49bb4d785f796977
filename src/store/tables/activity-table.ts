/** One row per second, client host and server endpoint; the engine adds up rows of the same second. */
import { addressText } from '../../core/ip.ts';
import type { ActivitySecond } from '../../events/events.ts';
import { HistogramColumn } from '../native/nested-columns.ts';
import { U16Column, U32Column, U64Column } from '../native/number-columns.ts';
import { LowCardinalityColumn } from '../native/text-columns.ts';
import { TableRows } from './table-rows.ts';

function activityColumns() {
  return {
    t: new U32Column("DateTime('UTC')"),
    server_ip: new LowCardinalityColumn(),
    server_port: new U16Column(),
    client_ip: new LowCardinalityColumn(),
    connections_opened: new U64Column(),
    connections_closed: new U64Column(),
    connections_refused: new U64Column(),
    connections_open: new U64Column(),
    connections_in_transaction: new U64Column(),
    requests: new U64Column(),
    requests_answered: new U64Column(),
    answers: new U64Column(),
    normal: new U64Column(),
    errors: new U64Column(),
    commits: new U64Column(),
    rollbacks: new U64Column(),
    implicit_transactions: new U64Column(),
    empty_transactions: new U64Column(),
    explicit_rollbacks: new U64Column(),
    duration_sum_us: new U64Column(),
    duration_max_us: new U64Column(),
    durations: new HistogramColumn(),
    rows_returned: new U64Column(),
    rows_affected: new U64Column(),
    bytes_request: new U64Column(),
    bytes_response: new U64Column(),
    lost_bytes: new U64Column(),
    lost_packets_min: new U64Column(),
    outstanding: new U64Column(),
    outstanding_age_max_us: new U64Column(),
  };
}

export type ActivityRows = TableRows<ReturnType<typeof activityColumns>>;

export function activityRows(): ActivityRows {
  return new TableRows('activity_1s', activityColumns());
}

export function appendActivity(rows: ActivityRows, second: ActivitySecond): void {
  const { columns } = rows;
  columns.t.append(Math.floor(second.secondUs / 1_000_000));
  columns.server_ip.append(addressText(second.serverAddress));
  columns.server_port.append(second.serverPort);
  columns.client_ip.append(addressText(second.clientAddress));
  columns.connections_opened.append(second.connectionsOpened);
  columns.connections_closed.append(second.connectionsClosed);
  columns.connections_refused.append(second.connectionsRefused);
  columns.connections_open.append(second.connectionsOpen);
  columns.connections_in_transaction.append(second.connectionsInTransaction);
  columns.requests.append(second.requests);
  columns.requests_answered.append(second.requestsAnswered);
  columns.answers.append(second.answers);
  columns.normal.append(second.normal);
  columns.errors.append(second.errors);
  columns.commits.append(second.commits);
  columns.rollbacks.append(second.rollbacks);
  columns.implicit_transactions.append(second.implicitTransactions);
  columns.empty_transactions.append(second.emptyTransactions);
  columns.explicit_rollbacks.append(second.explicitRollbacks);
  columns.duration_sum_us.append(second.durationSumUs);
  columns.duration_max_us.append(second.durationMaxUs);
  columns.durations.append(second.durationBuckets);
  columns.rows_returned.append(second.rowsReturned);
  columns.rows_affected.append(second.rowsAffected);
  columns.bytes_request.append(second.requestBytes);
  columns.bytes_response.append(second.responseBytes);
  columns.lost_bytes.append(second.lostBytes);
  columns.lost_packets_min.append(second.lostPacketsMin);
  columns.outstanding.append(second.outstanding);
  columns.outstanding_age_max_us.append(second.outstandingAgeMaxUs);
  rows.rowsCount++;
}
