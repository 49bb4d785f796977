/**
 * Hot. What happens each second between each client host and each server endpoint, counted while it happens: states
 * like HANG come from here, because a statement that never ends makes no event. Bench: test/bench/decode.bench.ts.
 *
 * Time is that of the packets. Counters go to the second of what they count, gauges to the second that ends.
 */
import { BUCKETS_COUNT, bucketOf } from '../src/core/histogram.ts';
import type { ActivitySecond, EventSink } from '../src/events/events.ts';
import type { Health } from './health.ts';
import { SECOND_US } from '../src/core/time.ts';

/** Requests answered later than this count as not answered in time (research: cohort of the response rate). */
export const ANSWER_IN_TIME_US = 10 * SECOND_US;

/** What an edge needs to know of its connections when a second ends. */
export interface Conversation {
  /** Capture time of the oldest request without an answer; undefined when none waits. */
  readonly outstandingSinceUs: number | undefined;
  readonly outstandingCount: number;
  readonly inTransaction: boolean;
}

/** Durations below 65 ms fall into these, and most are. */
const SHORT_BUCKETS = 128;

/** The counters of one edge in one second. */
class Second {
  connectionsOpened = 0;
  connectionsClosed = 0;
  connectionsRefused = 0;
  requests = 0;
  requestsAnswered = 0;
  answers = 0;
  normal = 0;
  errors = 0;
  commits = 0;
  rollbacks = 0;
  implicitTransactions = 0;
  emptyTransactions = 0;
  explicitRollbacks = 0;
  durationSumUs = 0;
  durationMaxUs = 0;
  rowsReturned = 0;
  rowsAffected = 0;
  requestBytes = 0;
  responseBytes = 0;
  lostBytes = 0;
  lostPacketsMin = 0;
  /** Made for the first answer: of most hosts and seconds there is none. */
  #buckets: Uint32Array | undefined = undefined;
  bucketMin: number = BUCKETS_COUNT;
  bucketMax = -1;
  /** Anything counted since it was last written. */
  touched = false;

  readonly startUs: number;

  constructor(startUs: number) {
    this.startUs = startUs;
  }

  duration(durationUs: number): void {
    this.durationSumUs += durationUs;
    if (durationUs > this.durationMaxUs) this.durationMaxUs = durationUs;
    const bucket = bucketOf(durationUs);
    let buckets = this.#buckets;
    if (buckets === undefined || bucket >= buckets.length) {
      buckets = new Uint32Array(bucket < SHORT_BUCKETS ? SHORT_BUCKETS : BUCKETS_COUNT);
      if (this.#buckets !== undefined) buckets.set(this.#buckets);
      this.#buckets = buckets;
    }
    buckets[bucket] = (buckets[bucket] as number) + 1; // bucketOf stays below BUCKETS_COUNT.
    if (bucket < this.bucketMin) this.bucketMin = bucket;
    if (bucket > this.bucketMax) this.bucketMax = bucket;
  }

  durationBuckets(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    const buckets = this.#buckets;
    if (buckets === undefined) return counts;
    for (let bucket = this.bucketMin; bucket <= this.bucketMax; bucket++) {
      const count = buckets[bucket] as number; // Inside the range that `duration` filled.
      if (count > 0) counts.set(bucket, count);
    }
    return counts;
  }
}

/** One client host talking to one server endpoint. */
export class Edge {
  readonly conversations = new Set<Conversation>();
  readonly clientAddress: Uint8Array;
  readonly serverAddress: Uint8Array;
  readonly serverPort: number;
  #seconds = new Map<number, Second>();
  #current: Second | undefined = undefined;

  constructor(clientAddress: Uint8Array, serverAddress: Uint8Array, serverPort: number) {
    this.clientAddress = clientAddress;
    this.serverAddress = serverAddress;
    this.serverPort = serverPort;
  }

  /** The counters of the second that tsUs lies in. */
  at(tsUs: number): Second {
    const current = this.#current;
    if (current !== undefined) {
      const offset = tsUs - current.startUs;
      if (offset >= 0 && offset < SECOND_US) {
        current.touched = true;
        return current;
      }
    }
    const startUs = Math.floor(tsUs / SECOND_US) * SECOND_US;
    let second = this.#seconds.get(startUs);
    if (second === undefined) {
      second = new Second(startUs);
      this.#seconds.set(startUs, second);
    }
    if (current === undefined || startUs > current.startUs) this.#current = second;
    second.touched = true;
    return second;
  }

  request(tsUs: number): void {
    this.at(tsUs).requests++;
  }

  answer(requestUs: number, endUs: number, durationUs: number, failed: boolean): void {
    const second = this.at(endUs);
    second.answers++;
    if (failed) second.errors++;
    else second.normal++;
    second.duration(durationUs);
    if (durationUs <= ANSWER_IN_TIME_US) this.at(requestUs).requestsAnswered++;
  }

  /** Writes what was counted, and the gauges at the end of the second that starts at `gaugesUs`. */
  write(sink: EventSink, gaugesUs: number): void {
    let gaugesWritten = false;
    for (const second of this.#seconds.values()) {
      if (!second.touched && second.startUs !== gaugesUs) continue;
      const here = second.startUs === gaugesUs;
      gaugesWritten ||= here;
      this.#writeSecond(sink, second, here);
    }
    this.#seconds = new Map();
    this.#current = undefined;
    if (!gaugesWritten && this.conversations.size > 0) {
      this.#writeSecond(sink, new Second(gaugesUs), true);
    }
  }

  #writeSecond(sink: EventSink, second: Second, withGauges: boolean): void {
    const endUs = second.startUs + SECOND_US;
    const gauges = withGauges ? this.#gauges(endUs) : NO_GAUGES;
    const row: ActivitySecond = {
      secondUs: second.startUs,
      clientAddress: this.clientAddress,
      serverAddress: this.serverAddress,
      serverPort: this.serverPort,
      connectionsOpened: second.connectionsOpened,
      connectionsClosed: second.connectionsClosed,
      connectionsRefused: second.connectionsRefused,
      ...gauges,
      requests: second.requests,
      requestsAnswered: second.requestsAnswered,
      answers: second.answers,
      normal: second.normal,
      errors: second.errors,
      commits: second.commits,
      rollbacks: second.rollbacks,
      implicitTransactions: second.implicitTransactions,
      emptyTransactions: second.emptyTransactions,
      explicitRollbacks: second.explicitRollbacks,
      durationSumUs: second.durationSumUs,
      durationMaxUs: second.durationMaxUs,
      durationBuckets: second.durationBuckets(),
      rowsReturned: second.rowsReturned,
      rowsAffected: second.rowsAffected,
      requestBytes: second.requestBytes,
      responseBytes: second.responseBytes,
      lostBytes: second.lostBytes,
      lostPacketsMin: second.lostPacketsMin,
    };
    sink.activity(row);
  }

  #gauges(endUs: number): typeof NO_GAUGES {
    let inTransaction = 0;
    let outstanding = 0;
    let oldestUs = 0;
    for (const conversation of this.conversations) {
      if (conversation.inTransaction) inTransaction++;
      const sinceUs = conversation.outstandingSinceUs;
      if (sinceUs === undefined) continue;
      outstanding += conversation.outstandingCount;
      oldestUs = Math.max(oldestUs, endUs - sinceUs);
    }
    return {
      connectionsOpen: this.conversations.size,
      connectionsInTransaction: inTransaction,
      outstanding,
      outstandingAgeMaxUs: oldestUs,
    };
  }
}

const NO_GAUGES = {
  connectionsOpen: 0,
  connectionsInTransaction: 0,
  outstanding: 0,
  outstandingAgeMaxUs: 0,
};

/** All edges, and the clock that ends their seconds. */
export class Activity {
  readonly #edges = new Map<string, Edge>();
  readonly #sink: EventSink;
  readonly #health: Health;
  readonly #silentSecondsMax: number;
  readonly #onSecond: (secondUs: number) => void;
  /** End of the second that is running. */
  #dueUs: number | undefined = undefined;

  /** `onSecond` is told of each second that ends. */
  constructor(
    sink: EventSink,
    health: Health,
    silentSecondsMax: number,
    onSecond: (secondUs: number) => void = () => undefined,
  ) {
    this.#sink = sink;
    this.#onSecond = onSecond;
    this.#health = health;
    this.#silentSecondsMax = silentSecondsMax;
  }

  edge(clientAddress: Uint8Array, serverAddress: Uint8Array, serverPort: number): Edge {
    const key = `${clientAddress.join('.')}>${serverAddress.join('.')}:${serverPort}`;
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      edge = new Edge(clientAddress, serverAddress, serverPort);
      this.#edges.set(key, edge);
    }
    return edge;
  }

  /** Conversations that are open now, on all edges. */
  get conversationsCount(): number {
    let count = 0;
    for (const edge of this.#edges.values()) count += edge.conversations.size;
    return count;
  }

  /** Called with the time of each packet: writes the seconds that have ended before it. */
  advance(tsUs: number): void {
    if (this.#dueUs === undefined) {
      this.#dueUs = (Math.floor(tsUs / SECOND_US) + 1) * SECOND_US;
      return;
    }
    if (tsUs >= this.#dueUs) this.#writeUntil(tsUs);
  }

  /** The clock has gone back: what was counted is written, and seconds end by the new time from now on. */
  rewind(tsUs: number): void {
    this.finish();
    this.#dueUs = (Math.floor(tsUs / SECOND_US) + 1) * SECOND_US;
  }

  /** Writes the last, unfinished second. */
  finish(): void {
    if (this.#dueUs !== undefined) this.#write(this.#dueUs - SECOND_US);
  }

  #writeUntil(tsUs: number): void {
    let dueUs = this.#dueUs ?? tsUs;
    let seconds = 0;
    while (tsUs >= dueUs) {
      if (seconds++ >= this.#silentSecondsMax) {
        const nextUs = (Math.floor(tsUs / SECOND_US) + 1) * SECOND_US;
        this.#health.drop('silent_seconds', Math.round((nextUs - dueUs) / SECOND_US));
        dueUs = nextUs;
        break;
      }
      this.#write(dueUs - SECOND_US);
      dueUs += SECOND_US;
    }
    this.#dueUs = dueUs;
  }

  #write(secondUs: number): void {
    this.#onSecond(secondUs);
    for (const [key, edge] of this.#edges) {
      edge.write(this.#sink, secondUs);
      if (edge.conversations.size === 0) this.#edges.delete(key);
    }
  }
}
