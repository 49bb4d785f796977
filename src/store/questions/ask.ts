/** How a question is asked: a SELECT with parameters, its rows as JSON, integers as numbers (all of ours are below 2^53). */
import { MirrorSqlError } from '../../core/errors.ts';
import type { Scope, Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { MINUTE_US, SECOND_US } from '../../core/time.ts';
import { storeError } from '../store-error.ts';

export type Parameters = Readonly<
  Record<string, string | number | readonly string[] | readonly number[]>
>;

/** Questions that travel together; more would keep one thread of the store busy with planning while others rest. */
const TOGETHER_MAX = 8;
/** So few are not worth another request: it costs half as much as a question. */
const TOGETHER_MIN = 3;

interface Question {
  readonly leading: boolean;
  readonly query: string;
  readonly parameters: Parameters;
  readonly answered: (rows: unknown[]) => void;
  readonly failed: (error: unknown) => void;
}

/** What has been asked and not been sent yet, by store. */
const asked = new WeakMap<Store, Question[]>();

/**
 * The rows of an answer. Questions that are asked in the same turn of the loop are sent together: a request costs the
 * store as much as a small answer.
 * @param leading other questions wait for this answer: it goes before the others, by itself
 * @throws MirrorSqlError
 */
export function ask<Row>(
  store: Store,
  query: string,
  parameters: Parameters,
  { leading = false }: { readonly leading?: boolean } = {},
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const question: Question = {
      leading,
      query: narrowed(query, parameters),
      parameters,
      answered: (rows) => {
        resolve(rows as Row[]);
      },
      failed: reject,
    };
    const waiting = asked.get(store);
    if (waiting === undefined) {
      asked.set(store, [question]);
      setImmediate(() => {
        send(store);
      });
    } else waiting.push(question);
  });
}

/** In groups of about equal size, taken in turn: those that are asked one after the other are often alike. */
function send(store: Store): void {
  const all = asked.get(store) ?? [];
  asked.delete(store);
  for (const question of all) if (question.leading) void answer(store, [question]);
  const questions = all.filter(({ leading }) => !leading);
  const fewest = Math.ceil(questions.length / TOGETHER_MAX);
  const groupsCount = Math.max(fewest, Math.min(2, Math.floor(questions.length / TOGETHER_MIN)));
  for (let group = 0; group < groupsCount; group++) {
    void answer(
      store,
      questions.filter((_, index) => index % groupsCount === group),
    );
  }
}

async function answer(store: Store, questions: readonly Question[]): Promise<void> {
  const [only] = questions;
  if (questions.length > 1) {
    try {
      const answers = await askTogether(store, questions);
      for (const [index, question] of questions.entries()) question.answered(answers[index] ?? []);
      return;
    } catch (error) {
      // One of them may be at fault, or all together too large: each is asked by itself, unless the store is away.
      const reason = storeError(error);
      if (reason.code !== 'MSQL_STORE_ENGINE') {
        for (const question of questions) question.failed(reason);
        return;
      }
    }
    for (const question of questions) await answer(store, [question]);
  } else if (only !== undefined) {
    try {
      only.answered(await askAlone(store, only));
    } catch (error) {
      only.failed(error);
    }
  }
}

async function askAlone(store: Store, { query, parameters }: Question): Promise<unknown[]> {
  const text = await textOf(store, query, parameters, 'JSONEachRow');
  return rowsOf(text.split('\n'));
}

/**
 * One statement whose rows are the number of the question, the number of the row in its answer, and the row as JSON. A
 * parameter that means something else in another question gets a name of its own.
 */
async function askTogether(store: Store, questions: readonly Question[]): Promise<unknown[][]> {
  const parameters: Record<string, Parameters[string]> = {};
  const parts = questions.map(({ query, parameters: own }, index) => {
    let text = query;
    for (const [name, value] of Object.entries(own)) {
      const given = parameters[name];
      if (given === undefined || given === value) parameters[name] = value;
      else {
        parameters[`${name}_${index}`] = value;
        text = text.replaceAll(`{${name}:`, `{${name}_${index}:`);
      }
    }
    return `SELECT ${index} AS question, rowNumberInAllBlocks() AS number, formatRowNoNewline('JSONEachRow', *) AS line FROM (\n${text})`;
  });
  const text = await textOf(store, parts.join('\nUNION ALL\n'), parameters, 'TabSeparatedRaw');
  const lines: string[][] = questions.map(() => []);
  for (const line of text.split('\n')) {
    const [first, second] = [line.indexOf('\t'), line.indexOf('\t', line.indexOf('\t') + 1)];
    if (second < 0) continue;
    const own = lines[Number(line.slice(0, first))];
    if (own !== undefined) own[Number(line.slice(first + 1, second))] = line.slice(second + 1);
  }
  return lines.map(rowsOf);
}

/** Lines of JSON; empty ones are none. */
function rowsOf(lines: readonly string[]): unknown[] {
  return JSON.parse(`[${lines.filter((line) => line !== '').join(',')}]`) as unknown[];
}

async function textOf(
  store: Store,
  query: string,
  parameters: Parameters,
  format: 'JSONEachRow' | 'TabSeparatedRaw',
): Promise<string> {
  return requested(store, async (signal) => {
    const answered = await store.client.query({
      query,
      query_params: { ...parameters },
      format,
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 0,
        // The order of an answer is part of it, also where the question stands within another.
        query_plan_remove_redundant_sorting: 0,
        ...NOTHING_COMPILED,
      },
      ...signal,
    });
    return answered.text();
  });
}

/** Answers of a few thousand rows are there before their expressions are compiled. */
const NOTHING_COMPILED = {
  compile_expressions: 0,
  compile_aggregate_expressions: 0,
  compile_sort_description: 0,
} as const;

/**
 * An answer of many numbers in ClickHouse's Native format (native-blocks.ts), which takes a tenth of the time that JSON
 * takes.
 * @throws MirrorSqlError
 */
export async function askNative(
  store: Store,
  query: string,
  parameters: Parameters,
): Promise<Buffer> {
  return requested(store, async (signal) => {
    const { stream } = await store.client.exec({
      query: `${narrowed(query, parameters)} FORMAT Native`,
      query_params: { ...parameters },
      clickhouse_settings: NOTHING_COMPILED,
      ...signal,
    });
    const pieces: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
    return Buffer.concat(pieces);
  });
}

/** @throws MirrorSqlError when the store fails, or takes longer than it may */
async function requested<Answer>(
  store: Store,
  request: (signal: { readonly abort_signal?: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const { answerWithinMs } = store;
  const signal = answerWithinMs === undefined ? undefined : AbortSignal.timeout(answerWithinMs);
  try {
    return await request(signal === undefined ? {} : { abort_signal: signal });
  } catch (error) {
    if (signal?.aborted === true) {
      throw new MirrorSqlError(
        'MSQL_STORE_UNREACHABLE',
        `the store did not answer within ${(answerWithinMs ?? 0) / 1000} s (a shorter window asks less of it)`,
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

/** The moment that a parameter of this name has in microseconds, or these microseconds themselves. */
export function moment(at: string | number): string {
  const microseconds = typeof at === 'string' ? `{${at}:Int64}` : String(Math.round(at));
  return `fromUnixTimestamp64Micro(${microseconds}, 'UTC')`;
}

/** `column`, a DateTime64(6), lies in the window. */
export function inWindow(column: string): string {
  return `${column} >= ${moment('fromUs')} AND ${column} < ${moment('toUs')}`;
}

function overlapsWindow(lengthUs: number): string {
  return `t > fromUnixTimestamp64Micro({fromUs:Int64} - ${lengthUs}, 'UTC') AND t < ${moment('toUs')}`;
}

/** The second, or the minute, that `t`, a DateTime, begins overlaps the window. */
export const SECOND_IN_WINDOW = overlapsWindow(SECOND_US);
export const MINUTE_IN_WINDOW = overlapsWindow(MINUTE_US);

/** The rows of the asked collector, as a condition to put behind AND; what is not narrowed is not even asked for. */
export const OF_COLLECTOR = '{of collector}';

/** The rows that `scope` leaves, as a condition to put behind AND. */
export const IN_SCOPE = '{in scope}';

/** The two conditions above in words of SQL: each that is not needed costs the store half a millisecond of planning. */
function narrowed(query: string, { client, collector, serverIp }: Parameters): string {
  const conditions: string[] = [];
  if (collector !== '') conditions.push('collector = {collector:String}');
  const ofCollector = conditions[0] ?? 'true';
  if (client !== '') conditions.push('client_ip = {client:String}');
  if (serverIp !== '')
    conditions.push('server_ip = {serverIp:String} AND server_port = {serverPort:UInt16}');
  return query
    .replaceAll(OF_COLLECTOR, ofCollector)
    .replaceAll(IN_SCOPE, conditions.length === 0 ? 'true' : conditions.join(' AND '));
}

/**
 * The sessions that were open at some moment of the window, to put behind FROM. The same as `sessions FINAL` with that
 * condition: of the rows of a session the newest fits it if any does, as it has the same start and the latest end. But FINAL
 * reads every session that is kept, in all its columns.
 *
 * No WHERE may stand behind it: where nothing fits that, the cache of conditions (chdb 3.4.0) keeps it as an answer for the
 * condition in here, and the sessions are gone for the next who asks. `ARRAY JOIN if(..., [1], [])` leaves out rows as well.
 * The embedded engine is told to do without this cache (engine/engine.ts), a server has it since 25.3.
 * @param alike a condition that holds for all rows of a session or for none
 */
export function openSessions(alike = 'true'): string {
  return `(SELECT * FROM sessions
    WHERE start_ts < ${moment('toUs')}
      AND end_ts >= ${moment('fromUs')} AND ${IN_SCOPE} AND ${alike}
    ORDER BY end_ts DESC, stored_at DESC, end_reason = 'capture_end' LIMIT 1 BY session_id, collector)`;
}

/** A capture, a row of `captures`, holds packets of the window. */
export const CAPTURE_IN_WINDOW = `first_packet_ts < ${moment('toUs')}
  AND last_packet_ts >= ${moment('fromUs')}`;

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
