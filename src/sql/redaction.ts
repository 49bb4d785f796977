/**
 * Masks passwords and keys in the text of a statement, before the text is printed or stored. Called only for classes
 * with mayHoldSecret, so it may take its time. What is masked:
 *
 * - the literal (or word) after PASSWORD and after IDENTIFIED BY, the old one after REPLACE, and all literals but dates of
 *   CREATE and ALTER USER, ROLE, GROUP;
 * - literals given to, compared with or named as anything whose name speaks of a secret (password = 'x'), in the lists of
 *   an INSERT by the position of its column;
 * - literals given to the functions of pgcrypto, and to those of openGauss and KingbaseES that encrypt;
 * - inside any string: password=... of a connection string (and what it is joined with or formatted from), user:password@ of
 *   a URL, "password": "..." of JSON, and PASSWORD '...' of SQL in SQL; dollar-quoted bodies are masked as SQL.
 */
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';

const MASK = "'***'";
const INNER_MASK = '***';
/** SQL in SQL in SQL is deep enough. */
const DEPTH_MAX = 3;

const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|PASSCODE|PWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|ENCRYPTED_VALUE/i;
const CIPHER_FUNCTION = /^"?(?:CRYPT|HMAC|DIGEST|(?:DE)?ARMOR|PGP_\w+|\w*(?:EN|DE)CRYPT\w*)"?$/i;
/** A string that another one, or a parameter, goes on from with the secret: 'password=' || 'x'. */
const OPEN_SECRET =
  /(?:password|passwd|passphrase|pwd|secret|token)\w{0,64}\s{0,8}[=:]\s{0,8}['"]{0,2}'$/i;
/** A format that is given the secret: format('password=%s', 'x'). */
const FORMATTED_SECRET =
  /(?:password|passwd|passphrase|pwd|secret|token)\w{0,64}\s{0,8}[=:]\s{0,8}['"]{0,2}%/i;
/** A dollar-quoted connection string. */
const CONNECTION_STRING = /^\s{0,64}\w{1,64}\s{0,8}=/;
/** Words between a secret's name and its value. */
const CONNECTORS = new Set(['TO', 'IS', 'LIKE', 'ILIKE', 'NOT', 'FOR', 'BY', 'VALUES', 'AS', 'IN']);
const ACCOUNT = new Set(['USER', 'ROLE', 'GROUP']);
const NO_PASSWORD = new Set(['EXPIRE', 'DISABLE', 'NULL']);

/**
 * The value that follows the name of a secret inside a string; quotes are doubled or escaped there. Repetitions are
 * bounded, so that no text makes these patterns try again and again.
 */
const INNER_SECRETS = [
  /(?:password|passwd|passphrase|pwd|secret|token|api_?key|private_?key|access_?key|credential)\w{0,64}["'\\]{0,2}\s{0,8}(?:=>|:=|=|:|\bto\b|\bis\b)?\s{0,8}(''''(?:[^']|'(?!'''))*(?:''''|$)|''(?:[^']|'(?!'))*(?:''|$)|\\'(?:[^\\']|\\(?!'))*(?:\\'|$)|"[^"]*(?:"|$))/gi,
  // As libpq reads it: up to a space, a backslash takes the next character along, quotes may stand inside.
  /(?:password|passwd|passphrase|pwd|secret|token|api_?key|private_?key|access_?key|credential)\w{0,64}\s{0,8}(?:=>|=|:(?!:))\s{0,8}((?:\\[^'"]|''(?=\w)|"(?=\w)|[^\s'"\\])+)/gi,
  /identified\s{1,8}by\s{1,8}(''(?:[^']|'(?!'))*(?:''|$)|"[^"]*(?:"|$)|[^\s'";]+)/gi,
  /:\/\/[^\s:/@'"]*:([^\s/'"]*)@/g,
];

/** Each of INNER_SECRETS needs one of these. */
const MAY_HOLD_SECRET = /pass|pwd|secret|token|key|credential|identified|:\/\//i;

/** The text[start, end) with its secrets replaced by '***'; the text itself when it has none. Never throws. */
export function maskSecrets(text: Uint8Array, start: number, end: number): Uint8Array {
  const source = Buffer.from(text.buffer, text.byteOffset, text.byteLength).subarray(start, end);
  // One character a byte, so that positions in the string are positions in the bytes.
  const masked = maskText(source.toString('latin1'), DEPTH_MAX, []);
  return masked === undefined ? source : Buffer.from(masked, 'latin1');
}

/** Literals that are secret whatever they stand for. */
export type AlsoSecret = 'none' | 'texts' | 'all';

/** What a statement keeps secret, for what else speaks of it: its parameters and the server's messages. */
export interface Secrets {
  /** The text with its secrets replaced. */
  readonly text: Uint8Array;
  /** What was replaced, as it stood there. */
  readonly values: readonly string[];
  /** Numbers of the parameters ($1 is 1) that are given to something secret. */
  readonly parameters: ReadonlySet<number>;
}

/**
 * All that is secret in text[start, end). Never throws.
 * @param also which literals are secret beside these: `all` of them are the arguments of a prepared statement that takes
 * one, `texts` those of a statement that nobody knows
 */
export function findSecrets(
  text: Uint8Array,
  start: number,
  end: number,
  also: AlsoSecret,
): Secrets {
  const source = Buffer.from(text.buffer, text.byteOffset, text.byteLength).subarray(start, end);
  const masker = new Masker(source.toString('latin1'), DEPTH_MAX, also);
  const masked = masker.run();
  return {
    text: masked === undefined ? source : Buffer.from(masked, 'latin1'),
    values: masker.secrets.map((value) => Buffer.from(value, 'latin1').toString('utf8')),
    parameters: masker.secretParameters,
  };
}

/** A value with the passwords of connection strings, URLs and JSON in it replaced. */
export function maskValue(value: string): string {
  return maskedInside(value, []) ?? value;
}

/** What servers put around the words of a statement that they quote, in any of their languages. */
const QUOTED = /["«»„“]([^"«»„“”]*)["«»“”]|'([^']*)'/g;

/** A server's message about a statement with these secrets: words that it quotes of them are replaced. */
export function maskMessage(message: string, secrets: readonly string[]): string {
  let masked = maskValue(message).replace(
    QUOTED,
    (match: string, double?: string, single?: string) => {
      const word = double ?? single ?? '';
      const told = secrets.some((secret) => word !== '' && secret.includes(word));
      return told ? match.slice(0, 1) + INNER_MASK + match.slice(-1) : match;
    },
  );
  for (const secret of secrets) {
    const bare = unquoted(secret);
    if (bare.length >= BARE_SIZE_MIN) masked = masked.replaceAll(bare, INNER_MASK);
  }
  return masked;
}

/** A message about a statement whose text is not known: nobody can say whether a word that it quotes is a secret. */
export function maskQuoted(message: string): string {
  return maskValue(message).replace(
    QUOTED,
    (match: string) => match.slice(0, 1) + INNER_MASK + match.slice(-1),
  );
}

/** Shorter values stand in every message by accident. */
const BARE_SIZE_MIN = 4;

function unquoted(secret: string): string {
  return secret.replace(/^[eEnNbBxX]?'|^"|['"]$/g, '');
}

/** undefined: nothing to mask. */
function maskText(sql: string, depth: number, secrets: string[]): string | undefined {
  const masker = new Masker(sql, depth, 'none');
  const masked = masker.run();
  secrets.push(...masker.secrets);
  return masked;
}

interface Value {
  readonly start: number;
  readonly end: number;
  readonly isParameter: boolean;
}

class Masker {
  readonly secrets: string[] = [];
  readonly secretParameters = new Set<number>();
  readonly #also: AlsoSecret;
  readonly #sql: string;
  readonly #depth: number;
  readonly #lexer = new Lexer();
  #masked = '';
  #copied = 0;
  /** Nesting of parentheses. */
  #parens = 0;
  #first = '';
  /** CREATE USER, ALTER ROLE ... */
  #isAccount = false;
  #previous = '';
  /** The previous token, and the one before it, where they are values. */
  #value: Value | undefined = undefined;
  #valueBefore: Value | undefined = undefined;
  /** A secret's name was read at this nesting: literals that follow are its value. -1: none was. */
  #armedParens = -1;
  /** A secret's name stands in a list at this nesting. -1: in none. */
  #namedParens = -1;
  /** The same for the arguments of a function that encrypts. */
  #cipherParens = -1;
  /** The next word or string is a password. */
  #wordIsSecret = false;
  readonly #columns = new InsertColumns();

  constructor(sql: string, depth: number, also: AlsoSecret) {
    this.#sql = sql;
    this.#depth = depth;
    this.#also = also;
    const bytes = Buffer.from(sql, 'latin1');
    this.#lexer.reset(bytes, 0, bytes.length);
  }

  run(): string | undefined {
    for (;;) {
      const kind = this.#lexer.next();
      if (kind === Kind.End) break;
      this.#token(kind);
    }
    if (this.#copied === 0) return undefined;
    return this.#masked + this.#sql.slice(this.#copied);
  }

  #token(kind: Kind): void {
    const word = kind === Kind.Word ? this.#tokenText().toUpperCase() : '';
    if (this.#first === '') this.#first = word === '' ? ' ' : word;
    this.#columns.token(kind, kind === Kind.QuotedWord ? this.#tokenText() : word, this.#first);
    switch (kind) {
      case Kind.Word:
        this.#word(word);
        break;
      case Kind.QuotedWord:
        if (this.#wordIsSecret) this.#mask();
        else if (SECRET_NAME.test(this.#tokenText())) this.#arm();
        else if (CIPHER_FUNCTION.test(this.#tokenText()) && this.#lexer.peek() === 0x28)
          this.#cipherParens = this.#parens;
        else if (this.#armedParens >= 0 && this.#previous === '=') this.#armedParens = -1;
        this.#wordIsSecret = false;
        break;
      case Kind.Text:
        this.#string();
        break;
      case Kind.Number:
        if (this.#also === 'all' || this.#armedParens >= 0 || this.#columns.isSecret) this.#mask();
        break;
      case Kind.Parameter:
        if (this.#also !== 'none' || this.#takesSecret())
          this.secretParameters.add(Number(this.#tokenText().slice(1)));
        this.#wordIsSecret = false;
        break;
      case Kind.LeftParen:
        this.#parens++;
        break;
      case Kind.RightParen:
        this.#parens--;
        if (this.#parens < this.#armedParens) this.#armedParens = -1;
        // (name, password) = ('a', 'x'): which of them is it? All are masked.
        if (this.#parens < this.#namedParens) {
          this.#namedParens = -1;
          if (this.#lexer.peek() === 0x3d) this.#armedParens = this.#parens;
        }
        if (this.#parens <= this.#cipherParens) this.#cipherParens = -1;
        break;
      case Kind.Comma:
        if (this.#parens <= this.#armedParens) this.#armedParens = -1;
        break;
      case Kind.Semicolon:
        this.#armedParens = -1;
        this.#namedParens = -1;
        this.#wordIsSecret = false;
        this.#first = '';
        this.#isAccount = false;
        break;
      default:
    }
    this.#valueBefore = this.#value;
    const isParameter = kind === Kind.Parameter;
    const isValue = isParameter || kind === Kind.Text || kind === Kind.Number;
    const { start, end } = this.#lexer;
    this.#value = isValue ? { start, end, isParameter } : undefined;
    if (this.#copied === this.#lexer.end) this.#previous = MASK;
    else this.#previous = word === '' ? this.#tokenText().slice(0, 1) : word;
  }

  #word(word: string): void {
    if (
      this.#wordIsSecret &&
      word !== 'BY' &&
      word !== 'PASSWORD' &&
      !NO_PASSWORD.has(word) &&
      word !== 'VALUES'
    ) {
      this.#wordIsSecret = false;
      this.#mask();
      return;
    }
    const account = this.#first === 'CREATE' || this.#first === 'ALTER';
    if (account && this.#previous === this.#first) this.#isAccount = ACCOUNT.has(word);
    // SET in_a_setting = 'x', MAPPING FOR a OPTIONS (...): values of many kinds.
    else if (word === 'SET' || word === 'MAPPING') this.#isAccount = false;
    if (word === 'IDENTIFIED' || (account && this.#followsPassword(word))) {
      this.#wordIsSecret = true;
      return;
    }
    if (SECRET_NAME.test(word)) {
      this.#arm();
      // SET PASSWORD FOR 'user' = 'x', ALTER ROLE x PASSWORD y: the words of other systems are secrets as well.
      this.#wordIsSecret = account && word === 'PASSWORD';
    } else if (CIPHER_FUNCTION.test(word) && this.#lexer.peek() === 0x28) {
      this.#cipherParens = this.#parens;
    } else if (this.#armedParens >= 0 && this.#parens <= this.#armedParens) {
      if (!CONNECTORS.has(word) && this.#lexer.peek() !== 0x28) this.#armedParens = -1;
    }
  }

  /** The name of a secret was read. */
  #arm(): void {
    if (this.#previous === '=' || this.#previous === 'AS') this.#maskBefore();
    this.#armedParens = this.#parens;
    if (this.#parens > 0) this.#namedParens = this.#parens;
  }

  /** 'x' = password, 'x' AS password: the value stood before the name. */
  #maskBefore(): void {
    const value = this.#valueBefore;
    if (value === undefined || value.start < this.#copied) return;
    const text = this.#sql.slice(value.start, value.end);
    if (value.isParameter) {
      this.secretParameters.add(Number(text.slice(1)));
      return;
    }
    this.secrets.push(text);
    this.#masked += this.#sql.slice(this.#copied, value.start) + MASK;
    this.#copied = value.end;
  }

  /** The old password after the new one: IDENTIFIED BY 'new' REPLACE 'old'. */
  #followsPassword(word: string): boolean {
    return word === 'REPLACE' && this.#copied > 0 && this.#previous === MASK;
  }

  #string(): void {
    const text = this.#tokenText();
    const secret = this.#also !== 'none' || this.#takesSecret() || this.#inAccount();
    this.#wordIsSecret = false;
    if (secret) {
      this.#mask();
      // With standard_conforming_strings off, \' does not end a string; and a quote that was not doubled ends one too
      // early: what follows may be the rest of the secret.
      const broken = /[\w$\x80-\xff]/.test(this.#sql.charAt(this.#lexer.end));
      if (broken || (text.endsWith("\\'") && !/^e/i.test(text))) this.#maskRest();
      return;
    }
    const inner = text.startsWith('$')
      ? maskedBody(text, this.#depth, this.secrets)
      : maskedInside(text, this.secrets);
    if (inner !== undefined) this.#replace(inner);
    if (OPEN_SECRET.test(text)) this.#armedParens = this.#parens;
    else if (FORMATTED_SECRET.test(text)) this.#cipherParens = Math.max(0, this.#parens - 1);
    // set_config('app.password', 'x', ...): the name of the secret is itself a string.
    if (/^'[\w.]+'$/.test(text) && SECRET_NAME.test(text) && this.#lexer.peek() === 0x2c) {
      this.#lexer.next();
      this.#armedParens = this.#parens;
    }
  }

  /** CREATE and ALTER USER: with a keyword misspelt, a password still stands behind it. Dates are none. */
  #inAccount(): boolean {
    return this.#isAccount && this.#previous !== 'UNTIL' && this.#previous !== 'BEGIN';
  }

  /** A value that stands here is a secret. */
  #takesSecret(): boolean {
    return (
      this.#wordIsSecret ||
      this.#armedParens >= 0 ||
      this.#cipherParens >= 0 ||
      this.#columns.isSecret
    );
  }

  #tokenText(): string {
    return this.#sql.slice(this.#lexer.start, this.#lexer.end);
  }

  #mask(): void {
    this.secrets.push(this.#tokenText());
    this.#replace(MASK);
  }

  #replace(replacement: string): void {
    this.#masked += this.#sql.slice(this.#copied, this.#lexer.start) + replacement;
    this.#copied = this.#lexer.end;
  }

  #maskRest(): void {
    this.secrets.push(this.#sql.slice(this.#copied));
    this.#copied = this.#sql.length;
    this.#lexer.position = this.#sql.length;
  }
}

/** A dollar-quoted body, masked as SQL; undefined when there is nothing to mask. */
function maskedBody(text: string, depth: number, secrets: string[]): string | undefined {
  const tag = text.slice(0, text.indexOf('$', 1) + 1);
  const closed = text.length >= 2 * tag.length && text.endsWith(tag);
  const body = text.slice(tag.length, closed ? text.length - tag.length : text.length);
  const asSql = depth > 0 ? maskText(body, depth - 1, secrets) : undefined;
  const asValue = depth === 0 || CONNECTION_STRING.test(body);
  const masked = asValue ? (maskedInside(asSql ?? body, secrets) ?? asSql) : asSql;
  return masked === undefined ? undefined : tag + masked + (closed ? tag : '');
}

/** The string with the values in it masked; undefined when there are none. They are added to `secrets`. */
function maskedInside(text: string, secrets: string[]): string | undefined {
  if (!MAY_HOLD_SECRET.test(text)) return undefined;
  let masked = text;
  for (const pattern of INNER_SECRETS) {
    masked = masked.replace(pattern, (match: string, value: string) => {
      secrets.push(value);
      const at = match.lastIndexOf(value);
      const quote = /^(?:''''|''|\\'|")/.exec(value)?.[0] ?? '';
      return match.slice(0, at) + quote + INNER_MASK + quote + match.slice(at + value.length);
    });
  }
  return masked === text ? undefined : masked;
}

/** Follows INSERT INTO t (columns) VALUES (values) and knows whether the current value goes to a column of secrets. */
class InsertColumns {
  /** Where we are: before the columns, in them, after them, in a row of values. */
  #place: 'before' | 'columns' | 'after' | 'row' = 'before';
  #parens = 0;
  #column = 0;
  /** INSERT was read: what stood before it, such as a WITH, has lists of its own. */
  #inserts = false;
  readonly #secret = new Set<number>();

  get isSecret(): boolean {
    return this.#place === 'row' && this.#secret.has(this.#column);
  }

  #restart(): void {
    this.#inserts = true;
    this.#place = 'before';
    this.#parens = 0;
    this.#column = 0;
    this.#secret.clear();
  }

  token(kind: Kind, word: string, first: string): void {
    if (word === 'INSERT') this.#restart();
    if (first !== 'WITH' && !this.#inserts) return;
    if (kind === Kind.Comma && this.#parens === 1) this.#column++;
    if (kind === Kind.LeftParen && this.#parens++ === 0) {
      this.#column = 0;
      if (this.#place === 'before') this.#place = 'columns';
      else if (this.#place === 'after') this.#place = 'row';
    }
    if (kind === Kind.RightParen && --this.#parens === 0) this.#place = 'after';
    if (this.#place === 'columns' && SECRET_NAME.test(word)) this.#secret.add(this.#column);
    // INSERT ... SELECT 'a', 'b': the list of the SELECT stands for the row.
    if (this.#place === 'after' && word === 'SELECT' && this.#secret.size > 0) {
      this.#place = 'row';
      this.#parens = 1;
      this.#column = 0;
    }
  }
}
