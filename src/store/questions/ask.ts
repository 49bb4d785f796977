/** How a question is asked: a SELECT with parameters, its rows as JSON, integers as numbers (all of ours are below 2^53). */
import { MirrorSqlError } from '../../core/errors.ts';
import type { Scope, Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { storeError } from '../store-error.ts';

export type Parameters = Readonly<Record<string, string | number | readonly string[]>>;

/** The rows of an answer. @throws MirrorSqlError */
export async function ask<Row>(
  store: Store,
  query: string,
  parameters: Parameters,
): Promise<Row[]> {
  const { answerWithinMs } = store;
  const signal = answerWithinMs === undefined ? undefined : AbortSignal.timeout(answerWithinMs);
  try {
    const answer = await store.client.query({
      query,
      query_params: { ...parameters },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
    return await answer.json<Row>();
  } catch (error) {
    if (signal?.aborted === true) {
      throw new MirrorSqlError(
        'MSQL_STORE_UNREACHABLE',
        `the store did not answer within ${(answerWithinMs ?? 0) / 1000} s`,
        { cause: error },
      );
    }
    throw storeError(error);
  }
}

/** A moment of a column as microseconds. */
export function us(expression: string): string {
  return `toUnixTimestamp64Micro(${expression})`;
}

/** `column`, a DateTime64(6), lies in the window. */
export function inWindow(column: string): string {
  return `${column} >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND ${column} < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')`;
}

/** The second that `t`, a DateTime, begins overlaps the window. */
export const SECOND_IN_WINDOW =
  "t > fromUnixTimestamp64Micro({fromUs:Int64} - 1000000, 'UTC') AND t < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')";

/** The rows that `scope` leaves, as a condition to put behind AND. */
export const IN_SCOPE = `({client:String} = '' OR client_ip = {client:String})
  AND ({collector:String} = '' OR collector = {collector:String})
  AND ({serverIp:String} = '' OR (server_ip = {serverIp:String} AND server_port = {serverPort:UInt16}))`;

/** The session was open at some moment of the window. */
export const OPEN_IN_WINDOW = `start_ts < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
  AND end_ts >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND ${IN_SCOPE}`;

/** The parameters that `inWindow`, SECOND_IN_WINDOW and IN_SCOPE take. */
export function parametersOf(window: Window, scope: Scope): Record<string, string | number> {
  const server = scope.server ?? '';
  const colon = server.lastIndexOf(':');
  return {
    fromUs: Math.round(window.fromUs),
    toUs: Math.round(window.toUs),
    client: scope.client ?? '',
    collector: scope.collector ?? '',
    serverIp: colon < 0 ? server : server.slice(0, colon),
    serverPort: colon < 0 ? 0 : Number(server.slice(colon + 1)) || 0,
  };
}

/** An endpoint as people write it. */
export const SERVER = "concat(server_ip, ':', toString(server_port))";

/** A Map(UInt16, UInt64) as it comes in JSON. */
export type JsonHistogram = Readonly<Record<string, number>>;

export function histogramOf(json: JsonHistogram): Map<number, number> {
  const histogram = new Map<number, number>();
  for (const [bucket, count] of Object.entries(json)) histogram.set(Number(bucket), count);
  return histogram;
}

/** A text that is not known is '' in the store and null in facts. */
export function known(text: string): string | null {
  return text === '' ? null : text;
}
