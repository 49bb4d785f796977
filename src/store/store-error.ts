/** Turns what a request to the store failed with into an error for the user. */
import { ClickHouseError } from '@clickhouse/client';
import { MirrorSqlError, systemCode } from '../core/errors.ts';

/** ClickHouse's NOT_ENOUGH_SPACE. */
const NOT_ENOUGH_SPACE = '243';
const AUTHENTICATION_FAILED = '516';
const READ_ONLY = /Read-only file system/i;

/** The same error when it is one of ours already. */
export function storeError(error: unknown): MirrorSqlError {
  if (error instanceof MirrorSqlError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (error instanceof ClickHouseError) {
    if (error.code === NOT_ENOUGH_SPACE || /No space left on device/.test(message)) {
      return new MirrorSqlError('MSQL_STORE_DISK_FULL', 'the disk of the store is full', cause);
    }
    if (READ_ONLY.test(message)) return readOnly('store', cause);
    if (error.code === AUTHENTICATION_FAILED) {
      return new MirrorSqlError('MSQL_STORE_LOGIN', 'the store refused user or password', cause);
    }
    return new MirrorSqlError(
      'MSQL_STORE_ENGINE',
      `the store answered: ${firstLine(message)}`,
      cause,
    );
  }
  if (systemCode(error) === 'ENOSPC') {
    return new MirrorSqlError(
      'MSQL_STORE_DISK_FULL',
      'the disk of the data directory is full',
      cause,
    );
  }
  if (systemCode(error) === 'EROFS') return readOnly('data directory', cause);
  return new MirrorSqlError(
    'MSQL_STORE_UNREACHABLE',
    `the store does not answer (${systemCode(error) ?? firstLine(message)})`,
    cause,
  );
}

function readOnly(place: string, cause: { readonly cause: unknown }): MirrorSqlError {
  return new MirrorSqlError(
    'MSQL_STORE_READ_ONLY',
    `the disk of the ${place} has become read-only`,
    cause,
  );
}

/** Worth another try: the store was not reached, or its engine ended in the middle. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ClickHouseError) return error.code === '202' || error.code === '236';
  const code = systemCode(error);
  return (
    !(error instanceof MirrorSqlError) && code !== 'ENOSPC' && code !== 'EROFS' && code !== 'ENOENT'
  );
}

/** Codes by which a server says that it cannot now: full, read-only, out of memory, overloaded, starting, in pieces. */
const AWAY_CODES = new Set(
  '159 160 164 201 202 203 209 210 225 236 241 242 243 252 279 285 286 289 319 394 410 425 439 497 516 999'.split(
    ' ',
  ),
);

/** The store answered, and what it refused is this very request: trying again will hardly help. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof ClickHouseError &&
    !AWAY_CODES.has(error.code) &&
    !/No space left|Read-only file system|Too many open files|Cannot allocate/i.test(error.message)
  );
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
