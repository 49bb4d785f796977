/**
 * Hot path. Which statements follow each other in transactions, counted while they are stored: the type of each
 * transaction (the sequence of its classes with loops collapsed, told once), and how often which statement, COMMIT or
 * ROLLBACK came behind which four, how long that took, and what was left until the end (told as counts by the hour). So
 * nobody has to read executions to learn what applications usually do. All is bounded; what exceeds a bound is forgotten and counted.
 */
import { bucketOf, type Histogram } from '../core/histogram.ts';
import { appendCollapsed } from '../core/loops.ts';
import { type StatementEvent, Status, type TransactionEnd, UNKNOWN } from '../events/events.ts';
import { Quality } from '../events/quality.ts';
import { CONTEXT_MAX } from '../events/transaction-types.ts';
import { HOUR_US } from '../core/time.ts';

/** Stands for "not known": something of the transaction was not seen. */
export const UNKNOWN_TYPE = '0000000000000000';
/** Stands for all types of an hour beyond the bound. */
const OVERFLOW_TYPE = 'ffffffffffffffff';

/** Statements of a collapsed sequence: what comes behind them makes no other type. */
const SEQUENCE_MAX = 256;
/** Statements of a transaction whose times are told: of one with a thousand in a loop the first stand for all. */
const TIMED_MAX = 256;

const bounds = {
  /** Distinct classes inside transactions. Times the contexts below 2^31, so that keys stay small integers. */
  symbolsMax: 32_768,
  /** Distinct runs of up to four statements. */
  contextsMax: 50_000,
  /** New types an hour; an application has some hundred. */
  typesMax: 10_000,
};
export type SequenceBounds = typeof bounds;

const COMMIT = 0;
const ROLLBACK = 1;

/** Something of a request or of an answer is missing. */
const TORN =
  Quality.GapRequest | Quality.GapResponse | Quality.MidStream | Quality.UnknownStatement;

/** The transaction of a session that is open, as far as it was seen. */
export interface OpenSequence {
  transactionId: number;
  generation: number;
  whole: boolean;
  statements: number;
  /** Counted when a second statement or an end with BEGIN shows that it is no autocommitted statement. */
  firstSymbol: number;
  context: number;
  /** That in which every transaction of the session begins; UNKNOWN before the first of this generation. */
  beginning: number;
  readonly collapsed: number[];
  /** When BEGIN was answered (without it: when the first statement was sent), and each statement. */
  readonly answeredUs: number[];
  /** What came behind BEGIN and behind each statement, in the same order. */
  readonly taken: Step[];
}

export function newSequence(): OpenSequence {
  return {
    transactionId: UNKNOWN,
    generation: 0,
    whole: false,
    statements: 0,
    firstSymbol: 0,
    context: 0,
    beginning: UNKNOWN,
    collapsed: [],
    answeredUs: [],
    taken: [],
  };
}

/** Of transactions with BEGIN that have ended. Counts by bucket (core/histogram.ts). */
interface StepTimes {
  commits: number;
  readonly stays: Map<number, number>;
  readonly lefts: Map<number, number>;
}

interface Step extends StepTimes {
  readonly context: number;
  readonly symbol: number;
  /** The context behind it. */
  readonly next: number;
  count: number;
  /** Something is to be told of it. */
  counted: boolean;
}

interface Context {
  readonly server: string;
  readonly serverPort: number;
  readonly symbols: readonly number[];
}

export interface SequenceListener {
  /** A type that was not told this hour: the fingerprints of its statements. */
  readonly type: (type: string, statements: readonly string[]) => void;
  readonly step: (step: StepCount) => void;
}

/** How often `next` came behind `context` in one hour. */
export interface StepCount {
  readonly hourSeconds: number;
  readonly server: string;
  readonly serverPort: number;
  /** Fingerprints, oldest first, without anything between; fewer than four: from the beginning of the transaction. */
  readonly context: string;
  /** A fingerprint, `commit` or `rollback`. */
  readonly next: string;
  readonly count: number;
  /** Transactions with BEGIN that ended by COMMIT, once for each time that they took this step. */
  readonly commits: number;
  /** Of those with BEGIN that ended: from the answer of the last of `context` to that of `next`, and to the end. */
  readonly stays: Histogram;
  readonly lefts: Histogram;
}

export class TransactionSequences {
  readonly #listener: SequenceListener;
  readonly #bounds: SequenceBounds;
  readonly #symbolOf = new Map<string, number>();
  /** By symbol; the first two are COMMIT and ROLLBACK. */
  readonly #fingerprints = ['commit', 'rollback'];
  readonly #highs = [0, 0];
  readonly #lows = [0, 0];
  readonly #contextOf = new Map<string, number>();
  readonly #contexts: Context[] = [];
  readonly #steps = new Map<number, Step>();
  #counted: Step[] = [];
  readonly #typesTold = new Set<string>();
  #hour = -1;
  #generation = 1;
  /** Times that a bound was reached and everything learnt so far was told and forgotten. */
  forgottenCount = 0;
  /** Transactions whose type was one too many for its hour. */
  typesDroppedCount = 0;

  constructor(listener: SequenceListener, some: Partial<SequenceBounds> = {}) {
    this.#listener = listener;
    this.#bounds = { ...bounds, ...some };
  }

  /** A statement was told, after it was answered. `server`: the text of its server's address. */
  statement(open: OpenSequence, event: StatementEvent, server: string): void {
    const { transactionId, statementClass } = event;
    if (transactionId === UNKNOWN || event.status === Status.Skipped) return;
    if (open.transactionId !== transactionId) this.#begin(open, event, server);
    if ((event.quality & TORN) !== 0) open.whole = false;
    const kind = statementClass?.kind;
    if (kind === 'transaction' || kind === 'empty') {
      if (open.statements === 0) open.answeredUs[0] = answeredAt(event);
      return;
    }
    open.statements++;
    if (open.answeredUs.length <= TIMED_MAX) open.answeredUs.push(answeredAt(event));
    if (!open.whole) return;
    if (statementClass === undefined || open.generation !== this.#generation) {
      open.whole = false;
      return;
    }
    const symbol = this.#symbol(
      statementClass.fingerprint,
      statementClass.fingerprintHigh,
      statementClass.fingerprintLow,
    );
    if (open.generation !== this.#generation) {
      open.whole = false;
      return;
    }
    if (open.collapsed.length < SEQUENCE_MAX) appendCollapsed(open.collapsed, symbol);
    if (open.statements === 1) open.firstSymbol = symbol;
    else {
      if (open.statements === 2) this.#count(open, open.firstSymbol);
      this.#count(open, symbol);
    }
  }

  /** A transaction of the session has ended. @returns its type */
  end(open: OpenSequence, end: TransactionEnd): string {
    this.#advance(end.endUs);
    const known = open.transactionId === end.transactionId;
    const whole =
      (end.quality & TORN) === 0 &&
      (end.statements === 0 ||
        (known &&
          open.whole &&
          open.generation === this.#generation &&
          open.statements === end.statements));
    if (!known) open.collapsed.length = 0;
    open.transactionId = UNKNOWN;
    if (!whole) return UNKNOWN_TYPE;
    if (end.statements === 1 && !end.implicit) this.#count(open, open.firstSymbol);
    if (end.statements > 1 || (end.statements === 1 && !end.implicit))
      this.#count(open, end.outcome === 'commit' ? COMMIT : ROLLBACK);
    if (end.statements > 0 && !end.implicit && open.generation === this.#generation)
      this.#time(open, end);
    return this.#typeOf(end.statements === 0 ? [] : open.collapsed);
  }

  /** Tells what was counted since the last time. */
  flush(): void {
    const counted = this.#counted;
    this.#counted = [];
    for (const step of counted) {
      const { server, serverPort, symbols } = this.#contexts[step.context] as Context;
      const { count, commits, stays, lefts } = step;
      this.#listener.step({
        hourSeconds: Math.max(0, this.#hour) * 3600,
        server,
        serverPort,
        context: symbols.map((symbol) => this.#fingerprints[symbol] ?? '').join(''),
        next: this.#fingerprints[step.symbol] ?? '',
        count,
        commits,
        stays,
        lefts,
      });
      step.count = 0;
      step.commits = 0;
      stays.clear();
      lefts.clear();
      step.counted = false;
    }
  }

  #begin(open: OpenSequence, event: StatementEvent, server: string): void {
    open.transactionId = event.transactionId;
    open.whole = true;
    open.statements = 0;
    open.collapsed.length = 0;
    open.taken.length = 0;
    open.answeredUs.length = 0;
    open.answeredUs.push(event.tsUs);
    if (open.beginning === UNKNOWN || open.generation !== this.#generation) {
      open.beginning = this.#contextFor(server, event.session.serverPort, []);
      open.generation = this.#generation;
    }
    open.context = open.beginning;
    this.#advance(event.tsUs);
  }

  /** What is told of a session may be a little older than what was told of another: that begins no hour anew. */
  #advance(tsUs: number): void {
    const hour = Math.floor(tsUs / HOUR_US);
    if (hour === this.#hour || hour === this.#hour - 1) return;
    this.flush();
    this.#typesTold.clear();
    this.#hour = hour;
  }

  #count(open: OpenSequence, symbol: number): void {
    if (open.generation !== this.#generation) return;
    const key = open.context * this.#bounds.symbolsMax + symbol;
    const step = this.#steps.get(key) ?? this.#newStep(key, open.context, symbol);
    if (step === undefined) return;
    step.count++;
    this.#tell(step);
    open.context = step.next;
    if (open.taken.length < TIMED_MAX) open.taken.push(step);
  }

  #time({ taken, answeredUs }: OpenSequence, { endUs, outcome }: TransactionEnd): void {
    for (let at = 0; at < taken.length; at++) {
      const step = taken[at] as Step;
      const fromUs = answeredUs[at] ?? endUs;
      if (outcome === 'commit') step.commits++;
      increment(step.stays, bucketOf(Math.max(0, (answeredUs[at + 1] ?? endUs) - fromUs)));
      increment(step.lefts, bucketOf(Math.max(0, endUs - fromUs)));
      this.#tell(step);
    }
  }

  #tell(step: Step): void {
    if (step.counted) return;
    step.counted = true;
    this.#counted.push(step);
  }

  #newStep(key: number, context: number, symbol: number): Step | undefined {
    const generation = this.#generation;
    const { server, serverPort, symbols } = this.#contexts[context] as Context;
    const next =
      symbol <= ROLLBACK
        ? context
        : this.#contextFor(server, serverPort, [...symbols, symbol].slice(-CONTEXT_MAX));
    // What was learnt has been forgotten to make room: the numbers mean nothing any more.
    if (generation !== this.#generation) return undefined;
    const times = { commits: 0, stays: new Map(), lefts: new Map() };
    const step: Step = { context, symbol, next, count: 0, counted: false, ...times };
    this.#steps.set(key, step);
    return step;
  }

  #contextFor(server: string, serverPort: number, symbols: readonly number[]): number {
    const key = `${server} ${serverPort} ${symbols.join(' ')}`;
    const known = this.#contextOf.get(key);
    if (known !== undefined) return known;
    if (this.#contexts.length >= this.#bounds.contextsMax) this.#forget();
    const context = this.#contexts.length;
    this.#contexts.push({ server, serverPort, symbols });
    this.#contextOf.set(key, context);
    return context;
  }

  #symbol(fingerprint: string, high: number, low: number): number {
    const known = this.#symbolOf.get(fingerprint);
    if (known !== undefined) return known;
    if (this.#fingerprints.length >= this.#bounds.symbolsMax) this.#forget();
    const symbol = this.#fingerprints.length;
    this.#fingerprints.push(fingerprint);
    this.#highs.push(high);
    this.#lows.push(low);
    this.#symbolOf.set(fingerprint, symbol);
    return symbol;
  }

  /** Tells what was counted and begins anew; transactions that are open now stay without a type. */
  #forget(): void {
    this.flush();
    this.#generation++;
    this.forgottenCount++;
    this.#steps.clear();
    this.#contextOf.clear();
    this.#contexts.length = 0;
    this.#symbolOf.clear();
    this.#fingerprints.length = 2;
    this.#highs.length = 2;
    this.#lows.length = 2;
  }

  #typeOf(collapsed: readonly number[]): string {
    // FNV-1a over the fingerprints, one lane each, as of a transaction's shape; from its offset basis, so that an empty
    // sequence is no zero.
    let high = 0x811c9dc5;
    let low = 0x811c9dc5;
    for (const symbol of collapsed) {
      high = Math.imul(high ^ (this.#highs[symbol] ?? 0), 0x01000193) ^ (high >>> 15);
      low = Math.imul(low ^ (this.#lows[symbol] ?? 0), 0x01000193) ^ (low >>> 13);
    }
    const type = hex32(high >>> 0) + hex32(low >>> 0);
    if (this.#typesTold.has(type)) return type;
    if (this.#typesTold.size >= this.#bounds.typesMax) {
      this.typesDroppedCount++;
      return OVERFLOW_TYPE;
    }
    this.#typesTold.add(type);
    this.#listener.type(
      type,
      collapsed.map((symbol) => this.#fingerprints[symbol] ?? ''),
    );
    return type;
  }
}

function answeredAt({ tsUs, durationUs }: StatementEvent): number {
  return tsUs + Math.max(0, durationUs);
}

function increment(counts: Map<number, number>, bucket: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
