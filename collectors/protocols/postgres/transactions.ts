/**
 * Hot. SQL transactions of one session as the server sees them (pg_stat_database): opened by the first request of a
 * round or by BEGIN, ended by COMMIT, ROLLBACK, the end of an implicit round, an error, or the end of the session.
 * What ReadyForQuery says is the truth; in between, command tags tell. The rules were measured on PostgreSQL 15 and 18
 * and are told in README.md. Bench: test/bench/decode.bench.ts.
 */
import { type EventSink, type TransactionEnd, UNKNOWN } from '../../../src/events/events.ts';
import { Quality, QUALITY_GUESSED } from '../../../src/events/quality.ts';
import type { Session } from '../../../src/events/session.ts';
import type { StatementClass } from '../../../src/events/statement-class.ts';
import type { Edge } from '../../activity.ts';
import type { ConversationContext } from '../conversation-context.ts';
import type { ServerError } from './errors.ts';
import { type Outcome, type Pending, PendingKind, TagVerb } from './pending.ts';

export type TransactionStatus = 'I' | 'T' | 'E' | '';

/** What ReadyForQuery says; '' when its byte is missing or none of the three. A switch: an object with such keys is a hash table. */
export function statusOf(byte: number): TransactionStatus {
  switch (byte) {
    case 0x49:
      return 'I';
    case 0x54:
      return 'T';
    case 0x45:
      return 'E';
    default:
      return '';
  }
}

/**
 * Bind of a statement and Execute of a portal that do not exist fail before the server opens a transaction for them
 * (measured: pg_stat_database counts no rollback).
 */
export function failsBeforeTransaction(failed: Pending, error: ServerError): boolean {
  if (failed.kind === PendingKind.Bind) return error.sqlstate === '26000';
  const unknownPortal = failed.kind === PendingKind.Execute && failed.statement === undefined;
  return unknownPortal && error.sqlstate === '34000';
}

/** The one object in which ended transactions are told. */
class EndedTransaction implements TransactionEnd {
  session: Session;
  startUs = 0;
  endUs = 0;
  transactionId = 0;
  outcome: 'commit' | 'rollback' = 'commit';
  statements = 0;
  rowsAffected = 0;
  implicit = false;
  quality = 0;
  shapeHigh = 0;
  shapeLow = 0;

  constructor(session: Session) {
    this.session = session;
  }
}

export class Transactions {
  /** After the last ReadyForQuery; '' before the first that was seen. */
  status: TransactionStatus = '';
  open = false;
  /** A BEGIN opened it, or ReadyForQuery said that one is open. */
  explicit = false;
  failed = false;
  /** A savepoint was set in it, or may have been: what failed can be taken back as far as there. */
  #mayGoBack = false;
  startUs = 0;
  /** What opened it was a stream of replication, in which the server holds no transaction. */
  streams = false;
  /** The requests that are told without answers were sent to their end: a query, or a Sync behind them. */
  endAsked = false;
  #id = 0;
  #statements = 0;
  #rowsAffected = 0;
  #quality = 0;
  /** Of what was lost since the last ReadyForQuery. */
  #missing = 0;
  /** What would have ended it was asked for, and no answer came: nobody here knows its outcome. */
  #unsettled = false;
  #shapeHigh = 0;
  #shapeLow = 0;
  readonly #sink: EventSink;
  readonly #edge: Edge;
  readonly #ended: EndedTransaction;
  readonly #midStream: boolean;
  readonly #captureQuality: number;

  /** @param midStream the capture began after the session did */
  constructor(session: Session, context: ConversationContext, edge: Edge, midStream: boolean) {
    this.#sink = context.sink;
    this.#captureQuality = context.captureQuality;
    this.#edge = edge;
    this.#midStream = midStream;
    this.#ended = new EndedTransaction(session);
  }

  /** The id of the transaction that is open, or of the one that the next statement opens. */
  get currentId(): number {
    return this.open ? this.#id : this.#id + 1;
  }

  /** It has failed, and there is no savepoint to go back to: nothing that it opened is used again. */
  get lostForGood(): boolean {
    return this.failed && !this.#mayGoBack && (this.#quality & LOSSY) === 0;
  }

  /** The server works on a request: whatever it is, it does so in a transaction. */
  touch(tsUs: number): void {
    if (this.open) return;
    this.open = true;
    this.explicit = false;
    this.failed = false;
    this.#mayGoBack = false;
    this.startUs = tsUs;
    this.streams = false;
    this.#id++;
    this.#statements = 0;
    this.#rowsAffected = 0;
    this.#quality = this.#missing | (this.status === '' && this.#midStream ? Quality.MidStream : 0);
    this.#unsettled = false;
    this.#shapeHigh = 0;
    this.#shapeLow = 0;
  }

  /** A statement in a transaction (opened by `touch`) has come to its end. Told before the statement's own event. */
  statement(outcome: Outcome, statementClass: StatementClass | undefined, quality: number): void {
    this.#quality |= quality;
    const ends = !this.explicit || statementClass?.kind === 'transaction';
    if (this.endAsked && !outcome.answered && ends) this.#unsettled = true;
    if (outcome.verb === TagVerb.Begin) {
      this.explicit = true;
      return;
    }
    if (outcome.error !== undefined) {
      // COMMIT itself can fail (deferred constraints): it is no statement of the transaction either.
      this.failed = true;
      if (statementClass?.kind !== 'transaction') this.#count(statementClass, 0);
      return;
    }
    if (outcome.verb === TagVerb.RollbackPrepared) {
      // Counted as a commit when it was prepared; that it is undone is counted now (measured).
      this.failed = true;
      return;
    }
    if (outcome.verb === TagVerb.Rollback && isSavepoint(statementClass)) {
      this.failed = false;
      return;
    }
    const command = statementClass?.command ?? outcome.tagCommand;
    if (command === undefined || command === 'SAVEPOINT') this.#mayGoBack = true;
    const kind = statementClass?.kind;
    if (kind === 'transaction' || kind === 'empty' || endsTransaction(outcome.verb)) return;
    this.#count(statementClass, outcome.rowsAffected);
  }

  /** The event of the statement has been told: if it ended the transaction, this tells that. */
  afterStatement(
    outcome: Outcome,
    statementClass: StatementClass | undefined,
    quality: number,
  ): void {
    if (!leavesTransaction(outcome, statementClass)) return;
    // When the capture began inside a transaction, its COMMIT is the first that is seen of it.
    if (this.status === '') this.explicit = true;
    this.#end(outcome.verb === TagVerb.Rollback ? 'rollback' : 'commit', outcome.endUs);
    if (statementClass !== undefined && /(?<!NO) CHAIN\b/i.test(statementClass.normalized)) {
      this.touch(outcome.endUs);
      this.explicit = true;
      // Whether there is one is as certain as the answer to what chained it.
      this.#quality |= quality & QUALITY_GUESSED;
    }
  }

  /** Bytes are missing, with this bit of Quality: a statement of the open transaction may have been among them. */
  lost(bit: number): void {
    this.#missing |= bit;
    if (this.open) this.#quality |= bit;
  }

  /** ReadyForQuery. */
  ready(status: TransactionStatus, tsUs: number): void {
    this.status = status;
    this.#missing = 0;
    if (status === 'I') {
      if (!this.open) return;
      const known = !this.explicit || this.failed || (this.#quality & LOSSY) === 0;
      if (known) this.#end(this.failed || this.explicit ? 'rollback' : 'commit', tsUs);
      else this.open = false;
      return;
    }
    if (!this.open) {
      this.touch(tsUs);
      this.#quality |= Quality.MidStream;
    }
    this.explicit = true;
    this.failed = status === 'E';
  }

  /**
   * The connection has ended: the server rolls back what is open, unless its end was among lost bytes or still to be
   * answered. A server that works on an autocommitted statement or a COMMIT finishes it although nobody listens.
   */
  disconnected(tsUs: number): void {
    const known = (this.#quality & UNSEEN) === 0 && (this.failed || !this.#unsettled);
    if (this.open && known) this.#end('rollback', tsUs);
    this.open = false;
    this.status = '';
  }

  #count(statementClass: StatementClass | undefined, rowsAffected: number): void {
    this.#statements++;
    if (rowsAffected > 0) this.#rowsAffected += rowsAffected;
    // FNV-1a over the fingerprints, one lane each.
    const high = statementClass?.fingerprintHigh ?? 0;
    const low = statementClass?.fingerprintLow ?? 0;
    this.#shapeHigh = Math.imul(this.#shapeHigh ^ high, 0x01000193) ^ (this.#shapeHigh >>> 15);
    this.#shapeLow = Math.imul(this.#shapeLow ^ low, 0x01000193) ^ (this.#shapeLow >>> 13);
  }

  #end(outcome: 'commit' | 'rollback', endUs: number): void {
    this.open = false;
    const ended = this.#ended;
    ended.startUs = this.startUs;
    ended.endUs = endUs === UNKNOWN ? this.startUs : endUs;
    ended.transactionId = this.#id;
    ended.outcome = outcome;
    ended.statements = this.#statements;
    ended.rowsAffected = this.#rowsAffected;
    ended.implicit = !this.explicit;
    ended.quality = this.#quality | this.#captureQuality;
    ended.shapeHigh = this.#shapeHigh >>> 0;
    ended.shapeLow = this.#shapeLow >>> 0;
    const second = this.#edge.at(ended.endUs);
    if (outcome === 'commit') second.commits++;
    else {
      second.rollbacks++;
      if (this.explicit && this.#statements > 0) second.explicitRollbacks++;
    }
    if (!this.explicit) second.implicitTransactions++;
    if (this.#statements === 0) second.emptyTransactions++;
    this.#sink.transactionEnd(ended);
  }
}

/** With these, answers are missing. */
const UNSEEN = Quality.GapRequest | Quality.GapResponse | Quality.OneWay;

/** With these, a BEGIN, COMMIT or error may have been missed. */
const LOSSY = Quality.GapRequest | Quality.GapResponse | Quality.MidStream;

/** This statement ends its transaction, and did not fail to. */
export function leavesTransaction(
  outcome: Outcome,
  statementClass: StatementClass | undefined,
): boolean {
  if (outcome.error !== undefined || !endsTransaction(outcome.verb)) return false;
  return outcome.verb !== TagVerb.Rollback || !isSavepoint(statementClass);
}

function endsTransaction(verb: TagVerb): boolean {
  return (
    verb === TagVerb.Commit || verb === TagVerb.Rollback || verb === TagVerb.PrepareTransaction
  );
}

/** ROLLBACK TO SAVEPOINT carries the tag ROLLBACK too: only its text tells. */
function isSavepoint(statementClass: StatementClass | undefined): boolean {
  return statementClass !== undefined && / TO /i.test(statementClass.normalized);
}
