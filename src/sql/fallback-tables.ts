/** The tables of a statement by its tokens alone, for what the parser refuses: names after FROM, JOIN, INTO, UPDATE. */
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

const BEFORE_TABLE = new Set([
  'FROM',
  'JOIN',
  'INTO',
  'UPDATE',
  'TABLE',
  'USING',
  'TRUNCATE',
  'COPY',
]);
/** Between such a word and the name. */
const NOISE = new Set(['ONLY', 'TABLE', 'LATERAL', 'IF', 'NOT', 'EXISTS']);
/** Functions with a FROM among their arguments. */
const FROM_FUNCTIONS = new Set(['EXTRACT', 'SUBSTRING', 'TRIM', 'OVERLAY', 'POSITION']);
const NOT_TABLES = new Set([
  'SELECT',
  'SET',
  'VALUES',
  'STDIN',
  'STDOUT',
  'PROGRAM',
  'WITH',
  'SHARE',
]);

const decoder = new TextDecoder();

/** At most `namesMax` names, as written but in lower case where unquoted. A guess: it may miss names or add one. */
export function fallbackTables(text: Uint8Array, namesMax: number): string[] {
  const lexer = new Lexer();
  lexer.reset(text, 0, text.length);
  const tables = new Set<string>();
  const withNames = new Set<string>();
  /** For each open parenthesis: does it belong to a function with a FROM among its arguments? */
  const functions: boolean[] = [];
  let previous = '';
  let previousName = '';
  let expected = false;
  let inList = false;
  let kind = lexer.next();
  while (kind !== Kind.End && tables.size < namesMax) {
    const isName = kind === Kind.Word || kind === Kind.QuotedWord;
    const word = kind === Kind.Word ? tokenText(lexer).toUpperCase() : '';
    if (expected && isName && !NOISE.has(word)) {
      expected = false;
      const name = qualifiedName(lexer, kind);
      // A parenthesis after the name makes it a function, except after INTO: there columns follow.
      inList = !NOT_TABLES.has(word) && (lexer.peek() !== 0x28 || previous === 'INTO');
      if (inList) tables.add(name);
      previous = word;
      kind = lexer.next();
      continue;
    }
    if (kind === Kind.LeftParen) {
      functions.push(FROM_FUNCTIONS.has(previous));
      if (functions.length > 10_000) break;
    } else if (kind === Kind.RightParen) functions.pop();
    // FROM a, b: the list goes on; any clause ends it.
    if (kind === Kind.Comma) expected = inList && functions.length === 0;
    else if (BEFORE_TABLE.has(word)) {
      expected =
        functions.at(-1) !== true &&
        !(word === 'UPDATE' && (previous === 'FOR' || previous === 'KEY'));
    } else if (!NOISE.has(word)) {
      if (kind !== Kind.Word && kind !== Kind.QuotedWord) expected = false;
      if (/^(?:WHERE|SET|VALUES|ON|GROUP|ORDER|SELECT|LIMIT|RETURNING)$/.test(word)) inList = false;
    }
    if (word === 'AS' && lexer.peek() === 0x28 && previousName !== '') withNames.add(previousName);
    previousName = isName && word !== 'AS' ? unquoted(tokenText(lexer), kind) : '';
    previous = word;
    kind = lexer.next();
  }
  return [...tables].filter((table) => !withNames.has(table));
}

function tokenText(lexer: Lexer): string {
  return decoder.decode(lexer.text.subarray(lexer.start, lexer.end));
}

function unquoted(text: string, kind: Kind): string {
  return kind === Kind.QuotedWord ? text.replace(/^[uU]&/, '').slice(1, -1) : text.toLowerCase();
}

/** The current word and what is joined to it by dots; stops on the last word of the name. */
function qualifiedName(lexer: Lexer, kind: Kind): string {
  let name = unquoted(tokenText(lexer), kind);
  while (lexer.peek() === 0x2e && name.length < 1000) {
    lexer.next();
    const part = lexer.next();
    if (part !== Kind.Word && part !== Kind.QuotedWord) break;
    name += `.${unquoted(tokenText(lexer), part)}`;
  }
  return name;
}
