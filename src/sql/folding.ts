// Hot path: every token of every statement passes here. Bench: test/bench/fingerprint.bench.ts
/**
 * What a class of statements leaves out, in one place: the fingerprint and the normalised text are two readings of the
 * tokens that come out here, so they cannot disagree.
 *
 * - Literals are one token, Literal: strings, numbers with their sign, parameters ($1, ?), NULL, TRUE and FALSE as
 *   values, DEFAULT in a list or after an operator, with their casts ('1'::int, date '2020-01-01', CAST(1 AS int)).
 * - In parentheses and brackets a run of literals is one Literal, whatever its length; so are rows of literals
 *   (LiteralRow), and the rows of a VALUES list that have the same shape.
 * - Names that are made up anew each time (savepoints, cursors, prepared statements in PREPARE and DEALLOCATE),
 *   the value in SET name = value, and passwords written as words are Literals too.
 * - A semicolon at the end is dropped.
 *
 * Looking ahead means lexing again from a former position. Each place is read again a bounded number of times, so the
 * whole stays linear.
 */
import { Kind, Lexer } from './lexer.ts';
import { idOf, WordFlag, wordFlags, wordIdOf } from './words.ts';

const AS = idOf('as');
const BY = idOf('by');
const CAST = idOf('cast');
const DEFAULT = idOf('default');
const IDENTIFIED = idOf('identified');
const INTERVAL = idOf('interval');
const PASSWORD = idOf('password');
const REPLACE = idOf('replace');
const SET = idOf('set');
const TIME = idOf('time');
const TIMESTAMP = idOf('timestamp');
const TO = idOf('to');
const UESCAPE = idOf('uescape');
const VALUES = idOf('values');
const VARYING = idOf('varying');
const WITH = idOf('with');
const WITHOUT = idOf('without');
const ZONE = idOf('zone');

function ids(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map(idOf));
}
const VALUE_WORDS = ids('null true false');
const ACCOUNT_WORDS = ids('user role group');
const CREATE_ALTER = ids('create alter');
const NAMES_FOLLOW = ids('savepoint release rollback declare fetch move close prepare deallocate');
const NO_PASSWORD = ids('expire disable null');
const VARYING_WORDS = ids('character char nchar bit');
const FIELDS = ids('year month day hour minute second');
const DOUBLE = idOf('double');
const NATIONAL = idOf('national');
const NOT = idOf('not');
const PRECISION = idOf('precision');

/** What the next words of the statement mean beyond their text. */
const Mode = {
  Plain: 0,
  /** The next word that is not WordFlag.BeforeName is a made-up name. */
  Name: 1,
  /** After CREATE or ALTER: is it about an account? */
  Account: 2,
  /** In a statement about an account: PASSWORD may come. */
  Password: 3,
  /** The next word, if it is one, is a secret. */
  Secret: 4,
  /** After IDENTIFIED: BY, then a secret. */
  Identified: 5,
  /** After the new password: REPLACE and the old one may follow. */
  Replace: 6,
  /** In SET name: = or TO may come. */
  Setting: 7,
  /** All to the end of the statement is the value of a setting. */
  SettingValue: 8,
} as const;

const QUOTE = 0x27;
const LEFT_PAREN = 0x28;
const RIGHT_PAREN = 0x29;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const COLON = 0x3a;
const EQUALS = 0x3d;
const QUESTION = 0x3f;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;

/** How a token enters a hash: two lanes, each rotated, combined and multiplied; constants as in lexer.ts. */
const MIX_A = 0x1f83d9ab | 0;
const MIX_B = 0x5be0cd19 | 0;
/** Sets "order" apart from ORDER. */
const QUOTED_KEYWORD = 0x428a2f98 | 0;

export function mixA(hash: number, lane: number): number {
  return Math.imul(((hash << 13) | (hash >>> 19)) ^ lane, MIX_A);
}

export function mixB(hash: number, lane: number): number {
  return Math.imul(((hash << 17) | (hash >>> 15)) ^ lane, MIX_B);
}

/** The lanes of tokens that are the same wherever they stand. */
export const KIND_LANES = new Int32Array(32);
for (let kind = 0; kind < 32; kind++)
  KIND_LANES[kind] = Math.imul(kind + 1, 0x9e3779b9) ^ 0x243f6a88;

export class Folder {
  /** Its start, end and lanes are those of the current token when that is a word, an operator or Other. */
  readonly lexer = new Lexer();
  kind: Kind = Kind.End;
  /** Of the current token, when it is a Word. */
  wordId = 0;
  #mode: number = Mode.Plain;
  #depth = 0;
  #first = true;
  /** The VALUES list being read: the depth inside its rows (0 outside of one), and where the current row began. */
  #valuesDepth = 0;
  #rowStart = -1;
  /** The row whose shape is known, and its shape. */
  #shapedRow = -1;
  #shapeA = 0;
  #shapeB = 0;
  #scanning = false;

  reset(text: Uint8Array, start: number, end: number): void {
    this.lexer.reset(text, start, end);
    this.kind = Kind.End;
    this.wordId = 0;
    this.#mode = Mode.Plain;
    this.#depth = 0;
    this.#first = true;
    this.#valuesDepth = 0;
    this.#shapedRow = -1;
    this.#scanning = false;
  }

  /** Goes to the next token of the class; End after the last. */
  next(): Kind {
    if (this.#mode === Mode.SettingValue) return this.#settingValue();
    const kind = this.lexer.next();
    switch (kind) {
      case Kind.Word: {
        const id = wordIdOf(this.lexer.laneA, this.lexer.laneB);
        if (this.#mode !== Mode.Plain) return this.#wordInMode(id);
        if ((wordFlags(id) & WordFlag.Acts) !== 0) return this.#actingWord(id);
        return this.#word(id);
      }
      case Kind.QuotedWord:
        return this.#quotedWord();
      case Kind.Text:
      case Kind.Number:
      case Kind.Parameter:
        return this.#literal();
      case Kind.Operator:
        return this.#operator();
      case Kind.LeftParen:
        return this.#leftParen();
      case Kind.RightParen:
        return this.#rightParen();
      case Kind.LeftBracket:
        this.#depth++;
        return this.#emit(Kind.LeftBracket);
      case Kind.RightBracket:
        if (this.#depth > 0) this.#depth--;
        return this.#emit(Kind.RightBracket);
      case Kind.Semicolon:
        return this.#semicolon();
      default:
        return this.#emit(kind);
    }
  }

  #emit(kind: Kind): Kind {
    this.#first = false;
    this.kind = kind;
    return kind;
  }

  #word(id: number): Kind {
    this.#first = false;
    this.wordId = id;
    this.kind = Kind.Word;
    return Kind.Word;
  }

  /** The current token is a literal, or the last token of one. */
  #literal(): Kind {
    const listItem = this.#depth > 0 && this.#atListItem();
    if (this.#mode === Mode.Secret) this.#mode = Mode.Password;
    else if (this.#mode === Mode.Identified) this.#mode = Mode.Replace;
    this.#literalEnd();
    if (listItem) this.#foldRun();
    return this.#emit(Kind.Literal);
  }

  #atListItem(): boolean {
    const kind = this.kind;
    return kind === Kind.LeftParen || kind === Kind.LeftBracket || kind === Kind.Comma;
  }

  /** Would an operand stand here, after the token that was told last? */
  #atOperand(): boolean {
    if (this.#first) return true;
    switch (this.kind) {
      case Kind.Word:
        return (wordFlags(this.wordId) & WordFlag.BeforeOperand) !== 0;
      case Kind.LeftParen:
      case Kind.LeftBracket:
      case Kind.Comma:
      case Kind.Operator:
      case Kind.Other:
      case Kind.Semicolon:
        return true;
      default:
        return false;
    }
  }

  /** NULL, TRUE and FALSE are values where an operand stands, except in NOT NULL and IS NOT TRUE. */
  #atValue(): boolean {
    return this.#atOperand() && !(this.kind === Kind.Word && this.wordId === NOT);
  }

  // Words

  #actingWord(id: number): Kind {
    if (this.#first) return this.#firstWord(id);
    if (VALUE_WORDS.has(id)) return this.#atValue() ? this.#literal() : this.#word(id);
    if (id === DEFAULT) {
      const value = this.#atListItem() || this.kind === Kind.Operator;
      return value ? this.#literal() : this.#word(id);
    }
    if (id === IDENTIFIED) {
      const position = this.lexer.start;
      if (this.#passOver(BY)) this.#mode = Mode.Identified;
      this.#backTo(position);
    } else if (id === CAST) {
      const position = this.lexer.start;
      if (this.#castOfLiteral()) return this.#literal();
      this.#backTo(position);
    } else if ((wordFlags(id) & WordFlag.Type) !== 0) {
      const position = this.lexer.start;
      if (this.#typedText(id)) return this.#literal();
      this.#backTo(position);
    }
    return this.#word(id);
  }

  /** Makes the token at `position` the current one again. */
  #backTo(position: number): void {
    this.lexer.position = position;
    this.lexer.next();
  }

  #firstWord(id: number): Kind {
    if (NAMES_FOLLOW.has(id)) this.#mode = Mode.Name;
    else if (CREATE_ALTER.has(id)) this.#mode = Mode.Account;
    else if (id === SET) this.#mode = Mode.Setting;
    return this.#word(id);
  }

  #wordInMode(id: number): Kind {
    switch (this.#mode) {
      case Mode.Name:
        if ((wordFlags(id) & WordFlag.BeforeName) !== 0) return this.#word(id);
        this.#mode = Mode.Plain;
        return this.#literal();
      case Mode.Account:
        this.#mode = ACCOUNT_WORDS.has(id) ? Mode.Password : Mode.Plain;
        return this.#word(id);
      case Mode.Password:
        if (id === PASSWORD) this.#mode = Mode.Secret;
        else if (id === IDENTIFIED) this.#mode = Mode.Identified;
        return this.#word(id);
      case Mode.Secret:
        if (!NO_PASSWORD.has(id)) return this.#literal();
        this.#mode = Mode.Password;
        return this.#word(id);
      case Mode.Identified:
        return id === BY ? this.#word(id) : this.#literal();
      case Mode.Replace:
        this.#mode = id === REPLACE ? Mode.Identified : Mode.Plain;
        return this.#word(id);
      default:
        if (id === TO) this.#mode = Mode.SettingValue;
        return this.#word(id);
    }
  }

  #quotedWord(): Kind {
    const mode = this.#mode;
    if (mode === Mode.Secret || mode === Mode.Identified) return this.#literal();
    if (mode === Mode.Name) {
      this.#mode = Mode.Plain;
      return this.#literal();
    }
    const lexer = this.lexer;
    const id = wordIdOf(lexer.laneA, lexer.laneB);
    if ((wordFlags(id) & WordFlag.Reserved) !== 0) lexer.laneA ^= QUOTED_KEYWORD;
    return this.#emit(Kind.QuotedWord);
  }

  /** Folds the value of a setting; DEFAULT stays, because it is an act of its own. */
  #settingValue(): Kind {
    this.#mode = Mode.Plain;
    const lexer = this.lexer;
    if (lexer.peek() < 0 || lexer.peek() === SEMICOLON) return this.next();
    if (lexer.next() === Kind.Word && wordIdOf(lexer.laneA, lexer.laneB) === DEFAULT)
      return this.#word(DEFAULT);
    while (lexer.peek() >= 0 && lexer.peek() !== SEMICOLON) lexer.next();
    return this.#emit(Kind.Literal);
  }

  #semicolon(): Kind {
    const lexer = this.lexer;
    let following = lexer.peek();
    while (following === SEMICOLON) {
      lexer.next();
      following = lexer.peek();
    }
    if (following < 0) return this.#emit(Kind.End);
    this.#emit(Kind.Semicolon);
    this.#first = true;
    this.#mode = Mode.Plain;
    this.#depth = 0;
    this.#valuesDepth = 0;
    return Kind.Semicolon;
  }

  // Operators

  #operator(): Kind {
    const lexer = this.lexer;
    if (lexer.end - lexer.start === 1) {
      const byte = lexer.text[lexer.start];
      if (byte === MINUS || byte === PLUS) {
        if (this.#atOperand()) return this.#sign();
      } else if (byte === QUESTION) {
        if (this.#isParameter()) {
          if (this.#mode === Mode.Name) this.#mode = Mode.Plain;
          return this.#literal();
        }
      } else if (byte === EQUALS && this.#mode === Mode.Setting) {
        this.#mode = Mode.SettingValue;
      }
    }
    return this.#emit(Kind.Operator);
  }

  /** A sign before a number belongs to it; before anything else it is an operator. */
  #sign(): Kind {
    const position = this.lexer.start;
    if (this.lexer.next() === Kind.Number) return this.#literal();
    this.#backTo(position);
    return this.#emit(Kind.Operator);
  }

  /** Tells the placeholder ? from the operator ? of jsonb, which has operands on both sides. */
  #isParameter(): boolean {
    if (this.#atOperand() || this.#mode === Mode.Name) return true;
    if (this.kind === Kind.Word && (wordFlags(this.wordId) & WordFlag.BeforeParameter) !== 0)
      return true;
    const following = this.lexer.peek();
    return following === RIGHT_PAREN || following === COMMA || following < 0;
  }

  // Literals

  /** Passes over what belongs to the literal before it: UESCAPE, casts. */
  #literalEnd(): void {
    const lexer = this.lexer;
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
    const lexer = this.lexer;
    const position = lexer.position;
    if (this.#nextIs(UESCAPE) && lexer.next() === Kind.Text) return;
    lexer.position = position;
  }

  /** Goes to the next token and tells whether it is this word. */
  #nextIs(id: number): boolean {
    const lexer = this.lexer;
    return lexer.next() === Kind.Word && wordIdOf(lexer.laneA, lexer.laneB) === id;
  }

  /** The same, but stays where it was when it is another. */
  #passOver(id: number): boolean {
    const position = this.lexer.position;
    if (this.#nextIs(id)) return true;
    this.lexer.position = position;
    return false;
  }

  /** Passes over the literals that follow the one before, as far as they are whole items of the list. */
  #foldRun(): void {
    const lexer = this.lexer;
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
    const following = this.lexer.peek();
    return following === COMMA || following === RIGHT_PAREN || following === RIGHT_BRACKET;
  }

  /** Passes over one literal where an operand stands. When there is none, the position is undefined. */
  #literalItem(casts: boolean): boolean {
    const lexer = this.lexer;
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
        if (id === CAST && casts && this.#castOfLiteral()) break;
        if ((wordFlags(id) & WordFlag.Type) !== 0 && this.#typedText(id)) break;
        return false;
      }
      default:
        return false;
    }
    this.#literalEnd();
    return true;
  }

  /** After the word CAST: passes over (literal AS type). */
  #castOfLiteral(): boolean {
    const lexer = this.lexer;
    if (lexer.next() !== Kind.LeftParen || !this.#literalItem(false)) return false;
    return this.#nextIs(AS) && this.#typeName() && lexer.next() === Kind.RightParen;
  }

  /** After a word that names a type: passes over the string that it types. */
  #typedText(id: number): boolean {
    const lexer = this.lexer;
    let following = lexer.peek();
    if ((id === TIMESTAMP || id === TIME) && (following === 0x77 || following === 0x57)) {
      this.#timeZone();
      following = lexer.peek();
    }
    if (following !== QUOTE) return false;
    lexer.next();
    if (id === INTERVAL) this.#intervalFields();
    return true;
  }

  /** WITH TIME ZONE, WITHOUT TIME ZONE; stays where it was when that does not follow. */
  #timeZone(): void {
    const lexer = this.lexer;
    const position = lexer.position;
    const found = lexer.next() === Kind.Word ? wordIdOf(lexer.laneA, lexer.laneB) : 0;
    if ((found === WITH || found === WITHOUT) && this.#nextIs(TIME) && this.#nextIs(ZONE)) return;
    lexer.position = position;
  }

  /** DAY, DAY TO SECOND and so on after an interval. */
  #intervalFields(): void {
    if (!this.#passOverOneOf(FIELDS)) return;
    const position = this.lexer.position;
    if (this.#passOver(TO) && !this.#passOverOneOf(FIELDS)) this.lexer.position = position;
  }

  #passOverOneOf(words: ReadonlySet<number>): boolean {
    const lexer = this.lexer;
    const position = lexer.position;
    if (lexer.next() === Kind.Word && words.has(wordIdOf(lexer.laneA, lexer.laneB))) return true;
    lexer.position = position;
    return false;
  }

  /** Passes over the name of a type: int, numeric(10, 2), double precision, s.t[], timestamp with time zone. */
  #typeName(): boolean {
    const lexer = this.lexer;
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
      this.#passOver(VARYING);
    } else if (id === DOUBLE) this.#passOver(PRECISION);
    else if (VARYING_WORDS.has(id)) this.#passOver(VARYING);
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
    const lexer = this.lexer;
    lexer.next();
    for (;;) {
      const kind = lexer.next();
      if (kind === Kind.RightParen) return true;
      if (kind !== Kind.Number && kind !== Kind.Comma && kind !== Kind.Word && kind !== Kind.Text)
        return false;
    }
  }

  // Rows

  #leftParen(): Kind {
    const afterValues = this.kind === Kind.Word && this.wordId === VALUES;
    const opensList = this.kind === Kind.LeftParen || this.kind === Kind.LeftBracket;
    const depth = this.#depth + 1;
    if (afterValues && !this.#scanning && this.#valuesDepth === 0) this.#valuesDepth = depth;
    const isRow = depth === this.#valuesDepth && (afterValues || this.kind === Kind.Comma);
    const start = this.lexer.start;
    if ((isRow || afterValues || opensList) && this.#literalRows(opensList)) {
      if (isRow && this.lexer.peek() !== COMMA) this.#valuesDepth = 0;
      return this.#emit(Kind.LiteralRow);
    }
    if (isRow) this.#rowStart = start;
    this.#depth = depth;
    return this.#emit(Kind.LeftParen);
  }

  #rightParen(): Kind {
    if (this.#depth > 0) {
      if (this.#depth === this.#valuesDepth) this.#foldRows();
      this.#depth--;
    }
    return this.#emit(Kind.RightParen);
  }

  /**
   * After a left parenthesis: passes over (1, 'a'), (2, 'b') ..., as many rows of nothing but literals as follow.
   * Stays where it was when the first is not such a row (or is part of an expression, inside a list).
   */
  #literalRows(inList: boolean): boolean {
    const lexer = this.lexer;
    let position = lexer.position;
    const found = this.#literalRow() && (!inList || this.#atItemEnd());
    if (!found) {
      lexer.position = position;
      return false;
    }
    while (lexer.peek() === COMMA) {
      position = lexer.position;
      lexer.next();
      if (
        lexer.next() !== Kind.LeftParen ||
        !this.#literalRow() ||
        (inList && !this.#atItemEnd())
      ) {
        lexer.position = position;
        return true;
      }
    }
    return true;
  }

  #literalRow(): boolean {
    for (;;) {
      if (!this.#literalItem(true)) return false;
      const kind = this.lexer.next();
      if (kind === Kind.RightParen) return true;
      if (kind !== Kind.Comma) return false;
    }
  }

  /** At the end of a row of a VALUES list: passes over the rows after it that have its shape. */
  #foldRows(): void {
    const lexer = this.lexer;
    if (lexer.peek() !== COMMA) {
      this.#valuesDepth = 0;
      return;
    }
    let position = lexer.position;
    if (this.#shapedRow !== this.#rowStart) this.#shape(this.#rowStart);
    const a = this.#shapeA;
    const b = this.#shapeB;
    for (;;) {
      lexer.position = position;
      if (lexer.next() !== Kind.Comma) {
        this.#valuesDepth = 0;
        break;
      }
      if (lexer.peek() !== LEFT_PAREN || !this.#shape(lexer.position)) break;
      if (this.#shapeA !== a || this.#shapeB !== b) break;
      position = lexer.position;
    }
    lexer.position = position;
  }

  /** Computes the shape of the row that begins at `start`, and stops after it; false when it has no end. */
  #shape(start: number): boolean {
    const { kind, wordId } = this;
    const depth = this.#depth;
    const valuesDepth = this.#valuesDepth;
    this.lexer.position = start;
    this.kind = Kind.Comma;
    this.#depth = 0;
    this.#valuesDepth = 0;
    this.#scanning = true;
    let a = 0;
    let b = 0;
    let token: Kind;
    do {
      token = this.next();
      const ownLanes = token <= Kind.Other;
      a = mixA(a, ownLanes ? this.lexer.laneA : (KIND_LANES[token] as number));
      b = mixB(b, ownLanes ? this.lexer.laneB : (KIND_LANES[token] as number));
    } while (token !== Kind.End && token !== Kind.Semicolon && this.#depth > 0);
    this.kind = kind;
    this.wordId = wordId;
    this.#depth = depth;
    this.#valuesDepth = valuesDepth;
    this.#scanning = false;
    this.#first = false;
    this.#shapedRow = start;
    this.#shapeA = a;
    this.#shapeB = b;
    return token === Kind.RightParen;
  }
}
