/**
 * SQL transactions as PostgreSQL's manual describes them (SQL Commands: BEGIN, COMMIT ...; Protocol: Pipelining) and as
 * pg_stat_database counts them. Written without a look at the code under test.
 */
import type { Message } from './dialogue.ts';
import type { ExpectedTransaction } from './expected.ts';
import type { TransactionAction } from './statements.ts';

export interface Failure {
  readonly sqlstate: string;
  readonly message: string;
}

/** What came of a command: its tag, or its failure; `notice` is a warning that goes before. */
export interface Verdict {
  readonly tag: string;
  readonly failure?: Failure;
  readonly notice?: string;
}

const failed = (sqlstate: string, message: string): Verdict => ({
  tag: '',
  failure: { sqlstate, message },
});

export const DEFERRED_FAILURE: Failure = {
  sqlstate: '23503',
  message: 'insert or update on table "t" violates foreign key constraint "t_fk"',
};

export class TransactionModel {
  readonly all: ExpectedTransaction[] = [];
  /** Outside of a block every round, or every statement, is a transaction. */
  block: 'none' | 'explicit' | 'failed' = 'none';
  current: ExpectedTransaction | undefined = undefined;
  #savepoints: string[] = [];
  /** A savepoint was set in the transaction that is open. */
  saved = false;
  #deferred = false;
  /** Ended, and not yet said by a message of the server. */
  readonly #ending: ExpectedTransaction[] = [];

  get status(): 'I' | 'T' | 'E' {
    return this.block === 'none' ? 'I' : this.block === 'explicit' ? 'T' : 'E';
  }

  /** The server works on something. */
  start(by: Message): ExpectedTransaction {
    if (this.current !== undefined) return this.current;
    this.current = {
      id: this.all.length + 1,
      start: by,
      explicit: false,
      statements: 0,
      rowsAffected: 0,
      outcome: undefined,
      ends: undefined,
      disconnected: false,
    };
    this.all.push(this.current);
    return this.current;
  }

  defer(): void {
    this.#deferred = true;
  }

  /** The end of an autocommitted round. @returns why the commit failed */
  finishImplicit(): Failure | undefined {
    if (this.block !== 'none' || this.current === undefined) return undefined;
    if (this.#deferred) {
      this.#end('rollback');
      return DEFERRED_FAILURE;
    }
    this.#end('commit');
    return undefined;
  }

  /** An error: of a block the rest fails, anything else is taken back at once. */
  abort(): void {
    if (this.block === 'none') {
      if (this.current !== undefined) this.#end('rollback');
    } else {
      this.block = 'failed';
    }
  }

  /** The server has said by `last` that whatever ended has ended; it did so after `first`. */
  settle(first: Message, last: Message): void {
    for (const transaction of this.#ending.splice(0)) transaction.ends = [first, last];
  }

  /** The connection is gone: what is open is taken back. */
  disconnect(): void {
    const { current } = this;
    if (current === undefined) return;
    current.outcome = 'rollback';
    current.disconnected = true;
    this.current = undefined;
  }

  /** Nobody can know what becomes of it. */
  forget(): void {
    this.current = undefined;
  }

  command(action: TransactionAction, name: string, alone: boolean): Verdict {
    switch (action) {
      case 'begin':
        return this.#begin();
      case 'commit':
        return this.#commit('COMMIT', false);
      case 'commit and chain':
        return this.#commit('COMMIT', true);
      case 'prepare':
        return this.#commit('PREPARE TRANSACTION', false);
      case 'rollback':
        return this.#rollback(false);
      case 'rollback and chain':
        return this.#rollback(true);
      case 'savepoint':
      case 'release':
      case 'rollback to':
        return this.#savepoint(action, name);
      case 'commit prepared':
      case 'rollback prepared':
        return this.#prepared(action, alone);
    }
  }

  #begin(): Verdict {
    if (this.block === 'explicit')
      return { tag: 'BEGIN', notice: 'there is already a transaction in progress' };
    this.block = 'explicit';
    if (this.current !== undefined) this.current.explicit = true;
    return { tag: 'BEGIN' };
  }

  #commit(tag: string, chain: boolean): Verdict {
    if (this.block === 'failed') {
      this.#end('rollback', chain);
      return { tag: 'ROLLBACK' };
    }
    if (this.block === 'none' && chain)
      return failed('25P01', 'COMMIT AND CHAIN can only be used in transaction blocks');
    if (this.#deferred) {
      this.#end('rollback');
      return { tag: '', failure: DEFERRED_FAILURE };
    }
    const notice = this.block === 'none' ? { notice: 'there is no transaction in progress' } : {};
    this.#end('commit', chain);
    return { tag, ...notice };
  }

  #rollback(chain: boolean): Verdict {
    if (this.block === 'none' && chain)
      return failed('25P01', 'ROLLBACK AND CHAIN can only be used in transaction blocks');
    const notice = this.block === 'none' ? { notice: 'there is no transaction in progress' } : {};
    this.#end('rollback', chain);
    return { tag: 'ROLLBACK', ...notice };
  }

  #savepoint(action: 'savepoint' | 'release' | 'rollback to', name: string): Verdict {
    if (this.block === 'none') return failed('25P01', 'can only be used in transaction blocks');
    if (action === 'savepoint') {
      this.#savepoints.push(name);
      this.saved = true;
      return { tag: 'SAVEPOINT' };
    }
    const place = this.#savepoints.lastIndexOf(name);
    if (place < 0) return failed('3B001', `savepoint "${name}" does not exist`);
    this.#savepoints.length = action === 'release' ? place : place + 1;
    if (action === 'release') return { tag: 'RELEASE' };
    this.block = 'explicit';
    return { tag: 'ROLLBACK' };
  }

  #prepared(action: 'commit prepared' | 'rollback prepared', alone: boolean): Verdict {
    const tag = action.toUpperCase();
    if (this.block !== 'none' || !alone)
      return failed('25001', `${tag} cannot run inside a transaction block`);
    // The prepared one was counted when it was prepared; that it is undone is counted now.
    this.#end(action === 'commit prepared' ? 'commit' : 'rollback');
    return { tag };
  }

  #end(outcome: 'commit' | 'rollback', chain = false): void {
    const { current } = this;
    this.#savepoints = [];
    this.saved = false;
    this.#deferred = false;
    this.current = undefined;
    this.block = 'none';
    if (current === undefined) return;
    current.outcome = outcome;
    this.#ending.push(current);
    if (chain) this.#chained = true;
  }

  #chained = false;

  /** After COMMIT AND CHAIN the next transaction begins with the answer. @returns whether one did */
  chain(by: Message): boolean {
    if (!this.#chained) return false;
    this.#chained = false;
    this.start(by).explicit = true;
    this.block = 'explicit';
    return true;
  }
}
