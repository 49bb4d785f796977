/** What a fingerprint stands for: one row per class, told again by each load that meets it. */
import type { StatementClass } from '../../events/statement-class.ts';
import { TextsColumn } from '../native/nested-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import { TableRows } from './table-rows.ts';

/** What a parser says of a statement (sql/describe.ts). */
export interface ClassDescription {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

function classColumns() {
  return {
    fingerprint: new HexColumn(),
    normalized: new StringColumn(),
    command: new LowCardinalityColumn(),
    kind: new LowCardinalityColumn(),
    tables: new TextsColumn(),
    columns: new TextsColumn(),
  };
}

export type ClassRows = TableRows<ReturnType<typeof classColumns>>;

export function classRows(): ClassRows {
  return new TableRows('classes', classColumns());
}

export function appendClass(
  rows: ClassRows,
  statementClass: StatementClass,
  description: ClassDescription,
): void {
  const { columns } = rows;
  columns.fingerprint.append(statementClass.fingerprint);
  columns.normalized.appendText(statementClass.normalized);
  columns.command.append(statementClass.command);
  columns.kind.append(statementClass.kind);
  columns.tables.append(description.tables);
  columns.columns.append(description.columns);
  rows.rowsCount++;
}
