/** Per minute, class and place: one row of all values together, and one for each of the most frequent ones. */
import { U16Column, U32Column, U64Column } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import { TableRows } from './table-rows.ts';

/** Stands for all values of a place together. */
export const ALL_VALUES = '0000000000000000';

export interface ValueRow {
  readonly minuteSeconds: number;
  readonly fingerprint: string;
  readonly serverIp: string;
  readonly serverPort: number;
  /** `$1`: a parameter; `?2`: the second literal of the normalised text. */
  readonly place: string;
  /** Undefined: of all values. */
  readonly hash: string | undefined;
  readonly shown: string;
  /** Executions, estimated where not all were looked at; of a value: at least so many. */
  readonly calls: number;
  /** Of all values: how many executions were looked at, and how many different values there were. */
  readonly looked: number;
  readonly distinct: number;
  /** Of all values that were looked at: those that begin with `%`. */
  readonly leadingWildcards: number;
  /** Of the calls with the value. */
  readonly durationSumUs: number;
  /** Of the value: executions under way at once, and for how long three or more were. */
  readonly waitingMax: number;
  readonly contendedUs: number;
  /** Of all values: rank correlation of integers with time, in thousandths; 0 where there is none. */
  readonly orderPermille: number;
}

function valueColumns() {
  return {
    t: new U32Column("DateTime('UTC')"),
    fingerprint: new HexColumn(),
    server_ip: new LowCardinalityColumn(),
    server_port: new U16Column(),
    place: new LowCardinalityColumn(),
    value_hash: new HexColumn(),
    shown: new StringColumn(),
    calls: new U64Column(),
    looked_at: new U64Column(),
    distinct_values: new U64Column(),
    duration_sum_us: new U64Column(),
    waiting_max: new U64Column(),
    contended_us: new U64Column(),
    order_permille: new U16Column(),
    leading_wildcards: new U64Column(),
  };
}

export type ValueRows = TableRows<ReturnType<typeof valueColumns>>;

export function valueRows(): ValueRows {
  return new TableRows('value_1m', valueColumns());
}

export function appendValue(rows: ValueRows, row: ValueRow): void {
  const { columns } = rows;
  columns.t.append(row.minuteSeconds);
  columns.fingerprint.append(row.fingerprint);
  columns.server_ip.append(row.serverIp);
  columns.server_port.append(row.serverPort);
  columns.place.append(row.place);
  columns.value_hash.append(row.hash ?? ALL_VALUES);
  columns.shown.appendText(row.shown);
  columns.calls.append(row.calls);
  columns.looked_at.append(row.looked);
  columns.distinct_values.append(row.distinct);
  columns.duration_sum_us.append(row.durationSumUs);
  columns.waiting_max.append(row.waitingMax);
  columns.contended_us.append(row.contendedUs);
  columns.order_permille.append(row.orderPermille);
  columns.leading_wildcards.append(row.leadingWildcards);
  rows.rowsCount++;
}
