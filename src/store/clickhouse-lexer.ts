/**
 * Cuts ClickHouse SQL into tokens, as the engine's own lexer does (comments nest, strings take backslashes and doubled
 * quotes, heredocs have tags). Enough to find where a statement ends and its data begin, and to look for words; it
 * judges nothing.
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'quoted' | 'number' | 'mark';
  /** As written; words keep their case. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Depth of parentheses and brackets around it. */
  readonly depth: number;
}

const SPACE = /\s/;
const WORD_START = /[A-Za-z_]/;
const WORD = /[A-Za-z0-9_]/;
const HEREDOC = /\$[A-Za-z0-9_]*\$/y;

/** The tokens of `sql`; an unclosed string or comment ends with the text. */
export function* tokensOf(sql: string): Generator<Token> {
  let depth = 0;
  let at = 0;
  while (at < sql.length) {
    const after = afterBlank(sql, at);
    if (after > at) {
      at = after;
      continue;
    }
    const start = at;
    const char = sql.charAt(at);
    let kind: Token['kind'] = 'mark';
    if (char === "'") {
      kind = 'string';
      at = afterQuoted(sql, at);
    } else if (char === '"' || char === '`') {
      kind = 'quoted';
      at = afterQuoted(sql, at);
    } else if (WORD_START.test(char)) {
      kind = 'word';
      while (at < sql.length && WORD.test(sql.charAt(at))) at++;
    } else if (/[0-9]/.test(char)) {
      kind = 'number';
      while (at < sql.length && /[A-Za-z0-9_.]/.test(sql.charAt(at))) at++;
    } else {
      const heredocEnd = char === '$' ? afterHeredoc(sql, at) : -1;
      if (heredocEnd > 0) kind = 'string';
      at = heredocEnd > 0 ? heredocEnd : at + 1;
    }
    if (char === ')' || char === ']') depth = Math.max(0, depth - 1);
    yield { kind, text: sql.slice(start, at), start, end: at, depth };
    if (char === '(' || char === '[') depth++;
  }
}

/** The position after white space or one comment at `at`, or `at`. */
function afterBlank(sql: string, at: number): number {
  if (SPACE.test(sql.charAt(at))) return at + 1;
  if (sql.startsWith('--', at) || sql.startsWith('#!', at) || sql.startsWith('# ', at)) {
    const newline = sql.indexOf('\n', at);
    return newline < 0 ? sql.length : newline + 1;
  }
  if (!sql.startsWith('/*', at)) return at;
  let level = 1;
  let position = at + 2;
  while (position < sql.length && level > 0) {
    if (sql.startsWith('*/', position)) {
      level--;
      position += 2;
    } else if (sql.startsWith('/*', position)) {
      level++;
      position += 2;
    } else {
      position++;
    }
  }
  return position;
}

function afterQuoted(sql: string, start: number): number {
  const quote = sql.charAt(start);
  let at = start + 1;
  while (at < sql.length) {
    const char = sql.charAt(at);
    if (char === '\\') at += 2;
    else if (char !== quote) at++;
    else if (sql.charAt(at + 1) === quote) at += 2;
    else return at + 1;
  }
  return sql.length;
}

function afterHeredoc(sql: string, start: number): number {
  HEREDOC.lastIndex = start;
  const tag = HEREDOC.exec(sql)?.[0];
  if (tag === undefined) return -1;
  const close = sql.indexOf(tag, start + tag.length);
  return close < 0 ? -1 : close + tag.length;
}
