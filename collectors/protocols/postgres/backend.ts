/**
 * Hot. What the server says: each answer is joined to the request in front of the queue, by the order in which the
 * protocol answers (manual: Message Flow). Nothing is told here; ReadyForQuery ends the round and lets it be told
 * (round.ts), because until then a success can still turn into a failure. Bench: test/bench/decode.bench.ts.
 */
import { Status, UNKNOWN } from '../../../src/events/events.ts';
import { Quality, QUALITY_GUESSED } from '../../../src/events/quality.ts';
import { decodeError, errorText, saysCancelled, type ServerError, text } from './errors.ts';
import type { MessageReceiver } from './framer.ts';
import { BackendTag } from './messages.ts';
import { asksAsOpengauss } from './opengauss.ts';
import { Outcome, type Pending, PendingKind } from './pending.ts';
import type { Replication } from './replication.ts';
import { reportedParameter } from './reported-parameters.ts';
import { endsRound, Phase, type State } from './state.ts';
import { commandOf, readTag } from './tag.ts';
import { failsBeforeTransaction, statusOf, type TransactionStatus } from './transactions.ts';

/** What the backend leaves to the conversation. */
export interface BackendOwner {
  ready(tsUs: number): void;
  /** The mirror shows the server only. */
  requestsHidden(tsUs: number): boolean;
  /** This is a replication connection: from now on its data are looked at. */
  replicates(): Replication;
  loginFailed(error: ServerError, tsUs: number): void;
  keyData(processId: number, key: string): void;
  /** The server turns out to be an openGauss. */
  speaksOpengauss(): void;
  /** A round has ended with this status ('' when its ReadyForQuery was lost): everything before `queue.head` is done. */
  roundEnded(status: TransactionStatus, tsUs: number): void;
  refused(fromClient: boolean, tsUs: number): void;
  resynchronised(fromClient: boolean, passedBytes: number, tsUs: number): void;
  negotiated(answer: number, tsUs: number): void;
}

export class Backend implements MessageReceiver {
  readonly #state: State;
  readonly #owner: BackendOwner;
  readonly #decode = (bytes: Uint8Array, start: number, end: number): string =>
    this.#state.decode(bytes, start, end);

  constructor(state: State, owner: BackendOwner) {
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
    if (cut && tag !== BackendTag.CopyData) state.context.health.drop('message_bytes');
    state.responseBytes += sizeBytes;
    state.answerBytes += sizeBytes;
    switch (tag) {
      case BackendTag.CommandComplete:
        this.#complete(bytes, view, start, end, tsUs);
        return;
      case BackendTag.ReadyForQuery:
        this.#ready(start < end ? view.getUint8(start) : 0, tsUs);
        return;
      case BackendTag.ParseComplete:
        this.#step(PendingKind.Parse);
        return;
      case BackendTag.BindComplete:
        this.#step(PendingKind.Bind);
        return;
      case BackendTag.CloseComplete:
        this.#step(PendingKind.Close);
        return;
      case BackendTag.NoData:
        this.#step(PendingKind.Describe);
        return;
      case BackendTag.ParameterDescription:
        this.#parameterTypes(view, start, end);
        return;
      case BackendTag.ErrorResponse:
        this.#error(decodeError(bytes, start, end, this.#decode), tsUs);
        return;
      case BackendTag.EmptyQueryResponse:
        this.#finish(this.#answering(tsUs), tsUs);
        return;
      case BackendTag.PortalSuspended:
        this.#suspended(tsUs);
        return;
      case BackendTag.CopyInResponse:
      case BackendTag.CopyOutResponse:
      case BackendTag.CopyBothResponse:
        this.#copyStarts(tag, tsUs);
        return;
      case BackendTag.CopyData:
        state.replication?.serverData(view, start, end, sizeBytes, tsUs);
        this.#steppedOver(tag, sizeBytes, tsUs);
        return;
      case BackendTag.DataRow:
        this.#backupRow(view, start, end);
        this.#steppedOver(tag, sizeBytes, tsUs);
        return;
      default:
        this.#aside(tag, bytes, view, start, end, tsUs);
    }
  }

  /** Rows are looked at in replication connections only. */
  #backupRow(view: DataView, start: number, end: number): void {
    const { replication, queue } = this.#state;
    if (replication === undefined || queue.current?.kind !== PendingKind.Query) return;
    if (isBaseBackup(queue.current)) replication.backupRow(view, start, end);
  }

  /** Messages that answer no request. */
  #aside(
    tag: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    const state = this.#state;
    switch (tag) {
      case BackendTag.BackendKeyData:
        if (end - start >= 8 && state.phase !== Phase.Ready) {
          const key = Buffer.from(
            bytes.buffer,
            bytes.byteOffset + start + 4,
            end - start - 4,
          ).toString('hex');
          this.#owner.keyData(view.getUint32(start), key);
        }
        return;
      case BackendTag.Authentication:
        if (state.phase !== Phase.Ready && asksAsOpengauss(view, start, end))
          this.#owner.speaksOpengauss();
        return;
      case BackendTag.ParameterStatus:
        if (reportedParameter(state, bytes, start, end) === 'opengauss')
          this.#owner.speaksOpengauss();
        return;
      case BackendTag.CopyDone:
        state.streaming = false;
        if (state.replication?.streaming === true) state.replication.ends(tsUs);
        return;
      default:
        return; // NegotiateProtocolVersion.
    }
  }

  stepped(tag: number, sizeBytes: number, tsUs: number): void {
    const state = this.#state;
    state.responseBytes += sizeBytes;
    state.answerBytes += sizeBytes;
    this.#steppedOver(tag, sizeBytes, tsUs);
  }

  #steppedOver(tag: number, sizeBytes: number, tsUs: number): void {
    const state = this.#state;
    switch (tag) {
      case BackendTag.DataRow: {
        const outcome = this.#answering(tsUs)?.outcome;
        if (outcome !== undefined)
          outcome.rowsReturned = outcome.rowsReturned < 0 ? 1 : outcome.rowsReturned + 1;
        return;
      }
      case BackendTag.RowDescription:
        this.#rowDescription(tsUs);
        return;
      case BackendTag.CopyData: {
        const outcome = state.queue.current?.outcome;
        if (outcome !== undefined && outcome.copyBytes >= 0 && !state.streaming)
          outcome.copyBytes += sizeBytes - 5;
        return;
      }
      default:
        return; // Notices and notifications come at any time and answer nothing.
    }
  }

  /** Bytes of an answer are missing; that it came is known. */
  damaged(tag: number, sizeBytes: number, tsUs: number): void {
    const state = this.#state;
    state.responseBytes += sizeBytes;
    state.answerBytes += sizeBytes;
    if (tag === BackendTag.CommandComplete) this.#finish(this.#answering(tsUs), tsUs);
    else if (tag === BackendTag.ErrorResponse) this.#damagedError(tsUs);
    else if (tag === BackendTag.ReadyForQuery) this.#ready(0, tsUs);
  }

  /** Whether it ended the connection is not known: when nobody waits, it need not have answered a statement. */
  #damagedError(tsUs: number): void {
    const error = decodeError(NO_BYTES, 0, 0);
    const { phase, queue } = this.#state;
    if (phase !== Phase.Ready || queue.waitingCount > 0) this.#error(error, tsUs);
    else this.#state.anomaly('error_without_statement', undefined, 0, tsUs);
  }

  negotiated(answer: number, tsUs: number): void {
    this.#owner.negotiated(answer, tsUs);
  }

  refused(tsUs: number): void {
    this.#owner.refused(false, tsUs);
  }

  resynchronised(passedBytes: number, tsUs: number): void {
    this.#state.lossy = true;
    this.#owner.resynchronised(false, passedBytes, tsUs);
  }

  /** The Query or Execute in front, as one that gets an answer now; undefined when none is there to take it. */
  #answering(tsUs: number): Pending | undefined {
    const state = this.#state;
    this.#passFailed(tsUs);
    let pending = state.queue.current;
    if (
      pending === undefined ||
      (pending.kind !== PendingKind.Query && pending.kind !== PendingKind.Execute)
    ) {
      pending = this.#seek(tsUs);
      if (pending === undefined) return undefined;
    }
    let outcome = pending.outcome;
    if (outcome.answered) {
      // The next statement of a query string that holds several.
      pending.outcomes ??= [];
      pending.outcomes.push(outcome);
      outcome = new Outcome();
      pending.outcome = outcome;
    }
    if (outcome.firstUs === UNKNOWN) {
      outcome.firstUs = tsUs;
      outcome.startUs = pending.tsUs > state.lastAnswerUs ? pending.tsUs : state.lastAnswerUs;
      if (outcome.startUs > tsUs) outcome.startUs = tsUs;
      pending.touched = true;
    }
    return pending;
  }

  /** Behind the error of a query string comes its ReadyForQuery and nothing else: it was lost. */
  #passFailed(tsUs: number): void {
    const { queue } = this.#state;
    const { current } = queue;
    if (current?.kind !== PendingKind.Query || current.outcome.error === undefined) return;
    current.quality |= Quality.GapResponse;
    current.done = true;
    queue.head++;
    this.#owner.roundEnded('', tsUs);
  }

  /**
   * The request in front cannot have this answer. After a loss, what stands before the next Query or Execute was
   * answered unseen; without any, the request itself was not seen.
   */
  #seek(tsUs: number): Pending | undefined {
    const state = this.#state;
    const { queue } = state;
    while (state.lossy && queue.waitingCount > 0) {
      const pending = queue.at(queue.head);
      if (pending.kind === PendingKind.Query || pending.kind === PendingKind.Execute)
        return pending;
      queue.head++;
      if (pending.kind === PendingKind.Sync) this.#owner.roundEnded('', tsUs);
    }
    state.context.health.unmatchedAnswers++;
    state.nobodyAsked();
    if (queue.waitingCount > 0) return undefined;
    // As a query: whatever it was, it ends with its ReadyForQuery, after one answer or several.
    const orphan = queue.push(PendingKind.Query, tsUs, 0);
    orphan.quality |=
      Quality.UnknownStatement | (state.midStream ? Quality.MidStream : Quality.GapRequest);
    if (this.#owner.requestsHidden(tsUs)) orphan.quality |= Quality.OneWay;
    orphan.outcome.startUs = UNKNOWN;
    orphan.outcome.firstUs = tsUs;
    return orphan;
  }

  /** An answer that only says that a step was taken. */
  #step(kind: PendingKind): void {
    const state = this.#state;
    const { queue } = state;
    let pending = queue.current;
    if (pending?.kind !== kind) {
      pending = undefined;
      if (state.lossy) {
        for (let index = queue.head; index < queue.tail; index++) {
          const candidate = queue.at(index);
          if (candidate.kind === PendingKind.Sync || candidate.kind === PendingKind.Query) break;
          if (candidate.kind !== kind) continue;
          queue.head = index;
          pending = candidate;
          break;
        }
      }
      if (pending === undefined) {
        state.context.health.unmatchedAnswers++;
        // Of which name, nobody knows.
        if (kind === PendingKind.Parse || kind === PendingKind.Close) state.namesDoubted++;
        return;
      }
    }
    pending.touched = true;
    pending.done = true;
    queue.head++;
  }

  #rowDescription(tsUs: number): void {
    const kind = this.#state.queue.current?.kind;
    if (kind === PendingKind.Describe) {
      this.#step(PendingKind.Describe);
      return;
    }
    // Of a Describe that was not seen it says nothing of a statement that ran; otherwise rows or a tag follow.
    if (kind !== PendingKind.Query && kind !== PendingKind.Execute) return;
    const outcome = this.#answering(tsUs)?.outcome;
    if (outcome !== undefined && outcome.rowsReturned < 0) outcome.rowsReturned = 0;
  }

  #parameterTypes(view: DataView, start: number, end: number): void {
    const statement = this.#state.queue.current?.statement;
    if (statement === undefined || end - start < 2) return;
    const count = view.getUint16(start);
    if (start + 2 + count * 4 > end) return;
    const types: number[] = [];
    for (let index = 0; index < count; index++) types.push(view.getUint32(start + 2 + index * 4));
    statement.parameterTypes = types;
  }

  #complete(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): void {
    const state = this.#state;
    const pending = this.#answering(tsUs);
    if (pending === undefined) return;
    const { outcome } = pending;
    readTag(view, start, end, outcome, (pending.quality & Quality.GapResponse) !== 0);
    const known =
      pending.kind === PendingKind.Query
        ? pending.text.length > 0
        : pending.statement?.known === true;
    if (!known) {
      outcome.tagCommand = commandOf(bytes, start, end);
      if (MAKES_NAMES.test(outcome.tagCommand ?? '')) state.namesDoubted++;
    }
    this.#finish(pending, tsUs);
  }

  #finish(pending: Pending | undefined, tsUs: number): void {
    if (pending === undefined) return;
    const state = this.#state;
    const { outcome } = pending;
    outcome.answered = true;
    outcome.endUs = tsUs;
    outcome.responseBytes += state.answerBytes;
    state.answerBytes = 0;
    state.lastAnswerUs = tsUs;
    state.streaming = false;
    if (pending.kind !== PendingKind.Execute) return;
    pending.done = true;
    state.queue.head++;
  }

  #suspended(tsUs: number): void {
    const pending = this.#answering(tsUs);
    if (pending === undefined) return;
    pending.suspended = true;
    if (pending.outcome.rowsReturned < 0) pending.outcome.rowsReturned = 0;
    this.#finish(pending, tsUs);
  }

  #copyStarts(tag: number, tsUs: number): void {
    const state = this.#state;
    const pending = this.#answering(tsUs);
    if (pending === undefined) return;
    pending.outcome.copyBytes = tag === BackendTag.CopyInResponse ? pending.copiedAheadBytes : 0;
    if (tag === BackendTag.CopyInResponse) this.#passOverSyncs(pending);
    if (tag === BackendTag.CopyOutResponse && isBaseBackup(pending))
      this.#owner.replicates().backupStarts(tsUs);
    if (tag !== BackendTag.CopyBothResponse) return;
    state.streaming = true;
    // The stream is the answer, and it is being given.
    pending.streamed = true;
    state.edge.at(pending.tsUs).requestsAnswered++;
    this.#owner.replicates().streamStarts(commandText(pending), tsUs);
  }

  /**
   * While it copies in, the server passes over each Sync ("Flush and Sync messages received during copy-in are
   * ignored"): only one that came after the end of the data is answered.
   */
  #passOverSyncs(pending: Pending): void {
    pending.copiesIn = true;
    const { queue } = this.#state;
    const next = queue.head + 1;
    while (next < queue.tail) {
      const { kind, beforeCopyEnd } = queue.at(next);
      if (kind !== PendingKind.Sync || (pending.copyEnded && !beforeCopyEnd)) return;
      queue.remove(next);
    }
  }

  #error(error: ServerError, tsUs: number): void {
    const state = this.#state;
    if (error.fatal) state.endedByServer = true;
    if (state.phase !== Phase.Ready) {
      this.#owner.loginFailed(error, tsUs);
      return;
    }
    const { queue } = state;
    this.#passFailed(tsUs);
    const pending = queue.current;
    if (pending === undefined) {
      if (error.fatal) state.anomaly('ended_by_server', errorText(error), 0, tsUs);
      else if (!this.#failAtCommit(error, Quality.GapRequest, tsUs))
        this.#fail(this.#answering(tsUs), error, tsUs);
      return;
    }
    if (error.fatal && (pending.quality & QUALITY_GUESSED) !== 0) {
      // A server that shuts down says so to whoever is connected. Whether this one still waited is not known.
      pending.quality |= Quality.GapResponse;
      state.anomaly('ended_by_server', errorText(error), 0, tsUs);
    } else if (pending.kind === PendingKind.Query) {
      this.#fail(this.#answering(tsUs), error, tsUs);
    } else if (pending.kind === PendingKind.Sync) {
      if (!this.#failAtCommit(error, pending.quality, tsUs))
        state.anomaly('error_without_statement', errorText(error), 0, tsUs);
    } else if (pending.kind === PendingKind.Function) {
      pending.outcome.firstUs = tsUs;
      pending.outcome.startUs = pending.tsUs;
      this.#fail(pending, error, tsUs);
    } else {
      this.#failPipeline(pending, error, tsUs);
    }
  }

  #fail(pending: Pending | undefined, error: ServerError, tsUs: number): void {
    if (pending === undefined) return;
    const { outcome } = pending;
    const cancelled =
      error.sqlstate === '57014' && (pending.cancelRequested || saysCancelled(error));
    outcome.status = cancelled ? Status.Cancelled : Status.Error;
    outcome.error = error;
    this.#finish(pending, tsUs);
  }

  /**
   * A request of the extended protocol failed: the server passes over all that follows up to the next Sync. Whatever
   * step it was, the error belongs to the execution that was asked for.
   */
  #failPipeline(failed: Pending, error: ServerError, tsUs: number): void {
    const state = this.#state;
    const { queue } = state;
    failed.touched = true;
    let carrier = failed;
    let index = queue.head + 1;
    for (; index < queue.tail; index++) {
      const later = queue.at(index);
      if (later.kind === PendingKind.Sync) break;
      const same = later.kind === PendingKind.Execute && later.statement === failed.statement;
      if (carrier.kind !== PendingKind.Execute && same && failed.statement !== undefined)
        carrier = later;
      else later.skipped = true;
      later.done = true;
    }
    if (failed !== carrier) failed.skipped = true;
    const { outcome } = carrier;
    outcome.firstUs = outcome.firstUs === UNKNOWN ? tsUs : outcome.firstUs;
    outcome.startUs = Math.min(Math.max(carrier.tsUs, state.lastAnswerUs), tsUs);
    carrier.skipped = false;
    carrier.neverRun = failed !== carrier;
    carrier.touched = true;
    failed.beforeTransaction = failsBeforeTransaction(failed, error);
    carrier.beforeTransaction = failed.beforeTransaction;
    // After a loss its Sync may have been missed, and what follows is not passed over.
    state.skipping = index === queue.tail && !state.lossy && !state.uncertain;
    state.failedRequest = carrier;
    queue.head = index;
    this.#failAt(carrier, error, tsUs);
  }

  #failAt(carrier: Pending, error: ServerError, tsUs: number): void {
    const { queue } = this.#state;
    const { head } = queue;
    this.#fail(carrier, error, tsUs);
    carrier.done = true;
    queue.head = head;
  }

  /**
   * The commit at the end of the round failed (deferred constraints): its last statement did not succeed after all.
   * @param quality of the Sync that commits, or why it was not seen
   * @returns whether there was one
   */
  #failAtCommit(error: ServerError, quality: number, tsUs: number): boolean {
    const { queue } = this.#state;
    for (let index = queue.head - 1; index >= queue.base; index--) {
      const pending = queue.at(index);
      if (pending.kind !== PendingKind.Execute || pending.skipped) continue;
      // Its tag counted rows that were taken back.
      pending.outcome.rowsAffected = UNKNOWN;
      pending.quality |= quality;
      this.#failAt(pending, error, tsUs);
      return true;
    }
    return false;
  }

  #ready(byte: number, tsUs: number): void {
    const state = this.#state;
    const status = statusOf(byte);
    state.skipping = false;
    state.lastRoundUs = tsUs;
    state.replication?.ends(tsUs);
    if (state.phase !== Phase.Ready) {
      this.#owner.ready(tsUs);
      state.transactions.ready(status, tsUs);
      state.answerBytes = 0;
      return;
    }
    const { queue } = state;
    let index = queue.head;
    while (index < queue.tail && !endsRound(queue.at(index).kind)) index++;
    if (index < queue.tail) {
      if (index > queue.head && !state.lossy) state.context.health.unmatchedAnswers++;
      const pending = queue.at(index);
      pending.touched ||= pending.kind !== PendingKind.Sync;
      pending.done = true;
      queue.head = index + 1;
      if (state.oneRoundWaits) state.unsettled = 0;
    } else {
      state.nobodyAsked();
    }
    state.oneRoundWaits = false;
    state.lossy = false;
    state.failedRequest = undefined;
    state.answerBytes = 0;
    this.#owner.roundEnded(status, tsUs);
  }
}

/** The beginning of a replication command. */
function commandText(pending: Pending): string {
  return text(pending.text.bytes, 0, Math.min(pending.text.length, 1024));
}

function isBaseBackup(pending: Pending): boolean {
  return /^\s*BASE_BACKUP\b/i.test(commandText(pending));
}

/** Tags of what makes or drops prepared statements by SQL. */
const MAKES_NAMES = /^(?:PREPARE$|DEALLOCATE|DISCARD)/;

const NO_BYTES = new Uint8Array(0);
