/** What a fingerprint stands for: one row per class, told again by each load that meets it. */
import type { StatementClass } from '../../events/statement-class.ts';
import { TextsColumn } from '../native/nested-columns.ts';
import { ByteColumn } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import { TableRows } from './table-rows.ts';

/** What a parser says of a statement (sql/describe.ts). */
export interface ClassDescription {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
  /** Not known, where it is left out. */
  readonly projectionColumns?: readonly string[];
  readonly predicateColumns?: readonly string[];
  readonly leadingWildcard?: boolean;
}

function classColumns() {
  return {
    fingerprint: new HexColumn(),
    normalized: new StringColumn(),
    command: new LowCardinalityColumn(),
    kind: new LowCardinalityColumn(),
    tables: new TextsColumn(),
    columns: new TextsColumn(),
    projection_columns: new TextsColumn(),
    predicate_columns: new TextsColumn(),
    leading_wildcard: new ByteColumn('UInt8'),
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
  columns.projection_columns.append(description.projectionColumns ?? []);
  columns.predicate_columns.append(description.predicateColumns ?? []);
  columns.leading_wildcard.append(description.leadingWildcard === true ? 1 : 0);
  rows.rowsCount++;
}
