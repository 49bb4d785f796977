/**
 * What one connection shows that may hold for another: texts of named statements, and who logs in from where. Used for
 * connections whose beginning was not seen, and always told as inferred. Bounded; what is contradicted once is not
 * believed again.
 */
import type { Session } from '../../src/events/session.ts';
import type { StatementClass } from '../../src/events/statement-class.ts';
import type { Health } from '../health.ts';

/** A statement as it was seen to be prepared under its name. */
export interface LearnedStatement {
  readonly text: Uint8Array;
  readonly statementClass: StatementClass;
  readonly parameterTypes: readonly number[];
}

/** Stands for a name under which different texts were seen (S_1 of some drivers). */
const AMBIGUOUS = 'ambiguous';
const ENTRY_BYTES = 100;

/** Texts by server, database, user and name of the statement. */
export class LearnedStatements {
  readonly #statements = new Map<string, LearnedStatement | typeof AMBIGUOUS>();
  readonly #health: Health;
  readonly #countMax: number;
  readonly #bytesMax: number;
  #sizeBytes = 0;

  constructor(health: Health, countMax: number, bytesMax: number) {
    this.#health = health;
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  /** Keeps a copy of `statement` under a name of `statementKey`. */
  learn(key: string, statement: LearnedStatement): void {
    const known = this.#statements.get(key);
    if (known === AMBIGUOUS) return;
    if (known !== undefined) {
      if (Buffer.compare(known.text, statement.text) === 0) return;
      this.#sizeBytes -= known.text.length;
      this.#statements.set(key, AMBIGUOUS);
      return;
    }
    const sizeBytes = statement.text.length + ENTRY_BYTES;
    while (
      this.#statements.size > 0 &&
      (this.#statements.size >= this.#countMax || this.#sizeBytes + sizeBytes > this.#bytesMax)
    )
      this.#forgetOldest();
    this.#sizeBytes += sizeBytes;
    this.#statements.set(key, { ...statement, text: statement.text.slice() });
  }

  find(key: string): LearnedStatement | undefined {
    const known = this.#statements.get(key);
    return known === AMBIGUOUS ? undefined : known;
  }

  #forgetOldest(): void {
    const oldest = this.#statements.entries().next();
    if (oldest.done === true) return;
    const [key, known] = oldest.value;
    this.#statements.delete(key);
    this.#sizeBytes -= ENTRY_BYTES + (known === AMBIGUOUS ? 0 : known.text.length);
    this.#health.drop('learned_statements');
  }
}

/** @returns undefined when it is not known who speaks, or with which database */
export function statementKey(session: Session, name: string): string | undefined {
  const { user, database } = session;
  if (user === undefined || database === undefined) return undefined;
  return [serverOf(session), database, user, name].join('\0');
}

interface Login {
  readonly user: string;
  readonly database: string;
}

/** Who logged in from each client host at each server, as long as it was always the same. */
export class KnownLogins {
  readonly #logins = new Map<string, Login | typeof AMBIGUOUS>();
  readonly #health: Health;
  readonly #countMax: number;
  /** Grows with each thing learnt, so that nobody asks twice for nothing. */
  version = 0;

  constructor(health: Health, countMax: number) {
    this.#health = health;
    this.#countMax = countMax;
  }

  learn(session: Session): void {
    const { user, database } = session;
    if (user === undefined || database === undefined) return;
    const key = loginKey(session);
    const known = this.#logins.get(key);
    if (known === AMBIGUOUS) return;
    if (known !== undefined) {
      if (known.user !== user || known.database !== database) this.#logins.set(key, AMBIGUOUS);
      return;
    }
    if (this.#logins.size >= this.#countMax) {
      const oldest = this.#logins.keys().next();
      if (oldest.done !== true) this.#logins.delete(oldest.value);
      this.#health.drop('learned_logins');
    }
    this.#logins.set(key, { user, database });
    this.version++;
  }

  find(session: Session): Login | undefined {
    const known = this.#logins.get(loginKey(session));
    return known === AMBIGUOUS ? undefined : known;
  }
}

function loginKey(session: Session): string {
  return `${session.clientAddress.join('.')}/${serverOf(session)}`;
}

function serverOf(session: Session): string {
  return `${session.serverAddress.join('.')}:${session.serverPort}`;
}
