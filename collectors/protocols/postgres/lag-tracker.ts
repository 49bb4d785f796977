/**
 * The time by which a standby is behind, computed as the sending server does for pg_stat_replication (PostgreSQL's
 * walsender.c, LagTrackerWrite and LagTrackerRead, described in the manual under "pg_stat_replication"): samples of
 * (position, time) are kept when WAL is sent; an answer that names a position takes the time of the last sample that it
 * passed; between two samples it is interpolated.
 *
 * The time here is the capture's: at the server it is the server's figure, at the standby the way there is missing.
 */
import { UNKNOWN } from '../../../src/events/events.ts';

/** As the server's LAG_TRACKER_BUFFER_SIZE. When it is full, the newest sample gives way. */
const SAMPLES_MAX = 8192;

/** One reader of the samples: for written, flushed, replayed. */
interface Reader {
  head: number;
  lastLsn: number;
  lastUs: number;
}

export class LagTracker {
  readonly #lsns: number[] = [];
  readonly #times: number[] = [];
  #writeHead = 0;
  #lastLsn = UNKNOWN;
  readonly #readers: readonly Reader[];

  /** @param readersCount how many positions are followed */
  constructor(readersCount: number) {
    this.#readers = Array.from({ length: readersCount }, () => ({
      head: 0,
      lastLsn: 0,
      lastUs: UNKNOWN,
    }));
  }

  /** WAL up to `lsn` is ready to be sent at this time. */
  sample(lsn: number, tsUs: number): void {
    if (lsn === this.#lastLsn) return;
    this.#lastLsn = lsn;
    const next = (this.#writeHead + 1) % SAMPLES_MAX;
    const full = this.#readers.some(({ head }) => head === next);
    const place = full ? (this.#writeHead + SAMPLES_MAX - 1) % SAMPLES_MAX : this.#writeHead;
    this.#lsns[place] = lsn;
    this.#times[place] = tsUs;
    if (!full) this.#writeHead = next;
  }

  /**
   * The standby has said, at `nowUs`, that it has come to `lsn`.
   * @returns microseconds since that was sent; UNKNOWN when no sample tells
   */
  read(index: number, lsn: number, nowUs: number): number {
    const reader = this.#readers[index];
    if (reader === undefined) return UNKNOWN;
    let timeUs = UNKNOWN;
    while (reader.head !== this.#writeHead && this.#lsn(reader.head) <= lsn) {
      timeUs = this.#time(reader.head);
      reader.lastLsn = this.#lsn(reader.head);
      reader.lastUs = timeUs;
      reader.head = (reader.head + 1) % SAMPLES_MAX;
    }
    const empty = reader.head === this.#writeHead;
    if (empty) reader.lastUs = UNKNOWN;
    if (timeUs === UNKNOWN && !empty) timeUs = this.#between(reader, lsn);
    return timeUs === UNKNOWN || timeUs > nowUs ? UNKNOWN : nowUs - timeUs;
  }

  /** No sample was passed: in proportion between the last and the next one, or, without a last one, the next one's. */
  #between(reader: Reader, lsn: number): number {
    const nextUs = this.#time(reader.head);
    if (reader.lastUs === UNKNOWN) return nextUs;
    const span = this.#lsn(reader.head) - reader.lastLsn;
    if (lsn < reader.lastLsn || reader.lastUs > nextUs || span <= 0) return UNKNOWN;
    return Math.round(reader.lastUs + ((nextUs - reader.lastUs) * (lsn - reader.lastLsn)) / span);
  }

  #lsn(place: number): number {
    return this.#lsns[place] ?? 0;
  }

  #time(place: number): number {
    return this.#times[place] ?? 0;
  }
}
