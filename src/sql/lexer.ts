// Hot path: every byte of every statement passes here. Bench: test/bench/fingerprint.bench.ts
/**
 * Cuts SQL as PostgreSQL writes it into tokens, straight from the bytes of the wire: one pass, no string and no object
 * per token. The rules are those of the manual, chapter "Lexical Structure", and of PostgreSQL's own scanner where the
 * manual is silent; standard_conforming_strings is taken as on (the default since 9.1).
 *
 * Statements come from strangers: next() never throws, always advances, and takes time linear in the text.
 * Whatever is left open (quote, comment, dollar quote) ends with the text.
 */

import { Character, CHARACTERS, FOLDED, SINGLES, SPECIAL } from './characters.ts';
import { Kind } from './kind.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const AMPERSAND = 0x26;
const QUOTE = 0x27;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/**
 * Start values and multipliers of the two hash lanes: the first 32 fraction bits of the square roots of 2, 3, 5, 7, 11
 * and 13, made odd where they multiply. Chosen because nobody can have chosen them for a purpose.
 */
const WORD_SEED_A = 0x6a09e667 | 0;
const WORD_SEED_B = 0xbb67ae85 | 0;
const OPERATOR_SEED_A = 0xa54ff53a | 0;
const OPERATOR_SEED_B = 0x9b05688c | 0;
const MULTIPLIER_A = 0x3c6ef373 | 0;
const MULTIPLIER_B = 0x510e527f | 0;

const NOTHING = new Uint8Array(0);

export class Lexer {
  text: Uint8Array = NOTHING;
  /** End of the text, exclusive. */
  limit = 0;
  /** Where the next token is looked for. May be set back to a former value to lex again from there. */
  position = 0;
  kind: Kind = Kind.End;
  /** The current token: text[start, end). */
  start = 0;
  end = 0;
  laneA = 0;
  laneB = 0;
  /**
   * A run of + and - that is known to be single tokens. Without this memory a long run would be read again from each
   * of its characters, in quadratic time.
   */
  #signsStart = 0;
  #signsEnd = 0;

  reset(text: Uint8Array, start: number, end: number): void {
    this.text = text;
    this.limit = Math.min(end, text.length);
    this.position = start;
    this.kind = Kind.End;
    this.#signsStart = 0;
    this.#signsEnd = 0;
  }

  /** The first byte of the next token, or -1 at the end. Passes over spaces and comments for good. */
  peek(): number {
    const position = this.#skipBlanks(this.position);
    this.position = position;
    return position < this.limit ? (this.text[position] as number) : -1;
  }

  /** Goes to the next token and returns its kind. */
  next(): Kind {
    const text = this.text;
    const limit = this.limit;
    const position = this.#skipBlanks(this.position);
    this.start = position;
    if (position >= limit) return this.#finish(Kind.End, limit);
    const byte = text[position] as number;
    switch (CHARACTERS[byte]) {
      case Character.Prefix: {
        const following = position + 1 < limit ? (text[position + 1] as number) : 0;
        if (following === QUOTE || following === AMPERSAND) return this.#prefixed(position, byte);
        return this.#word(position);
      }
      case Character.Letter:
        return this.#word(position);
      case Character.Single:
        return this.#finish(SINGLES[byte] as Kind, position + 1);
      case Character.Operator:
        return this.#operator(position);
      case Character.Digit:
        return this.#finish(Kind.Number, this.#numberEnd(position));
      case Character.Quote:
        return this.#finish(Kind.Text, this.#textEnd(position + 1, false));
      case Character.DoubleQuote:
        return this.#quotedWord(position + 1);
      case Character.Dollar:
        return this.#dollar(position);
      case Character.Dot:
        return this.#dot(position);
      case Character.Colon:
        return this.#colon(position);
      default:
        return this.#other(position, position + 1);
    }
  }

  #finish(kind: Kind, end: number): Kind {
    this.kind = kind;
    this.end = end;
    this.position = end;
    return kind;
  }

  #skipBlanks(from: number): number {
    const text = this.text;
    const limit = this.limit;
    let position = from;
    while (position < limit) {
      const byte = text[position] as number;
      if (CHARACTERS[byte] === Character.Space) position++;
      else if (byte === MINUS) {
        if (position + 1 >= limit || text[position + 1] !== MINUS) return position;
        position = this.#lineEnd(position + 2);
      } else if (byte === SLASH) {
        if (position + 1 >= limit || text[position + 1] !== STAR) return position;
        position = this.#blockCommentEnd(position + 2);
      } else return position;
    }
    return limit;
  }

  #lineEnd(from: number): number {
    let position = from;
    while (position < this.limit) {
      const byte = this.text[position];
      if (byte === NEWLINE || byte === RETURN) return position;
      position++;
    }
    return this.limit;
  }

  /** Block comments nest (the SQL standard allows it, PostgreSQL does it). */
  #blockCommentEnd(from: number): number {
    const text = this.text;
    const last = this.limit - 1;
    let depth = 1;
    let position = from;
    while (position < last) {
      const byte = text[position];
      if (byte === STAR && text[position + 1] === SLASH) {
        position += 2;
        if (--depth === 0) return position;
      } else if (byte === SLASH && text[position + 1] === STAR) {
        position += 2;
        depth++;
      } else position++;
    }
    return this.limit;
  }

  #word(start: number): Kind {
    const text = this.text;
    const limit = this.limit;
    let position = start;
    let a = WORD_SEED_A;
    let b = WORD_SEED_B;
    let folded = FOLDED[text[position] as number] as number;
    do {
      a = Math.imul(a ^ folded, MULTIPLIER_A);
      b = Math.imul(b ^ folded, MULTIPLIER_B);
      position++;
      folded = position < limit ? (FOLDED[text[position] as number] as number) : 0;
    } while (folded !== 0);
    this.laneA = a;
    this.laneB = b;
    this.kind = Kind.Word;
    this.end = position;
    this.position = position;
    return Kind.Word;
  }

  /** `from` is after the opening quote. A doubled quote is a quote in the name. */
  #quotedWord(from: number): Kind {
    const text = this.text;
    const limit = this.limit;
    let position = from;
    let a = WORD_SEED_A;
    let b = WORD_SEED_B;
    while (position < limit) {
      const byte = text[position] as number;
      if (byte === DOUBLE_QUOTE) {
        if (position + 1 >= limit || text[position + 1] !== DOUBLE_QUOTE) {
          position++;
          break;
        }
        position++;
      }
      a = Math.imul(a ^ byte, MULTIPLIER_A);
      b = Math.imul(b ^ byte, MULTIPLIER_B);
      position++;
    }
    this.laneA = a;
    this.laneB = b;
    return this.#finish(Kind.QuotedWord, position);
  }

  /** A word that begins with b, e, n, u or x and may be the prefix of a string or of a quoted identifier. */
  #prefixed(position: number, byte: number): Kind {
    const letter = byte | 0x20;
    const isU = letter === 0x75;
    if (this.text[position + 1] === QUOTE) {
      if (isU) return this.#word(position);
      return this.#finish(Kind.Text, this.#textEnd(position + 2, letter === 0x65));
    }
    const opening = position + 2 < this.limit ? this.text[position + 2] : 0;
    if (isU && opening === QUOTE)
      return this.#finish(Kind.Text, this.#textEnd(position + 3, false));
    if (isU && opening === DOUBLE_QUOTE) return this.#quotedWord(position + 3);
    return this.#word(position);
  }

  /** The end of a string whose opening quote is before `from`; in an E'' string a backslash hides what follows. */
  #textEnd(from: number, escapes: boolean): number {
    const text = this.text;
    const limit = this.limit;
    let position = from;
    while (position < limit) {
      const byte = text[position];
      if (byte === QUOTE) {
        position++;
        if (position < limit && text[position] === QUOTE) position++;
        else {
          const continued = this.#continuation(position);
          if (continued < 0) return position;
          position = continued;
        }
      } else if (byte === BACKSLASH && escapes) position += 2;
      else position++;
    }
    return limit;
  }

  /**
   * 'a' and 'b' with a newline between them are one string (SQL standard). Returns the position after the next opening
   * quote, or -1 when the string ends here.
   */
  #continuation(from: number): number {
    const text = this.text;
    const limit = this.limit;
    let position = from;
    let newline = false;
    while (position < limit) {
      const byte = text[position] as number;
      if (byte === NEWLINE || byte === RETURN) newline = true;
      else if (byte === QUOTE) return newline ? position + 1 : -1;
      else if (byte === MINUS && position + 1 < limit && text[position + 1] === MINUS) {
        position = this.#lineEnd(position + 2);
        continue;
      } else if (CHARACTERS[byte] !== Character.Space) return -1;
      position++;
    }
    return -1;
  }

  /** $1, $tag$ ... $tag$, or a dollar sign that begins nothing. */
  #dollar(start: number): Kind {
    const text = this.text;
    const limit = this.limit;
    let position = start + 1;
    if (position < limit && CHARACTERS[text[position] as number] === Character.Digit) {
      while (position < limit && CHARACTERS[text[position] as number] === Character.Digit)
        position++;
      return this.#finish(Kind.Parameter, position);
    }
    while (position < limit) {
      const byte = text[position] as number;
      if (byte === DOLLAR) return this.#finish(Kind.Text, this.#dollarTextEnd(start, position + 1));
      if (FOLDED[byte] === 0) break;
      position++;
    }
    return this.#other(start, start + 1);
  }

  /**
   * The end of a dollar-quoted string: text[opening, from) is its delimiter. A delimiter has dollar signs only at its
   * ends, so a comparison that fails never covers the start of another one: the search stays linear.
   */
  #dollarTextEnd(opening: number, from: number): number {
    const text = this.text;
    const size = from - opening;
    const last = this.limit - size;
    let position = from;
    while (position <= last) {
      if (text[position] !== DOLLAR) {
        position++;
        continue;
      }
      let matched = 1;
      while (matched < size && text[position + matched] === text[opening + matched]) matched++;
      if (matched === size) return position + size;
      position += matched;
    }
    return this.limit;
  }

  /** 12, 1_000, 1.5, 1., 1e10, 0x1F, 0o17, 0b11. What follows without a space (123abc) is the next token. */
  #numberEnd(start: number): number {
    const text = this.text;
    const limit = this.limit;
    if (text[start] === ZERO && start + 2 < limit) {
      const letter = (text[start + 1] as number) | 0x20;
      const base = letter === 0x78 ? 16 : letter === 0x6f ? 8 : letter === 0x62 ? 2 : 0;
      if (base !== 0) {
        const end = this.#digitsEnd(start + 2, base);
        return end === start + 2 ? start + 1 : end;
      }
    }
    let position = this.#digitsEnd(start, 10);
    // In `1..10` the dots are an operator of PL/pgSQL, not a fraction.
    const beforeEnd = position + 1 < limit;
    if (position < limit && text[position] === DOT && !(beforeEnd && text[position + 1] === DOT))
      position = this.#digitsEnd(position + 1, 10);
    return this.#exponentEnd(position);
  }

  #exponentEnd(from: number): number {
    const text = this.text;
    if (from >= this.limit || ((text[from] as number) | 0x20) !== 0x65) return from;
    let position = from + 1;
    if (position < this.limit && (text[position] === PLUS || text[position] === MINUS)) position++;
    const end = this.#digitsEnd(position, 10);
    return end === position ? from : end;
  }

  /** After the digits of `base` from there on, with single underscores between them (PostgreSQL 16). */
  #digitsEnd(from: number, base: number): number {
    let position = from;
    while (position < this.limit) {
      const byte = this.text[position] as number;
      if (isDigit(byte, base)) position++;
      else if (
        byte === UNDERSCORE &&
        (position > from || base !== 10) &&
        position + 1 < this.limit &&
        isDigit(this.text[position + 1] as number, base)
      )
        position += 2;
      else break;
    }
    return position;
  }

  #dot(start: number): Kind {
    const following = start + 1 < this.limit ? (this.text[start + 1] as number) : 0;
    if (CHARACTERS[following] === Character.Digit)
      return this.#finish(Kind.Number, this.#exponentEnd(this.#digitsEnd(start + 1, 10)));
    if (following === DOT) return this.#other(start, start + 2);
    return this.#finish(Kind.Dot, start + 1);
  }

  #colon(start: number): Kind {
    const following = start + 1 < this.limit ? this.text[start + 1] : 0;
    if (following === COLON) return this.#finish(Kind.Cast, start + 2);
    return this.#other(start, following === EQUALS ? start + 2 : start + 1);
  }

  /**
   * The longest run of operator characters, cut before a comment. An operator of several characters may end in + or -
   * only if it holds one of ~ ! @ # % ^ & | ` ? (manual, "Operators"): `a=-1` is = and -, `a@-1` is @-.
   */
  #operator(start: number): Kind {
    const text = this.text;
    const limit = this.limit;
    let end = start + 1;
    if (start < this.#signsStart || start >= this.#signsEnd) {
      let special = SPECIAL[text[start] as number] as number;
      while (end < limit) {
        const byte = text[end] as number;
        if (CHARACTERS[byte] !== Character.Operator) break;
        if (end + 1 < limit) {
          if (byte === MINUS && text[end + 1] === MINUS) break;
          if (byte === SLASH && text[end + 1] === STAR) break;
        }
        special |= SPECIAL[byte] as number;
        end++;
      }
      if (special === 0 && end - start > 1) end = this.#withoutSigns(start, end);
    }
    this.#hashOperator(start, end);
    return this.#finish(Kind.Operator, end);
  }

  #withoutSigns(start: number, end: number): number {
    let shorter = end;
    while (shorter - start > 1) {
      const byte = this.text[shorter - 1];
      if (byte !== PLUS && byte !== MINUS) break;
      shorter--;
    }
    this.#signsStart = shorter;
    this.#signsEnd = end;
    return shorter;
  }

  #hashOperator(start: number, end: number): void {
    const text = this.text;
    let a = OPERATOR_SEED_A;
    let b = OPERATOR_SEED_B;
    if (end - start === 2 && text[start] === BANG && text[start + 1] === EQUALS) {
      // PostgreSQL reads != as <>.
      a = Math.imul(Math.imul(a ^ LESS, MULTIPLIER_A) ^ GREATER, MULTIPLIER_A);
      b = Math.imul(Math.imul(b ^ LESS, MULTIPLIER_B) ^ GREATER, MULTIPLIER_B);
    } else {
      for (let position = start; position < end; position++) {
        const byte = text[position] as number;
        a = Math.imul(a ^ byte, MULTIPLIER_A);
        b = Math.imul(b ^ byte, MULTIPLIER_B);
      }
    }
    this.laneA = a;
    this.laneB = b;
  }

  #other(start: number, end: number): Kind {
    this.#hashOperator(start, end);
    return this.#finish(Kind.Other, end);
  }
}

function isDigit(byte: number, base: number): boolean {
  if (base === 16 && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66) return true;
  return byte >= ZERO && byte < ZERO + Math.min(base, 10);
}

/** Is it a space for the scanner: space, tab, newline, return, form feed or vertical tab? */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= TAB && byte <= RETURN);
}
