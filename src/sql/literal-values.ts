/**
 * The values of the literals in a statement, each at the place that the fingerprint gives it: the n-th `?` of the
 * normalised text. A list, a row of VALUES, a typed or composed literal (date '...', a || b) keeps its place and tells no value.
 */
import { Folder } from './folding.ts';
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

const QUOTE = 0x27;
const MINUS = 0x2d;
const decoder = new TextDecoder();

export class LiteralValues {
  readonly #folder = new Folder();
  readonly #lexer = new Lexer();

  /**
   * Tells each literal of text[start, end) that is one plain number or string, with its place from 1. Never throws.
   * @param placesMax further places are not looked at
   */
  read(
    text: Uint8Array,
    start: number,
    end: number,
    placesMax: number,
    take: (place: number, value: string) => void,
  ): void {
    const folder = this.#folder;
    folder.reset(text, start, end);
    for (let place = 0; place < placesMax; ) {
      const from = folder.lexer.position;
      const kind = folder.next();
      if (kind === Kind.End) return;
      if (kind !== Kind.Literal && kind !== Kind.LiteralRow) continue;
      place++;
      if (kind === Kind.LiteralRow) continue;
      const value = this.#plain(text, from, folder.lexer.position);
      if (value !== undefined) take(place, value);
    }
  }

  /** A number with its sign, or a string in single quotes, and nothing behind it but a cast. */
  #plain(text: Uint8Array, start: number, end: number): string | undefined {
    const lexer = this.#lexer;
    lexer.reset(text, start, end);
    let kind = lexer.next();
    let sign = '';
    if (kind === Kind.Operator && lexer.end - lexer.start === 1) {
      if (text[lexer.start] === MINUS) sign = '-';
      kind = lexer.next();
      if (kind !== Kind.Number) return undefined;
    }
    const first = lexer.start;
    const last = lexer.end;
    const following = lexer.next();
    if (following !== Kind.End && following !== Kind.Cast) return undefined;
    if (kind === Kind.Number) return sign + decoder.decode(text.subarray(first, last));
    if (kind !== Kind.Text || text[first] !== QUOTE || text[last - 1] !== QUOTE || last - first < 2)
      return undefined;
    return decoder.decode(text.subarray(first + 1, last - 1)).replaceAll("''", "'");
  }
}
