/** What the text of a statement shows of how it reads: token by token, so that words in quotes and comments say nothing. */
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

export interface TextSigns {
  /** Reads or changes a table without WHERE and without LIMIT or FETCH. */
  readonly noPredicate: boolean;
  /** `SELECT *`, or `t.*` in a list that SELECT begins. */
  readonly selectStar: boolean;
}

const READERS = new Set(['SELECT', 'UPDATE', 'DELETE']);
const NARROWING = new Set(['WHERE', 'LIMIT', 'FETCH', 'HAVING']);
/** Longer texts are cut: the normalised text of a class is shorter. */
const BYTES_MAX = 65_536;

export function textSigns(normalized: string): TextSigns {
  const text = new TextEncoder().encode(normalized).subarray(0, BYTES_MAX);
  const decoder = new TextDecoder();
  const lexer = new Lexer();
  lexer.reset(text, 0, text.length);
  let first = '';
  let fromSeen = false;
  let narrowed = false;
  let selectStar = false;
  let before = '';
  for (let kind = lexer.next(); kind !== Kind.End; kind = lexer.next()) {
    const token = decoder.decode(text.subarray(lexer.start, lexer.end));
    const word = kind === Kind.Word ? token.toUpperCase() : token;
    if (first === '') first = word;
    if (kind === Kind.Word && NARROWING.has(word)) narrowed = true;
    if (kind === Kind.Word && word === 'FROM') fromSeen = true;
    if (word === '*' && (before === 'SELECT' || before === 'DISTINCT' || before === '.')) {
      selectStar = true;
    }
    before = word;
  }
  const readsTable = first === 'UPDATE' || fromSeen;
  return { noPredicate: READERS.has(first) && readsTable && !narrowed, selectStar };
}
