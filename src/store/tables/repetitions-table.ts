/** Per minute, host, database and two classes: runs of the one behind the other (store/repetitions.ts). */
import { U16Column, U32Column, U64Column } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn } from '../native/text-columns.ts';
import type { RepetitionCount } from '../repetitions.ts';
import { TableRows } from './table-rows.ts';

function repetitionColumns() {
  return {
    t: new U32Column("DateTime('UTC')"),
    server_ip: new LowCardinalityColumn(),
    server_port: new U16Column(),
    client_ip: new LowCardinalityColumn(),
    leading_fingerprint: new HexColumn(),
    fingerprint: new HexColumn(),
    runs: new U64Column(),
    matched_runs: new U64Column(),
    executions: new U64Column(),
    duration_sum_us: new U64Column(),
    elapsed_sum_us: new U64Column(),
    executions_max: new U64Column(),
  };
}

export type RepetitionRows = TableRows<ReturnType<typeof repetitionColumns>>;

export function repetitionRows(): RepetitionRows {
  return new TableRows('repetition_1m', repetitionColumns());
}

export function appendRepetition(rows: RepetitionRows, count: RepetitionCount): void {
  const { columns } = rows;
  columns.t.append(count.minuteSeconds);
  columns.server_ip.append(count.addresses.server);
  columns.server_port.append(count.serverPort);
  columns.client_ip.append(count.addresses.client);
  columns.leading_fingerprint.append(count.leadingFingerprint);
  columns.fingerprint.append(count.fingerprint);
  columns.runs.append(count.runs);
  columns.matched_runs.append(count.matchedRuns);
  columns.executions.append(count.executions);
  columns.duration_sum_us.append(count.durationSumUs);
  columns.elapsed_sum_us.append(count.elapsedSumUs);
  columns.executions_max.append(count.executionsMax);
  rows.rowsCount++;
}
