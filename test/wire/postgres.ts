/**
 * Messages of PostgreSQL's protocol 3, written from the manual (Message Formats). Never imports the code under test.
 * `client` holds what the client sends, `server` what the server sends.
 */
import { bytesOf, cstring, int16, int32, int8 } from './bytes.ts';

/** One type byte, Int32 length that counts itself, and the body. */
export function message(tag: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = bytesOf(...parts);
  return bytesOf(Buffer.from(tag, 'latin1'), int32(body.length + 4), body);
}

/** Without a type byte: only at the start of a connection. */
function untyped(...parts: readonly Uint8Array[]): Buffer {
  const body = bytesOf(...parts);
  return bytesOf(int32(body.length + 4), body);
}

/** Int32 length and the bytes; -1 for NULL. */
function value(bytes: Uint8Array | string | null): Buffer {
  if (bytes === null) return int32(-1);
  const raw = Buffer.from(bytes);
  return bytesOf(int32(raw.length), raw);
}

function listOf<T>(items: readonly T[], encode: (item: T) => Uint8Array): Buffer {
  return bytesOf(int16(items.length), ...items.map(encode));
}

export interface BindFields {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly number[];
  readonly values?: readonly (Uint8Array | string | null)[];
}

export const client = {
  startup: (parameters: Readonly<Record<string, string>>, version = 0x0003_0000): Buffer =>
    untyped(
      int32(version),
      ...Object.entries(parameters).flatMap(([name, text]) => [cstring(name), cstring(text)]),
      int8(0),
    ),
  sslRequest: (): Buffer => untyped(int32(80_877_103)),
  gssRequest: (): Buffer => untyped(int32(80_877_104)),
  cancelRequest: (processId: number, key: Uint8Array): Buffer =>
    untyped(int32(80_877_102), int32(processId), key),
  password: (text: string): Buffer => message('p', cstring(text)),
  saslInitial: (mechanism: string, text: string): Buffer =>
    message('p', cstring(mechanism), value(text)),
  saslResponse: (text: string): Buffer => message('p', Buffer.from(text)),
  query: (sql: string): Buffer => message('Q', cstring(sql)),
  parse: (sql: string, name = '', types: readonly number[] = []): Buffer =>
    message('P', cstring(name), cstring(sql), listOf(types, int32)),
  bind: ({ portal = '', statement = '', formats = [], values = [] }: BindFields = {}): Buffer =>
    message(
      'B',
      cstring(portal),
      cstring(statement),
      listOf(formats, int16),
      listOf(values, value),
      int16(0),
    ),
  describe: (target: 'S' | 'P', name = ''): Buffer =>
    message('D', Buffer.from(target), cstring(name)),
  execute: (portal = '', rowsMax = 0): Buffer => message('E', cstring(portal), int32(rowsMax)),
  close: (target: 'S' | 'P', name = ''): Buffer => message('C', Buffer.from(target), cstring(name)),
  sync: (): Buffer => message('S'),
  flush: (): Buffer => message('H'),
  functionCall: (oid: number): Buffer => message('F', int32(oid), int16(0), int16(0), int16(0)),
  copyData: (data: string | Uint8Array): Buffer => message('d', bytesOf(dataOf(data))),
  copyDone: (): Buffer => message('c'),
  copyFail: (reason: string): Buffer => message('f', cstring(reason)),
  terminate: (): Buffer => message('X'),
} as const;

const dataOf = (data: string | Uint8Array): Uint8Array =>
  typeof data === 'string' ? Buffer.from(data) : data;

export interface ErrorFields {
  readonly severity?: string;
  readonly message?: string;
}

function fields(
  sqlstate: string,
  { severity = 'ERROR', message: text = 'failed' }: ErrorFields,
): Buffer {
  const parts = [`S${severity}`, `V${severity}`, `C${sqlstate}`, `M${text}`].map(cstring);
  return bytesOf(...parts, int8(0));
}

export const server = {
  authenticationOk: (): Buffer => message('R', int32(0)),
  authenticationCleartext: (): Buffer => message('R', int32(3)),
  authenticationMd5: (): Buffer => message('R', int32(5), Buffer.from('salt')),
  authenticationSasl: (...mechanisms: readonly string[]): Buffer =>
    message('R', int32(10), ...mechanisms.map(cstring), int8(0)),
  saslContinue: (text: string): Buffer => message('R', int32(11), Buffer.from(text)),
  saslFinal: (text: string): Buffer => message('R', int32(12), Buffer.from(text)),
  parameterStatus: (name: string, text: string): Buffer =>
    message('S', cstring(name), cstring(text)),
  keyData: (processId: number, key: Uint8Array): Buffer => message('K', int32(processId), key),
  negotiateVersion: (version: number, options: readonly string[]): Buffer =>
    message('v', int32(version), int32(options.length), ...options.map(cstring)),
  ready: (status: 'I' | 'T' | 'E' = 'I'): Buffer => message('Z', Buffer.from(status)),
  rowDescription: (...names: readonly string[]): Buffer =>
    message(
      'T',
      listOf(names, (name) =>
        bytesOf(cstring(name), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)),
      ),
    ),
  row: (...values: readonly (string | null)[]): Buffer => message('D', listOf(values, value)),
  complete: (tag: string): Buffer => message('C', cstring(tag)),
  empty: (): Buffer => message('I'),
  error: (sqlstate: string, more: ErrorFields = {}): Buffer => message('E', fields(sqlstate, more)),
  notice: (sqlstate: string, text = 'note'): Buffer =>
    message('N', fields(sqlstate, { severity: 'WARNING', message: text })),
  notification: (channel: string, payload: string): Buffer =>
    message('A', int32(1), cstring(channel), cstring(payload)),
  parseComplete: (): Buffer => message('1'),
  bindComplete: (): Buffer => message('2'),
  closeComplete: (): Buffer => message('3'),
  noData: (): Buffer => message('n'),
  parameterDescription: (...types: readonly number[]): Buffer => message('t', listOf(types, int32)),
  portalSuspended: (): Buffer => message('s'),
  copyIn: (): Buffer => message('G', int8(0), listOf([0, 0], int16)),
  copyOut: (): Buffer => message('H', int8(0), listOf([0, 0], int16)),
  copyBoth: (): Buffer => message('W', int8(0), int16(0)),
  copyData: (data: string | Uint8Array): Buffer => message('d', bytesOf(dataOf(data))),
  copyDone: (): Buffer => message('c'),
  functionResult: (bytes: Uint8Array | null): Buffer => message('V', value(bytes)),
} as const;

/** Parse, Bind, Describe and Execute of one statement, the way drivers send it, without a Sync. */
export function extended(sql: string, values: readonly (string | null)[] = []): Buffer {
  return bytesOf(
    client.parse(sql),
    client.bind({ values }),
    client.describe('P'),
    client.execute(),
  );
}
