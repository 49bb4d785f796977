/**
 * The ClickHouse HTTP interface (clickhouse.com/docs/interfaces/http) over the embedded engine, on loopback, behind
 * one credential: what @clickhouse/client, curl and Grafana need. Bodies of INSERTs go to a file and are inserted from there.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { limits } from '../limits.ts';
import { SEGMENT_HEADER, SEGMENT_NAME_PATTERN } from '../segment-name.ts';
import { type Context, type Engine, NAME_PATTERN, TAG_START, TooManyRequests } from './engine.ts';
import {
  fromBytes,
  insertFromFile,
  type RequestStatement,
  readStatement,
} from './request-statement.ts';

export interface Credential {
  readonly user: string;
  readonly password: string;
}

/** Query parameters that are no settings. */
const OWN_PARAMETERS = new Set([
  'query',
  'database',
  'user',
  'password',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'default_format',
  'compress',
  'decompress',
  'enable_http_compression',
  'role',
  'quota_key',
  'stacktrace',
  'wait_end_of_query',
  'buffer_size',
  'http_write_exception_in_output_format',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'add_http_cors_header',
  'log_comment',
]);

/**
 * Formats without head or foot for the whole answer, which therefore can be sent piece by piece: the engine formats each
 * piece by itself, so names of columns would stand above each of them.
 */
const STREAMED_FORMATS =
  /^(JSON(Compact)?(Strings)?EachRow|JSONLines|NDJSON|(TSV|CSV|TabSeparated|RowBinary)(Raw)?|Native|Values|LineAsString|RawBLOB)$/;

/** Names and parameters of a question travel in its address: as long as one may be for a ClickHouse server (http_max_uri_size). */
const ADDRESS_BYTES_MAX = 1024 * 1024;

/** An answer that is an error of ClickHouse's own kind. */
class Refusal extends Error {
  readonly code: number;
  readonly httpStatus: number;

  constructor(code: number, name: string, message: string, httpStatus = 400) {
    super(`Code: ${code}. DB::Exception: ${message}. (${name})`);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

export class HttpFront {
  readonly server: Server;
  readonly #engine: Engine;
  readonly #incoming: string;
  readonly #segments: string;
  readonly #user: Buffer;
  readonly #password: Buffer;
  readonly #leases = new Set<ServerResponse>();
  #onLeasesGone: (() => void) | undefined;

  /** `directory`: the store's; bodies of requests go to `incoming` in it, segments come from `segments`. */
  constructor(engine: Engine, directory: string, credential: Credential) {
    this.#engine = engine;
    this.#incoming = join(directory, 'incoming');
    this.#segments = join(directory, 'segments');
    this.#user = digest(credential.user);
    this.#password = digest(credential.password);
    const options = { keepAliveTimeout: 60_000, maxHeaderSize: ADDRESS_BYTES_MAX };
    this.server = createServer(options, (request, response) => {
      void this.#answer(request, response);
    });
  }

  /** Processes that hold a lease: they use this engine and want it to stay. */
  get leasesCount(): number {
    return this.#leases.size;
  }

  /** Calls back once, when the last lease has gone. */
  whenLeasesGone(callback: () => void): void {
    this.#onLeasesGone = callback;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname === '/ping') {
        response.end('Ok.\n');
        return;
      }
      if (!this.#isAllowed(request, url)) {
        throw new Refusal(516, 'AUTHENTICATION_FAILED', 'Authentication failed', 403);
      }
      if (url.pathname === '/lease') this.#lease(response);
      else if (url.pathname === '/') await this.#query(request, url, response);
      else throw new Refusal(1000, 'POCO_EXCEPTION', 'There is no handle for this path', 404);
    } catch (error) {
      sendError(response, error);
    }
  }

  #isAllowed(request: IncomingMessage, url: URL): boolean {
    const header = request.headers.authorization ?? '';
    let user = url.searchParams.get('user') ?? headerText(request, 'x-clickhouse-user');
    let password = url.searchParams.get('password') ?? headerText(request, 'x-clickhouse-key');
    if (header.startsWith('Basic ')) {
      const text = Buffer.from(header.slice(6), 'base64').toString();
      const colon = text.indexOf(':');
      user = text.slice(0, Math.max(0, colon));
      password = text.slice(colon + 1);
    }
    const userFits = timingSafeEqual(digest(user), this.#user);
    const passwordFits = timingSafeEqual(digest(password), this.#password);
    return userFits && passwordFits;
  }

  /** Holds the answer open for as long as the other side does. */
  #lease(response: ServerResponse): void {
    this.#leases.add(response);
    response.on('close', () => {
      this.#leases.delete(response);
      if (this.#leases.size === 0) this.#onLeasesGone?.();
    });
    response.write('leased\n');
  }

  async #query(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const body = bodyOf(request);
    const query = url.searchParams.get('query') ?? '';
    // One character per byte, so that data behind a statement keep their bytes.
    const text =
      query === '' ? await readText(body) : Buffer.from(query, 'utf8').toString('latin1');
    const statement = readStatement(text);
    if (statement.kind === 'refused') throw new Refusal(62, 'SYNTAX_ERROR', statement.reason);
    const context = contextOf(url, headerText(request, 'x-clickhouse-database'));
    response.setHeader(
      'X-ClickHouse-Query-Id',
      headerSafe(url.searchParams.get('query_id') ?? randomUUID()),
    );
    response.setHeader('X-ClickHouse-Server-Display-Name', 'mirrorsql');
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    if (statement.kind === 'insert') {
      const segment = headerText(request, SEGMENT_HEADER);
      if (segment !== '') await this.#insertSegment(statement, segment, context, response);
      else await this.#insert(statement, text, query === '' ? undefined : body, context, response);
    } else {
      if (query !== '') body.resume();
      const sql = fromBytes(text).replace(/;\s*$/, '');
      await this.#run(sql, statement, context, request, url, response);
    }
  }

  /** Writes the data to a file and inserts from it. */
  async #insert(
    insert: RequestStatement & { kind: 'insert' },
    text: string,
    body: Readable | undefined,
    context: Context,
    response: ServerResponse,
  ): Promise<void> {
    const path = join(this.#incoming, randomUUID());
    try {
      const file = createWriteStream(path, { mode: 0o600 });
      file.write(Buffer.from(text.slice(insert.dataStart), 'latin1'));
      if (body === undefined) {
        file.end();
        await once(file, 'close');
      } else {
        await pipeline(body, file);
      }
      const { size } = await stat(path);
      const rows = size === 0 ? 0 : await this.#insertFile(insert, path, context);
      response.setHeader('X-ClickHouse-Summary', summaryOf('written', rows, size, 0));
      response.end();
    } finally {
      await rm(path, { force: true });
    }
  }

  /** A segment lies in the store's own directory already: sending its bytes through a socket would cost a third more. */
  async #insertSegment(
    insert: RequestStatement & { kind: 'insert' },
    name: string,
    context: Context,
    response: ServerResponse,
  ): Promise<void> {
    if (!SEGMENT_NAME_PATTERN.test(name)) {
      throw new Refusal(36, 'BAD_ARGUMENTS', 'Not the name of a segment');
    }
    const path = join(this.#segments, name);
    const { size } = await stat(path).catch(() => {
      throw new Refusal(107, 'FILE_DOESNT_EXIST', 'The segment does not exist', 404);
    });
    const rows = await this.#insertFile(insert, path, context);
    response.setHeader('X-ClickHouse-Summary', summaryOf('written', rows, size, 0));
    response.end();
  }

  async #insertFile(
    insert: RequestStatement & { kind: 'insert' },
    path: string,
    context: Context,
  ): Promise<number> {
    const statement = insertFromFile(insert, path);
    const { counts } = await this.#engine.run('write', statement, context, 'Null');
    if (counts.rows === 0 && insert.format === 'Native') {
      throw new Refusal(1001, 'STD_EXCEPTION', 'The engine took no row of the block', 500);
    }
    return counts.rows;
  }

  async #run(
    sql: string,
    statement: RequestStatement & { kind: 'statement' },
    context: Context,
    request: IncomingMessage,
    url: URL,
    response: ServerResponse,
  ): Promise<void> {
    const format =
      statement.format ??
      url.searchParams.get('default_format') ??
      (headerText(request, 'x-clickhouse-format') || 'TabSeparated');
    const tag = `${TAG_START}${randomUUID()}*/`;
    let answered = false;
    response.on('close', () => {
      if (!answered) void this.#engine.kill(tag).catch(() => undefined);
    });
    try {
      response.setHeader('X-ClickHouse-Format', headerSafe(format));
      response.setHeader('Content-Type', contentTypeOf(format));
      const out = outputOf(request, url, response);
      const reads = statement.verb === 'SELECT' || statement.verb === 'WITH';
      const whole = url.searchParams.get('wait_end_of_query') === '1';
      if (reads && !whole && STREAMED_FORMATS.test(format)) {
        await this.#engine.stream(tag + sql, context, format, (piece) => writeTo(out, piece));
        answered = true;
        out.end();
      } else {
        const lane = reads || READ_VERBS.has(statement.verb) ? 'read' : laneOf(statement.verb);
        const { answer, counts } = await this.#engine.run(lane, tag + sql, context, format);
        answered = true;
        const nanoseconds = Math.round(counts.elapsedSeconds * 1e9);
        if (!response.headersSent) {
          response.setHeader(
            'X-ClickHouse-Summary',
            summaryOf('read', counts.rows, counts.bytes, nanoseconds),
          );
        }
        out.end(answer);
      }
    } finally {
      answered = true;
    }
  }
}

const READ_VERBS = new Set(['SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']);

function laneOf(verb: string): 'control' | 'write' {
  return verb === 'KILL' ? 'control' : 'write';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function headerText(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** Without what would end a header line. */
function headerSafe(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

function contextOf(url: URL, databaseHeader: string): Context {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    if (key.startsWith('param_')) parameters.set(nameOf(key.slice(6)), value);
    else if (!OWN_PARAMETERS.has(key)) settings.set(nameOf(key), value);
  }
  const database = url.searchParams.get('database') ?? (databaseHeader || undefined);
  return { database, settings, parameters };
}

function nameOf(text: string): string {
  if (!NAME_PATTERN.test(text)) {
    throw new Refusal(115, 'UNKNOWN_SETTING', `Bad name of a setting or parameter`);
  }
  return text;
}

function bodyOf(request: IncomingMessage): Readable {
  const encoding = headerText(request, 'content-encoding');
  if (encoding === '' || encoding === 'identity') return request;
  if (encoding !== 'gzip') {
    throw new Refusal(1000, 'NOT_IMPLEMENTED', 'Only gzip is known as content encoding', 415);
  }
  const gunzip = createGunzip();
  request.on('error', (error) => gunzip.destroy(error));
  return request.pipe(gunzip);
}

async function readText(body: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > limits.statementBytesMax) {
      throw new Refusal(
        62,
        'SYNTAX_ERROR',
        'Statement too long: send it as query= and data as body',
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('latin1');
}

function outputOf(request: IncomingMessage, url: URL, response: ServerResponse): Writable {
  const wanted = url.searchParams.get('enable_http_compression') === '1';
  if (!wanted || !headerText(request, 'accept-encoding').includes('gzip')) return response;
  response.setHeader('Content-Encoding', 'gzip');
  const gzip = createGzip({ level: 1 });
  gzip.pipe(response);
  response.on('close', () => gzip.destroy());
  return gzip;
}

async function writeTo(out: Writable, piece: Uint8Array): Promise<void> {
  if (out.destroyed) throw new Error('the client went away');
  if (out.write(piece)) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      out.off('drain', goOn);
      out.off('close', goOn);
      resolve();
    };
    out.on('drain', goOn);
    out.on('close', goOn);
  });
}

function contentTypeOf(format: string): string {
  if (/EachRow|JSONLines|NDJSON/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (/^(TSV|TabSeparated|Pretty|Vertical)/.test(format)) return 'text/plain; charset=UTF-8';
  return 'application/octet-stream';
}

/** Numbers as texts, as ClickHouse writes them. */
function summaryOf(
  what: 'read' | 'written',
  rows: number,
  bytes: number,
  elapsedNs: number,
): string {
  const count = (name: string): [string, string][] => [
    [`${name}_rows`, String(name === what ? rows : 0)],
    [`${name}_bytes`, String(name === what ? bytes : 0)],
  ];
  return JSON.stringify(
    Object.fromEntries([
      ...count('read'),
      ...count('written'),
      ['total_rows_to_read', '0'],
      ['result_rows', '0'],
      ['result_bytes', '0'],
      ['elapsed_ns', String(elapsedNs)],
    ]),
  );
}

/** An error before the first byte is an answer; after it the connection is cut, so that nobody takes a part for the whole. */
function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  const outOfSpace = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  let status = 500;
  let text = message;
  if (error instanceof Refusal) status = error.httpStatus;
  else if (error instanceof TooManyRequests) {
    status = 503;
    text = `Code: 202. DB::Exception: ${message}. (TOO_MANY_SIMULTANEOUS_QUERIES)`;
  } else if (outOfSpace) {
    text = `Code: 243. DB::Exception: ${message}. (NOT_ENOUGH_SPACE)`;
  } else if (!/Code: \d+/.test(message)) {
    text = `Code: 1002. DB::Exception: ${message}. (UNKNOWN_EXCEPTION)`;
  }
  const code = /Code: (\d+)/.exec(text)?.[1] ?? '1002';
  response.removeHeader('Content-Encoding');
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': code,
  });
  response.end(`${text}\n`);
}
