/**
 * Encodes PostgreSQL protocol 3 messages of the client, written from the manual ("Frontend/Backend Protocol", "Message
 * Formats"). Never imports the code under test.
 */

export const PROTOCOL_3_0 = 196_608;
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;

function cstring(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.of(0)]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A message with a type byte. */
export function message(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

/** A message without one: only before the session begins. */
function untyped(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function startup(
  parameters: Readonly<Record<string, string>>,
  version = PROTOCOL_3_0,
): Buffer {
  const pairs = Object.entries(parameters).map(([key, value]) =>
    Buffer.concat([cstring(key), cstring(value)]),
  );
  return untyped(int32(version), ...pairs, Buffer.of(0));
}

export const sslRequest = untyped(int32(SSL_REQUEST));
export const gssRequest = untyped(int32(GSSENC_REQUEST));

export function cancelRequest(processId: number, secret: number): Buffer {
  return untyped(int32(CANCEL_REQUEST), int32(processId), int32(secret));
}

export function query(sql: string): Buffer {
  return message('Q', cstring(sql));
}

export function parse(sql: string, name = '', types: readonly number[] = []): Buffer {
  return message('P', cstring(name), cstring(sql), int16(types.length), ...types.map(int32));
}

/** Parameters in text format, null for NULL; result columns in text format. */
export function bind(
  options: { portal?: string; name?: string; values?: readonly (string | null)[] } = {},
): Buffer {
  const values = (options.values ?? []).map((value) => {
    if (value === null) return int32(-1);
    const bytes = Buffer.from(value);
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return message(
    'B',
    cstring(options.portal ?? ''),
    cstring(options.name ?? ''),
    int16(0),
    int16(values.length),
    ...values,
    int16(0),
  );
}

export function describe(kind: 'S' | 'P', name = ''): Buffer {
  return message('D', Buffer.from(kind), cstring(name));
}

/** `rowsMax` 0 is "all rows". */
export function execute(options: { portal?: string; rowsMax?: number } = {}): Buffer {
  return message('E', cstring(options.portal ?? ''), int32(options.rowsMax ?? 0));
}

export function close(kind: 'S' | 'P', name = ''): Buffer {
  return message('C', Buffer.from(kind), cstring(name));
}

export const sync = message('S');
export const flush = message('H');
export const terminate = message('X');

export function copyData(bytes: string): Buffer {
  return message('d', Buffer.from(bytes));
}

export const copyDone = message('c');

export function copyFail(reason: string): Buffer {
  return message('f', cstring(reason));
}

/** Parse, Bind, Describe and Execute of one statement, the way drivers send it, without a Sync. */
export function extended(sql: string, values: readonly (string | null)[] = []): Buffer {
  return Buffer.concat([parse(sql), bind({ values }), describe('P'), execute()]);
}
