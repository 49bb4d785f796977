/**
 * One connection that speaks PostgreSQL's protocol: gives the bytes of both directions to their framers, goes through
 * login, encryption and refusal, and ends in order. What each side says is read in frontend.ts and backend.ts.
 */
import { type SessionState, Status, UNKNOWN } from '../../../src/events/events.ts';
import { Quality } from '../../../src/events/quality.ts';
import type { Session } from '../../../src/events/session.ts';
import type { Conversation } from '../../activity.ts';
import type { Flow, FlowEnd, FlowReader } from '../../network/flow.ts';
import type { Cancellable } from '../cancel-keys.ts';
import type { ConversationContext } from '../conversation-context.ts';
import { Encryption, type EncryptionOwner } from '../encryption.ts';
import { looksLikeClientHello, TlsRecognition } from '../tls/recognition.ts';
import { Backend, type BackendOwner } from './backend.ts';
import { serverOf, tellCancelRequest } from './cancel-request.ts';
import type { ServerError } from './errors.ts';
import { Framer, Mode } from './framer.ts';
import { Frontend, type FrontendOwner } from './frontend.ts';
import { Keeps, keptBodies } from './kept-bodies.ts';
import { neverAccepted } from './never-accepted.ts';
import { OneWay } from './one-way.ts';
import { Replication } from './replication.ts';
import { findBackendBoundary, findFrontendBoundary } from './resync.ts';
import { Rounds } from './round.ts';
import { decodeStartup, guessForeign, looksLikeStartup } from './startup.ts';
import { Phase, State } from './state.ts';
import type { TransactionStatus } from './transactions.ts';

/** The type of a TLS record, and no length that a startup packet may have. */
const TLS_HANDSHAKE = 0x16;
const ANSWER_TLS = 0x53; // 'S'
const ANSWER_GSS = 0x47; // 'G'
const ANSWERS: ReadonlySet<number> = new Set([ANSWER_TLS, ANSWER_GSS, 0x4e]); // 'N': no
const ANSWER_ERROR = 0x45; // 'E': a server that is too old, or full, answers with an error message
/** After so many refusals in one connection its bytes are no longer believed to be this protocol. */
const REFUSALS_MAX = 20;
const OPENGAUSS_MINOR_MIN = 50;
/** A wrong name, password or database (classes 28 and 3D): the server is well, it said no to who asked. */
const TURNED_AWAY = /^(?:28|3D)/;

/** The connection may go on, but is not followed any more. */
const OUT_OF_SIGHT: ReadonlySet<FlowEnd> = new Set(['capture_end', 'limit', 'idle']);

export class PostgresConversation
  implements FlowReader, Conversation, Cancellable, FrontendOwner, BackendOwner, EncryptionOwner
{
  readonly #state: State;
  readonly #context: ConversationContext;
  readonly #clientEndpoint: 0 | 1;
  readonly #client: Framer;
  readonly #server: Framer;
  readonly #rounds: Rounds;
  readonly #oneWay: OneWay;
  /** Bits of Keeps. */
  #keeps: number;
  #negotiating: 'tls' | 'gss' = 'tls';
  /** The client has asked for encryption, and no answer has been seen. */
  #answerAwaited = false;
  #refusals = 0;
  #decodedBytes = 0;
  /** Since both sides agreed to encrypt: the bytes go through it first. */
  #encryption: Encryption | undefined = undefined;
  /** Of a connection that was open before the capture began, as long as nothing of it has been understood. */
  #recognition: TlsRecognition | undefined;
  #cancelKey: string | undefined = undefined;
  /** The client's first bytes have been looked at: what follows may be the middle of a message. */
  #clientSpoke = false;
  /** Its beginning has been told: its end will be. */
  #started = false;
  /** It turned out that another protocol is spoken. */
  #neverOurs = false;
  readonly #flow: Flow;

  /** @param clientEndpoint which end of the flow is the client */
  constructor(
    flow: Flow,
    session: Session,
    clientEndpoint: 0 | 1,
    context: ConversationContext,
    tsUs: number,
  ) {
    const midStream = flow.opener === -1;
    const edge = context.activity.edge(
      session.clientAddress,
      session.serverAddress,
      session.serverPort,
    );
    edge.conversations.add(this);
    if (!midStream) edge.at(tsUs).connectionsOpened++;
    this.#flow = flow;
    this.#context = context;
    this.#clientEndpoint = clientEndpoint;
    this.#state = new State(session, context, edge, tsUs, midStream);
    this.#recognition = midStream ? new TlsRecognition() : undefined;
    this.#rounds = new Rounds(this.#state);
    this.#oneWay = new OneWay(flow, clientEndpoint, this.#state);
    this.#keeps = context.parameters ? Keeps.Values : 0;
    const { client, server } = keptBodies(context.limits, this.#keeps);
    this.#client = new Framer(
      new Frontend(this.#state, this),
      client,
      findFrontendBoundary,
      midStream ? Mode.Lost : Mode.Startup,
    );
    this.#server = new Framer(
      new Backend(this.#state, this),
      server,
      findBackendBoundary,
      midStream ? Mode.Lost : Mode.Typed,
    );
    // A standby stays connected for months: its stream will have begun before the capture.
    if (midStream) this.replicates();
  }

  #keep(kind: number): void {
    this.#keeps |= kind;
    const { client, server } = keptBodies(this.#context.limits, this.#keeps);
    this.#client.keep = client;
    this.#server.keep = server;
  }

  get sessionId(): string {
    return this.#state.session.id;
  }

  get outstandingSinceUs(): number | undefined {
    const { queue, streaming } = this.#state;
    return streaming || this.#oneWay.hides('server') ? undefined : queue.current?.tsUs;
  }

  get outstandingCount(): number {
    return this.#oneWay.hides('server') ? 0 : this.#state.outstandingCount();
  }

  get inTransaction(): boolean {
    const { status } = this.#state.transactions;
    return status === 'T' || status === 'E';
  }

  chunk(
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    const fromClient = direction === this.#clientEndpoint;
    if (this.#encryption !== undefined) {
      this.#encryption.feed(fromClient, bytes, start, end, tsUs);
      return;
    }
    const { health } = this.#context;
    const size = end - start;
    this.#state.segment(fromClient, size);
    if (this.#state.phase === Phase.Foreign) {
      health.foreignBytes += size;
      return;
    }
    if (fromClient && this.#beginsWithTls(bytes, start, end)) {
      this.#encrypt('tls', true, tsUs).feed(true, bytes, start, end, tsUs);
      return;
    }
    health.decodedBytes += size;
    this.#decodedBytes += size;
    if (this.#recognition !== undefined && this.#isTls(direction, bytes, start, end, tsUs)) return;
    this.clear(fromClient, bytes, view, start, end, tsUs);
  }

  /** What one side says, as it came or decrypted. */
  clear(
    fromClient: boolean,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    const { phase } = this.#state;
    if (phase === Phase.Foreign) return;
    if (!fromClient) {
      if (phase === Phase.Startup && this.#strangeServer(view, start, end, tsUs)) return;
      this.#server.feed(bytes, view, start, end, tsUs);
      return;
    }
    if (this.#client.mode !== Mode.Typed) {
      this.#clientStarts(view, start, end, tsUs);
      this.#clientSpoke = true;
    }
    this.#client.feed(bytes, view, start, end, tsUs);
  }

  gap(direction: 0 | 1, size: number, tsUs: number): void {
    const state = this.#state;
    const { health } = this.#context;
    const fromClient = direction === this.#clientEndpoint;
    health.gaps++;
    health.lostBytes += size;
    if (this.#encryption !== undefined) {
      if (this.#encryption.gap(fromClient, size, tsUs))
        state.lost(fromClient, size, fromClient ? Quality.GapRequest : Quality.GapResponse, tsUs);
      return;
    }
    this.#recognition?.gap(direction, size, tsUs);
    this.clearGap(fromClient, size, tsUs);
  }

  clearGap(fromClient: boolean, size: number, tsUs: number): void {
    const state = this.#state;
    if (state.phase === Phase.Foreign) return;
    state.lost(fromClient, size, fromClient ? Quality.GapRequest : Quality.GapResponse, tsUs);
    state.anomaly('gap', fromClient ? 'client to server' : 'server to client', size, tsUs);
    if (fromClient) {
      this.#client.gap(size, tsUs);
      if (this.#client.mode === Mode.Lost) state.requestsLost();
      return;
    }
    this.#server.gap(size, tsUs);
    if (this.#server.mode === Mode.Lost) {
      state.answersLost();
      if (state.phase === Phase.Login && state.queue.waitingCount > 0) this.loginPassed();
    }
  }

  end(reason: FlowEnd, endpoint: 0 | 1 | -1, tsUs: number): void {
    const state = this.#state;
    this.#endEncryption(tsUs);
    const { edge, phase, midStream } = state;
    edge.conversations.delete(this);
    if (this.#cancelKey !== undefined) this.#context.cancelKeys.remove(this.#cancelKey, this);
    if (this.#neverOurs) return;
    if (phase !== Phase.Encrypted)
      this.#context.health.resyncBytes += this.#client.passedBytes + this.#server.passedBytes;
    if (reason !== 'capture_end') edge.at(tsUs).connectionsClosed++;
    if (phase === Phase.Cancel && !this.#started) return;
    if (neverAccepted(this.#flow, state, reason, tsUs)) edge.at(tsUs).connectionsRefused++;
    const { requestBytes, responseBytes } = this.#soFar(tsUs);
    // The rest of an answer that had begun may have come: one byte before the end cannot be told from a lost FIN.
    if (this.#server.isInside && !OUT_OF_SIGHT.has(reason)) state.lossy = true;
    if (!this.#oneWay.atEnd(requestBytes, responseBytes, tsUs) && (state.lossy || state.uncertain))
      state.lost(false, 0, Quality.GapResponse, tsUs);
    if (OUT_OF_SIGHT.has(reason)) state.outOfSight();
    state.replication?.ends(tsUs);
    this.#rounds.abandon(Status.Unanswered, tsUs);
    // Before `disconnected` ends the transaction: what was open is told as open.
    const told = this.#soFar(tsUs);
    if (!OUT_OF_SIGHT.has(reason)) state.transactions.disconnected(tsUs);
    if (phase === Phase.Startup && requestBytes === 0 && !midStream && !this.#started) return;
    const byServer = state.endedByServer || (endpoint !== -1 && endpoint !== this.#clientEndpoint);
    const how = state.terminated ? 'terminate' : byServer && reason === 'fin' ? 'server' : reason;
    this.#context.sink.sessionEvent({
      type: 'session_end',
      ...told,
      reason: state.endedByServer ? 'server' : how,
    });
  }

  tellOpen(tsUs: number): void {
    this.#encryption?.idle(tsUs);
    const { phase, replication } = this.#state;
    replication?.tellChanges(tsUs);
    if (phase === Phase.Foreign || phase === Phase.Cancel || phase === Phase.Startup) return;
    this.#context.sink.sessionEvent({ type: 'session_state', ...this.#soFar(tsUs) });
  }

  #soFar(tsUs: number): SessionState {
    const state = this.#state;
    const { transactions } = state;
    const encryption = this.#encryption;
    return {
      tsUs,
      session: state.session,
      startUs: state.startUs,
      statements: state.statementsCount,
      errors: state.errorsCount,
      requestBytes: state.requestBytes + (encryption?.requestBytes ?? 0),
      responseBytes: state.responseBytes + (encryption?.responseBytes ?? 0),
      lostBytes: state.lostBytes,
      lostPacketsMin: state.lostPacketsMin,
      transactionStatus: transactions.status,
      transactionStartUs:
        transactions.open && !transactions.streams ? transactions.startUs : UNKNOWN,
      turns: state.phase === Phase.Encrypted ? encryption?.turns.facts : undefined,
      quality:
        state.quality | (state.midStream ? Quality.MidStream : 0) | this.#context.captureQuality,
    };
  }

  cancelRequested(_tsUs: number): number {
    const { current } = this.#state.queue;
    if (current === undefined) return UNKNOWN;
    current.cancelRequested = true;
    return current.tsUs;
  }

  startup(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): void {
    const state = this.#state;
    const startup = decodeStartup(bytes, view, start, end);
    switch (startup.kind) {
      case 'encryption':
        this.#negotiating = startup.method;
        this.#answerAwaited = true;
        this.#server.reset(Mode.Answer);
        return;
      case 'cancel':
        state.phase = Phase.Cancel;
        this.#client.reset(Mode.Opaque);
        tellCancelRequest(this.#context, state.session, startup.processId, startup.key, tsUs);
        return;
      case 'session': {
        const { session } = state;
        state.phase = Phase.Login;
        state.startupUs = tsUs;
        session.user = startup.parameters.get('user');
        session.database = startup.parameters.get('database') ?? session.user;
        session.application = startup.parameters.get('application_name') ?? session.application;
        if (startup.minor >= OPENGAUSS_MINOR_MIN && startup.minor < 100) this.speaksOpengauss();
        if (startup.parameters.has('replication')) {
          this.replicates();
          this.#keep(Keeps.BackupRows);
        }
        this.#client.reset(Mode.Typed);
        return;
      }
      case 'foreign':
        this.refused(true, tsUs);
        return;
    }
  }

  negotiated(answer: number, tsUs: number): void {
    this.#state.responseBytes++;
    this.#answerAwaited = false;
    const encrypted = answer === ANSWER_TLS || answer === ANSWER_GSS;
    if (encrypted) {
      this.#encrypt(this.#negotiating, true, tsUs);
      return;
    }
    this.#server.reset(Mode.Typed);
    if (answer === ANSWER_ERROR) this.#server.feed(ERROR_TAG, ERROR_TAG_VIEW, 0, 1, tsUs);
  }

  replicates(): Replication {
    const state = this.#state;
    if (state.replication !== undefined) return state.replication;
    this.#keep(Keeps.Replication);
    state.replication = new Replication((told, tsUs) => {
      const about = { type: 'replication', tsUs, session: state.session } as const;
      this.#context.sink.sessionEvent({ ...about, ...told });
    });
    return state.replication;
  }

  ready(tsUs: number): void {
    this.#starts(Math.max(0, tsUs - this.#state.startupUs));
  }

  loginPassed(): void {
    this.#starts(UNKNOWN);
  }

  #starts(loginUs: number): void {
    const state = this.#state;
    state.phase = Phase.Ready;
    // A server may say that it is ready before it was asked, and again.
    if (this.#started) return;
    this.#started = true;
    this.#context.logins.learn(state.session);
    this.#context.sink.sessionEvent({
      type: 'session_start',
      tsUs: state.startupUs,
      session: state.session,
      loginUs,
      serverVersion: state.serverVersion,
      tls: this.#encryption?.facts,
    });
  }

  loginFailed(error: ServerError, tsUs: number): void {
    const state = this.#state;
    if (!TURNED_AWAY.test(error.sqlstate ?? '')) state.edge.at(tsUs).connectionsRefused++;
    this.#context.sink.sessionEvent({
      type: 'login_failed',
      tsUs: state.startupUs,
      session: state.session,
      error,
    });
  }

  keyData(processId: number, key: string): void {
    this.#cancelKey = `${processId}/${key}`;
    this.#context.cancelKeys.add(serverOf(this.#state.session), this.#cancelKey, this);
  }

  speaksOpengauss(): void {
    this.#state.session.dialect = 'opengauss';
    this.#keep(Keeps.Opengauss);
  }

  roundEnded(status: TransactionStatus, tsUs: number): void {
    this.#rounds.tell(status, tsUs);
  }

  crowded(tsUs: number): void {
    this.#context.health.drop('pending');
    if (this.#state.queue.head > this.#state.queue.base) this.#rounds.tell('', tsUs);
    else this.#rounds.abandon(Status.Unknown, tsUs);
  }

  answersHidden(tsUs: number): boolean {
    if (!this.#oneWay.hides('server')) return false;
    this.#oneWay.notice('client', tsUs);
    this.#rounds.abandon(Status.Unknown, tsUs);
    this.#state.answersHidden = true;
    return true;
  }

  requestsHidden(tsUs: number): boolean {
    if (!this.#oneWay.hides('client')) return false;
    this.#oneWay.notice('server', tsUs);
    return true;
  }

  abandoned(tsUs: number): void {
    const state = this.#state;
    state.lost(false, 0, Quality.GapResponse, tsUs);
    this.#rounds.abandon(Status.Unknown, tsUs);
    // As long as no boundary has been found, the next answer may be passed over as well.
    state.lossy = this.#server.mode === Mode.Lost;
  }

  refused(fromClient: boolean, tsUs: number): void {
    const state = this.#state;
    this.#context.health.framesRefused++;
    this.#refusals++;
    if (state.phase === Phase.Startup || this.#refusals > REFUSALS_MAX) {
      this.#foreign(
        state.phase === Phase.Startup ? 'not_postgres' : 'quarantined',
        undefined,
        tsUs,
      );
      return;
    }
    const bit = fromClient ? Quality.GapRequest : Quality.GapResponse;
    state.lost(fromClient, 0, bit, tsUs);
    if (!fromClient) state.lossy = true;
    state.anomaly('malformed', fromClient ? 'client to server' : 'server to client', 0, tsUs);
  }

  resynchronised(fromClient: boolean, passedBytes: number, tsUs: number): void {
    if (passedBytes === 0 && this.#state.midStream) return;
    this.#context.health.resyncs++;
    this.#context.health.resyncBytes += passedBytes;
    // What was passed over may have been part of the answer to what waits.
    if (!fromClient) this.#state.lost(false, 0, Quality.GapResponse, tsUs);
  }

  /** The first bytes of the client: a startup, also one that a capture begun late still shows. */
  #clientStarts(view: DataView, start: number, end: number, tsUs: number): void {
    const state = this.#state;
    const { mode } = this.#client;
    if (mode === Mode.Startup) {
      if (this.#clientSpoke) return;
      if (looksLikeStartup(view, start, end) !== 'no') return;
      this.#context.health.framesRefused++;
      this.#foreign('not_postgres', guessForeign(view, start, end), tsUs);
      return;
    }
    const late = mode === Mode.Lost && state.midStream && state.requestBytes === 0;
    if (late && looksLikeStartup(view, start, end) === 'yes') {
      state.phase = Phase.Startup;
      this.#restart(Mode.Startup, Mode.Typed);
    }
  }

  /** A server of this protocol never speaks first, but to refuse. */
  #strangeServer(view: DataView, start: number, end: number, tsUs: number): boolean {
    const state = this.#state;
    const silent = state.requestBytes === 0 && state.responseBytes === 0 && !state.midStream;
    const first = view.getUint8(start);
    if (!silent || first === ANSWER_ERROR) return false;
    if (end - start === 1 && !this.#clientSpoke && ANSWERS.has(first)) {
      // One byte alone, to a client that is not shown: it answers a request for encryption.
      this.#negotiating = first === ANSWER_GSS ? 'gss' : 'tls';
      this.#server.reset(Mode.Answer);
      return false;
    }
    const guess = guessForeign(view, start, end);
    if (guess === undefined) return false;
    this.#context.health.framesRefused++;
    this.#foreign('not_postgres', guess, tsUs);
    return true;
  }

  #foreign(kind: string, guess: string | undefined, tsUs: number): void {
    const state = this.#state;
    this.#rounds.abandon(Status.Unknown, tsUs);
    if (state.phase === Phase.Startup && !this.#started) {
      // It never was this protocol: neither were the bytes that said so.
      this.#context.health.decodedBytes -= this.#decodedBytes;
      this.#context.health.foreignBytes += this.#decodedBytes;
      this.#neverOurs = true;
      state.edge.conversations.delete(this);
      state.edge.at(tsUs).connectionsClosed++;
    }
    state.phase = Phase.Foreign;
    this.#encryption = undefined;
    this.#restart(Mode.Opaque, Mode.Opaque);
    state.anomaly(kind, guess, 0, tsUs);
  }

  /** TLS without asking (sslnegotiation=direct), or the first bytes behind a request that the capture missed. */
  #beginsWithTls(bytes: Uint8Array, start: number, end: number): boolean {
    const { mode } = this.#client;
    if (mode === Mode.Startup && !this.#clientSpoke) return bytes[start] === TLS_HANDSHAKE;
    if (this.#answerAwaited && looksLikeClientHello(bytes, start, end)) return true;
    return this.#recognition !== undefined && looksLikeClientHello(bytes, start, end);
  }

  /** Whether a connection whose beginning was not seen has turned out to be TLS. */
  #isTls(direction: 0 | 1, bytes: Uint8Array, start: number, end: number, tsUs: number): boolean {
    const understood = this.#client.mode !== Mode.Lost || this.#server.mode !== Mode.Lost;
    if (understood) this.#recognition = undefined;
    if (this.#recognition?.feed(direction, bytes, start, end, tsUs) !== true) return false;
    this.#encrypt('tls', false, tsUs);
    return true;
  }

  /** @param seen from the first byte on */
  #encrypt(method: 'tls' | 'gss', seen: boolean, tsUs: number): Encryption {
    const state = this.#state;
    const { session, edge } = state;
    state.phase = Phase.Encrypted;
    this.#restart(Mode.Opaque, Mode.Opaque);
    const encryption = new Encryption(method, seen, session, this.#context, edge, this, tsUs);
    const [client, server] = [this.#clientEndpoint, this.#clientEndpoint === 0 ? 1 : 0] as const;
    const before = this.#recognition;
    if (!seen && before !== undefined)
      encryption.before(before.bytesOf(client), before.bytesOf(server));
    this.#recognition = undefined;
    this.#encryption = encryption;
    return encryption;
  }

  #endEncryption(tsUs: number): void {
    const untold = this.#client.mode === Mode.Lost && this.#server.mode === Mode.Lost;
    if (untold && this.#recognition?.likely === true) this.#encrypt('tls', false, tsUs);
    this.#encryption?.end(tsUs);
  }

  /** What follows is the text of a connection from its beginning. */
  decrypted(_tsUs: number): void {
    this.#state.phase = Phase.Startup;
    this.#clientSpoke = false;
    this.#restart(Mode.Startup, Mode.Typed);
  }

  #restart(client: Mode, server: Mode): void {
    this.#client.reset(client);
    this.#server.reset(server);
  }

  unreadable(tsUs: number): void {
    this.#rounds.abandon(Status.Unknown, tsUs);
    this.#state.phase = Phase.Encrypted;
    this.#restart(Mode.Opaque, Mode.Opaque);
  }
}

const ERROR_TAG = new Uint8Array([ANSWER_ERROR]);
const ERROR_TAG_VIEW = new DataView(ERROR_TAG.buffer);
