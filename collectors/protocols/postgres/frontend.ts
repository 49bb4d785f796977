/**
 * Hot. What the client says: each request is put in the queue with all that its event will need, because the capture
 * buffer is gone when the answer comes. Bench: test/bench/decode.bench.ts.
 */
import { Quality } from '../../../src/events/quality.ts';
import type { MessageReceiver } from './framer.ts';
import { FrontendTag } from './messages.ts';
import { BATCH_BIND, readBatch } from './opengauss.ts';
import { rawParameters } from './parameters.ts';
import { type Pending, PendingKind, type RawParameters } from './pending.ts';
import { endsRound, Phase, type State } from './state.ts';
import { PreparedStatement } from './statements.ts';

const TARGET_PORTAL = 0x50; // 'P'
const NAME_ENTRY_BYTES = 64;
/** Of the values of a Bind, for who counts them: those of a point query are short, and all is copied. */
const BOUND_BYTES_MAX = 1024;
const NO_NAME = new Uint8Array(0);

/** What the frontend leaves to the conversation, because it concerns both directions. */
export interface FrontendOwner {
  startup(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): void;
  refused(fromClient: boolean, tsUs: number): void;
  resynchronised(fromClient: boolean, passedBytes: number, tsUs: number): void;
  negotiated(answer: number, tsUs: number): void;
  /** The queue holds more than its limit: what is finished is to be told now. */
  crowded(tsUs: number): void;
  /**
   * What waits will never be answered here, because the mirror shows the client only: it is told now.
   * @returns whether it is so
   */
  answersHidden(tsUs: number): boolean;
  /** The answers to all that waits were lost. */
  abandoned(tsUs: number): void;
  /** The client asks something, so the server had been ready: that was lost. */
  loginPassed(): void;
}

export class Frontend implements MessageReceiver {
  readonly #state: State;
  readonly #owner: FrontendOwner;

  constructor(state: State, owner: FrontendOwner) {
    this.#state = state;
    this.#owner = owner;
  }

  message(
    tag: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void {
    const state = this.#state;
    state.requestBytes += sizeBytes;
    if (cut && !COUNT_THEMSELVES.has(tag)) state.context.health.drop('message_bytes');
    switch (tag) {
      case 0:
        this.#owner.startup(bytes, view, start, end, tsUs);
        return;
      case FrontendTag.Query:
        this.#query(bytes, view, start, end, sizeBytes, cut, tsUs);
        return;
      case FrontendTag.Parse:
        this.#parse(bytes, view, start, end, sizeBytes, cut, tsUs);
        return;
      case FrontendTag.Bind:
        this.#bind(bytes, view, start, end, sizeBytes, cut, tsUs);
        return;
      case FrontendTag.Execute:
        this.#execute(bytes, start, end, sizeBytes, tsUs);
        return;
      case FrontendTag.Describe:
        this.#target(PendingKind.Describe, bytes, view, start, end, sizeBytes, tsUs);
        return;
      case FrontendTag.Close:
        this.#target(PendingKind.Close, bytes, view, start, end, sizeBytes, tsUs);
        return;
      case BATCH_BIND:
        this.#batch(bytes, view, start, end, sizeBytes, cut, tsUs);
        return;
      case FrontendTag.Sync:
        this.#sync(tsUs, sizeBytes);
        return;
      case FrontendTag.FunctionCall:
        this.#push(PendingKind.Function, tsUs, sizeBytes).counted = true;
        state.edge.request(tsUs);
        return;
      case FrontendTag.CopyDone:
      case FrontendTag.CopyFail:
        this.#copyEnds();
        return;
      case FrontendTag.Terminate:
        state.terminated = true;
        return;
      case FrontendTag.CopyData:
        state.replication?.clientData(view, start, end, sizeBytes, tsUs);
        this.#copied(sizeBytes);
        return;
      default:
        return; // Flush is answered by nothing.
    }
  }

  #sync(tsUs: number, sizeBytes: number): void {
    const state = this.#state;
    const { current } = state.queue;
    // In the midst of copied data the server passes over it.
    if (current?.copiesIn === true && !current.copyEnded) return;
    state.skipping = false;
    this.#push(PendingKind.Sync, tsUs, sizeBytes);
  }

  /** The data of a COPY ends: a Sync that was sent before is passed over by a server that copies. */
  #copyEnds(): void {
    const { queue } = this.#state;
    for (let index = queue.tail - 1; index >= queue.head; index--) {
      const pending = queue.at(index);
      if (pending.kind === PendingKind.Sync) {
        pending.beforeCopyEnd = true;
      } else {
        pending.copyEnded = true;
        return;
      }
    }
  }

  stepped(tag: number, sizeBytes: number, _tsUs: number): void {
    const state = this.#state;
    state.requestBytes += sizeBytes;
    if (tag === FrontendTag.CopyData) this.#copied(sizeBytes);
  }

  #copied(sizeBytes: number): void {
    const state = this.#state;
    if (state.streaming) return;
    const { queue } = state;
    let index = queue.tail - 1;
    while (index >= queue.head && queue.at(index).kind === PendingKind.Sync) index--;
    if (index < queue.head) return; // The COPY has failed already, and the server drops what still comes.
    const copy = queue.at(index);
    if (copy.outcome.copyBytes < 0) copy.copiedAheadBytes += sizeBytes - 5;
    else copy.outcome.copyBytes += sizeBytes - 5;
  }

  /** Bytes of a request are missing, its size is known: it still is a request. */
  damaged(tag: number, sizeBytes: number, tsUs: number): void {
    const state = this.#state;
    state.requestBytes += sizeBytes;
    const kind = DAMAGED_KINDS.get(tag);
    if (kind === undefined) return;
    if (state.strayAnswer && state.queue.waitingCount === 0) {
      // Its answer came before it was known that the rest of it would not: it has been told without it.
      state.strayAnswer = false;
      state.unsettle(Quality.GapRequest);
      return;
    }
    const pending = this.#push(kind, tsUs, sizeBytes);
    pending.quality |= Quality.GapRequest;
    if (kind === PendingKind.Query) pending.quality |= Quality.UnknownStatement;
    if (kind === PendingKind.Parse)
      this.#remember(NO_NAME, this.#attach(pending, new PreparedStatement()));
    if (kind === PendingKind.Parse || kind === PendingKind.Close) state.namesDoubted++;
    if (kind === PendingKind.Bind) state.bindUnnamed(undefined, undefined);
    if (kind === PendingKind.Bind || kind === PendingKind.Execute)
      state.doubtPortals(Quality.GapRequest);
    if (!endsRound(kind)) state.roundDoubt = Quality.GapRequest;
  }

  negotiated(answer: number, tsUs: number): void {
    this.#owner.negotiated(answer, tsUs);
  }

  refused(tsUs: number): void {
    this.#owner.refused(true, tsUs);
  }

  resynchronised(passedBytes: number, tsUs: number): void {
    this.#owner.resynchronised(true, passedBytes, tsUs);
  }

  #push(kind: PendingKind, tsUs: number, sizeBytes: number): Pending {
    const state = this.#state;
    // Before a startup packet there is no request: it was lost.
    if (state.phase === Phase.Startup || (state.phase === Phase.Login && state.lossy))
      this.#owner.loginPassed();
    if (state.queue.sizeCount >= state.context.limits.pendingMax) this.#owner.crowded(tsUs);
    this.#roundBegins(tsUs);
    const pending = state.queue.push(kind, tsUs, sizeBytes);
    if (state.uncertain) pending.quality |= Quality.GapResponse;
    pending.quality |= state.unsettled | state.roundDoubt;
    if (state.roundDoubt !== 0 && endsRound(kind)) state.roundDoubt = 0;
    if (state.skipping) {
      pending.skipped = true;
      pending.done = true;
      state.queue.head = state.queue.tail;
    }
    return pending;
  }

  /**
   * A new round begins while the one before still waits: this client pipelines. If something was lost and it never did
   * before, it does not now either: the old round was answered unseen. So it was, too, when the server has answered
   * something else since and speaks of nothing now.
   */
  #roundBegins(tsUs: number): void {
    const state = this.#state;
    const { queue } = state;
    if (queue.waitingCount === 0) {
      // Steps of a round that is not over may have been answered one by one.
      if (queue.sizeCount === 0) state.settle(tsUs);
      return;
    }
    if (!endsRound(queue.at(queue.tail - 1).kind)) return;
    state.roundsAlone = 0;
    state.oneRoundWaits = false;
    if (!state.lossy && !state.uncertain) {
      if (!this.#owner.answersHidden(tsUs)) state.pipelines = true;
      return;
    }
    // Sent in one packet: it cannot have waited.
    if (queue.at(queue.tail - 1).tsUs === tsUs) state.pipelines = true;
    const passedBy = state.answerBytes === 0 && queue.at(queue.head).tsUs < state.lastAnswerUs;
    // Of a client that nothing was seen of yet nobody knows whether it pipelines.
    const waits = !state.pipelines && state.statementsCount > 0;
    if (waits || passedBy) this.#owner.abandoned(tsUs);
  }

  #query(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void {
    const state = this.#state;
    const pending = this.#push(PendingKind.Query, tsUs, sizeBytes + state.requestBytesCarried);
    state.requestBytesCarried = 0;
    pending.text.set(bytes, view, start, cut || view.getUint8(end - 1) !== 0 ? end : end - 1);
    if (state.encoding !== undefined) state.recode(pending.text);
    if (state.unnamedStatement !== undefined) state.dropUnnamed();
    if (cut) this.#cut(pending, 'statement_bytes');
    pending.counted = true;
    state.edge.request(tsUs);
  }

  #parse(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void {
    const state = this.#state;
    state.requestBytesCarried += sizeBytes;
    const pending = this.#push(PendingKind.Parse, tsUs, sizeBytes);
    const nameEnd = zeroAt(bytes, start, end);
    const textStart = Math.min(nameEnd + 1, end);
    const named = nameEnd > start;
    if (cut) this.#cut(pending, 'statement_bytes');
    const statement = named ? new PreparedStatement() : this.#reusableUnnamed();
    statement.known = nameEnd < end;
    statement.truncated = cut;
    statement.doubt = 0;
    const textEnd = statement.text.setString(bytes, view, textStart, end);
    statement.parameterTypes = cut ? [] : typesOf(view, textEnd + 1, end);
    if (state.encoding !== undefined) state.recode(statement.text);
    statement.statementClass = state.context.classes.classOf(
      statement.text.bytes,
      statement.text.view,
      0,
      statement.text.length,
    );
    this.#attach(pending, statement);
    const name = named ? bytes.slice(start, nameEnd) : NO_NAME;
    pending.previous = named ? state.statements.get(name, 0, name.length) : undefined;
    this.#remember(name, statement);
  }

  #remember(name: Uint8Array, statement: PreparedStatement): void {
    const state = this.#state;
    statement.name = name;
    statement.preparedAt = state.namesDoubted;
    if (state.encoding !== undefined && name.length > 0)
      statement.show(state.decode(name, 0, name.length));
    if (name.length === 0) state.unnamedStatement = statement;
    else
      state.statements.set(name, statement, statement.text.length + name.length + NAME_ENTRY_BYTES);
  }

  /**
   * The object of one of the last two unnamed statements, when no request in flight and no portal points at it any
   * more: the last one is usually still bound to the unnamed portal.
   */
  #reusableUnnamed(): PreparedStatement {
    const state = this.#state;
    const last = state.unnamedStatement;
    if (last?.uses === 0) return last;
    const spare = state.spareStatement;
    state.spareStatement = last;
    return spare?.uses === 0 ? spare : new PreparedStatement();
  }

  #bind(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void {
    const state = this.#state;
    state.requestBytesCarried += sizeBytes;
    const pending = this.#push(PendingKind.Bind, tsUs, sizeBytes);
    const portalEnd = zeroAt(bytes, start, end);
    const nameStart = portalEnd + 1;
    const nameEnd = zeroAt(bytes, nameStart, end);
    if (nameEnd >= end) pending.quality |= Quality.Truncated;
    const statement = this.#statementNamed(bytes, nameStart, nameEnd);
    this.#attach(pending, statement);
    if (portalEnd > start) pending.portalName = state.decode(bytes, start, portalEnd);
    let parameters: RawParameters | undefined;
    if (state.context.parameters) {
      if (cut) this.#cut(pending, 'bind_bytes');
      else parameters = rawParameters(bytes, view, nameEnd + 1, end);
    }
    const valuesStart = nameEnd + 1;
    const keepsBound =
      state.context.boundValues &&
      !cut &&
      end - valuesStart <= BOUND_BYTES_MAX &&
      end > valuesStart;
    if (portalEnd > start) {
      statement.uses++; // The portal may live longer than the statement's name.
      state.portals.set(
        bytes.slice(start, portalEnd),
        {
          statement,
          parameters,
          bound: keepsBound ? bytes.slice(valuesStart, end) : undefined,
          executed: false,
          doubt: 0,
        },
        NAME_ENTRY_BYTES + sizeBytes,
      );
    } else {
      state.bindUnnamed(statement, parameters);
      if (keepsBound) state.keepBound(bytes, view, valuesStart, end);
    }
  }

  #execute(bytes: Uint8Array, start: number, end: number, sizeBytes: number, tsUs: number): void {
    const state = this.#state;
    const pending = this.#push(PendingKind.Execute, tsUs, sizeBytes + state.requestBytesCarried);
    state.requestBytesCarried = 0;
    const nameEnd = zeroAt(bytes, start, end);
    let again = false;
    if (nameEnd > start) {
      const portal = state.portals.get(bytes, start, nameEnd);
      pending.portalName = state.decode(bytes, start, nameEnd);
      pending.parameters = portal?.parameters;
      if (portal?.bound !== undefined) pending.keepBound(portal.bound);
      if (portal?.statement !== undefined) this.#attach(pending, portal.statement);
      if (portal !== undefined) {
        again = portal.executed;
        portal.executed = true;
        pending.quality |= portal.doubt;
      }
    } else {
      again = state.unnamedPortalExecuted;
      state.unnamedPortalExecuted = true;
      pending.quality |= state.unnamedPortalDoubt;
      pending.parameters = state.unnamedPortalParameters;
      const { unnamedPortalBound: bound } = state;
      if (bound !== undefined && bound.length > 0)
        pending.keepBound(bound.bytes, bound.length, bound.view);
      if (state.unnamedPortalStatement !== undefined)
        this.#attach(pending, state.unnamedPortalStatement);
    }
    if (pending.skipped) this.#absorb(pending);
    // A further fetch from an open portal is no further request: it is told as one execution.
    if (again) return;
    if (pending.absorbed) return;
    pending.counted = true;
    state.edge.request(tsUs);
  }

  /** Bind, Describe and Execute of many rows in one message, answered as these three. */
  #batch(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void {
    const state = this.#state;
    const batch = cut ? undefined : readBatch(bytes, view, start, end, state.context.parameters);
    const statement =
      batch === undefined
        ? new PreparedStatement()
        : this.#statementNamed(bytes, batch.nameStart, batch.nameEnd);
    this.#attach(this.#push(PendingKind.Bind, tsUs, 0), statement);
    if (batch?.describes !== undefined) {
      const described = this.#push(PendingKind.Describe, tsUs, 0);
      described.ofPortal = batch.describes === 'portal';
      this.#attach(described, statement);
    }
    state.bindUnnamed(statement, batch?.parameters);
    const execute = this.#push(PendingKind.Execute, tsUs, sizeBytes + state.requestBytesCarried);
    state.requestBytesCarried = 0;
    this.#attach(execute, statement);
    execute.parameters = batch?.parameters;
    execute.setsCount = batch?.setsCount ?? 0;
    if (cut) this.#cut(execute, 'bind_bytes');
    if (execute.skipped) this.#absorb(execute);
    if (execute.absorbed) return;
    execute.counted = true;
    state.edge.request(tsUs);
  }

  /** The statement of this Execute has failed already, at Parse or Bind, before the Execute was seen. */
  #absorb(pending: Pending): void {
    const failed = this.#state.failedRequest;
    if (failed === undefined || failed.kind === PendingKind.Execute) return;
    if (failed.statement !== undefined && failed.statement === pending.statement)
      pending.absorbed = true;
  }

  /** Describe and Close: Byte1 'S' or 'P', String name. */
  #target(
    kind: PendingKind,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    tsUs: number,
  ): void {
    this.#state.requestBytesCarried += sizeBytes;
    const pending = this.#push(kind, tsUs, sizeBytes);
    if (start >= end) return;
    const nameEnd = zeroAt(bytes, start + 1, end);
    pending.ofPortal = view.getUint8(start) === TARGET_PORTAL;
    if (pending.ofPortal) {
      if (nameEnd === start + 1) return;
      pending.portalName = this.#state.decode(bytes, start + 1, nameEnd);
      pending.portal = this.#state.portals.get(bytes, start + 1, nameEnd);
      return;
    }
    const known = this.#statementOf(bytes, start + 1, nameEnd);
    if (known !== undefined) {
      this.#attach(pending, known);
    } else if (kind === PendingKind.Describe && nameEnd > start + 1) {
      const unknown = new PreparedStatement();
      unknown.name = bytes.slice(start + 1, nameEnd);
      this.#attach(pending, unknown);
    }
  }

  #attach(pending: Pending, statement: PreparedStatement): PreparedStatement {
    pending.statement = statement;
    statement.uses++;
    return statement;
  }

  #statementOf(bytes: Uint8Array, start: number, end: number): PreparedStatement | undefined {
    if (end <= start) return this.#state.unnamedStatement;
    return this.#state.statements.get(bytes, start, end);
  }

  /** The statement of that name, or a new one that is only known by its name (prepared before the capture began). */
  #statementNamed(bytes: Uint8Array, start: number, end: number): PreparedStatement {
    const known = this.#statementOf(bytes, start, end);
    if (known !== undefined) return known;
    const unknown = new PreparedStatement();
    this.#remember(end > start ? bytes.slice(start, end) : NO_NAME, unknown);
    return unknown;
  }

  #cut(pending: Pending, limit: 'statement_bytes' | 'bind_bytes'): void {
    pending.quality |= Quality.Truncated;
    this.#state.context.health.drop(limit);
  }
}

/** Messages with limits of their own. */
const COUNT_THEMSELVES: ReadonlySet<number> = new Set([
  FrontendTag.CopyData,
  FrontendTag.Query,
  FrontendTag.Parse,
  FrontendTag.Bind,
  BATCH_BIND,
]);

const DAMAGED_KINDS: ReadonlyMap<number, PendingKind> = new Map([
  [FrontendTag.Query, PendingKind.Query],
  [FrontendTag.Parse, PendingKind.Parse],
  [FrontendTag.Bind, PendingKind.Bind],
  [FrontendTag.Execute, PendingKind.Execute],
  [FrontendTag.Describe, PendingKind.Describe],
  [FrontendTag.Close, PendingKind.Close],
  [FrontendTag.FunctionCall, PendingKind.Function],
]);

/** Where the string that starts at `start` ends; `end` when there is no zero byte before it. */
function zeroAt(bytes: Uint8Array, start: number, end: number): number {
  const near = Math.min(end, start + 32);
  for (let index = start; index < near; index++) if (bytes[index] === 0) return index;
  if (near >= end) return end;
  const found = bytes.indexOf(0, near);
  return found < 0 || found > end ? end : found;
}

const NO_TYPES: readonly number[] = [];

/** Int16{Int32 typeOid}. A count that the message cannot hold is not believed. */
function typesOf(view: DataView, start: number, end: number): readonly number[] {
  if (start + 2 > end) return NO_TYPES;
  const count = view.getUint16(start);
  if (count === 0 || start + 2 + count * 4 > end) return NO_TYPES;
  const types: number[] = [];
  for (let index = 0; index < count; index++) types.push(view.getUint32(start + 2 + index * 4));
  return types;
}
