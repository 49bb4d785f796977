// Hot path. Bench: test/bench/fingerprint.bench.ts
/**
 * Passes over literals: what of a statement is one literal, one list of literals, one row of them. A "pass" method moves
 * the lexer; it tells whether it found what it looks for, and leaves the lexer where it was, or, where so said, anywhere.
 */
import { Kind } from './kind.ts';
import type { Lexer } from './lexer.ts';
import { idOf, idsOf, WordFlag, wordFlags, wordIdOf } from './words.ts';

const AS = idOf('as');
const CAST = idOf('cast');
const DEFAULT = idOf('default');
const INTERVAL = idOf('interval');
const TIME = idOf('time');
const TIMESTAMP = idOf('timestamp');
const TO = idOf('to');
const UESCAPE = idOf('uescape');
const VARYING = idOf('varying');
const WITH = idOf('with');
const WITHOUT = idOf('without');
const ZONE = idOf('zone');
const DOUBLE = idOf('double');
const NATIONAL = idOf('national');
const PRECISION = idOf('precision');
const VALUE_WORDS = idsOf('null true false');
const VARYING_WORDS = idsOf('character char nchar bit');
const FIELDS = idsOf('year month day hour minute second');

/** First bytes of strings: quote, dollar sign, and the letters b e n u x. */
const MAY_BEGIN_TEXT = new Set(Array.from("'$benuxBENUX", (character) => character.charCodeAt(0)));
const LEFT_PAREN = 0x28;
const RIGHT_PAREN = 0x29;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;
const QUESTION = 0x3f;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;

export class Literals {
  readonly #lexer: Lexer;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
  }

  /** Passes over what belongs to the literal before it: UESCAPE, casts. */
  passEnd(): void {
    const lexer = this.#lexer;
    if (lexer.kind === Kind.Text && ((lexer.text[lexer.start] as number) | 0x20) === 0x75)
      this.#uescape();
    while (lexer.peek() === COLON) {
      const position = lexer.position;
      if (lexer.next() !== Kind.Cast || !this.#typeName()) {
        lexer.position = position;
        return;
      }
    }
  }

  #uescape(): void {
    const lexer = this.#lexer;
    const position = lexer.position;
    if (this.#nextIs(UESCAPE) && lexer.next() === Kind.Text) return;
    lexer.position = position;
  }

  /** Goes to the next token and tells whether it is this word. */
  #nextIs(id: number): boolean {
    const lexer = this.#lexer;
    return lexer.next() === Kind.Word && wordIdOf(lexer.laneA, lexer.laneB) === id;
  }

  /** The same, but stays where it was when it is another. */
  passOver(id: number): boolean {
    const position = this.#lexer.position;
    if (this.#nextIs(id)) return true;
    this.#lexer.position = position;
    return false;
  }

  /** Passes over the literals that follow the one before, as far as they are whole items of the list. */
  passRun(): void {
    const lexer = this.#lexer;
    while (lexer.peek() === COMMA) {
      const position = lexer.position;
      lexer.next();
      if (!this.#literalItem(true) || !this.#atItemEnd()) {
        lexer.position = position;
        return;
      }
    }
  }

  #atItemEnd(): boolean {
    const following = this.#lexer.peek();
    return following === COMMA || following === RIGHT_PAREN || following === RIGHT_BRACKET;
  }

  /** Passes over one literal where an operand stands. When there is none, the position is undefined. */
  #literalItem(casts: boolean): boolean {
    const lexer = this.#lexer;
    switch (lexer.next()) {
      case Kind.Text:
      case Kind.Number:
      case Kind.Parameter:
        break;
      case Kind.Operator: {
        if (lexer.end - lexer.start !== 1) return false;
        const byte = lexer.text[lexer.start];
        if (byte === QUESTION) break;
        if ((byte !== MINUS && byte !== PLUS) || lexer.next() !== Kind.Number) return false;
        break;
      }
      case Kind.Word: {
        const id = wordIdOf(lexer.laneA, lexer.laneB);
        if (VALUE_WORDS.has(id) || id === DEFAULT) break;
        if (id === CAST && casts && this.passCastOf()) break;
        if ((wordFlags(id) & WordFlag.Type) !== 0 && this.passTyped(id)) break;
        return false;
      }
      default:
        return false;
    }
    this.passEnd();
    return true;
  }

  /** After the word CAST: passes over (literal AS type). */
  passCastOf(): boolean {
    const lexer = this.#lexer;
    if (lexer.next() !== Kind.LeftParen || !this.#literalItem(false)) return false;
    return this.#nextIs(AS) && this.#typeName() && lexer.next() === Kind.RightParen;
  }

  /** After a word that names a type: passes over the string that it types. */
  passTyped(id: number): boolean {
    const lexer = this.#lexer;
    let following = lexer.peek();
    if ((id === TIMESTAMP || id === TIME) && (following === 0x77 || following === 0x57)) {
      this.#timeZone();
      following = lexer.peek();
    }
    if (!MAY_BEGIN_TEXT.has(following) || lexer.next() !== Kind.Text) return false;
    if (id === INTERVAL) this.#intervalFields();
    return true;
  }

  /** WITH TIME ZONE, WITHOUT TIME ZONE; stays where it was when that does not follow. */
  #timeZone(): void {
    const lexer = this.#lexer;
    const position = lexer.position;
    const found = lexer.next() === Kind.Word ? wordIdOf(lexer.laneA, lexer.laneB) : 0;
    if ((found === WITH || found === WITHOUT) && this.#nextIs(TIME) && this.#nextIs(ZONE)) return;
    lexer.position = position;
  }

  /** DAY, DAY TO SECOND and so on after an interval. */
  #intervalFields(): void {
    if (!this.#passOverOneOf(FIELDS)) return;
    const position = this.#lexer.position;
    if (this.passOver(TO) && !this.#passOverOneOf(FIELDS)) this.#lexer.position = position;
  }

  #passOverOneOf(words: ReadonlySet<number>): boolean {
    const lexer = this.#lexer;
    const position = lexer.position;
    if (lexer.next() === Kind.Word && words.has(wordIdOf(lexer.laneA, lexer.laneB))) return true;
    lexer.position = position;
    return false;
  }

  /** Passes over the name of a type: int, numeric(10, 2), double precision, s.t[], timestamp with time zone. */
  #typeName(): boolean {
    const lexer = this.#lexer;
    const kind = lexer.next();
    if (kind !== Kind.Word && kind !== Kind.QuotedWord) return false;
    let id = kind === Kind.Word ? wordIdOf(lexer.laneA, lexer.laneB) : 0;
    while (lexer.peek() === DOT) {
      lexer.next();
      const part = lexer.next();
      if (part !== Kind.Word && part !== Kind.QuotedWord) return false;
      id = 0;
    }
    if (id === NATIONAL) {
      if (!this.#passOverOneOf(VARYING_WORDS)) return true;
      this.passOver(VARYING);
    } else if (id === DOUBLE) this.passOver(PRECISION);
    else if (VARYING_WORDS.has(id)) this.passOver(VARYING);
    else if (id === INTERVAL) this.#intervalFields();
    if (lexer.peek() === LEFT_PAREN && !this.#typeModifier()) return false;
    if (id === TIMESTAMP || id === TIME) this.#timeZone();
    while (lexer.peek() === LEFT_BRACKET) {
      const position = lexer.position;
      lexer.next();
      if (lexer.peek() !== RIGHT_BRACKET && lexer.next() !== Kind.Number) {
        lexer.position = position;
        return true;
      }
      if (lexer.next() !== Kind.RightBracket) {
        lexer.position = position;
        return true;
      }
    }
    return true;
  }

  /** (10, 2) or (geometry, 4326) after the name of a type. */
  #typeModifier(): boolean {
    const lexer = this.#lexer;
    lexer.next();
    for (;;) {
      const kind = lexer.next();
      if (kind === Kind.RightParen) return true;
      if (kind !== Kind.Number && kind !== Kind.Comma && kind !== Kind.Word && kind !== Kind.Text)
        return false;
    }
  }

  /**
   * After a left parenthesis: passes over (1, 'a'), (2, 'b') ..., as many rows of nothing but literals as follow. Stays
   * where it was when the first is not such a row. In a list, a row after the first must be a whole item of it.
   */
  passRows(inList: boolean): boolean {
    const lexer = this.#lexer;
    let position = lexer.position;
    if (!this.#literalRow()) {
      lexer.position = position;
      return false;
    }
    while (lexer.peek() === COMMA) {
      position = lexer.position;
      lexer.next();
      const isRow = lexer.next() === Kind.LeftParen && this.#literalRow();
      if (!isRow || (inList && !this.#atItemEnd())) {
        lexer.position = position;
        return true;
      }
    }
    return true;
  }

  #literalRow(): boolean {
    for (;;) {
      if (!this.#literalItem(true)) return false;
      const kind = this.#lexer.next();
      if (kind === Kind.RightParen) return true;
      if (kind !== Kind.Comma) return false;
    }
  }
}
