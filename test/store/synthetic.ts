/** Events made up from a seed, in the mix of an OLTP application; for tests and benchmarks of the store. */
import {
  type ActivitySecond,
  type EventSink,
  Status,
  type StatementError,
  type StatementEvent,
  type TransactionEnd,
  UNKNOWN,
} from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import type { StatementClass } from '../../src/events/statement-class.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Park and Miller's generator: enough for made-up data, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export function hex16(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

export function ipv4(a: number, b: number, c: number, d: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d);
}

export function makeSession(number: number, fields: Partial<Session> = {}): Session {
  const low = (number * 2_654_435_761) >>> 0;
  return {
    idHigh: number,
    idLow: low,
    id: hex16(number, low),
    protocol: 'postgres',
    dialect: undefined,
    clientAddress: ipv4(10, 0, 0, 1 + (number % 8)),
    serverAddress: ipv4(10, 0, 1, 1),
    clientPort: 40_000 + number,
    serverPort: 5432,
    user: `app${number % 3}`,
    database: 'shop',
    application: number % 2 === 0 ? 'orders' : undefined,
    ...fields,
  };
}

export function makeClass(number: number, fields: Partial<StatementClass> = {}): StatementClass {
  const low = (number * 40_503_001 + 1) >>> 0;
  const select = number % 3 !== 0;
  return {
    fingerprintHigh: number + 1,
    fingerprintLow: low,
    fingerprint: hex16(number + 1, low),
    normalized: select
      ? `SELECT a, b FROM t${number} WHERE id = ?`
      : `UPDATE t${number} SET a = ? WHERE id = ?`,
    command: select ? 'SELECT' : 'UPDATE',
    kind: select ? 'select' : 'update',
    mayHoldSecret: false,
    ...fields,
  };
}

const NO_TEXT = new Uint8Array(0);

export function makeStatement(
  session: Session,
  fields: Partial<StatementEvent> = {},
): Mutable<StatementEvent> {
  return {
    session,
    tsUs: 1_790_000_000_000_000,
    sequence: 1,
    statementClass: undefined,
    command: undefined,
    text: NO_TEXT,
    textStart: 0,
    textEnd: fields.text?.length ?? 0,
    statementName: undefined,
    portalName: undefined,
    source: undefined,
    sourceClass: undefined,
    parameters: undefined,
    status: Status.Ok,
    error: undefined,
    rowsReturned: UNKNOWN,
    rowsAffected: UNKNOWN,
    requestBytes: 60,
    responseBytes: 120,
    firstRowUs: UNKNOWN,
    durationUs: UNKNOWN,
    transactionId: UNKNOWN,
    transactionStatus: 'I',
    copyBytes: UNKNOWN,
    copyRows: UNKNOWN,
    batchCount: UNKNOWN,
    quality: 0,
    ...fields,
  };
}

export function makeActivity(fields: Partial<ActivitySecond> = {}): ActivitySecond {
  return {
    secondUs: 1_790_000_000_000_000,
    clientAddress: ipv4(10, 0, 0, 1),
    serverAddress: ipv4(10, 0, 1, 1),
    serverPort: 5432,
    connectionsOpened: 0,
    connectionsClosed: 0,
    connectionsRefused: 0,
    connectionsOpen: 0,
    connectionsInTransaction: 0,
    requests: 0,
    requestsAnswered: 0,
    answers: 0,
    normal: 0,
    errors: 0,
    commits: 0,
    rollbacks: 0,
    implicitTransactions: 0,
    emptyTransactions: 0,
    explicitRollbacks: 0,
    durationSumUs: 0,
    durationMaxUs: 0,
    durationBuckets: new Map(),
    rowsReturned: 0,
    rowsAffected: 0,
    requestBytes: 0,
    responseBytes: 0,
    lostBytes: 0,
    lostPacketsMin: 0,
    outstanding: 0,
    outstandingAgeMaxUs: 0,
    ...fields,
  };
}

export function makeTransactionEnd(
  session: Session,
  fields: Partial<TransactionEnd> = {},
): TransactionEnd {
  return {
    session,
    startUs: 1_790_000_000_000_000,
    endUs: 1_790_000_000_500_000,
    transactionId: 1,
    outcome: 'commit',
    statements: 2,
    rowsAffected: 1,
    implicit: false,
    quality: 0,
    shapeHigh: 1,
    shapeLow: 2,
    ...fields,
  };
}

const DUPLICATE_KEY: StatementError = {
  sqlstate: '23505',
  code: undefined,
  message: 'duplicate key value violates unique constraint "orders_pkey"',
  severity: 'ERROR',
  errorClass: 'duplicate_key',
};

export interface Workload {
  readonly sessions: readonly Session[];
  /** Gives the next `count` statements, with a transaction end for every fifth. */
  feed(sink: EventSink, count: number): void;
}

/** 600 classes (few of them make most of the calls), 400 sessions, long-tailed durations, half a percent of errors. */
export function makeWorkload(seed: number, startUs: number, perSecond = 1400): Workload {
  const random = randomFrom(seed);
  const sessions = Array.from({ length: 400 }, (_, index) => makeSession(index + 1));
  const classes = Array.from({ length: 600 }, (_, index) => makeClass(index));
  const encoder = new TextEncoder();
  const heads = classes.map((one) =>
    encoder.encode(
      `${one.normalized.replaceAll('?', '$1')} /* padding as long as an ORM makes a statement: o.created_at, o.total */ AND x = `,
    ),
  );
  const buffer = new Uint8Array(4096);
  const sequences = new Uint32Array(sessions.length);
  const event = makeStatement(sessions[0] as Session); // The list above is not empty.
  let tsUs = startUs;
  const stepUs = 1_000_000 / perSecond;
  let fed = 0;
  return {
    sessions,
    feed(sink, count) {
      for (let index = 0; index < count; index++) {
        const number = Math.floor(random() * sessions.length);
        const session = sessions[number] as Session;
        const classNumber = Math.floor(classes.length * random() ** 3);
        const statementClass = classes[classNumber] as StatementClass;
        const head = heads[classNumber] as Uint8Array;
        buffer.set(head);
        const literal = encoder.encode(String(Math.floor(random() * 1_000_000)));
        buffer.set(literal, head.length);
        tsUs += random() * 2 * stepUs;
        const failed = random() < 0.005;
        const durationUs = Math.round(
          Math.exp(6 + 1.3 * (random() + random() + random() - 1.5) * 2),
        );
        sequences[number] = (sequences[number] ?? 0) + 1;
        event.session = session;
        event.tsUs = Math.round(tsUs);
        event.sequence = sequences[number] ?? 0;
        event.statementClass = statementClass;
        event.command = statementClass.command;
        event.text = buffer;
        event.textEnd = head.length + literal.length;
        event.status = failed ? Status.Error : Status.Ok;
        event.error = failed ? DUPLICATE_KEY : undefined;
        event.rowsReturned = statementClass.kind === 'select' ? 1 + (classNumber % 20) : UNKNOWN;
        event.rowsAffected = statementClass.kind === 'update' ? 1 : UNKNOWN;
        event.requestBytes = event.textEnd + 6;
        event.responseBytes = 100 + classNumber * 3;
        event.firstRowUs = Math.round(durationUs * 0.8);
        event.durationUs = durationUs;
        event.transactionId = sequences[number] ?? 0;
        sink.statement(event);
        fed++;
        if (fed % 5 === 0) {
          sink.transactionEnd(
            makeTransactionEnd(session, {
              startUs: event.tsUs - 5000,
              endUs: event.tsUs + durationUs,
              transactionId: event.transactionId,
              shapeHigh: classNumber,
            }),
          );
        }
      }
    },
  };
}
