/**
 * Hot. Tells what a round brought, once ReadyForQuery has ended it: each statement with its outcome, and the
 * transactions that ended, in the order in which the server did them. Bench: test/bench/decode.bench.ts.
 */
import { Status, UNKNOWN } from '../../../src/events/events.ts';
import { Quality, QUALITY_GUESSED } from '../../../src/events/quality.ts';
import type { StatementClass } from '../../../src/events/statement-class.ts';
import type { AlsoSecret } from '../../../src/sql/redaction.ts';
import { mayHoldSeveral, splitStatements } from '../../../src/sql/split.ts';
import { Bound } from './bound-values.ts';
import { decodeParameters } from './parameters.ts';
import { Outcome, type Pending, PendingKind, TagVerb } from './pending.ts';
import { detach, endsRound, type State } from './state.ts';
import { type ReadObject, SessionObjects, tellSource } from './session-objects.ts';
import { concernsObjects } from './sql-objects.ts';
import type { PreparedStatement } from './statements.ts';
import { hideInValues, hideQuoted, hideSecrets, NO_TEXT, ToldStatement } from './told.ts';
import { leavesTransaction, type TransactionStatus } from './transactions.ts';

const SYNTAX_ERROR = '42601';

export class Rounds {
  readonly #state: State;
  readonly #told: ToldStatement;
  readonly #objects: SessionObjects;
  readonly #bound: Bound;
  readonly #ranges: number[] = [];

  constructor(state: State) {
    this.#state = state;
    this.#told = new ToldStatement(state.session);
    this.#objects = new SessionObjects(state);
    this.#bound = new Bound(state);
  }

  /** Tells everything between `queue.base` and `queue.head`; `status` is what ReadyForQuery said, '' when unseen. */
  tell(status: TransactionStatus, tsUs: number): void {
    const state = this.#state;
    const { queue } = state;
    const last = status === '' ? -1 : this.#lastStatement();
    for (let index = queue.base; index < queue.head; index++) {
      this.#request(queue.at(index), index === last ? status : '', tsUs);
    }
    queue.release();
    if (status === '') return;
    if (status === 'I') {
      if (state.suspended.size > 0) this.#closeSuspended();
      this.#objects.transactionEnded();
    }
    state.transactions.ready(status, tsUs);
  }

  /** Tells everything that still waits: nothing more will be seen of it. */
  abandon(status: Status, tsUs: number): void {
    const state = this.#state;
    const { queue } = state;
    if (queue.waitingCount > 0)
      state.transactions.endAsked = endsRound(queue.at(queue.tail - 1).kind);
    for (let index = queue.head; index < queue.tail; index++) {
      const pending = queue.at(index);
      const { kind, outcome } = pending;
      if (outcome.answered || pending.skipped || pending.streamed) continue;
      if (
        kind !== PendingKind.Query &&
        kind !== PendingKind.Execute &&
        kind !== PendingKind.Function
      )
        continue;
      const lost = (pending.quality & (Quality.GapResponse | Quality.OneWay)) !== 0;
      outcome.status = lost && status === Status.Unanswered ? Status.Unknown : status;
    }
    queue.head = queue.tail;
    this.tell('', tsUs);
    if (state.suspended.size > 0) this.#closeSuspended();
  }

  #lastStatement(): number {
    const { queue } = this.#state;
    for (let index = queue.head - 1; index >= queue.base; index--) {
      const { kind, skipped } = queue.at(index);
      if (!skipped && (kind === PendingKind.Query || kind === PendingKind.Execute)) return index;
    }
    return -1;
  }

  #request(pending: Pending, status: TransactionStatus, tsUs: number): void {
    switch (pending.kind) {
      case PendingKind.Execute:
        this.#execution(pending, status);
        break;
      case PendingKind.Query:
        this.#query(pending, status, tsUs);
        break;
      case PendingKind.Function:
        this.#functionCall(pending, tsUs);
        break;
      case PendingKind.Parse:
      case PendingKind.Bind:
      case PendingKind.Describe:
        this.#preparation(pending);
        break;
      case PendingKind.Close:
        if (!pending.skipped) this.#close(pending);
        break;
      case PendingKind.Sync:
        break;
    }
    if (pending.statement !== undefined) {
      pending.statement.uses--;
      pending.statement = undefined;
    }
    pending.previous = undefined;
  }

  /** Parse, Bind and Describe open a transaction when the server gets to them; they are told only when they fail. */
  #preparation(pending: Pending): void {
    const state = this.#state;
    if (pending.touched && !pending.beforeTransaction) {
      state.transactions.touch(pending.tsUs);
      state.transactions.lost(pending.quality);
    }
    const failed = pending.skipped || pending.outcome.error !== undefined;
    if (pending.kind === PendingKind.Parse) this.#prepared(pending, failed);
    if (pending.kind === PendingKind.Bind && !failed) this.#closeOne(pending.portalName ?? '');
    if (pending.outcome.error !== undefined) this.#outcome(pending, pending.outcome, '');
  }

  /** Whether a Parse did what it should may be a guess: then, too, what is run under its name is one. */
  #prepared(pending: Pending, failed: boolean): void {
    const { statement, previous } = pending;
    const doubt = failed || !pending.touched ? pending.quality & QUALITY_GUESSED : 0;
    if (statement !== undefined) statement.doubt |= doubt;
    if (previous !== undefined) previous.doubt |= doubt;
    if (failed) this.#unprepare(pending);
    else if (statement !== undefined && statement.name.length > 0 && doubt === 0)
      this.#objects.learn(statement);
  }

  /** The server did not prepare it: what stood under its name before stands there still. */
  #unprepare(pending: Pending): void {
    const { statements, unnamedStatement } = this.#state;
    const { statement, previous } = pending;
    if (statement === undefined) return;
    const { name } = statement;
    if (name.length === 0) {
      if (unnamedStatement === statement) this.#state.unnamedStatement = undefined;
      return;
    }
    if (statements.get(name, 0, name.length) !== statement) {
      this.#passOver(statement, previous);
      return;
    }
    if (previous === undefined) statements.delete(name, 0, name.length);
    else statements.set(name, previous, previous.text.length + name.length);
  }

  /** A later Parse of the same name is in flight: should it fail too, what stood before both is to be put back. */
  #passOver(failed: PreparedStatement, previous: PreparedStatement | undefined): void {
    const { queue } = this.#state;
    for (let index = queue.base; index < queue.tail; index++) {
      const later = queue.at(index);
      if (later.previous === failed) later.previous = previous;
    }
  }

  /** What was made anew under the same name, in the same breath, stays. */
  #close(pending: Pending): void {
    const { statements, portals } = this.#state;
    if (pending.ofPortal) {
      const { portal } = pending;
      if (portal !== undefined) portals.retain((other) => other !== portal);
      this.#closeOne(pending.portalName ?? '');
    } else if (pending.statement !== undefined) {
      const { name } = pending.statement;
      if (name.length > 0 && statements.get(name, 0, name.length) === pending.statement)
        statements.delete(name, 0, name.length);
    }
  }

  #execution(pending: Pending, status: TransactionStatus): void {
    if (pending.absorbed) return;
    const { outcome } = pending;
    if (pending.skipped) outcome.status = Status.Skipped;
    // Its round ended, but its answer was lost.
    else if (!outcome.answered && outcome.status === Status.Ok) unseen(pending, outcome);
    const { suspended, context, transactions } = this.#state;
    if (pending.touched && !pending.beforeTransaction) transactions.touch(pending.tsUs);
    const portal = pending.portalName ?? '';
    const before = suspended.size > 0 && !pending.neverRun ? suspended.get(portal) : undefined;
    // One that was passed over may be of a portal that its Bind never made, under the name of the one that is open.
    const other = pending.skipped && before?.statement !== pending.statement;
    if (before !== undefined && !other) {
      continueExecution(before, pending);
      if (pending.suspended) return;
      suspended.delete(portal);
      this.#outcome(before, before.outcome, status);
      if (before.statement !== undefined) before.statement.uses--;
      return;
    }
    if (pending.suspended && suspended.size < context.limits.portalsPerSessionMax) {
      suspended.set(portal, detach(pending));
      return;
    }
    this.#outcome(pending, pending.outcome, status);
  }

  /** Portals that nobody will fetch from any more: what was fetched is the execution. */
  #closeSuspended(): void {
    for (const portal of [...this.#state.suspended.keys()]) this.#closeOne(portal);
  }

  #closeOne(portal: string): void {
    const { suspended } = this.#state;
    if (suspended.size === 0) return;
    const pending = suspended.get(portal);
    if (pending === undefined) return;
    suspended.delete(portal);
    this.#outcome(pending, pending.outcome, '');
    if (pending.statement !== undefined) pending.statement.uses--;
  }

  #functionCall(pending: Pending, tsUs: number): void {
    const { outcome } = pending;
    if (!outcome.answered && pending.touched) {
      outcome.answered = true;
      outcome.startUs = pending.tsUs;
      outcome.firstUs = tsUs;
      outcome.endUs = tsUs;
    }
    outcome.tagCommand = 'FUNCTION CALL';
    this.#outcome(pending, outcome, '');
  }

  /** A query string may hold several statements: as many answers as were run, then the rest was passed over. */
  #query(pending: Pending, status: TransactionStatus, tsUs: number): void {
    const { text, outcome, outcomes } = pending;
    if (pending.skipped) {
      outcome.status = Status.Skipped;
      this.#statement(pending, outcome, 0, text.length, status);
      return;
    }
    // A query string destroys the unnamed portal.
    this.#closeOne('');
    if (!outcome.answered && pending.touched && !pending.streamed && outcome.status === Status.Ok) {
      unseen(pending, outcome); // ReadyForQuery came, but what stood before it was lost.
    }
    if (outcomes === undefined && outcome.error === undefined) {
      const statementClass = this.#familiar(pending);
      if (statementClass !== undefined) {
        this.#tell(pending, outcome, statementClass, text.bytes, 0, text.length, status);
        return;
      }
    }
    // A syntax error refuses the whole string before anything of it is run.
    const refused = outcome.error?.sqlstate === SYNTAX_ERROR;
    const count = mayHoldSeveral(text.bytes, 0, text.length)
      ? splitStatements(text.bytes, 0, text.length, this.#ranges)
      : 1;
    if (outcomes === undefined && (count <= 1 || refused)) {
      this.#statement(pending, outcome, 0, text.length, status);
    } else {
      this.#several(pending, [...(outcomes ?? []), outcome], Math.max(count, 1), status, tsUs);
    }
  }

  #several(
    pending: Pending,
    outcomes: Outcome[],
    count: number,
    status: TransactionStatus,
    tsUs: number,
  ): void {
    const ranges = count > 1 ? [...this.#ranges] : [0, pending.text.length];
    const last = outcomes[outcomes.length - 1];
    const beforeLast = outcomes[outcomes.length - 2];
    if (outcomes.length === count + 1 && last?.error !== undefined && beforeLast !== undefined) {
      // The commit behind the last statement failed (deferred constraints).
      beforeLast.status = last.status;
      beforeLast.error = last.error;
      beforeLast.endUs = last.endUs;
      beforeLast.rowsAffected = UNKNOWN;
      outcomes.pop();
    }
    const failed = outcomes[outcomes.length - 1]?.error !== undefined;
    // Where answers are missing, the rest may have run.
    const lossy = (pending.quality & (Quality.GapResponse | Quality.OneWay)) !== 0;
    const total = failed || lossy ? Math.max(count, outcomes.length) : outcomes.length;
    const requestBytes = pending.requestBytes;
    for (let index = 0; index < total; index++) {
      const outcome = outcomes[index] ?? unrunOutcome(failed ? Status.Skipped : Status.Unknown);
      // What was passed over behind an error changed nothing: the server's word is of the last that ran.
      const final = index === outcomes.length - 1 ? status : '';
      const start = ranges[index * 2];
      const end = ranges[index * 2 + 1];
      pending.requestBytes = index === 0 ? requestBytes : 0;
      if (!pending.counted && index > 0) pending.counted = this.#count(outcome, tsUs);
      if (start === undefined || end === undefined || index >= count) {
        // More answers than statements: rules may do that. Their text is not known.
        pending.quality |= Quality.UnknownStatement;
        this.#statement(pending, outcome, 0, 0, final);
      } else {
        this.#statement(pending, outcome, start, end, final);
      }
    }
  }

  /** Every statement of a string but the first makes one more request. */
  #count(outcome: Outcome, tsUs: number): boolean {
    this.#state.edge.request(outcome.startUs > 0 ? outcome.startUs : tsUs);
    return true;
  }

  /** Nearly every text is one that was sent before with other literals: it need not be cut into statements again. */
  #familiar(pending: Pending): StatementClass | undefined {
    if ((pending.quality & Quality.UnknownStatement) !== 0) return undefined;
    const { text } = pending;
    return this.#state.context.classes.familiar(text.bytes, text.view, 0, text.length);
  }

  #statement(
    pending: Pending,
    outcome: Outcome,
    start: number,
    end: number,
    status: TransactionStatus,
  ): void {
    const { context } = this.#state;
    const { text } = pending;
    const known = (pending.quality & Quality.UnknownStatement) === 0;
    const statementClass = known
      ? context.classes.classOf(text.bytes, text.view, start, end)
      : undefined;
    this.#tell(pending, outcome, statementClass, text.bytes, start, known ? end : start, status);
  }

  /** The outcome of a request of the extended protocol. */
  #outcome(pending: Pending, outcome: Outcome, status: TransactionStatus): void {
    const { statement } = pending;
    if (statement?.known === false) this.#objects.infer(statement, outcome);
    if (statement?.known !== true) {
      pending.quality |= Quality.UnknownStatement;
      if (this.#state.midStream) pending.quality |= Quality.MidStream;
      this.#tell(pending, outcome, undefined, NO_TEXT, 0, 0, status);
      return;
    }
    if (statement.truncated) pending.quality |= Quality.Truncated;
    if (statement.inferred) pending.quality |= Quality.Inferred;
    pending.quality |= this.#state.doubtOf(statement);
    this.#tell(
      pending,
      outcome,
      statement.statementClass,
      statement.text.bytes,
      0,
      statement.text.length,
      status,
    );
  }

  #tell(
    pending: Pending,
    outcome: Outcome,
    statementClass: StatementClass | undefined,
    text: Uint8Array,
    start: number,
    end: number,
    status: TransactionStatus,
  ): void {
    const state = this.#state;
    const { transactions } = state;
    const ran =
      outcome.status !== Status.Skipped && (transactions.open || !pending.beforeTransaction);
    if (outcome.copyRows >= 0) rowsOfCopy(outcome, pending, statementClass);
    // Portals die with their transaction: what was fetched from them belongs to it.
    if (state.suspended.size > 0 && leavesTransaction(outcome, statementClass))
      this.#closeSuspended();
    if (ran) {
      transactions.touch(pending.tsUs);
      if (pending.streamed) transactions.streams = true;
      transactions.statement(outcome, statementClass, pending.quality);
    }
    if (state.midStream && state.session.database === undefined) state.identify(undefined);
    const told = this.#told;
    told.tsUs = pending.tsUs;
    told.sequence = ++state.statementsCount;
    told.statementClass = statementClass;
    told.command = statementClass?.command ?? outcome.tagCommand;
    told.text = text;
    told.textStart = start;
    told.textEnd = end;
    const { statement } = pending;
    told.statementName = statement?.nameText;
    told.portalName = pending.portalName;
    told.parameters = pending.parameters === undefined ? undefined : this.#parameters(pending);
    told.status = outcome.status;
    told.error = outcome.error;
    const object = this.#source(statementClass, text, start, end);
    if (object?.statement !== undefined) pending.quality |= state.doubtOf(object.statement);
    // What somebody counts must be no secret.
    told.bound = statementClass?.mayHoldSecret === false ? this.#bound.of(pending) : undefined;
    if (statementClass === undefined) hideQuoted(told);
    told.rowsReturned = outcome.rowsReturned;
    told.rowsAffected = outcome.rowsAffected;
    told.requestBytes = pending.requestBytes;
    told.responseBytes = outcome.responseBytes;
    this.#times(told, outcome);
    told.transactionId = ran ? transactions.currentId : UNKNOWN;
    told.transactionStatus = status === '' ? this.#inferredStatus(outcome, statementClass) : status;
    told.copyBytes = outcome.copyBytes;
    told.copyRows = outcome.copyRows;
    told.batchCount = pending.setsCount > 0 ? pending.setsCount : UNKNOWN;
    told.quality = pending.quality | state.everyQuality;
    this.#countStatement(pending, outcome);
    state.context.sink.statement(told);
    if (!ran) return;
    if (outcome.verb === TagVerb.ForgetAll) this.#forgetAll(statementClass);
    else if (object !== undefined && outcome.status === Status.Ok) this.#objectDone(object);
    if (outcome.verb !== TagVerb.Other)
      transactions.afterStatement(outcome, statementClass, pending.quality);
  }

  #times(told: ToldStatement, outcome: Outcome): void {
    const known = outcome.answered && outcome.startUs !== UNKNOWN;
    told.durationUs = known ? Math.max(0, outcome.endUs - outcome.startUs) : UNKNOWN;
    told.firstRowUs =
      known && outcome.firstUs !== UNKNOWN
        ? Math.max(0, outcome.firstUs - outcome.startUs)
        : UNKNOWN;
  }

  #countStatement(pending: Pending, outcome: Outcome): void {
    const { edge, context } = this.#state;
    const { health } = context;
    health.countStatement(outcome.status);
    if (outcome.status === Status.Unanswered) health.unansweredRequests++;
    if (!pending.counted) edge.request(pending.tsUs);
    pending.counted = false;
    if (outcome.error !== undefined) this.#state.errorsCount++;
    const told = this.#told;
    if (outcome.answered) {
      const failed = outcome.error !== undefined;
      edge.answer(pending.tsUs, outcome.endUs, Math.max(0, told.durationUs), failed);
    } else if (outcome.status === Status.Skipped) {
      // The error in front of it answered for it.
      edge.at(pending.tsUs).requestsAnswered++;
    }
    const second = edge.at(outcome.endUs === UNKNOWN ? pending.tsUs : outcome.endUs);
    if (told.rowsReturned > 0) second.rowsReturned += told.rowsReturned;
    if (told.rowsAffected > 0) second.rowsAffected += told.rowsAffected;
    second.requestBytes += told.requestBytes;
    second.responseBytes += told.responseBytes;
  }

  /** Between two ReadyForQuery only an explicit transaction is certain. */
  #inferredStatus(outcome: Outcome, statementClass: StatementClass | undefined): TransactionStatus {
    const { transactions } = this.#state;
    if (!transactions.open || !transactions.explicit) return '';
    if (outcome.verb !== TagVerb.Other && outcome.verb !== TagVerb.Begin) return '';
    if (statementClass?.kind === 'transaction' && outcome.verb === TagVerb.Other) return '';
    return transactions.failed ? 'E' : 'T';
  }

  #parameters({ parameters, statement, setsCount }: Pending): (string | null)[] | undefined {
    if (parameters === undefined) return undefined;
    const state = this.#state;
    const types = typesOfSets(statement?.parameterTypes ?? [], parameters.values.length, setsCount);
    const decode = (bytes: Uint8Array): string => state.decode(bytes, 0, bytes.length);
    return hideInValues(decodeParameters(parameters, types, state.session.dialect, decode));
  }

  /** Tells which prepared statement or cursor is concerned, and hides what is secret. */
  #source(
    statementClass: StatementClass | undefined,
    text: Uint8Array,
    start: number,
    end: number,
  ): ReadObject | undefined {
    const told = this.#told;
    told.source = undefined;
    told.sourceClass = undefined;
    if (statementClass === undefined) return undefined;
    let object: ReadObject | undefined;
    let also: AlsoSecret = 'none';
    if (concernsObjects(statementClass.command)) {
      object = this.#objects.read(statementClass, text, start, end);
      if (object !== undefined) also = tellSource(told, object);
    }
    if (statementClass.mayHoldSecret) hideSecrets(told, also);
    return object;
  }

  #objectDone(object: ReadObject): void {
    const closed = this.#objects.done(object);
    if (closed === undefined) return;
    if (closed === '') this.#closeSuspended();
    else this.#closeOne(closed);
  }

  /** DEALLOCATE ALL and DISCARD ALL drop prepared statements that the protocol made as well; the latter cursors too. */
  #forgetAll(statementClass: StatementClass | undefined): void {
    const { statements, portals } = this.#state;
    statements.clear();
    if (statementClass?.command !== 'DISCARD') return;
    portals.clear();
    this.#closeSuspended();
  }
}

/** The types of one set of parameters, for each of several. */
function typesOfSets(
  types: readonly number[],
  count: number,
  setsCount: number,
): readonly number[] {
  if (setsCount <= 1 || types.length === 0) return types;
  const perSet = count / setsCount;
  return Array.from({ length: count }, (_, index) => types[index % perSet] ?? 0);
}

/** A further fetch from the same portal: one execution, whose time is the time that the server worked on it. */
function continueExecution(before: Pending, next: Pending): void {
  const sum = before.outcome;
  const part = next.outcome;
  before.requestBytes += next.requestBytes;
  before.quality |= next.quality;
  sum.status = part.status;
  sum.error = part.error;
  sum.verb = part.verb;
  sum.responseBytes += part.responseBytes;
  if (part.rowsReturned > 0) sum.rowsReturned = Math.max(0, sum.rowsReturned) + part.rowsReturned;
  if (part.rowsAffected >= 0 && part.rowsReturned < 0) sum.rowsAffected = part.rowsAffected;
  // Only the server's time counts: the pause before the fetch is the client's.
  if (part.answered) sum.endUs += Math.max(0, part.endUs - part.startUs);
}

/**
 * COPY tells its rows in the tag: read by the client (TO) or written by it (FROM). Without its text, data that came from
 * the server tell the way.
 */
function rowsOfCopy(
  outcome: Outcome,
  pending: Pending,
  statementClass: StatementClass | undefined,
): void {
  const reads =
    statementClass === undefined
      ? outcome.copyBytes >= 0 && !pending.copiesIn
      : / TO /i.test(statementClass.normalized);
  if (reads) outcome.rowsReturned = outcome.copyRows;
  else outcome.rowsAffected = outcome.copyRows;
}

/** The round has ended, and this answer was not in it. */
function unseen(pending: Pending, outcome: Outcome): void {
  outcome.status = Status.Unknown;
  pending.quality |= Quality.GapResponse;
}

function unrunOutcome(status: Status): Outcome {
  const outcome = new Outcome();
  outcome.status = status;
  return outcome;
}
