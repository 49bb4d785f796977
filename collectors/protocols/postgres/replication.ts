/**
 * A replication connection (manual: "Streaming Replication Protocol"): what the CopyData messages of both sides say about
 * positions, and how far a base backup has come. What is in the WAL is not looked at.
 *
 * Server: 'w' Int64 start, Int64 end of WAL, Int64 time, WAL; 'k' Int64 position, Int64 time, Byte1 answer wanted.
 * Client: 'r' Int64 written, Int64 flushed, Int64 replayed (each the last byte + 1), Int64 time, Byte1 answer wanted.
 * Base backup, 15 and later: 'n' archive, 'd' data, 'm' manifest, 'p' Int64 bytes done; before 15 the data bare.
 * Times are microseconds since 2000-01-01.
 */
import { UNKNOWN } from '../../../src/events/events.ts';
import type { ReplicationState } from '../../../src/events/replication.ts';
import { LagTracker } from './lag-tracker.ts';

/** So much of a CopyData or DataRow message is needed. */
export const REPLICATION_BYTES_KEPT = 256;

const WAL_DATA = 0x77; // 'w'
const KEEPALIVE = 0x6b; // 'k'
const STANDBY_STATUS = 0x72; // 'r'
const PROGRESS = 0x70; // 'p'
const ARCHIVE_DATA = 0x64; // 'd'
const WAL_HEADER_BYTES = 25;
const KEEPALIVE_BYTES = 18;
const STATUS_BYTES = 34;
/** 2000-01-01 in microseconds since 1970. */
const EPOCH_US = 946_684_800_000_000;
/** A stream that began before the capture is believed to be one when its clocks are not further off than this. */
const CLOCK_OFF_US_MAX = 30 * 86_400_000_000;
/** What has changed is told when it has stood for so long, or when it ends. */
const TOLD_AFTER_US = 1_000_000;
/** A logical sender takes samples at commits, at most so often (WALSND_LOGICAL_LAG_TRACK_INTERVAL_MS). */
const LOGICAL_SAMPLE_US = 1_000_000;
const MESSAGE_HEADER_BYTES = 5;

const Lag = { Write: 0, Flush: 1, Replay: 2 } as const;

export type TellReplication = (state: ReplicationState, tsUs: number) => void;

export class Replication {
  readonly #tell: TellReplication;
  #mode: ReplicationState['mode'] = undefined;
  #slot: string | undefined = undefined;
  #running = false;
  #lags = new LagTracker(3);
  #sampledUs = Number.NEGATIVE_INFINITY;
  /** Since when there is something to tell, and when it changed last; UNKNOWN when all is told. */
  #changedSinceUs = UNKNOWN;
  #changedUs = UNKNOWN;
  #sentLsn = UNKNOWN;
  #writeLsn = UNKNOWN;
  #flushLsn = UNKNOWN;
  #replayLsn = UNKNOWN;
  #walEndLsn = UNKNOWN;
  #writeLagUs = UNKNOWN;
  #flushLagUs = UNKNOWN;
  #replayLagUs = UNKNOWN;
  /** The last answer said that everything sent was replayed. */
  #appliedAll = false;
  #backupBytesDone = UNKNOWN;
  #backupBytesTotal = UNKNOWN;
  /** The backup says itself how much it has done ('p'). */
  #progressSaid = false;

  constructor(tell: TellReplication) {
    this.#tell = tell;
  }

  /** A stream of WAL is running, whether its beginning was seen or not. */
  get streaming(): boolean {
    return this.#running && this.#mode !== 'base_backup';
  }

  /** START_REPLICATION was answered by CopyBothResponse. */
  streamStarts(command: string, tsUs: number): void {
    this.#mode = /\bLOGICAL\b/i.test(command) ? 'logical' : 'physical';
    const slot = /\bSLOT\s+(?:"((?:[^"]|"")*)"|(\w+))/i.exec(command);
    this.#slot = slot?.[1]?.replaceAll('""', '"') ?? slot?.[2];
    this.#lags = new LagTracker(3);
    this.#begin(tsUs);
  }

  /** A row of the answer to BASE_BACKUP: the second result has a tablespace a row, its size in KiB in the third column. */
  backupRow(view: DataView, start: number, end: number): void {
    const size = thirdColumn(view, start, end);
    if (size === undefined) return;
    this.#backupBytesTotal = Math.max(0, this.#backupBytesTotal) + size * 1024;
  }

  /** A COPY OUT of BASE_BACKUP begins; servers before 15 send one for each tablespace. */
  backupStarts(tsUs: number): void {
    if (this.#running) return;
    this.#mode = 'base_backup';
    this.#backupBytesDone = 0;
    this.#begin(tsUs);
  }

  /** Tells, once a second, how things stood when they changed last. */
  tellChanges(nowUs: number): void {
    if (this.#changedSinceUs === UNKNOWN || nowUs - this.#changedSinceUs < TOLD_AFTER_US) return;
    this.#report('progress', this.#changedUs);
  }

  ends(tsUs: number): void {
    if (!this.#running) return;
    this.#running = false;
    this.#report('end', tsUs);
    this.#backupBytesDone = UNKNOWN;
    this.#backupBytesTotal = UNKNOWN;
    this.#progressSaid = false;
    this.#mode = undefined;
  }

  /** @param sizeBytes of the whole message; view[start, end) is what was kept of its body */
  serverData(view: DataView, start: number, end: number, sizeBytes: number, tsUs: number): void {
    this.tellChanges(tsUs);
    if (end <= start) return;
    if (this.#mode === 'base_backup') {
      this.#backupData(view, start, end, sizeBytes, tsUs);
      return;
    }
    const kind = view.getUint8(start);
    const bodyBytes = sizeBytes - MESSAGE_HEADER_BYTES;
    if (kind === WAL_DATA && bodyBytes >= WAL_HEADER_BYTES && end - start >= WAL_HEADER_BYTES)
      this.#walData(view, start, end, bodyBytes - WAL_HEADER_BYTES, tsUs);
    else if (kind === KEEPALIVE && bodyBytes === KEEPALIVE_BYTES && end - start === bodyBytes)
      this.#keepalive(view, start, tsUs);
  }

  clientData(view: DataView, start: number, end: number, sizeBytes: number, tsUs: number): void {
    this.tellChanges(tsUs);
    const bodyBytes = sizeBytes - MESSAGE_HEADER_BYTES;
    if (bodyBytes !== STATUS_BYTES || end - start !== bodyBytes) return;
    if (view.getUint8(start) !== STANDBY_STATUS || !this.#believed(view, start + 25, tsUs)) return;
    const [write, flush, replay] = [
      lsnAt(view, start + 1),
      lsnAt(view, start + 9),
      lsnAt(view, start + 17),
    ];
    const writeLagUs = this.#lags.read(Lag.Write, write, tsUs);
    const flushLagUs = this.#lags.read(Lag.Flush, flush, tsUs);
    const replayLagUs = this.#lags.read(Lag.Replay, replay, tsUs);
    // Twice in a row everything: the second answer came because nothing happens, and old lags are forgotten.
    const appliedAll = this.#sentLsn !== UNKNOWN && replay === this.#sentLsn;
    const forget = appliedAll && this.#appliedAll;
    this.#appliedAll = appliedAll;
    if (writeLagUs !== UNKNOWN || forget) this.#writeLagUs = writeLagUs;
    if (flushLagUs !== UNKNOWN || forget) this.#flushLagUs = flushLagUs;
    if (replayLagUs !== UNKNOWN || forget) this.#replayLagUs = replayLagUs;
    // Zero says that it does not know, as a receiver that never replays does.
    this.#writeLsn = write === 0 ? UNKNOWN : write;
    this.#flushLsn = flush === 0 ? UNKNOWN : flush;
    this.#replayLsn = replay === 0 ? UNKNOWN : replay;
    this.#changed(tsUs);
  }

  #walData(view: DataView, start: number, end: number, walBytes: number, tsUs: number): void {
    if (!this.#believed(view, start + 17, tsUs)) return;
    const [from, walEnd] = [lsnAt(view, start + 1), lsnAt(view, start + 9)];
    if (from === UNKNOWN || walEnd === UNKNOWN) return;
    this.#changed(tsUs);
    // Only a logical stream says where it is and no more; only its messages do not stand for so many bytes of WAL.
    this.#mode ??= walEnd === from && walBytes > 0 ? 'logical' : 'physical';
    this.#walEndLsn = Math.max(this.#walEndLsn, walEnd);
    if (this.#mode === 'physical') {
      this.#sentLsn = Math.max(this.#sentLsn, from + walBytes);
      this.#lags.sample(walEnd, tsUs);
      return;
    }
    this.#sentLsn = Math.max(this.#sentLsn, from);
    if (
      !isCommit(view, start + WAL_HEADER_BYTES, end) ||
      tsUs - this.#sampledUs < LOGICAL_SAMPLE_US
    )
      return;
    this.#sampledUs = tsUs;
    this.#lags.sample(from, tsUs);
  }

  #keepalive(view: DataView, start: number, tsUs: number): void {
    if (!this.#believed(view, start + 9, tsUs)) return;
    const sent = lsnAt(view, start + 1);
    if (sent > this.#sentLsn) this.#changed(tsUs);
    this.#sentLsn = Math.max(this.#sentLsn, sent);
    this.#walEndLsn = Math.max(this.#walEndLsn, sent);
  }

  #backupData(view: DataView, start: number, end: number, sizeBytes: number, tsUs: number): void {
    const kind = view.getUint8(start);
    const bodyBytes = sizeBytes - MESSAGE_HEADER_BYTES;
    if (kind === PROGRESS && bodyBytes === 9 && end - start === bodyBytes) {
      this.#progressSaid = true;
      this.#backupBytesDone = lsnAt(view, start + 1);
    } else if (!this.#progressSaid) {
      this.#backupBytesDone += kind === ARCHIVE_DATA ? bodyBytes - 1 : bodyBytes;
    }
    this.#changed(tsUs);
  }

  /** Inside a stream everything is; outside of one, what carries a clock that is about right. */
  #believed(view: DataView, timeAt: number, tsUs: number): boolean {
    if (this.#running) return true;
    const timeUs = view.getInt32(timeAt) * 2 ** 32 + view.getUint32(timeAt + 4) + EPOCH_US;
    if (Math.abs(timeUs - tsUs) > CLOCK_OFF_US_MAX) return false;
    this.#begin(tsUs);
    return true;
  }

  #begin(tsUs: number): void {
    this.#running = true;
    this.#report('start', tsUs);
  }

  #changed(tsUs: number): void {
    if (this.#changedSinceUs === UNKNOWN) this.#changedSinceUs = tsUs;
    this.#changedUs = tsUs;
  }

  #report(phase: ReplicationState['phase'], tsUs: number): void {
    this.#changedSinceUs = UNKNOWN;
    this.#tell(
      {
        phase,
        mode: this.#mode,
        slot: this.#slot,
        sentLsn: this.#sentLsn,
        writeLsn: this.#writeLsn,
        flushLsn: this.#flushLsn,
        replayLsn: this.#replayLsn,
        walEndLsn: this.#walEndLsn,
        writeLagUs: this.#writeLagUs,
        flushLagUs: this.#flushLagUs,
        replayLagUs: this.#replayLagUs,
        backupBytesDone: this.#backupBytesDone,
        backupBytesTotal: this.#backupBytesTotal,
      },
      tsUs,
    );
  }
}

/** A 64-bit position; UNKNOWN when it is none that a number can hold (2^53 bytes are 8 PiB of WAL). */
function lsnAt(view: DataView, at: number): number {
  const lsn = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  return Number.isSafeInteger(lsn) ? lsn : UNKNOWN;
}

/**
 * pgoutput's Commit: 'C', flags (always 0), two positions and a time. Other plugins do not report their progress, and
 * the server has no lags for them.
 */
function isCommit(view: DataView, start: number, end: number): boolean {
  return end - start === 26 && view.getUint16(start) === 0x4300;
}

/** The third column as a number, of a row that has three (DataRow: Int16 count, then Int32 length and bytes of each). */
function thirdColumn(view: DataView, start: number, end: number): number | undefined {
  if (end - start < 2 || view.getUint16(start) !== 3) return undefined;
  let position = start + 2;
  for (let column = 0; column < 3; column++) {
    if (end - position < 4) return undefined;
    const length = view.getInt32(position);
    position += 4;
    const stop = position + Math.max(0, length);
    if (stop > end) return undefined;
    if (column === 2) {
      if (length <= 0 || length > 16) return undefined;
      let text = '';
      for (let at = position; at < stop; at++) text += String.fromCharCode(view.getUint8(at));
      return /^\d+$/.test(text) ? Number(text) : undefined;
    }
    position = stop;
  }
  return undefined;
}
