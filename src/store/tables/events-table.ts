/** Hot path. One row per execution of a statement. */
import { type StatementEvent, UNKNOWN } from '../../events/events.ts';
import { Quality } from '../../events/quality.ts';
import {
  ByteColumn,
  NullableI32Column,
  NullableU64Column,
  U16Column,
  U32Column,
  U64Column,
} from '../native/number-columns.ts';
import { NullableTextsColumn } from '../native/nested-columns.ts';
import { HexColumn, LowCardinalityColumn, StringColumn } from '../native/text-columns.ts';
import { appendSession, type SessionAddresses, sessionColumns } from './session-columns.ts';
import { TableRows } from './table-rows.ts';

/** Stands for statements whose text is not known. */
export const NO_FINGERPRINT = '0000000000000000';

const STATUS_TYPE =
  "Enum8('ok' = 0, 'error' = 1, 'cancelled' = 2, 'unanswered' = 3, 'unknown' = 4, 'skipped' = 5)";
export const TRANSACTION_STATUS_TYPE = "Enum8('' = 0, 'I' = 1, 'T' = 2, 'E' = 3)";

export function transactionStatusNumber(status: 'I' | 'T' | 'E' | ''): number {
  return status === '' ? 0 : status === 'I' ? 1 : status === 'T' ? 2 : 3;
}

function eventColumns() {
  return {
    ts: new U64Column("DateTime64(6, 'UTC')"),
    ...sessionColumns(),
    sequence: new U32Column(),
    command: new LowCardinalityColumn(),
    kind: new LowCardinalityColumn(),
    fingerprint: new HexColumn(),
    statement: new StringColumn(),
    statement_name: new StringColumn(),
    portal_name: new StringColumn(),
    parameters: new NullableTextsColumn(),
    status: new ByteColumn(STATUS_TYPE),
    sqlstate: new LowCardinalityColumn(),
    error_code: new NullableI32Column(),
    error_class: new LowCardinalityColumn(),
    error_severity: new LowCardinalityColumn(),
    error_message: new StringColumn(),
    rows_returned: new NullableU64Column(),
    rows_affected: new NullableU64Column(),
    bytes_request: new U64Column(),
    bytes_response: new U64Column(),
    first_row_us: new NullableU64Column(),
    duration_us: new NullableU64Column(),
    transaction_id: new NullableU64Column(),
    transaction_status: new ByteColumn(TRANSACTION_STATUS_TYPE),
    copy_bytes: new NullableU64Column(),
    copy_rows: new NullableU64Column(),
    quality: new U16Column(),
    source_fingerprint: new HexColumn(),
    batch_count: new NullableU64Column(),
  };
}

export type EventRows = TableRows<ReturnType<typeof eventColumns>>;

export function eventRows(): EventRows {
  return new TableRows('events', eventColumns());
}

/** With `details` false, details of the result are left out (Reduction); with `text` false, the text is. */
export function appendEvent(
  rows: EventRows,
  event: StatementEvent,
  addresses: SessionAddresses,
  details = true,
  text = true,
): void {
  const { columns } = rows;
  const { statementClass, error } = event;
  columns.ts.append(event.tsUs);
  appendSession(columns, event.session, addresses);
  columns.sequence.append(event.sequence);
  columns.command.append(event.command);
  columns.kind.append(statementClass?.kind);
  columns.fingerprint.append(statementClass?.fingerprint ?? NO_FINGERPRINT);
  columns.statement.appendBytes(
    event.text,
    event.textStart,
    text ? event.textEnd : event.textStart,
  );
  columns.statement_name.appendText(details ? event.statementName : undefined);
  columns.portal_name.appendText(details ? event.portalName : undefined);
  columns.parameters.append(event.parameters);
  columns.status.append(event.status);
  columns.sqlstate.append(error?.sqlstate);
  columns.error_code.append(error?.code);
  columns.error_class.append(error?.errorClass);
  columns.error_severity.append(error?.severity);
  columns.error_message.appendText(error?.message);
  columns.rows_returned.append(event.rowsReturned);
  columns.rows_affected.append(event.rowsAffected);
  columns.bytes_request.append(event.requestBytes);
  columns.bytes_response.append(event.responseBytes);
  columns.first_row_us.append(details ? event.firstRowUs : UNKNOWN);
  columns.duration_us.append(event.durationUs);
  columns.transaction_id.append(event.transactionId);
  columns.transaction_status.append(transactionStatusNumber(event.transactionStatus));
  columns.copy_bytes.append(details ? event.copyBytes : UNKNOWN);
  columns.copy_rows.append(details ? event.copyRows : UNKNOWN);
  columns.quality.append(details ? event.quality : event.quality | Quality.Reduced);
  columns.source_fingerprint.append(event.sourceClass?.fingerprint ?? NO_FINGERPRINT);
  columns.batch_count.append(event.batchCount);
  rows.rowsCount++;
}
