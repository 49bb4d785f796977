/** Hot. The one object in which the statements of a session are told. Bench: test/bench/decode.bench.ts. */
import {
  type BoundValues,
  type StatementError,
  type StatementEvent,
  Status,
  UNKNOWN,
} from '../../../src/events/events.ts';
import type { Session } from '../../../src/events/session.ts';
import type { StatementClass } from '../../../src/events/statement-class.ts';
import {
  type AlsoSecret,
  findSecrets,
  maskMessage,
  maskQuoted,
  maskValue,
} from '../../../src/sql/redaction.ts';
import type { TransactionStatus } from './transactions.ts';

export const NO_TEXT = new Uint8Array(0);
const MASK = '***';
/** Errors that quote what a statement says: syntax and data. */
const QUOTING_ERROR = /^(?:22|42601)/;

export class ToldStatement implements StatementEvent {
  session: Session;
  tsUs = 0;
  sequence = 0;
  statementClass: StatementClass | undefined = undefined;
  command: string | undefined = undefined;
  text: Uint8Array = NO_TEXT;
  textStart = 0;
  textEnd = 0;
  statementName: string | undefined = undefined;
  portalName: string | undefined = undefined;
  sourceClass: StatementClass | undefined = undefined;
  source: string | undefined = undefined;
  parameters: readonly (string | null)[] | undefined = undefined;
  bound: BoundValues | undefined = undefined;
  status: Status = Status.Ok;
  error: StatementError | undefined = undefined;
  rowsReturned = UNKNOWN;
  rowsAffected = UNKNOWN;
  requestBytes = 0;
  responseBytes = 0;
  firstRowUs = UNKNOWN;
  durationUs = UNKNOWN;
  transactionId = UNKNOWN;
  transactionStatus: TransactionStatus = '';
  copyBytes = UNKNOWN;
  copyRows = UNKNOWN;
  batchCount = UNKNOWN;
  quality = 0;

  constructor(session: Session) {
    this.session = session;
  }
}

/**
 * Takes passwords and keys out of what is to be told: the text, the values of its parameters, and what the server's
 * message quotes of them.
 * @param also literals that are secret because of the statement that they are given to
 */
export function hideSecrets(told: ToldStatement, also: AlsoSecret): void {
  const secrets = findSecrets(told.text, told.textStart, told.textEnd, also);
  told.text = secrets.text;
  told.textStart = 0;
  told.textEnd = secrets.text.length;
  const values = [...secrets.values];
  if (told.parameters !== undefined && secrets.parameters.size > 0) {
    told.parameters = told.parameters.map((value, index) => {
      if (value === null || !secrets.parameters.has(index + 1)) return value;
      values.push(value);
      return MASK;
    });
  }
  // Values that nobody asked for were not read: any word in the message may be one.
  if (told.parameters === undefined && secrets.parameters.size > 0) hideQuoted(told);
  const { error } = told;
  if (error?.message !== undefined)
    told.error = { ...error, message: maskMessage(error.message, values) };
}

/** Nobody knows what the statement says: what the message quotes of it may be a secret. */
export function hideQuoted(told: ToldStatement): void {
  const { error } = told;
  if (error?.message === undefined || !QUOTING_ERROR.test(error.sqlstate ?? '')) return;
  told.error = { ...error, message: maskQuoted(error.message) };
}

/** Values that hold a connection string, whatever they are given to. */
export function hideInValues(values: (string | null)[]): (string | null)[] {
  return values.map((value) => (value === null ? null : maskValue(value)));
}
