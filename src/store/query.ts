/**
 * A statement that a person asks: one, and reading only, by construction. The engine's own parser writes the statement
 * out in its canonical form, without comments and in one line; what may be run is judged on that form, and that form is what
 * runs, under `readonly` with limits on time, memory and result. Both guards are needed: readonly does not stop the function
 * file(), KILL or INTO OUTFILE, and a list of names is never complete.
 */
import { ClickHouseError } from '@clickhouse/client';
import { MirrorSqlError } from '../core/errors.ts';
import { type Token, tokensOf } from './clickhouse-lexer.ts';
import { limits } from './limits.ts';
import { ask } from './questions/ask.ts';
import type { Store } from './store.ts';
import { storeError } from './store-error.ts';

export type QueryFormat = 'table' | 'json' | 'csv';

const ENGINE_FORMATS = {
  table: 'PrettyCompactMonoBlock',
  json: 'JSONEachRow',
  csv: 'CSVWithNames',
} as const;

const READING_VERBS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']);

/** What EXPLAIN must not be followed by; it would be harmless, but has no use here. */
const WRITING_VERBS = new Set([
  'ALTER',
  'ATTACH',
  'BACKUP',
  'CHECK',
  'CREATE',
  'DELETE',
  'DETACH',
  'DROP',
  'EXCHANGE',
  'EXECUTE',
  'GRANT',
  'INSERT',
  'KILL',
  'MOVE',
  'OPTIMIZE',
  'RENAME',
  'REPLACE',
  'RESTORE',
  'REVOKE',
  'SET',
  'SYSTEM',
  'TRUNCATE',
  'UNDROP',
  'UPDATE',
  'USE',
]);

/** Of the engine's table functions: those that only make rows up. All others reach files, networks or other data. */
const HARMLESS_TABLE_FUNCTIONS = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generate_series',
  'generateseries',
  'generaterandom',
  'primes',
  'values',
  'view',
  'null',
  'format',
]);

/** Functions of expressions that reach files or networks; readonly does not stop them. */
const REACHING_FUNCTION =
  /^(file|catboostevaluate|getclienthttpheader|ai[a-z]*|filesystem[a-z]*|addressto[a-z]*|demangle|sleep[a-z]*)$/;

const OWN_DATABASES = new Set(['system', 'information_schema']);

/** Settings of a person's statement. `readonly` comes last on its way, so that it cannot forbid the others. */
const SETTINGS = {
  max_execution_time: limits.querySecondsMax,
  max_memory_usage: String(limits.queryMemoryBytesMax),
  max_result_rows: String(limits.queryRowsMax),
  max_result_bytes: String(limits.queryResultBytesMax),
  result_overflow_mode: 'throw',
  allow_introspection_functions: 0,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_array_of_rows: 1,
  output_format_pretty_color: 0,
  output_format_pretty_row_numbers: 0,
  output_format_pretty_max_rows: String(limits.queryRowsMax),
  output_format_pretty_single_large_number_tip_threshold: '0',
  // The whole answer or an error: never a part of it.
  wait_end_of_query: 1,
  readonly: '1',
} as const;

/**
 * Runs one reading statement over the tables of the store and returns its answer as text.
 * @throws MirrorSqlError MSQL_QUERY_REFUSED, MSQL_QUERY_FAILED, or what keeps the store from answering
 */
export async function runUserQuery(
  store: Store,
  sql: string,
  format: QueryFormat,
): Promise<string> {
  const canonical = await canonicalForm(store, sql);
  refuseUnlessReading(canonical, await forbiddenNames(store));
  try {
    const { stream } = await store.client.exec({
      query: `${canonical} FORMAT ${ENGINE_FORMATS[format]}`,
      clickhouse_settings: SETTINGS,
    });
    const pieces: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
    const text = Buffer.concat(pieces).toString('utf8');
    if (format !== 'table') return text;
    return text === '' ? '(no rows)\n' : withoutControls(text);
  } catch (error) {
    throw queryError(error);
  }
}

/** The statement as the engine's parser understood it. */
async function canonicalForm(store: Store, sql: string): Promise<string> {
  if (sql.trim() === '') throw refused('there is no statement');
  let canonical: string;
  try {
    const answer = await store.client.query({
      query: 'SELECT formatQuerySingleLine({sql:String}) AS canonical',
      query_params: { sql },
      format: 'JSONEachRow',
    });
    const [row] = await answer.json<{ canonical: string }>();
    canonical = row?.canonical ?? '';
  } catch (error) {
    if (error instanceof ClickHouseError && /Multi-statements/.test(error.message)) {
      throw refused('there is more than one statement');
    }
    throw queryError(error);
  }
  // The parser hides secrets when it writes a statement out; running that would ask something else.
  if (canonical.includes('[HIDDEN]') && !sql.includes('[HIDDEN]')) {
    throw refused('functions that take a secret are not for the store');
  }
  return canonical;
}

/** Names that may not be called, and databases that may not be named; lower case. */
interface ForbiddenNames {
  readonly functions: ReadonlySet<string>;
  readonly databases: ReadonlySet<string>;
}

async function forbiddenNames(store: Store): Promise<ForbiddenNames> {
  const rows = await ask<{ kind: string; name: string }>(
    store,
    `SELECT 'function' AS kind, lower(name) AS name FROM system.table_functions
    UNION ALL SELECT 'database' AS kind, lower(name) AS name FROM system.databases WHERE name != {own:String}`,
    { own: store.database },
  );
  const names = (kind: string): string[] =>
    rows.filter((row) => row.kind === kind).map((row) => row.name);
  return {
    functions: new Set(names('function').filter((name) => !HARMLESS_TABLE_FUNCTIONS.has(name))),
    // `default` of the embedded engine shows every file of the machine as a table.
    databases: new Set(
      [...names('database'), 'default'].filter(
        (name) => !OWN_DATABASES.has(name) && name !== store.database.toLowerCase(),
      ),
    ),
  };
}

/** @throws MirrorSqlError MSQL_QUERY_REFUSED */
function refuseUnlessReading(canonical: string, forbidden: ForbiddenNames): void {
  const tokens = [...tokensOf(canonical)];
  const words = tokens.map((token) => (token.kind === 'word' ? token.text.toUpperCase() : ''));
  const verbAt = words.findIndex((word) => word !== '');
  const verb = words[verbAt] ?? '';
  if (!READING_VERBS.has(verb)) throw refused(`${verb || 'this'} does not read`);
  if (verb === 'EXPLAIN') {
    const explained = words
      .slice(verbAt + 1)
      .find((word) => READING_VERBS.has(word) || WRITING_VERBS.has(word));
    if (explained === undefined || !READING_VERBS.has(explained)) {
      throw refused(`EXPLAIN ${explained ?? ''} does not read`);
    }
  }
  tokens.forEach((token, index) => {
    const word = words[index] ?? '';
    const next = words[index + 1] ?? '';
    if (token.text === ';') throw refused('there is more than one statement');
    if (word === 'INTO' && next === 'OUTFILE') throw refused('INTO OUTFILE writes a file');
    if (word === 'INSERT' && next === 'INTO') throw refused('INSERT writes');
    if (word === 'PARALLEL' && next === 'WITH') throw refused('there is more than one statement');
    // readonly stops settings of the statement, but not those of a subquery.
    if (word === 'SETTINGS' && next !== '' && tokens[index + 2]?.text === '=') {
      throw refused("SETTINGS are the store's own");
    }
    if (word === 'FORMAT' && token.depth === 0 && isFormatClause(tokens, index)) {
      throw refused('FORMAT belongs to the command: --format table, json or csv');
    }
    refuseName(token, tokens[index + 1], forbidden);
  });
}

/** FORMAT, a name, and then the end or SETTINGS. */
function isFormatClause(tokens: readonly Token[], index: number): boolean {
  const name = tokens[index + 1];
  const after = tokens[index + 2];
  return (
    (name?.kind === 'word' || name?.kind === 'quoted') &&
    (after === undefined || after.text === 'SETTINGS')
  );
}

function refuseName(token: Token, next: Token | undefined, forbidden: ForbiddenNames): void {
  if (next === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) return;
  const name = unquoted(token).toLowerCase();
  if (next.text === '(' && (forbidden.functions.has(name) || REACHING_FUNCTION.test(name))) {
    throw refused(`${name}() reaches beyond the tables of the store`);
  }
  if (next.text === '.' && forbidden.databases.has(name)) {
    throw refused(`the database ${name} is not the store's`);
  }
}

function unquoted(token: Token): string {
  if (token.kind === 'word') return token.text;
  return token.text
    .slice(1, -1)
    .replace(/\\(.)/gs, '$1')
    .replaceAll('``', '`')
    .replaceAll('""', '"');
}

function refused(reason: string): MirrorSqlError {
  return new MirrorSqlError('MSQL_QUERY_REFUSED', `refused: ${reason}`);
}

const READONLY = '164';

function queryError(error: unknown): MirrorSqlError {
  if (!(error instanceof ClickHouseError)) return storeError(error);
  const message = (error.message.split('\n')[0] ?? '')
    .replace(/^(Code: \d+\. )?(DB::Exception: )?/, '')
    .replace(/: In scope SELECT formatQuerySingleLine\(.*$/s, '')
    .slice(0, 500);
  if (error.code === READONLY) return refused(withoutControls(message));
  return new MirrorSqlError('MSQL_QUERY_FAILED', withoutControls(message), { cause: error });
}

/** Captured text may hold what moves a terminal's cursor or changes its title: shown as a sign instead. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '\u2426');
}
