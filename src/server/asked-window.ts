/** From the texts of a query to a window and a scope, or an error that says which text is wrong. */
import { MirrorSqlError } from '../core/errors.ts';
import { usFromIso } from '../core/time.ts';
import type { Extent, Scope, Window } from '../events/facts.ts';
import type { WindowQuery } from './contract.ts';

/** The end of year 9999, the last moment that ISO 8601 writes with four digits. */
const TIME_MAX_US = 253_402_300_800_000_000;

/**
 * The window that a query asks for; what it leaves out is taken from the extent of the store.
 * @throws MSQL_API_REQUEST for a text that is no time or for a window that is empty, MSQL_STORE_EMPTY without any data.
 */
export function askedWindow(query: WindowQuery, extent: Extent): Window {
  const from = query.from === undefined ? undefined : timeOf('from', query.from);
  const to = query.to === undefined ? undefined : timeOf('to', query.to);
  if (extent === undefined) throw new MirrorSqlError('MSQL_STORE_EMPTY', 'the store has no data');
  const window = { fromUs: from ?? extent.fromUs, toUs: to ?? extent.toUs };
  if (window.fromUs >= window.toUs) {
    throw new MirrorSqlError('MSQL_API_REQUEST', `the window is empty: from is not before to`);
  }
  return window;
}

/**
 * The scope of a query, without the fields that it leaves out.
 * @throws MSQL_API_REQUEST when the server is not address:port.
 */
export function askedScope(query: WindowQuery): Scope {
  const port = /:(\d{1,5})$/.exec(query.server ?? ':0')?.[1];
  if (port === undefined || Number(port) > 65_535) {
    throw new MirrorSqlError('MSQL_API_REQUEST', 'server is not address:port');
  }
  return {
    ...(query.collector === undefined ? {} : { collector: query.collector }),
    ...(query.client === undefined ? {} : { client: query.client }),
    ...(query.server === undefined ? {} : { server: query.server }),
  };
}

function timeOf(name: string, value: string): number {
  const timeUs = /^\d{1,18}$/.test(value) ? Number(value) : usFromIso(value);
  if (timeUs === undefined || timeUs < 0 || timeUs > TIME_MAX_US) {
    throw new MirrorSqlError(
      'MSQL_API_REQUEST',
      `${name} is not a time: give ISO 8601 or integer microseconds since 1970`,
    );
  }
  return timeUs;
}
