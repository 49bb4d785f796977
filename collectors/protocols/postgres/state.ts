/** What one connection remembers, shared by those who read its two directions and by the one who tells its events. */
import { isAscii } from 'node:buffer';
import { Quality } from '../../../src/events/quality.ts';
import type { Session } from '../../../src/events/session.ts';
import type { Edge } from '../../activity.ts';
import type { ConversationContext } from '../conversation-context.ts';
import { type ClientEncoding, encodingNamed, replacedCount } from './encoding.ts';
import { text } from './errors.ts';
import {
  Outcome,
  Pending,
  PendingKind,
  PendingQueue,
  type Portal,
  type RawParameters,
} from './pending.ts';
import type { Replication } from './replication.ts';
import { NameTable, type PreparedStatement, TextBuffer } from './statements.ts';
import { Transactions } from './transactions.ts';

export const Phase = {
  /** Nothing but requests for encryption has been said. */
  Startup: 0,
  /** The startup packet was seen; the server has not said that it is ready. */
  Login: 1,
  Ready: 2,
  Encrypted: 3,
  /** The connection brought a cancel request, nothing else. */
  Cancel: 4,
  /** Not this protocol, or beyond reading: its bytes are only counted. */
  Foreign: 5,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** SQL_ASCII: bytes of which nothing is said. */
const UNKNOWN_ENCODING = encodingNamed('SQL_ASCII');

/**
 * A client that sends a request before the last answer has come looks, when one request was lost, like one that waits:
 * each answer is taken for that to the next request. It stands out as soon as it sends two at once or leaves a pause.
 * How many rounds must go by without either: more than a driver commonly sends at once without waiting.
 */
const ROUNDS_ALONE = 8;
const QUIET_US = 1_000_000;

export class State {
  readonly session: Session;
  readonly context: ConversationContext;
  readonly edge: Edge;
  readonly transactions: Transactions;
  readonly queue = new PendingQueue();
  readonly statements: NameTable<PreparedStatement>;
  readonly portals: NameTable<Portal>;
  /** Portals that a row limit left open, by name: what has come of them so far. */
  readonly suspended = new Map<string, Pending>();
  /**
   * How often something was lost that may have dropped or replaced any named statement. Those that are older than the
   * last time are told as a guess.
   */
  namesDoubted = 0;
  unnamedStatement: PreparedStatement | undefined = undefined;
  /** The unnamed statement before, kept for its memory. */
  spareStatement: PreparedStatement | undefined = undefined;
  unnamedPortalStatement: PreparedStatement | undefined = undefined;
  unnamedPortalParameters: RawParameters | undefined = undefined;
  /** The same as they came, where somebody counts values. */
  unnamedPortalBound: TextBuffer | undefined = undefined;
  unnamedPortalExecuted = false;
  /** Bits of Quality: as in `Portal`. */
  unnamedPortalDoubt = 0;
  phase: Phase;
  readonly midStream: boolean;
  readonly startUs: number;
  /** After an error in a pipeline the server passes over everything up to the next Sync. */
  skipping = false;
  /** The request that carries the error of the round, while `skipping`. */
  failedRequest: Pending | undefined = undefined;
  /** Answers were lost: the next ones may belong to a later request than the one in front. */
  lossy = false;
  /** Requests or answers were lost while others waited: which answer belongs to which request is a guess for a while. */
  uncertain = false;
  /**
   * The capture began after the session, or something was lost, and the server may still owe answers to requests that
   * nobody saw, or that are thought to be done: the next answers may be these. Bits of Quality, 0 when settled.
   */
  unsettled: number;
  /** While it is: rounds in a row that began when nothing waited, with no answer between them that nobody asked for. */
  roundsAlone = 0;
  /** Answers were lost while one round waited and all was settled: the next ReadyForQuery is that round's. */
  oneRoundWaits = false;
  /** Requests were given up because only the client was seen: should the server be seen after all, it may owe their answers. */
  answersHidden = false;
  /** Since the last request an answer came that nobody was seen to ask for. */
  strayAnswer = false;
  /** The client has been seen to send requests before the answers to earlier ones. */
  pipelines = false;
  /** What a replication connection has told; undefined for all others. */
  replication: Replication | undefined = undefined;
  /** A replication stream runs: the request in front is not waiting. */
  streaming = false;
  terminated = false;
  endedByServer = false;
  serverVersion: string | undefined = undefined;
  /** How the client's texts, and the server's to it, are read; undefined: they are UTF-8. */
  encoding: ClientEncoding | undefined;
  /** Bits of Quality that every event of the session carries. */
  everyQuality: number;
  /** What was known of logins when it was last asked who this is. */
  #askedVersion = 0;
  startupUs: number;
  /** End of the last answer: the next one in a pipeline starts there. */
  lastAnswerUs = 0;
  /** When the server said last that it is ready. */
  lastRoundUs: number;
  /** Bits of Quality: a step of the round that is being asked lost bytes, and the next ones may rest on it. */
  roundDoubt = 0;
  /** Bytes of answers since the last finished statement, and of requests since the last Execute. */
  answerBytes = 0;
  requestBytesCarried = 0;
  /** Totals of the session. */
  statementsCount = 0;
  errorsCount = 0;
  requestBytes = 0;
  responseBytes = 0;
  lostBytes = 0;
  lostPacketsMin = 0;
  /** Payload of the largest segment of each side. */
  #clientSegmentMax = 0;
  #serverSegmentMax = 0;
  quality = 0;
  anomaliesCount = 0;

  constructor(
    session: Session,
    context: ConversationContext,
    edge: Edge,
    startUs: number,
    midStream: boolean,
  ) {
    const { limits, health } = context;
    this.session = session;
    this.context = context;
    this.edge = edge;
    this.startUs = startUs;
    this.startupUs = startUs;
    this.lastRoundUs = startUs;
    this.midStream = midStream;
    this.unsettled = midStream ? Quality.MidStream : 0;
    this.phase = midStream ? Phase.Ready : Phase.Startup;
    this.everyQuality = context.captureQuality;
    // What the server said of it was not seen: what is no UTF-8 will be replaced.
    this.encoding = midStream ? UNKNOWN_ENCODING : undefined;
    this.transactions = new Transactions(session, context, edge, midStream);
    this.statements = new NameTable(
      limits.statementsPerSessionMax,
      limits.statementTextBytesMax,
      () => {
        health.drop('statements');
      },
    );
    this.portals = new NameTable(limits.portalsPerSessionMax, limits.statementTextBytesMax, () => {
      health.drop('portals');
    });
  }

  /** Bytes[start, end) of a message as text; what is no character is replaced and counted. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const { encoding } = this;
    if (encoding === undefined) return text(bytes, start, end);
    const decoded = encoding.text(bytes, start, Math.max(start, end));
    this.context.health.textBytesReplaced += replacedCount(decoded);
    return decoded;
  }

  /** Turns a text in the session's encoding into UTF-8, before anybody reads it. */
  recode(buffer: TextBuffer): void {
    if (isAscii(buffer.bytes.subarray(0, buffer.length))) return;
    const recoded = Buffer.from(this.decode(buffer.bytes, 0, buffer.length));
    const view = new DataView(recoded.buffer, recoded.byteOffset, recoded.length);
    buffer.set(recoded, view, 0, recoded.length);
  }

  /** A session whose login was not seen: its user, as the server names it or as all others from its host have it. */
  identify(user: string | undefined): void {
    const { session, context } = this;
    if (user !== undefined && session.user === undefined) this.#inferred(user, session.database);
    if (context.logins.version === this.#askedVersion) return;
    this.#askedVersion = context.logins.version;
    const login = context.logins.find(session);
    if (login === undefined || (session.user ?? login.user) !== login.user) return;
    this.#inferred(login.user, login.database);
  }

  #inferred(user: string, database: string | undefined): void {
    this.session.user = user;
    this.session.database = database;
    this.everyQuality |= Quality.Inferred;
    this.quality |= Quality.Inferred;
  }

  /** The unnamed portal now runs this statement. */
  bindUnnamed(
    statement: PreparedStatement | undefined,
    parameters: RawParameters | undefined,
  ): void {
    if (this.unnamedPortalStatement !== undefined) this.unnamedPortalStatement.uses--;
    if (statement !== undefined) statement.uses++;
    this.unnamedPortalStatement = statement;
    this.unnamedPortalParameters = parameters;
    if (this.unnamedPortalBound !== undefined) this.unnamedPortalBound.length = 0;
    this.unnamedPortalExecuted = false;
    this.unnamedPortalDoubt = 0;
  }

  /** The parameters of the unnamed portal as they came: bytes[start, end), of which `view` is. */
  keepBound(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.unnamedPortalBound ??= new TextBuffer();
    this.unnamedPortalBound.set(bytes, view, start, end);
  }

  /** A simple query destroys the unnamed statement and portal; their memory is used again. */
  dropUnnamed(): void {
    this.spareStatement ??= this.unnamedStatement;
    this.unnamedStatement = undefined;
    this.bindUnnamed(undefined, undefined);
  }

  /** Something strange, told once in a while and always counted. */
  anomaly(kind: string, detail: string | undefined, lostBytes: number, tsUs: number): void {
    const { health, limits, sink } = this.context;
    this.anomaliesCount++;
    if (this.anomaliesCount > limits.anomaliesPerSessionMax) {
      health.drop('anomalies');
      return;
    }
    sink.sessionEvent({ type: 'anomaly', tsUs, session: this.session, kind, detail, lostBytes });
  }

  /** A segment came in order, so large. */
  segment(fromClient: boolean, sizeBytes: number): void {
    if (fromClient) this.#clientSegmentMax = Math.max(this.#clientSegmentMax, sizeBytes);
    else this.#serverSegmentMax = Math.max(this.#serverSegmentMax, sizeBytes);
  }

  /**
   * At least so many packets brought these bytes: no segment is taken for larger than the largest that was seen. In a
   * capture whose packets are cut, bytes may be missing of packets that are there.
   */
  #packetsOf(fromClient: boolean, sizeBytes: number): number {
    if (this.context.health.cutPackets > 0) return 0;
    const largest = fromClient ? this.#clientSegmentMax : this.#serverSegmentMax;
    return largest === 0 ? 1 : Math.ceil(sizeBytes / largest);
  }

  /** Bytes are missing in one direction: what it touches is marked. */
  lost(fromClient: boolean, size: number, bit: number, tsUs: number): void {
    this.lostBytes += size;
    const packets = size > 0 ? this.#packetsOf(fromClient, size) : 0;
    this.lostPacketsMin += packets;
    this.quality |= bit;
    const second = this.edge.at(tsUs);
    second.lostBytes += size;
    second.lostPacketsMin += packets;
    this.transactions.lost(bit);
    const { queue } = this;
    // Further fetches may have been among it, and rows.
    for (const portal of this.suspended.values()) portal.quality |= bit;
    if (!fromClient) this.doubtPortals(bit);
    const from = fromClient ? this.#unfinished() : this.#lastAnswered();
    for (let index = from; index < queue.tail; index++) queue.at(index).quality |= bit;
  }

  /**
   * The connection goes on unseen: its last execution may still fail at the end of its round, and more may be fetched
   * from portals that are open.
   */
  outOfSight(): void {
    const { queue } = this;
    const last = this.#lastAnswered();
    const answered = last < queue.head || queue.current?.outcome.answered === true;
    if (answered) queue.at(last).quality |= Quality.GapResponse;
    // From portals of a block that failed nothing is fetched any more, unless a savepoint saves them.
    if (this.transactions.lostForGood) return;
    for (const portal of this.suspended.values()) portal.quality |= Quality.GapResponse;
  }

  /** What was lost may have been of any portal: fetched from it, or put another one under its name. */
  doubtPortals(bit: number): void {
    this.portals.forEach((portal) => {
      portal.doubt |= bit;
    });
    this.unnamedPortalDoubt |= bit;
  }

  /** Bits of Quality: whether what is known under its name may have been replaced unseen. */
  doubtOf(statement: PreparedStatement): number {
    const replaced = statement.name.length > 0 && statement.preparedAt < this.namesDoubted;
    return statement.doubt | (replaced ? Quality.GapRequest : 0);
  }

  /** An error at the commit behind it makes a failure of the last execution that succeeded. */
  #lastAnswered(): number {
    const { queue } = this;
    for (let index = queue.head - 1; index >= queue.base; index--) {
      const { kind, skipped } = queue.at(index);
      if (endsRound(kind)) break;
      if (kind === PendingKind.Execute && !skipped) return index;
    }
    return queue.head;
  }

  /** Where the steps begin that may have lost one behind them: the last request, or those of a round that is not whole. */
  #unfinished(): number {
    const { queue } = this;
    let index = Math.max(queue.head, queue.tail - 1);
    if (index < queue.tail && endsRound(queue.at(index).kind)) {
      // Data of a COPY may be sent behind a Sync, which the server then passes over.
      const copies = index > queue.head && mayCopy(queue.at(index - 1));
      return copies ? index - 1 : index;
    }
    while (index > queue.head && !endsRound(queue.at(index - 1).kind)) index--;
    return index;
  }

  /** Requests are missing: another Parse or Bind may have been among them, and some that will be answered. */
  requestsLost(): void {
    if (this.lossy || (this.unsettled & Quality.GapResponse) !== 0) this.namesDoubted++;
    this.unsettle(Quality.GapRequest);
    this.unnamedStatement = undefined;
    this.bindUnnamed(undefined, undefined);
    this.doubtPortals(Quality.GapRequest);
  }

  /** Answers are missing, and where the next message begins is not known. */
  answersLost(): void {
    const { queue } = this;
    let rounds = 0;
    for (let index = queue.head; index < queue.tail; index++)
      if (endsRound(queue.at(index).kind)) rounds++;
    const known = (this.unsettled === 0 || this.oneRoundWaits) && !this.answersHidden;
    this.answersHidden = false;
    // Both directions lost bytes: a Parse may be among these, its answer among those.
    if ((this.unsettled & Quality.GapRequest) !== 0) this.namesDoubted++;
    this.lossy = true;
    this.unsettle(Quality.GapResponse);
    this.oneRoundWaits = known && rounds === 1;
  }

  /** From now on which answer belongs to which request is a guess; the bit of Quality says why. */
  unsettle(bit: number): void {
    this.uncertain = true;
    this.unsettled |= bit;
    this.roundsAlone = 0;
    this.oneRoundWaits = false;
  }

  /** An answer to nothing that was seen: a request is missing, or comes later than its answer. */
  nobodyAsked(): void {
    this.strayAnswer = true;
    if (this.unsettled === 0) this.unsettle(Quality.GapRequest);
  }

  /** A round begins while nothing waits: after enough of these, or a pause behind one, nothing is owed any more. */
  settle(tsUs: number): void {
    const stray = this.strayAnswer;
    this.strayAnswer = false;
    this.uncertain = false;
    if (this.unsettled === 0) return;
    const quiet = tsUs - this.lastRoundUs >= QUIET_US;
    if (stray) this.roundsAlone = 0;
    if (this.roundsAlone >= (quiet ? 1 : ROUNDS_ALONE)) this.unsettled = 0;
    this.roundsAlone++;
  }

  /** All that waits has been answered, though its answers were not seen. */
  countAnswered(): void {
    const { queue } = this;
    for (let index = queue.head; index < queue.tail; index++) {
      const { kind, done, tsUs } = queue.at(index);
      const asked = kind === PendingKind.Query || kind === PendingKind.Execute;
      if (asked && !done) this.edge.at(tsUs).requestsAnswered++;
    }
  }

  outstandingCount(): number {
    const { queue } = this;
    if (this.streaming) return 0;
    let count = 0;
    for (let index = queue.head; index < queue.tail; index++) {
      const { kind, done, outcome } = queue.at(index);
      if (
        (kind === PendingKind.Query || kind === PendingKind.Execute) &&
        !done &&
        !outcome.answered
      )
        count++;
    }
    return count;
  }
}

/** The server says ReadyForQuery behind it. */
export function endsRound(kind: PendingKind): boolean {
  return kind === PendingKind.Query || kind === PendingKind.Sync || kind === PendingKind.Function;
}

function mayCopy({ kind, statement }: Pending): boolean {
  if (kind !== PendingKind.Execute) return false;
  return statement?.known !== true || statement.statementClass?.command === 'COPY';
}

/** A request taken out of the queue, to be told later: its place in the ring will be used again. */
export function detach(pending: Pending): Pending {
  const copy = new Pending();
  copy.reset(pending.kind, pending.tsUs, pending.requestBytes);
  copy.quality = pending.quality;
  copy.statement = pending.statement;
  if (copy.statement !== undefined) copy.statement.uses++;
  copy.parameters = pending.parameters;
  copy.portalName = pending.portalName;
  copy.counted = pending.counted;
  copy.outcome = pending.outcome;
  pending.outcome = new Outcome();
  return copy;
}
