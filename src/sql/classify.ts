/**
 * What a statement does, by its words alone: its command, its kind, and whether its text may hold a secret. Runs once a
 * class, so it works on strings. All three follow from what the class keeps (no literal is looked at), so every
 * statement of a class gets the same answer.
 */
import type { StatementKind } from '../events/statement-class.ts';
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

export interface Classification {
  /** First keyword in upper case; with the object for DDL: CREATE TABLE. '' for a text without any token. */
  readonly command: string;
  readonly kind: StatementKind;
  readonly mayHoldSecret: boolean;
}

/** How much of a statement is read for the answer: command and words that announce a secret come early. */
const TOKENS_MAX = 20_000;

/** PostgreSQL cuts names after 63 bytes; what is longer is no keyword and may be any number of megabytes. */
const WORD_SIZE_MAX = 128;

const decoder = new TextDecoder();

/** The text of the current token, cut. */
function shortText(lexer: Lexer): string {
  const end = Math.min(lexer.end, lexer.start + WORD_SIZE_MAX);
  return decoder.decode(lexer.text.subarray(lexer.start, end));
}

/** Classifies text[start, end). Never throws. */
export function classify(text: Uint8Array, start: number, end: number): Classification {
  const words = new Words(text, start, end);
  const first = words.next();
  if (first === '' && words.atEnd) return { command: '', kind: 'empty', mayHoldSecret: false };
  const { command, kind } = commandOf(first, words);
  return { command, kind, mayHoldSecret: mayHoldSecret(command, text, start, end) };
}

/** Reads the words of a statement: unquoted words in upper case, '' for every other token. */
class Words {
  readonly #lexer = new Lexer();
  /** The kind of the current token. */
  kind: Kind = Kind.End;

  constructor(text: Uint8Array, start: number, end: number) {
    this.#lexer.reset(text, start, end);
    // Semicolons before the statement and parentheses around a query say nothing.
    while (this.#lexer.peek() === 0x3b || this.#lexer.peek() === 0x28) this.#lexer.next();
  }

  get atEnd(): boolean {
    return this.kind === Kind.End;
  }

  next(): string {
    const lexer = this.#lexer;
    this.kind = lexer.next();
    if (this.kind !== Kind.Word) return '';
    return shortText(lexer).toUpperCase();
  }
}

interface Command {
  readonly command: string;
  readonly kind: StatementKind;
}

/** Commands of one word, or whose further words do not matter. */
const SIMPLE: Readonly<Record<string, StatementKind>> = {
  SELECT: 'select',
  VALUES: 'select',
  TABLE: 'select',
  INSERT: 'insert',
  UPDATE: 'update',
  DELETE: 'delete',
  MERGE: 'merge',
  COPY: 'copy',
  TRUNCATE: 'ddl',
  COMMENT: 'ddl',
  GRANT: 'dcl',
  REVOKE: 'dcl',
  COMMIT: 'transaction',
  END: 'transaction',
  ROLLBACK: 'transaction',
  ABORT: 'transaction',
  SAVEPOINT: 'transaction',
  RELEASE: 'transaction',
  SHOW: 'session',
  RESET: 'session',
  DISCARD: 'session',
  LISTEN: 'session',
  UNLISTEN: 'session',
  NOTIFY: 'session',
  DEALLOCATE: 'session',
  FETCH: 'select',
  MOVE: 'utility',
  CLOSE: 'utility',
  EXECUTE: 'other',
  CALL: 'other',
  DO: 'other',
  EXPLAIN: 'utility',
  VACUUM: 'utility',
  ANALYZE: 'utility',
  ANALYSE: 'utility',
  CLUSTER: 'utility',
  LOCK: 'utility',
  CHECKPOINT: 'utility',
  LOAD: 'utility',
};

function commandOf(first: string, words: Words): Command {
  const simple = SIMPLE[first];
  if (simple !== undefined) return { command: first, kind: simple };
  switch (first) {
    case 'WITH':
      return withCommand(words);
    case 'BEGIN':
      return {
        command: 'BEGIN',
        kind: beginsTransaction(words.next(), words) ? 'transaction' : 'other',
      };
    case 'START':
      return startCommand(words.next());
    case 'PREPARE':
      return words.next() === 'TRANSACTION'
        ? { command: 'PREPARE TRANSACTION', kind: 'transaction' }
        : { command: 'PREPARE', kind: 'session' };
    case 'SET':
      return setCommand(words);
    case 'DECLARE':
      return { command: 'DECLARE', kind: declaresCursor(words) ? 'select' : 'other' };
    case 'CREATE':
    case 'ALTER':
    case 'DROP':
      return objectCommand(first, words);
    case 'REFRESH':
    case 'REINDEX':
    case 'REASSIGN':
    case 'IMPORT':
    case 'SECURITY':
      return maintenanceCommand(first, words.next());
    default:
      return { command: first, kind: 'other' };
  }
}

/** BEGIN starts a transaction, or (Oracle's way, in KingbaseES and openGauss) an anonymous block. */
const AFTER_BEGIN = new Set(['WORK', 'TRANSACTION', 'ISOLATION', 'READ', 'NOT', 'DEFERRABLE']);

function beginsTransaction(second: string, words: Words): boolean {
  return AFTER_BEGIN.has(second) || words.atEnd || words.kind === Kind.Semicolon;
}

const CURSOR_WORDS = new Set(['BINARY', 'INSENSITIVE', 'ASENSITIVE', 'NO', 'SCROLL', 'CURSOR']);

/** DECLARE name CURSOR, as against DECLARE of an anonymous block. */
function declaresCursor(words: Words): boolean {
  words.next();
  return CURSOR_WORDS.has(words.next());
}

function startCommand(second: string): Command {
  if (second === 'TRANSACTION') return { command: 'START TRANSACTION', kind: 'transaction' };
  return { command: second === '' ? 'START' : `START ${second}`, kind: 'other' };
}

/** SET TRANSACTION speaks of a transaction, SET CONSTRAINTS and the rest of the session. */
function setCommand(words: Words): Command {
  const second = words.next();
  if (second === 'TRANSACTION') return { command: 'SET TRANSACTION', kind: 'transaction' };
  if (second === 'CONSTRAINTS') return { command: 'SET CONSTRAINTS', kind: 'transaction' };
  return { command: 'SET', kind: 'session' };
}

const MAINTENANCE_OBJECTS = new Set(['TABLE', 'INDEX', 'SCHEMA', 'DATABASE', 'SYSTEM', 'OWNED']);

function maintenanceCommand(first: string, second: string): Command {
  if (first === 'REFRESH' && second === 'MATERIALIZED')
    return { command: 'REFRESH MATERIALIZED VIEW', kind: 'ddl' };
  if (first === 'IMPORT') return { command: 'IMPORT FOREIGN SCHEMA', kind: 'ddl' };
  if (first === 'SECURITY') return { command: 'SECURITY LABEL', kind: 'ddl' };
  const command = MAINTENANCE_OBJECTS.has(second) ? `${first} ${second}` : first;
  return { command, kind: first === 'REASSIGN' ? 'ddl' : 'utility' };
}

/** Words between CREATE and the kind of object. */
const CREATE_NOISE = new Set([
  ...['OR', 'REPLACE', 'TEMP', 'TEMPORARY', 'LOCAL', 'GLOBAL', 'UNLOGGED', 'UNIQUE', 'RECURSIVE'],
  ...['TRUSTED', 'PROCEDURAL', 'CONSTRAINT', 'DEFAULT', 'BITMAP', 'EDITIONABLE', 'NONEDITIONABLE'],
]);

/** Objects named by several words, by the first of them. */
const LONG_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  MATERIALIZED: ['VIEW'],
  FOREIGN: ['TABLE', 'DATA WRAPPER'],
  EVENT: ['TRIGGER'],
  ACCESS: ['METHOD'],
  USER: ['MAPPING'],
  TEXT: ['SEARCH CONFIGURATION', 'SEARCH DICTIONARY', 'SEARCH PARSER', 'SEARCH TEMPLATE'],
  OPERATOR: ['CLASS', 'FAMILY'],
  LARGE: ['OBJECT'],
};

const DCL_OBJECTS = new Set([
  'ROLE',
  'USER',
  'GROUP',
  'DEFAULT PRIVILEGES',
  'POLICY',
  'USER MAPPING',
]);

function objectCommand(first: string, words: Words): Command {
  let word = words.next();
  let isDefault = false;
  while (CREATE_NOISE.has(word)) {
    isDefault = word === 'DEFAULT';
    word = words.next();
  }
  if (first === 'ALTER' && isDefault && word === 'PRIVILEGES')
    return { command: 'ALTER DEFAULT PRIVILEGES', kind: 'dcl' };
  const object = word === '' ? '' : longObject(word, words);
  const command = object === '' ? first : `${first} ${object}`;
  if (first === 'ALTER' && object === 'SYSTEM') return { command, kind: 'utility' };
  if (first === 'DROP' && object === 'OWNED') return { command, kind: 'ddl' };
  return { command, kind: DCL_OBJECTS.has(object) ? 'dcl' : 'ddl' };
}

function longObject(word: string, words: Words): string {
  const endings = LONG_OBJECTS[word];
  if (endings === undefined) return word;
  const second = words.next();
  const simple = endings.find((ending) => ending === second);
  if (simple !== undefined) return `${word} ${simple}`;
  const third = words.next();
  const both = endings.find((ending) => ending === `${second} ${third}`);
  return both === undefined ? word : `${word} ${both}`;
}

const MAIN_VERBS: Readonly<Record<string, StatementKind>> = {
  SELECT: 'select',
  VALUES: 'select',
  TABLE: 'select',
  INSERT: 'insert',
  UPDATE: 'update',
  DELETE: 'delete',
  MERGE: 'merge',
};

/** WITH name AS (...), ... verb: the first verb outside of all parentheses says what the statement does. */
function withCommand(words: Words): Command {
  let depth = 0;
  for (let tokens = 0; tokens < TOKENS_MAX; tokens++) {
    const word = words.next();
    if (words.atEnd) break;
    if (words.kind === Kind.LeftParen) depth++;
    else if (words.kind === Kind.RightParen) depth--;
    else if (depth === 0) {
      const kind = MAIN_VERBS[word];
      if (kind !== undefined) return { command: word, kind };
    }
  }
  return { command: 'WITH', kind: 'select' };
}

/** Objects whose definition holds passwords or connection strings, or whose body may do anything. */
const SECRET_COMMANDS =
  /^(?:(?:CREATE|ALTER) (?:USER|ROLE|GROUP|USER MAPPING|SERVER|FOREIGN DATA WRAPPER|SUBSCRIPTION|FUNCTION|PROCEDURE|DATABASE|SYSTEM|PACKAGE)|DO|DECLARE|EXECUTE|CALL)$/;

/** Words in the name of anything that takes or holds a secret. */
const SECRET_WORDS =
  /PASSWORD|PASSWD|PASSPHRASE|PASSCODE|PWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|IDENTIFIED|DBLINK|CONNECTION|CONNECT$|CONNINFO|CONN_?STR|CONNECTION_?STRING|DSN|^"?CRYPT"?$|PGP_|(?:EN|DE)CRYPT|^"?(?:HMAC|DIGEST|(?:DE)?ARMOR)"?$|ENCRYPTED_VALUE|SET_CONFIG|^PROGRAM$/i;

/**
 * Can a statement of this shape hold a secret in a literal? Generous: a false yes costs a look at the text, a false no
 * a password on disk.
 */
function mayHoldSecret(command: string, text: Uint8Array, start: number, end: number): boolean {
  if (SECRET_COMMANDS.test(command)) return true;
  const lexer = new Lexer();
  lexer.reset(text, start, end);
  for (let tokens = 0; tokens < TOKENS_MAX; tokens++) {
    const kind = lexer.next();
    if (kind === Kind.End) return false;
    if (kind !== Kind.Word && kind !== Kind.QuotedWord) continue;
    if (SECRET_WORDS.test(shortText(lexer))) return true;
  }
  return true;
}
