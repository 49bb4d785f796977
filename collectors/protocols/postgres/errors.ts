/** Fields of ErrorResponse and NoticeResponse: {Byte1 field, String value}... 0 (manual: Error and Notice Message Fields). */
import type { StatementError } from '../../../src/events/events.ts';
import { errorClassOf } from '../../../src/sql/error-classes.ts';
import { maskValue } from '../../../src/sql/redaction.ts';

const FIELD_SEVERITY = 0x53; // 'S', in the server's language
const FIELD_SEVERITY_PLAIN = 0x56; // 'V', never translated (9.6 and later)
const FIELD_SQLSTATE = 0x43; // 'C'
const FIELD_MESSAGE = 0x4d; // 'M'
/** Enough for any sentence; a message may quote a whole row. */
const MESSAGE_CHARACTERS_MAX = 4096;

export interface ServerError extends StatementError {
  /** FATAL or PANIC: the session ends with it. */
  readonly fatal: boolean;
}

/** Code and message, as far as the server gave them. */
export function errorText(error: ServerError): string {
  return [error.sqlstate, error.message].filter((part) => part !== undefined).join(' ');
}

/** 57014 is both: a user's cancel and a timeout. Without the cancel request itself only the message tells. */
export function saysCancelled(error: ServerError): boolean {
  return error.message?.includes('user request') === true;
}

/** Decodes bytes[start, end), texts by `decode`. Fields that are not there are undefined; rubbish gives an error without fields. */
export function decodeError(
  bytes: Uint8Array,
  start: number,
  end: number,
  decode: (bytes: Uint8Array, start: number, end: number) => string = text,
): ServerError {
  let severity: string | undefined;
  let plainSeverity: string | undefined;
  let sqlstate: string | undefined;
  let message: string | undefined;
  let position = start;
  while (position < end) {
    const field = bytes[position];
    if (field === 0) break;
    const stop = bytes.indexOf(0, position + 1);
    if (stop < 0 || stop >= end) break;
    const value = (): string => decode(bytes, position + 1, stop);
    if (field === FIELD_SEVERITY) severity = value();
    else if (field === FIELD_SEVERITY_PLAIN) plainSeverity = value();
    else if (field === FIELD_SQLSTATE) sqlstate = value();
    else if (field === FIELD_MESSAGE) {
      // Servers quote connection strings that they were given, whatever the statement was.
      message = maskValue(value().slice(0, MESSAGE_CHARACTERS_MAX));
    }
    position = stop + 1;
  }
  const level = plainSeverity ?? severity;
  return {
    sqlstate,
    code: undefined,
    message,
    severity: level,
    errorClass: errorClassOf('postgres', sqlstate, undefined, message),
    fatal: level === 'FATAL' || level === 'PANIC',
  };
}

/** Bytes of a message as text; bytes that are no UTF-8 become U+FFFD. */
export function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start)).toString(
    'utf8',
  );
}
