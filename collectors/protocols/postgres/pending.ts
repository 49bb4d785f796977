/**
 * Hot. The requests of one session that wait: first for their answers, then for the end of their round (the
 * ReadyForQuery that tells the transaction status and can still turn a success into a failure). A ring of reused
 * objects. Bench: test/bench/decode.bench.ts.
 */
import { type StatementError, Status, UNKNOWN } from '../../../src/events/events.ts';
import { type PreparedStatement, TextBuffer } from './statements.ts';

export const PendingKind = {
  Query: 0,
  Parse: 1,
  Bind: 2,
  Describe: 3,
  Execute: 4,
  Close: 5,
  Sync: 6,
  Function: 7,
} as const;
export type PendingKind = (typeof PendingKind)[keyof typeof PendingKind];

/** Command tags that matter beyond their row count. */
export const TagVerb = {
  Other: 0,
  Begin: 1,
  Commit: 2,
  Rollback: 3,
  PrepareTransaction: 4,
  Forget: 5,
  ForgetAll: 6,
  RollbackPrepared: 7,
} as const;
export type TagVerb = (typeof TagVerb)[keyof typeof TagVerb];

/** What came of one statement. */
export class Outcome {
  status: Status = Status.Ok;
  error: StatementError | undefined = undefined;
  verb: TagVerb = TagVerb.Other;
  /** The server's command tag without its numbers; only kept where the statement's text is not known. */
  tagCommand: string | undefined = undefined;
  rowsReturned: number = UNKNOWN;
  rowsAffected: number = UNKNOWN;
  responseBytes = 0;
  /** From where its duration counts: its request, or the end of the answer before it, whichever is later. */
  startUs = 0;
  firstUs: number = UNKNOWN;
  endUs: number = UNKNOWN;
  copyBytes: number = UNKNOWN;
  copyRows: number = UNKNOWN;
  answered = false;

  reset(): void {
    this.status = Status.Ok;
    this.error = undefined;
    this.verb = TagVerb.Other;
    this.tagCommand = undefined;
    this.rowsReturned = UNKNOWN;
    this.rowsAffected = UNKNOWN;
    this.responseBytes = 0;
    this.startUs = 0;
    this.firstUs = UNKNOWN;
    this.endUs = UNKNOWN;
    this.copyBytes = UNKNOWN;
    this.copyRows = UNKNOWN;
    this.answered = false;
  }
}

/** A raw parameter of Bind, decoded only when its event is told. */
export interface RawParameters {
  readonly formats: readonly number[];
  readonly values: readonly (Uint8Array | null)[];
}

/** A statement with its parameters bound, ready to be executed. */
export interface Portal {
  readonly statement: PreparedStatement | undefined;
  readonly parameters: RawParameters | undefined;
  /** The same as they came, where somebody counts values. */
  readonly bound?: Uint8Array | undefined;
  /** A cursor WITH HOLD: it outlives its transaction. */
  readonly holds?: boolean;
  /** A further Execute fetches more of what the first began. */
  executed: boolean;
  /** Bits of Quality: a request was lost that may have fetched from it, or made another of it. */
  doubt: number;
}

export class Pending {
  kind: PendingKind = PendingKind.Sync;
  tsUs = 0;
  requestBytes = 0;
  /** Bits of Quality. */
  quality = 0;
  /** Of Parse, Bind and Execute, and of Describe and Close of a statement. */
  statement: PreparedStatement | undefined = undefined;
  /** Of Parse: what stood under its name before, to be put back if it fails. */
  previous: PreparedStatement | undefined = undefined;
  parameters: RawParameters | undefined = undefined;
  portalName: string | undefined = undefined;
  /** Of Close: the portal that stood under the name when it was asked. */
  portal: Portal | undefined = undefined;
  /** Of an Execute, where somebody counts values: its parameters as they came. */
  bound: TextBuffer | undefined = undefined;
  /** Of Query. */
  readonly text = new TextBuffer();
  /** Describe and Close: of a portal rather than of a statement. */
  ofPortal = false;
  /** Of an Execute: sets of parameters that it was given at once (openGauss); 0 for all others. */
  setsCount = 0;
  /** It stands in the activity as a request. */
  counted = false;
  /** An answer to it was seen, so the server has worked on it. */
  touched = false;
  /** Nothing more is expected for it. */
  done = false;
  /** It was never run, because something before it in its round failed. */
  skipped = false;
  /** The portal was left open by a row limit, and goes on with a later Execute. */
  suspended = false;
  /** It opened a replication stream, which ends only with the connection. */
  streamed = false;
  cancelRequested = false;
  /** Its statement failed already at Parse or Bind, and that has been told. */
  absorbed = false;
  /** Of an Execute: a step before it failed, so no portal was run. */
  neverRun = false;
  /** It failed before the server opened a transaction for it. */
  beforeTransaction = false;
  /** Of a Query or Execute: the server has said that it copies in; the client has sent the end of the data. */
  copiesIn = false;
  copyEnded = false;
  /** Bytes of data that the client sent before the server had said that it copies in. */
  copiedAheadBytes = 0;
  /** Of a Sync: it was sent while COPY data was still to come. The server, if it copies by then, passes over it. */
  beforeCopyEnd = false;
  outcome = new Outcome();
  /** Of a Query with several statements: what came of each but the last, in order. */
  outcomes: Outcome[] | undefined = undefined;

  /** Keeps bytes[0, length). `view` is of the same bytes. */
  keepBound(
    bytes: Uint8Array,
    length = bytes.length,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  ): void {
    this.bound ??= new TextBuffer();
    this.bound.set(bytes, view, 0, length);
  }

  reset(kind: PendingKind, tsUs: number, requestBytes: number): void {
    this.kind = kind;
    this.tsUs = tsUs;
    this.requestBytes = requestBytes;
    this.quality = 0;
    this.statement = undefined;
    this.previous = undefined;
    this.parameters = undefined;
    this.portalName = undefined;
    this.portal = undefined;
    this.text.length = 0;
    if (this.bound !== undefined) this.bound.length = 0;
    this.ofPortal = false;
    this.setsCount = 0;
    this.counted = false;
    this.touched = false;
    this.done = false;
    this.skipped = false;
    this.suspended = false;
    this.streamed = false;
    this.cancelRequested = false;
    this.absorbed = false;
    this.neverRun = false;
    this.beforeTransaction = false;
    this.copiesIn = false;
    this.copyEnded = false;
    this.copiedAheadBytes = 0;
    this.beforeCopyEnd = false;
    // Steps of a pipeline have no outcome of their own, unless they fail.
    if (bearsOutcome(kind) || this.outcome.answered || this.outcome.status !== Status.Ok) {
      this.outcome.reset();
    }
    this.outcomes = undefined;
  }
}

function bearsOutcome(kind: PendingKind): boolean {
  return (
    kind === PendingKind.Query || kind === PendingKind.Execute || kind === PendingKind.Function
  );
}

const RING_SIZE_FIRST = 8;
/** A ring that a long pipeline made longer is cut back when it is empty. */
const RING_SIZE_KEPT = 1024;

/** Rows between `base` (oldest not yet told), `head` (next to be answered) and `tail` (next free). */
export class PendingQueue {
  base = 0;
  head = 0;
  tail = 0;
  /** Filled from the front as places are needed: of most connections few. `#size` is a power of two. */
  #ring: Pending[] = [];
  #size = RING_SIZE_FIRST;

  /** Requests that wait for their answer. */
  get waitingCount(): number {
    return this.tail - this.head;
  }

  get sizeCount(): number {
    return this.tail - this.base;
  }

  at(index: number): Pending {
    return this.#ring[index & (this.#size - 1)] as Pending; // Places that were pushed to are filled.
  }

  /** The request that the server answers now. */
  get current(): Pending | undefined {
    return this.head < this.tail ? this.at(this.head) : undefined;
  }

  push(kind: PendingKind, tsUs: number, requestBytes: number): Pending {
    if (this.tail - this.base === this.#size) this.#grow();
    if ((this.tail & (this.#size - 1)) === this.#ring.length) this.#ring.push(new Pending());
    const pending = this.at(this.tail);
    pending.reset(kind, tsUs, requestBytes);
    this.tail++;
    return pending;
  }

  /** Takes a request out that will get no answer; what stands behind it moves up. */
  remove(index: number): void {
    const mask = this.#size - 1;
    const removed = this.at(index);
    for (let place = index; place < this.tail - 1; place++) {
      this.#ring[place & mask] = this.at(place + 1);
    }
    this.tail--;
    this.#ring[this.tail & mask] = removed;
  }

  /** Everything up to `head` has been told. */
  release(): void {
    this.base = this.head;
    if (this.base === this.tail) {
      this.base = 0;
      this.head = 0;
      this.tail = 0;
      if (this.#size > RING_SIZE_KEPT) {
        this.#size = RING_SIZE_FIRST;
        this.#ring.length = RING_SIZE_FIRST;
      }
    }
  }

  #grow(): void {
    const ring: Pending[] = [];
    for (let index = this.base; index < this.tail; index++) ring.push(this.at(index));
    this.head -= this.base;
    this.tail -= this.base;
    this.base = 0;
    this.#size *= 2;
    this.#ring = ring;
  }
}
