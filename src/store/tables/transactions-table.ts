/** One row per SQL transaction with a BEGIN, or without one but with more than a statement. */
import type { TransactionEnd } from '../../events/events.ts';
import { ByteColumn, NullableU64Column, U16Column, U64Column } from '../native/number-columns.ts';
import { HexColumn } from '../native/text-columns.ts';
import { appendSession, type SessionAddresses, sessionColumns } from './session-columns.ts';
import { TableRows } from './table-rows.ts';

function transactionColumns() {
  return {
    ts: new U64Column("DateTime64(6, 'UTC')"),
    start_ts: new U64Column("DateTime64(6, 'UTC')"),
    ...sessionColumns(),
    transaction_id: new NullableU64Column(),
    outcome: new ByteColumn("Enum8('commit' = 0, 'rollback' = 1)"),
    statements: new U64Column(),
    rows_affected: new U64Column(),
    duration_us: new U64Column(),
    implicit: new ByteColumn(),
    shape: new HexColumn(),
    type: new HexColumn(),
    quality: new U16Column(),
  };
}

export type TransactionRows = TableRows<ReturnType<typeof transactionColumns>>;

export function transactionRows(): TransactionRows {
  return new TableRows('transactions', transactionColumns());
}

/** Transactions of one statement without a BEGIN are the statement itself: activity_1s counts them. */
export function isStored(end: TransactionEnd): boolean {
  return !end.implicit || end.statements > 1;
}

export function appendTransaction(
  rows: TransactionRows,
  end: TransactionEnd,
  addresses: SessionAddresses,
  type: string,
): void {
  const { columns } = rows;
  columns.ts.append(end.endUs);
  columns.start_ts.append(end.startUs);
  appendSession(columns, end.session, addresses);
  columns.transaction_id.append(end.transactionId);
  columns.outcome.append(end.outcome === 'commit' ? 0 : 1);
  columns.statements.append(end.statements);
  columns.rows_affected.append(end.rowsAffected);
  columns.duration_us.append(end.endUs - end.startUs);
  columns.implicit.append(end.implicit ? 1 : 0);
  columns.shape.append(hex32(end.shapeHigh) + hex32(end.shapeLow));
  columns.type.append(type);
  columns.quality.append(end.quality);
  rows.rowsCount++;
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
