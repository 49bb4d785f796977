/**
 * A connection that has turned to encryption, whatever protocol it speaks: with the keys of a key log its text goes
 * back to the conversation, without them its bytes and turns are counted and one `encrypted` event says why.
 */
import type { EncryptedReason, SessionEvent } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import type { TlsFacts } from '../../src/events/tls-facts.ts';
import type { Edge } from '../activity.ts';
import type { ConversationContext } from './conversation-context.ts';
import { type TlsOwner, TlsSession } from './tls/session.ts';
import { Turns } from './turns.ts';

export interface EncryptionOwner {
  /** The keys fit: the client's first words come next, in clear. */
  decrypted(tsUs: number): void;
  clear(
    fromClient: boolean,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void;
  clearGap(fromClient: boolean, sizeBytes: number, tsUs: number): void;
  /** What was decrypted cannot be any longer. */
  unreadable(tsUs: number): void;
}

type Method = Extract<SessionEvent, { type: 'encrypted' }>['method'];

export class Encryption implements TlsOwner {
  readonly #method: Method;
  readonly #session: Session;
  readonly #context: ConversationContext;
  readonly #edge: Edge;
  readonly #owner: EncryptionOwner;
  readonly #startUs: number;
  #tls: TlsSession | undefined;
  #facts: TlsFacts | undefined = undefined;
  #decrypting = false;
  /** Bytes that were not decrypted, or not yet. */
  requestBytes = 0;
  responseBytes = 0;
  readonly turns = new Turns();

  /** @param seen the handshake will be seen from its first byte */
  constructor(
    method: Method,
    seen: boolean,
    session: Session,
    context: ConversationContext,
    edge: Edge,
    owner: EncryptionOwner,
    tsUs: number,
  ) {
    this.#method = method;
    this.#session = session;
    this.#context = context;
    this.#edge = edge;
    this.#owner = owner;
    this.#startUs = tsUs;
    const follows = method === 'tls' && seen;
    this.#tls = follows
      ? new TlsSession(this, context.keyLog, context.limits.tlsHeldBytesMax)
      : undefined;
    if (!follows) this.#tell(method === 'gss' ? 'gss' : 'mid_stream');
  }

  /** What is known of the handshake; undefined as long as nothing is. */
  get facts(): TlsFacts | undefined {
    return this.#tls?.facts ?? this.#facts;
  }

  /** So many bytes came before it was known that they are encrypted, and counted as decoded. */
  before(requestBytes: number, responseBytes: number): void {
    const { health } = this.#context;
    health.decodedBytes -= requestBytes + responseBytes;
    health.encryptedBytes += requestBytes + responseBytes;
    this.requestBytes += requestBytes;
    this.responseBytes += responseBytes;
  }

  feed(fromClient: boolean, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    const size = end - start;
    if (this.#decrypting) this.#context.health.decodedBytes += size;
    else this.#count(fromClient, size, tsUs);
    this.#tls?.feed(fromClient, bytes, start, end, tsUs);
  }

  /** Bytes are missing; @returns whether nobody else will tell of them */
  gap(fromClient: boolean, size: number, tsUs: number): boolean {
    this.#tls?.gap(fromClient, size, tsUs);
    return !this.#decrypting;
  }

  idle(tsUs: number): void {
    this.#tls?.idle(tsUs);
  }

  end(tsUs: number): void {
    this.#tls?.end(tsUs);
    this.turns.end();
  }

  opened(tsUs: number): void {
    const { health } = this.#context;
    const moved = this.requestBytes + this.responseBytes;
    health.encryptedBytes -= moved;
    health.decodedBytes += moved;
    this.requestBytes = 0;
    this.responseBytes = 0;
    this.#decrypting = true;
    health.decryptedSessions++;
    this.#owner.decrypted(tsUs);
  }

  clear(fromClient: boolean, text: Buffer, end: number, tsUs: number): void {
    const view = new DataView(text.buffer, text.byteOffset, text.length);
    this.#owner.clear(fromClient, text, view, 0, end, tsUs);
  }

  clearGap(fromClient: boolean, sizeBytes: number, tsUs: number): void {
    this.#owner.clearGap(fromClient, sizeBytes, tsUs);
  }

  sealed(reason: EncryptedReason, tsUs: number): void {
    if (this.#decrypting) {
      this.#decrypting = false;
      this.#owner.unreadable(tsUs);
    }
    this.#tell(reason);
  }

  /** Once, because what is sealed stays so. */
  #tell(reason: EncryptedReason): void {
    const { health, sink } = this.#context;
    this.#facts = this.#tls?.facts;
    this.#tls = undefined;
    health.encryptedSessions.set(reason, (health.encryptedSessions.get(reason) ?? 0) + 1);
    sink.sessionEvent({
      type: 'encrypted',
      tsUs: this.#startUs,
      session: this.#session,
      method: this.#method,
      reason,
      tls: this.#facts,
    });
  }

  #count(fromClient: boolean, size: number, tsUs: number): void {
    const second = this.#edge.at(tsUs);
    this.#context.health.encryptedBytes += size;
    if (fromClient) {
      this.requestBytes += size;
      second.requestBytes += size;
    } else {
      this.responseBytes += size;
      second.responseBytes += size;
    }
    // The handshake is no turn: with keys that are missing it is over as soon as they are missed.
    if (this.#tls !== undefined) return;
    if (fromClient) this.turns.client(tsUs);
    else this.turns.server(tsUs);
  }
}
