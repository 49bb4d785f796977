/**
 * Prepared statements and cursors that SQL itself makes and uses: PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, MOVE,
 * CLOSE. They share their names with those of the extended protocol (manual: PREPARE, DECLARE, and Message Flow).
 */
import { Kind } from '../../../src/sql/kind.ts';
import { Lexer } from '../../../src/sql/lexer.ts';

/** What a statement does to the session's prepared statements and cursors. `name` undefined: to all of them. */
export interface SqlObject {
  readonly verb: 'prepare' | 'execute' | 'deallocate' | 'declare' | 'fetch' | 'close';
  readonly name: Buffer | undefined;
  /** Of PREPARE and DECLARE: the statement inside, text[innerStart, innerEnd). */
  readonly innerStart: number;
  readonly innerEnd: number;
  /** Of DECLARE: WITH HOLD, the cursor outlives its transaction. */
  readonly holds: boolean;
}

/** The server cuts names there (NAMEDATALEN - 1). */
const NAME_BYTES_MAX = 63;
/** Between the name and the query stand a few words, and the types of parameters. */
const TOKENS_MAX = 1000;

/** Whether statements of this command (as classes name them) concern prepared statements or cursors. */
export function concernsObjects(command: string): boolean {
  // Nearly every statement is told apart by its first letter.
  switch (command.charCodeAt(0)) {
    case 0x50: // P
      return command === 'PREPARE';
    case 0x45: // E
      return command === 'EXECUTE';
    case 0x44: // D
      return command === 'DECLARE' || command === 'DEALLOCATE';
    case 0x46: // F
      return command === 'FETCH';
    case 0x4d: // M
      return command === 'MOVE';
    case 0x43: // C
      return command === 'CLOSE';
    default:
      return false;
  }
}

/** Reads text[start, end), a statement for which concernsObjects is true; undefined when it is not written that way. */
export function sqlObjectOf(
  command: string,
  text: Uint8Array,
  start: number,
  end: number,
): SqlObject | undefined {
  const reader = new Reader(text, start, end);
  switch (command) {
    case 'PREPARE':
      return reader.definition('prepare', 'AS');
    case 'DECLARE':
      return reader.definition('declare', 'FOR');
    case 'EXECUTE':
      return reader.named('execute');
    case 'DEALLOCATE':
      return reader.named('deallocate');
    case 'CLOSE':
      return reader.named('close');
    default:
      return reader.fetch();
  }
}

class Reader {
  readonly #lexer = new Lexer();
  #kind: Kind = Kind.End;
  #word = '';

  constructor(text: Uint8Array, start: number, end: number) {
    this.#lexer.reset(text, start, end);
    while (this.#lexer.peek() === 0x3b) this.#lexer.next();
    this.#next(); // The command itself.
  }

  /** Goes to the next token; its word in upper case, '' when it is none. */
  #next(): string {
    this.#kind = this.#lexer.next();
    this.#word = this.#kind === Kind.Word ? this.#tokenText().toUpperCase() : '';
    return this.#word;
  }

  #tokenText(): string {
    const { text, start, end } = this.#lexer;
    return Buffer.from(
      text.buffer,
      text.byteOffset + start,
      Math.min(end, start + 4 * NAME_BYTES_MAX) - start,
    ).toString('utf8');
  }

  /** The current token as a name: folded to lower case unless quoted; undefined when it is none. */
  #name(): Buffer | undefined {
    let name: string;
    if (this.#kind === Kind.Word) name = asciiLower(this.#tokenText());
    else if (this.#kind === Kind.QuotedWord)
      name = this.#tokenText().slice(1, -1).replaceAll('""', '"');
    else return undefined;
    return Buffer.from(name).subarray(0, NAME_BYTES_MAX);
  }

  definition(verb: 'prepare' | 'declare', opening: string): SqlObject | undefined {
    this.#next();
    const name = this.#name();
    if (name === undefined) return undefined;
    let depth = 0;
    let holds = false;
    for (let tokens = 0; tokens < TOKENS_MAX; tokens++) {
      const word = this.#next();
      if (this.#kind === Kind.End) return undefined;
      if (this.#kind === Kind.LeftParen) depth++;
      else if (this.#kind === Kind.RightParen) depth--;
      else if (word === 'HOLD') holds = true;
      else if (word === 'WITHOUT') this.#next();
      if (depth > 0 || word !== opening) continue;
      this.#lexer.peek();
      const innerStart = this.#lexer.position;
      return { verb, name, innerStart, innerEnd: this.#endOfStatement(innerStart), holds };
    }
    return undefined;
  }

  named(verb: 'execute' | 'deallocate' | 'close'): SqlObject | undefined {
    let word = this.#next();
    if (verb === 'deallocate' && word === 'PREPARE' && this.#lexer.peek() >= 0) word = this.#next();
    const name = verb !== 'execute' && word === 'ALL' ? undefined : this.#name();
    if (name === undefined && word !== 'ALL') return undefined;
    return { verb, name, innerStart: 0, innerEnd: 0, holds: false };
  }

  /** The cursor is the last word: FETCH FORWARD 10 FROM name. */
  fetch(): SqlObject | undefined {
    let name: Buffer | undefined;
    for (let tokens = 0; tokens < 8; tokens++) {
      this.#next();
      if (this.#kind === Kind.End || this.#kind === Kind.Semicolon) break;
      name = this.#name();
    }
    if (name === undefined) return undefined;
    return { verb: 'fetch', name, innerStart: 0, innerEnd: 0, holds: false };
  }

  /** Without the semicolon and the space behind it. */
  #endOfStatement(from: number): number {
    const { text, limit } = this.#lexer;
    let end = limit;
    while (end > from && isEnding(text[end - 1] as number)) end--; // Inside the statement.
    return end;
  }
}

function isEnding(byte: number): boolean {
  return byte === 0x3b || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** The server folds ASCII letters only, in any encoding of several bytes. */
function asciiLower(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
