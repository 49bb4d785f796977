/** From any error to the one shape that the API answers with. What was not foreseen is told to the operator, not to the asker. */
import { errorTable, type ErrorCode, MirrorSqlError } from '../core/errors.ts';
import type { ErrorAnswer } from './contract.ts';

/** HTTP status of the errors that an asker can meet; every other one is 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  MSQL_API_BUSY: 503,
  MSQL_API_HOST: 421,
  MSQL_API_NOT_FOUND: 404,
  MSQL_API_REQUEST: 400,
  MSQL_STORE_BUSY: 503,
  MSQL_STORE_DIRECTORY: 503,
  MSQL_STORE_DISK_FULL: 503,
  MSQL_STORE_EMPTY: 404,
  MSQL_STORE_ENGINE: 503,
  MSQL_STORE_LOGIN: 503,
  MSQL_STORE_OPENING: 503,
  MSQL_STORE_SERVER: 503,
  MSQL_STORE_TLS: 503,
  MSQL_STORE_UNREACHABLE: 503,
  MSQL_STORE_VERSION: 503,
};

export interface Failure {
  readonly status: number;
  readonly body: ErrorAnswer;
  /** Nobody foresaw it: worth a line in the operator's log. */
  readonly defect: boolean;
}

/** The failure that says `code` and `message`. */
export function failureOf(code: ErrorCode, message: string): Failure {
  const status = STATUS[code] ?? 500;
  return {
    status,
    body: { code, message, hint: errorTable[code].hint },
    defect: status === 500,
  };
}

/** The failure that an error thrown by a route, by validation or by the HTTP layer amounts to. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof MirrorSqlError) return failureOf(error.code, error.message);
  const status = statusCodeOf(error);
  if (error instanceof Error && status !== undefined && status >= 400 && status < 500) {
    return { ...failureOf('MSQL_API_REQUEST', error.message), status };
  }
  return failureOf('MSQL_INTERNAL', 'the request could not be answered');
}

function statusCodeOf(error: unknown): number | undefined {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return undefined;
}
