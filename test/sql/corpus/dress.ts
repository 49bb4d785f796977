/**
 * Writes a statement as another client might: other space, comments, case of what is not quoted, a semicolon at the
 * end. Works on text by its own simple rules and shares nothing with the lexer under test.
 */
import type { Random } from './random.ts';

/** Quoted parts and comments stay as they are. */
const PARTS =
  /('(?:[^']|'')*'|"(?:[^"]|"")*"|\$\w*\$[\s\S]*?\$\w*\$|[A-Za-z_][\w$]*|\s+|[^\s\w'"$]+|[\s\S])/g;

export function dress(sql: string, random: Random): string {
  const style = random.below(6);
  if (style === 0) return sql;
  const letters = random.below(3);
  const parts = sql.match(PARTS) ?? [];
  let dressed = '';
  for (const [index, part] of parts.entries()) {
    // The letter before a quote makes the kind of string: not to be touched, nor parted from it.
    const prefix = /^[A-Za-z]$/.test(part) && /^['"]/.test(parts[index + 1] ?? '');
    if (/^\s+$/.test(part)) dressed += space(style, random, parts[index - 1], parts[index + 1]);
    else if (!prefix && /^[A-Za-z_]/.test(part)) dressed += cased(part, letters);
    else dressed += part;
  }
  if (style >= 4)
    dressed = `${random.pick(['/* app:web */ ', '-- note\n', '  ', '\n\t'])}${dressed}`;
  return random.below(3) === 0 ? `${dressed} ;` : dressed;
}

function cased(word: string, letters: number): string {
  if (letters === 0) return word;
  return letters === 1 ? word.toUpperCase() : word.toLowerCase();
}

/** libpg_query's parser does not look past a comment after these, as PostgreSQL does. */
const BROKEN_BY_COMMENTS = /^(?:not|nulls|with|without)$/i;

function space(
  style: number,
  random: Random,
  before: string | undefined,
  after: string | undefined,
): string {
  // A newline between two strings would make them one.
  if (before?.endsWith("'") && after?.startsWith("'")) return ' ';
  if (style === 1) return '  ';
  if (style === 2) return '\n';
  const commented = random.below(8) === 0 && !BROKEN_BY_COMMENTS.test(before ?? '');
  if (style === 3) return commented ? ' /* c */ ' : ' ';
  if (style === 4) return commented ? ' -- c\n' : '\t';
  return random.below(4) === 0 ? '\r\n    ' : ' ';
}
