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
import { FOLDED } from './characters.ts';
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';
import { Literals } from './literals.ts';
import { idOf, idsOf, WordFlag, wordFlags, wordIdOf } from './words.ts';

const BY = idOf('by');
const CAST = idOf('cast');
const DEFAULT = idOf('default');
const IDENTIFIED = idOf('identified');
const PASSWORD = idOf('password');
const REPLACE = idOf('replace');
const SET = idOf('set');
const TO = idOf('to');
const VALUES = idOf('values');

const VALUE_WORDS = idsOf('null true false');
const ACCOUNT_WORDS = idsOf('user role group');
const CREATE_ALTER = idsOf('create alter');
const NAMES_FOLLOW = idsOf(
  'savepoint release rollback declare fetch move close prepare deallocate',
);
const NO_PASSWORD = idsOf('expire disable null');
const NOT = idOf('not');

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
  /** All to the end of the statement is one value: that of a setting, or a secret without a clear end. */
  SettingValue: 8,
} as const;

const LEFT_PAREN = 0x28;
const RIGHT_PAREN = 0x29;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUESTION = 0x3f;

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
  readonly #literals = new Literals(this.lexer);
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
    if (this.#mode === Mode.Secret || this.#mode === Mode.Identified) {
      if (this.#mayGoOn()) this.#mode = Mode.SettingValue;
      else this.#mode = this.#mode === Mode.Secret ? Mode.Password : Mode.Replace;
    }
    this.#literals.passEnd();
    if (listItem) this.#literals.passRun();
    return this.#emit(Kind.Literal);
  }

  /**
   * With standard_conforming_strings off, \' does not end a string, and a quote that was not doubled ends one too early.
   * Where a secret would go on, the rest of the statement is folded rather than shown.
   */
  #mayGoOn(): boolean {
    const { kind, text, start, end, limit } = this.lexer;
    if (kind !== Kind.Text) return false;
    if (end < limit && FOLDED[text[end] as number] !== 0) return true;
    return text[start] === QUOTE && text[end - 2] === BACKSLASH;
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
      if (this.#literals.passOver(BY)) this.#mode = Mode.Identified;
      this.#backTo(position);
    } else if (id === CAST) {
      const position = this.lexer.start;
      if (this.#literals.passCastOf()) return this.#literal();
      this.#backTo(position);
    } else if ((wordFlags(id) & WordFlag.Type) !== 0) {
      const position = this.lexer.start;
      if (this.#literals.passTyped(id)) return this.#literal();
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

  // Rows

  #leftParen(): Kind {
    const afterValues = this.kind === Kind.Word && this.wordId === VALUES;
    const opensList = this.kind === Kind.LeftParen || this.kind === Kind.LeftBracket;
    const depth = this.#depth + 1;
    if (afterValues && !this.#scanning && this.#valuesDepth === 0) this.#valuesDepth = depth;
    const isRow = depth === this.#valuesDepth && (afterValues || this.kind === Kind.Comma);
    const start = this.lexer.start;
    if ((isRow || afterValues || opensList) && this.#literals.passRows(opensList)) {
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
