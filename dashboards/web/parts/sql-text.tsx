/** SQL as text with its keywords marked. Everything is a text node: captured SQL never becomes markup. */

const KEYWORDS =
  'SELECT|FROM|WHERE|AND|OR|NOT|IN|IS|NULL|INSERT|INTO|VALUES|UPDATE|SET|DELETE|MERGE|JOIN|LEFT|RIGHT|FULL|INNER|OUTER|CROSS|LATERAL|ON|USING|GROUP|BY|ORDER|HAVING|LIMIT|OFFSET|FETCH|UNION|ALL|EXCEPT|INTERSECT|DISTINCT|AS|CASE|WHEN|THEN|ELSE|END|EXISTS|BETWEEN|LIKE|ILIKE|WITH|RECURSIVE|RETURNING|CONFLICT|DO|NOTHING|FOR|SHARE|SKIP|LOCKED|NOWAIT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|CREATE|ALTER|DROP|TABLE|INDEX|VIEW|CONCURRENTLY|COPY|STDIN|STDOUT|TRUNCATE|GRANT|REVOKE|LOCK|ANALYZE|VACUUM|EXPLAIN|PREPARE|EXECUTE|DECLARE|CURSOR|CLOSE|ASC|DESC|OVER|PARTITION';
/** Quoted texts and names are kept whole, so that a word inside them is no keyword. */
const TOKENS = new RegExp(`('(?:[^']|'')*'|"(?:[^"]|"")*")|\\b(${KEYWORDS})\\b`, 'gi');
/** A clause begins a new line in the full form. */
const CLAUSES =
  /^(FROM|WHERE|SET|VALUES|LEFT|RIGHT|FULL|INNER|CROSS|JOIN|GROUP|ORDER|HAVING|LIMIT|OFFSET|UNION|EXCEPT|INTERSECT|RETURNING|FOR)$/i;
/** Texts longer than this are shown without marks, which would cost more than they help. */
const MARKED_LENGTH_MAX = 20_000;

/** `full` breaks lines before clauses; otherwise the text stays on one line. */
export function SqlText({ text, full = false }: { text: string; full?: boolean }) {
  const pieces = text.length > MARKED_LENGTH_MAX ? [text] : piecesOf(text, full);
  return full ? <pre class="sql full">{pieces}</pre> : <code class="sql">{pieces}</code>;
}

function piecesOf(text: string, full: boolean) {
  const pieces: preact.ComponentChild[] = [];
  let end = 0;
  let previous = '';
  for (const match of text.matchAll(TOKENS)) {
    const [token, quoted, keyword] = match;
    const before = text.slice(end, match.index);
    // LEFT JOIN is one clause: the second word must not begin another line.
    const joined = /^JOIN$/i.test(token) && /^(LEFT|RIGHT|FULL|INNER|OUTER|CROSS)$/i.test(previous);
    const breaks =
      full &&
      keyword !== undefined &&
      end > 0 &&
      CLAUSES.test(token) &&
      !joined &&
      !/^DELETE$/i.test(previous);
    pieces.push(breaks ? `${before.trimEnd()}\n` : before);
    pieces.push(quoted === undefined ? <b>{token}</b> : <q>{token}</q>);
    previous = keyword ?? '';
    end = match.index + token.length;
  }
  pieces.push(text.slice(end));
  return pieces;
}
