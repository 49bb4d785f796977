/** What the tests of src/sql share: statements as bytes, and the answers as text. */
import { Fingerprinter, fingerprintText } from '../../src/sql/fingerprint.ts';
import { Kind } from '../../src/sql/kind.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { normalize } from '../../src/sql/normalize.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOf(sql: string): Uint8Array {
  return encoder.encode(sql);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function fingerprintOf(sql: string | Uint8Array): string {
  const bytes = typeof sql === 'string' ? bytesOf(sql) : sql;
  const fingerprinter = new Fingerprinter();
  fingerprinter.compute(bytes, 0, bytes.length);
  return fingerprintText(fingerprinter.high, fingerprinter.low);
}

export function normalized(sql: string): string {
  const bytes = bytesOf(sql);
  return normalize(bytes, 0, bytes.length);
}

const NAMES = new Map<number, string>(Object.entries(Kind).map(([name, kind]) => [kind, name]));

/** `Word:select Number:1`, ... of all tokens. */
export function tokensOf(sql: string | Uint8Array): string[] {
  const bytes = typeof sql === 'string' ? bytesOf(sql) : sql;
  const lexer = new Lexer();
  lexer.reset(bytes, 0, bytes.length);
  const tokens: string[] = [];
  while (lexer.next() !== Kind.End)
    tokens.push(
      `${NAMES.get(lexer.kind)}:${decoder.decode(bytes.subarray(lexer.start, lexer.end))}`,
    );
  return tokens;
}
