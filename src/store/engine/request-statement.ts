/**
 * What a request asks: a statement by itself, or an INSERT whose data follow it. Data never reach the engine as SQL:
 * inline data of chdb end at the first blank line and the rest of them is executed.
 */
import { type Token, tokensOf } from '../clickhouse-lexer.ts';

export type RequestStatement =
  | {
      readonly kind: 'insert';
      /** INSERT INTO t (a, b) */
      readonly head: string;
      /** SETTINGS of the statement, with the word; or ''. */
      readonly settings: string;
      readonly format: string;
      /** Where in the text the data begin. */
      readonly dataStart: number;
    }
  | {
      readonly kind: 'statement';
      /** First word in upper case. */
      readonly verb: string;
      /** Of a FORMAT clause. */
      readonly format: string | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads `text`, one character per byte, as far as it is SQL. */
export function readStatement(text: string): RequestStatement {
  const tokens = tokensOf(text);
  let verb = '';
  let previous: Token | undefined;
  let settingsStart = -1;
  let format: string | undefined;
  let ended = false;
  for (const token of tokens) {
    if (ended) return { kind: 'refused', reason: 'Multi-statements are not allowed' };
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (verb === '' && word !== '') verb = word;
    if (token.depth === 0) {
      if (token.text === ';') ended = true;
      if (previous?.text.toUpperCase() === 'FORMAT' && token.kind === 'word') {
        format = token.text;
        if (verb === 'INSERT') {
          return insertOf(
            text,
            previous.start,
            settingsStart,
            format,
            afterFormatLine(text, token.end),
          );
        }
      }
      if (verb === 'INSERT') {
        if (word === 'SELECT' || word === 'WITH' || word === 'INFILE') verb = 'INSERT SELECT';
        if (word === 'SETTINGS') settingsStart = token.start;
        if (word === 'VALUES')
          return insertOf(text, token.start, settingsStart, 'Values', token.end);
      }
    }
    previous = token;
  }
  if (verb === '') return { kind: 'refused', reason: 'Empty query' };
  if (verb === 'INSERT')
    return { kind: 'refused', reason: 'INSERT without FORMAT, VALUES or SELECT' };
  return { kind: 'statement', verb, format };
}

function insertOf(
  text: string,
  end: number,
  settingsStart: number,
  format: string,
  dataStart: number,
): RequestStatement {
  const headEnd = settingsStart < 0 ? end : settingsStart;
  return {
    kind: 'insert',
    head: text.slice(0, headEnd).trim(),
    settings: settingsStart < 0 ? '' : text.slice(settingsStart, end).trim(),
    format,
    dataStart,
  };
}

/** Data begin after the format's name, blanks, and one line end. */
function afterFormatLine(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) === ' ' || text.charAt(at) === '\t' || text.charAt(at) === '\r') at++;
  return text.charAt(at) === '\n' ? at + 1 : at;
}

/** The statement that inserts from a file. `path` has no glob characters: the engine would expand them. */
export function insertFromFile(
  insert: RequestStatement & { kind: 'insert' },
  path: string,
): string {
  const head = fromBytes(insert.head);
  return `${head} FROM INFILE ${sqlString(path)} COMPRESSION 'none' ${fromBytes(insert.settings)} FORMAT ${insert.format}`;
}

/** Text from a string of one character per byte. */
export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** `text` as a string literal. */
export function sqlString(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}
