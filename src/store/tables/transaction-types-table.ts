/** What a type of transactions stands for, and which statement came how often behind which, and when: store/transaction-sequences.ts. */
import { HistogramColumn, TextsColumn } from '../native/nested-columns.ts';
import { U16Column, U32Column, U64Column } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import type { StepCount } from '../transaction-sequences.ts';
import { TableRows } from './table-rows.ts';

function typeColumns() {
  return { type: new HexColumn(), statements: new TextsColumn() };
}

export type TransactionTypeRows = TableRows<ReturnType<typeof typeColumns>>;

export function transactionTypeRows(): TransactionTypeRows {
  return new TableRows('transaction_types', typeColumns());
}

export function appendTransactionType(
  rows: TransactionTypeRows,
  type: string,
  statements: readonly string[],
): void {
  rows.columns.type.append(type);
  rows.columns.statements.append(statements);
  rows.rowsCount++;
}

function stepColumns() {
  return {
    t: new U32Column("DateTime('UTC')"),
    server_ip: new LowCardinalityColumn(),
    server_port: new U16Column(),
    context: new StringColumn(),
    next: new LowCardinalityColumn(),
    steps: new U64Column(),
    commits: new U64Column(),
    stays: new HistogramColumn(),
    lefts: new HistogramColumn(),
  };
}

export type TransactionStepRows = TableRows<ReturnType<typeof stepColumns>>;

export function transactionStepRows(): TransactionStepRows {
  return new TableRows('transaction_steps_1h', stepColumns());
}

export function appendTransactionStep(rows: TransactionStepRows, step: StepCount): void {
  const { columns } = rows;
  columns.t.append(step.hourSeconds);
  columns.server_ip.append(step.server);
  columns.server_port.append(step.serverPort);
  columns.context.appendText(step.context);
  columns.next.append(step.next);
  columns.steps.append(step.count);
  columns.commits.append(step.commits);
  columns.stays.append(step.stays);
  columns.lefts.append(step.lefts);
  rows.rowsCount++;
}
