/** What the model says must be told of a session, in terms of the messages that carried it. */
import type { Message } from './dialogue.ts';

export type Status = 'ok' | 'error' | 'cancelled' | 'unanswered' | 'skipped';

/** One stretch of the server's work on a statement: several when a row limit cut it. */
export interface Work {
  /** The request; several when it is not laid down which of a statement's messages counts. */
  readonly requests: readonly Message[];
  /** The end of the answer that the server gave before. */
  readonly after: Message | undefined;
  readonly first: Message;
  readonly last: Message;
}

export interface ExpectedTransaction {
  /** Counts from 1 in its session. */
  readonly id: number;
  /** Its first request, or the answer that ended the one before it in a chain. */
  readonly start: Message;
  explicit: boolean;
  statements: number;
  rowsAffected: number;
  /** Undefined as long as it is open, and for ever when nobody can know. */
  outcome: 'commit' | 'rollback' | undefined;
  /** Its end lies between these two, both included. */
  ends: readonly [Message, Message] | undefined;
  /** Ended with its connection. */
  disconnected: boolean;
}

export interface ExpectedStatement {
  /** Undefined: the text cannot be known. */
  readonly text: string | undefined;
  readonly command: string | undefined;
  readonly statementName: string | undefined;
  readonly portalName: string | undefined;
  readonly parameters: readonly (string | null)[] | undefined;
  readonly request: Message;
  status: Status;
  sqlstate: string | undefined;
  message: string | undefined;
  rowsReturned: number | undefined;
  rowsAffected: number | undefined;
  copyBytes: number | undefined;
  copyRows: number | undefined;
  /** Bytes of its messages; only where they stand alone. */
  requestBytes: number | undefined;
  responseBytes: number | undefined;
  readonly work: Work[];
  transaction: ExpectedTransaction | undefined;
  /** As the server would say behind it; only where it does say. */
  transactionStatus: 'I' | 'T' | 'E' | undefined;
  /** The last statement of its round: the server's word is there. */
  closesRound: boolean;
  /** There was a Query or an Execute: without, only its failure is told. */
  readonly executed: boolean;
  /** The end of a portal tells it, not its request: its place among the others is not laid down. */
  readonly fetchedInParts: boolean;
  /** Its portal was open when the capture ended. */
  goesOn: boolean;
}

export interface ExpectedSession {
  readonly statements: ExpectedStatement[];
  readonly transactions: ExpectedTransaction[];
  /** All that was sent to be prepared or run. */
  readonly texts: Set<string>;
  login: 'no' | 'ok' | 'failed' | 'encrypted' | 'cancel';
  user: string;
  database: string;
  application: string | undefined;
  serverVersion: string | undefined;
  startup: Message | undefined;
  ready: Message | undefined;
  /** SQLSTATE of a login that failed. */
  sqlstate: string | undefined;
  terminated: boolean;
  endedByServer: boolean;
  /** A query was under way then, and failed with it. */
  failedByShutDown: boolean;
}
