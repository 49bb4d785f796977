/**
 * Hot path. Takes the collector's events, copies them into typed columns and seals a segment of a table when it is
 * full. Full means a number of rows or bytes, never a time, so that a capture always makes the same segments; whoever stores
 * live traffic calls `sealFresh` and `seal` by the clock.
 */
import { join } from 'node:path';
import { addressesOf } from './tables/session-columns.ts';
import {
  type ActivitySecond,
  type CaptureSecond,
  type EventSink,
  Reduction,
  type SessionEvent,
  type SinkLimitName,
  type StatementEvent,
  type TransactionEnd,
} from '../events/events.ts';
import type { Session } from '../events/session.ts';
import type { StatementClass } from '../events/statement-class.ts';
import { limits } from './limits.ts';
import { type Segment, writeSegment } from './segment.ts';
import { storeError } from './store-error.ts';
import { activityRows, appendActivity } from './tables/activity-table.ts';
import { appendCaptureSecond, captureRows } from './tables/capture-table.ts';
import { appendClass, type ClassDescription, classRows } from './tables/classes-table.ts';
import { appendEvent, eventRows } from './tables/events-table.ts';
import {
  appendSessionEnd,
  appendSessionEvent,
  appendSessionState,
  newNotes,
  type SessionNotes,
  sessionEventRows,
  sessionRows,
} from './tables/sessions-table.ts';
import { appendRepetition, repetitionRows } from './tables/repetitions-table.ts';
import { appendValue, valueRows } from './tables/values-table.ts';
import type { ValueNames } from './values/value-names.ts';
import { ValueSketches } from './values/value-sketches.ts';
import type { SegmentTable, TableRows } from './tables/table-rows.ts';
import { appendReplication, replicationRows } from './tables/replication-table.ts';
import {
  appendTransactionStep,
  appendTransactionType,
  transactionStepRows,
  transactionTypeRows,
} from './tables/transaction-types-table.ts';
import { appendTransaction, isStored, transactionRows } from './tables/transactions-table.ts';
import { Repetitions } from './repetitions.ts';
import { TransactionSequences } from './transaction-sequences.ts';

/** One of several sinks that fill one directory: it numbers its segments index, index + count, index + 2 count ... */
export interface Lane {
  readonly index: number;
  readonly count: number;
}

export interface SinkOptions {
  /** The store's directory; segments go to `segments` in it. */
  readonly directory: string;
  /** The collector's name, on every row. */
  readonly collector?: string;
  /** What is captured, such as the name of an interface. */
  readonly source?: string;
  /** Counts the values that executions are given, and names them; without it none are counted. */
  readonly values?: ValueNames | undefined;
  /** Tables and columns of a statement; called once per class. */
  readonly describe: (statement: string) => ClassDescription;
  /** Takes each segment when it is on the disk. */
  readonly onSealed: (segment: Segment) => void;
  /**
   * Of live traffic: takes note of rows that could not be written to the disk, and the collector goes on. Without it
   * such a failure stops the collector.
   */
  readonly onLost?: (table: SegmentTable, rowsCount: number, error: unknown) => void;
  /** Equal rows of two sinks must not have equal names, or the second would be taken for the first sent again. */
  readonly lane?: Lane;
  readonly segmentRowsMax?: number;
  readonly classesMax?: number;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/** How often the bytes of the open rows are added up: often enough for texts of any allowed length. */
const SIZE_CHECK_ROWS = 256;

/** Of the executions whose text may be left out, one in so many keeps it. */
const TEXT_KEPT_EVERY = 16;

/** Longest statement that is handed to `describe`. */
const DESCRIBED_BYTES_MAX = 256 * 1024;

export class SegmentSink implements EventSink {
  readonly #options: SinkOptions;
  readonly #segments: string;
  readonly #rowsMax: number;
  readonly #events = eventRows();
  readonly #transactions = transactionRows();
  readonly #sessions = sessionRows();
  readonly #sessionEvents = sessionEventRows();
  readonly #replication = replicationRows();
  readonly #activity = activityRows();
  readonly #capture = captureRows();
  readonly #classes = classRows();
  readonly #transactionTypes = transactionTypeRows();
  readonly #transactionSteps = transactionStepRows();
  readonly #sequences = new TransactionSequences({
    type: (type, statements) => {
      appendTransactionType(this.#transactionTypes, type, statements);
      this.#sealWhenFull(this.#transactionTypes);
    },
    step: (step) => {
      appendTransactionStep(this.#transactionSteps, step);
      this.#sealWhenFull(this.#transactionSteps);
    },
  });
  readonly #repetitionRows = repetitionRows();
  readonly #repetitions = new Repetitions((count) => {
    appendRepetition(this.#repetitionRows, count);
    this.#sealWhenFull(this.#repetitionRows);
  });
  readonly #valueRows = valueRows();
  readonly #values: ValueSketches | undefined;
  readonly #notes = new Map<Session, SessionNotes>();
  readonly #seen = new Set<StatementClass>();
  readonly #sealing = new Set<Promise<void>>();
  #handedOn: Promise<void> = Promise.resolve();
  #lastSession: Session | undefined;
  #lastNotes: SessionNotes | undefined;
  #lastClass: StatementClass | undefined;
  #openTextBytes = 0;
  #ordinal = 0;
  #failure: unknown;
  /** What is left out of statements from now on. */
  reduction: Reduction = Reduction.None;
  /** Statements of which something was left out. */
  statementsReduced = 0;
  /** Times that what was told of classes had to be forgotten: each is told again then, which changes nothing. */
  classesForgotten = 0;
  /** Sessions whose last statement is not known because limits.sessionsMax were open. */
  sessionsForgotten = 0;

  constructor(options: SinkOptions) {
    this.#options = options;
    if (options.values !== undefined) {
      this.#values = new ValueSketches(options.values, (row) => {
        appendValue(this.#valueRows, row);
        this.#sealWhenFull(this.#valueRows);
      });
    }
    this.#segments = join(options.directory, 'segments');
    this.#rowsMax = Math.min(
      options.segmentRowsMax ?? limits.segmentRowsMax,
      limits.segmentRowsMax,
    );
  }

  #nextOrdinal(): number {
    const { index = 0, count = 1 } = this.#options.lane ?? {};
    return index + this.#ordinal++ * count;
  }

  statement(event: StatementEvent): void {
    const notes = this.#notesOf(event.session);
    notes.lastStatementUs = event.tsUs;
    notes.lastClass = event.statementClass;
    notes.lastCommand = event.command;
    const { statementClass, text, textStart, textEnd } = event;
    if (this.reduction < Reduction.Parameters)
      this.#values?.statement(event, notes.addresses.server);
    this.#sequences.statement(notes.sequence, event, notes.addresses.server);
    this.#repetitions.statement(notes.run, event, notes.addresses);
    if (statementClass !== undefined && statementClass !== this.#lastClass) {
      this.#tellClass(statementClass, text, textStart, textEnd);
    }
    if (event.sourceClass !== undefined && event.source !== undefined) {
      const source = Buffer.from(event.source);
      this.#tellClass(event.sourceClass, source, 0, source.length);
    }
    if (this.reduction === Reduction.None) {
      appendEvent(this.#events, event, notes.addresses);
      this.#openTextBytes += textEnd - textStart;
    } else {
      const keepsText =
        this.reduction < Reduction.StatementTexts || this.statementsReduced % TEXT_KEPT_EVERY === 0;
      this.statementsReduced++;
      appendEvent(this.#events, event, notes.addresses, false, keepsText);
      if (keepsText) this.#openTextBytes += textEnd - textStart;
    }
    if (
      this.#openTextBytes > limits.segmentBytesMax ||
      this.#events.rowsCount % SIZE_CHECK_ROWS === 0
    ) {
      this.#sealWhenFull(this.#events);
    } else if (this.#events.rowsCount >= this.#rowsMax) {
      this.#seal(this.#events);
    }
  }

  transactionEnd(end: TransactionEnd): void {
    if (!isStored(end)) return;
    const { addresses, sequence } = this.#notesOf(end.session);
    const type = this.#sequences.end(sequence, end);
    appendTransaction(this.#transactions, end, addresses, type);
    this.#sealWhenFull(this.#transactions);
  }

  sessionEvent(event: SessionEvent): void {
    const notes = this.#notesOf(event.session);
    if (event.type === 'session_start') {
      notes.loginUs = event.loginUs;
      notes.serverVersion = event.serverVersion;
      notes.tls = event.tls;
    } else if (event.type === 'session_end') {
      this.#repetitions.end(notes.run, event.session.serverPort, notes.addresses);
      appendSessionEnd(this.#sessions, event, notes);
      this.#notes.delete(event.session);
      this.#lastSession = undefined;
      this.#sealWhenFull(this.#sessions);
    } else if (event.type === 'session_state') {
      appendSessionState(this.#sessions, event, notes);
      this.#sealWhenFull(this.#sessions);
    } else {
      if (event.type === 'encrypted') {
        notes.encrypted = event.method;
        notes.encryptedReason = event.reason;
        notes.tls = event.tls;
      }
      if (event.type === 'replication') {
        appendReplication(this.#replication, event, notes.addresses);
        this.#sealWhenFull(this.#replication);
        // Of its many states the first is an event of the session.
        if (event.phase !== 'start') return;
      }
      appendSessionEvent(this.#sessionEvents, event, notes.addresses);
      this.#sealWhenFull(this.#sessionEvents);
    }
  }

  activity(second: ActivitySecond): void {
    appendActivity(this.#activity, second);
    this.#sealWhenFull(this.#activity);
  }

  captureSecond(second: CaptureSecond): void {
    this.#values?.advance(second.secondUs);
    this.#repetitions.advance(second.secondUs);
    appendCaptureSecond(this.#capture, this.#options.source ?? '', second);
    this.#sealWhenFull(this.#capture);
  }

  dropped(): Readonly<Record<SinkLimitName, number>> {
    return {
      repetition_pairs: this.#repetitions.dropped,
      transaction_types: this.#sequences.typesDroppedCount,
      session_notes: this.sessionsForgotten,
    };
  }

  /** Nothing more comes: also what is counted by the minute is told, and all is sealed. */
  end(): void {
    this.#values?.flush();
    this.#repetitions.flush();
    this.seal();
  }

  /** Seals whatever rows are open. */
  seal(): void {
    this.sealFresh();
    this.#sequences.flush();
    this.#sealAll([
      this.#transactionTypes,
      this.#transactionSteps,
      this.#replication,
      this.#capture,
      this.#valueRows,
      this.#repetitionRows,
    ]);
  }

  /** Seals the open rows that somebody may be waiting for; each insert costs the store as much as 2,000 events. */
  sealFresh(): void {
    this.#sealAll([
      this.#classes,
      this.#events,
      this.#transactions,
      this.#sessions,
      this.#sessionEvents,
      this.#activity,
    ]);
  }

  #sealAll(tables: readonly TableRows[]): void {
    for (const rows of tables) if (rows.rowsCount > 0) this.#seal(rows);
  }

  /** Too many segments are on their way to the disk: whoever feeds this should wait until it is calm. */
  get isBusy(): boolean {
    return this.#sealing.size >= limits.segmentsSealingMax;
  }

  /** Resolves when the sink is not busy, or is less so than it was. */
  async calm(): Promise<void> {
    if (this.isBusy) await Promise.race(this.#sealing);
  }

  /**
   * Resolves when every sealed segment has been handed on.
   * @throws MirrorSqlError when one could not be written.
   */
  async settled(): Promise<void> {
    while (this.#sealing.size > 0) await Promise.all(this.#sealing);
    if (this.#failure !== undefined) throw storeError(this.#failure);
  }

  #notesOf(session: Session): SessionNotes {
    if (session === this.#lastSession && this.#lastNotes !== undefined) return this.#lastNotes;
    let notes = this.#notes.get(session);
    if (notes === undefined) {
      notes = newNotes(addressesOf(session));
      if (this.#notes.size < limits.sessionsMax) this.#notes.set(session, notes);
      else this.sessionsForgotten++;
    }
    this.#lastSession = session;
    this.#lastNotes = notes;
    return notes;
  }

  #tellClass(statementClass: StatementClass, text: Uint8Array, start: number, end: number): void {
    this.#lastClass = statementClass;
    if (this.#seen.has(statementClass)) return;
    if (this.#seen.size >= (this.#options.classesMax ?? limits.classesMax)) {
      this.#seen.clear();
      this.classesForgotten++;
    }
    this.#seen.add(statementClass);
    const length = Math.min(end - start, DESCRIBED_BYTES_MAX);
    const statement = Buffer.from(text.buffer, text.byteOffset + start, length).toString('utf8');
    appendClass(this.#classes, statementClass, this.#options.describe(statement));
    this.#sealWhenFull(this.#classes);
  }

  #sealWhenFull(rows: TableRows): void {
    if (rows.rowsCount >= this.#rowsMax || rows.sizeBytes >= limits.segmentBytesMax)
      this.#seal(rows);
  }

  /** @throws MirrorSqlError when an earlier segment could not be written: the collector has to stop. */
  #seal(rows: TableRows): void {
    if (this.#failure !== undefined) throw storeError(this.#failure);
    const now = this.#options.now ?? (() => Date.now() / 1000);
    const { table, rowsCount } = rows;
    const block = rows.block(this.#options.collector ?? '', Math.floor(now()));
    rows.clear();
    if (rows === this.#events) this.#openTextBytes = 0;
    const written = writeSegment(this.#segments, block, this.#nextOrdinal()).then(
      (segment) => () => this.#options.onSealed(segment),
      (error: unknown) => () => this.#notWritten(table, rowsCount, error),
    );
    // Handed on in the order in which they were sealed: whoever has no room for all gives up the oldest.
    const sealing = this.#handedOn
      .then(async () => (await written)())
      .finally(() => this.#sealing.delete(sealing));
    this.#handedOn = sealing;
    this.#sealing.add(sealing);
  }

  #notWritten(table: SegmentTable, rowsCount: number, error: unknown): void {
    if (this.#options.onLost === undefined) this.#failure ??= error;
    else this.#options.onLost(table, rowsCount, error);
  }
}
