/** Tells a store of transactions, statement by statement. */
import type { StatementEvent } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import type { SegmentSink } from '../../src/store/segment-sink.ts';
import { makeClass, makeStatement, makeTransactionEnd } from './synthetic.ts';
import { fillStore, type TemporaryStore } from './temporary-store.ts';

export const SECOND = 1_000_000;
export const HOUR = 3_600 * SECOND;
/** The beginning of an hour. */
export const BASE_US = 497_222 * HOUR;

const begin = makeClass(900, { normalized: 'BEGIN', command: 'BEGIN', kind: 'transaction' });
const commit = makeClass(901, { normalized: 'COMMIT', command: 'COMMIT', kind: 'transaction' });
/** An UPDATE of table t3. */
export const change = makeClass(3);

/** Seconds from BASE_US on. */
export const window = (from: number, to: number) => ({
  fromUs: BASE_US + from * SECOND,
  toUs: BASE_US + to * SECOND,
});

/** Tells one transaction: BEGIN, then statements at their seconds, then its end. */
export class Teller {
  readonly #ids = new Map<Session, { transaction: number; sequence: number }>();
  readonly sink: SegmentSink;

  constructor(sink: SegmentSink) {
    this.sink = sink;
  }

  #next(session: Session) {
    let ids = this.#ids.get(session);
    if (ids === undefined) {
      ids = { transaction: 0, sequence: 0 };
      this.#ids.set(session, ids);
    }
    ids.sequence++;
    return ids;
  }

  statement(session: Session, fields: Partial<StatementEvent>): void {
    const { transaction, sequence } = this.#next(session);
    const { statementClass } = fields;
    this.sink.statement(
      makeStatement(session, {
        sequence,
        transactionId: transaction,
        command: statementClass?.command,
        durationUs: 1_000,
        ...fields,
        text: Buffer.from(statementClass?.normalized ?? ''),
        textEnd: statementClass?.normalized.length ?? 0,
      }),
    );
  }

  begin(session: Session, tsUs: number): void {
    const ids = this.#next(session);
    ids.transaction++;
    this.statement(session, { statementClass: begin, tsUs });
  }

  end(
    session: Session,
    startUs: number,
    endUs: number,
    statements: number,
    rowsAffected = 0,
  ): void {
    this.statement(session, { statementClass: commit, tsUs: endUs - 1_000 });
    const transactionId = this.#ids.get(session)?.transaction ?? 0;
    this.sink.transactionEnd(
      makeTransactionEnd(session, { startUs, endUs, transactionId, statements, rowsAffected }),
    );
  }

  sessionEnd(session: Session, tsUs: number, transactionStartUs: number): void {
    this.sink.sessionEvent({
      type: 'session_end',
      tsUs,
      session,
      startUs: BASE_US - HOUR,
      reason: 'capture_end',
      statements: 1,
      errors: 0,
      requestBytes: 1,
      responseBytes: 1,
      lostBytes: 0,
      lostPacketsMin: 0,
      transactionStatus: 'T',
      transactionStartUs,
      turns: undefined,
      quality: 0,
    });
  }
}

/** Stores what `feed` tells; each statement reads or changes the table that its text names. */
export async function storeThrough(
  temporary: TemporaryStore,
  feed: (sink: SegmentSink) => void,
): Promise<void> {
  await fillStore(
    temporary,
    (sink) => {
      feed(sink);
    },
    {
      describe: (statement) => ({
        tables: [statement.split(' ')[statement.startsWith('U') ? 1 : 3] ?? ''],
        columns: [],
      }),
    },
  );
}
