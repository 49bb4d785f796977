/**
 * What to do about errors of each root-cause class, in one sentence; and which classes nobody may sleep through. Beside
 * the taxonomy (error-classes.ts), which says what each class means and whose business it is.
 */
import type { ErrorClass } from './error-classes.ts';

export interface ErrorAdvice {
  readonly advice: string;
  /**
   * 'now': one such error means that the database cannot work or may lose data. 'soon': one means that a limit of the
   * server is reached. Undefined: a single one is part of everyday life.
   */
  readonly urgency: 'now' | 'soon' | undefined;
}

const ADVICE: Readonly<Record<ErrorClass, string>> = {
  duplicate_key:
    'See which client sends the same keys again: a retry without a check, a sequence behind its table, or two writers that make the same key.',
  foreign_key:
    'Compare the order in which the application writes the two tables, and whether the row that is referred to was deleted meanwhile.',
  not_null: 'Find out which release of the application stopped sending the value.',
  check: 'Compare the values that the application sends with the rule of the table.',
  deadlock:
    'Make all transactions lock the rows in the same order, and retry the one that was given up.',
  lock_timeout:
    'Look for the transaction that holds the lock: the oldest open one that wrote the same table.',
  serialization: 'Let the application retry these transactions, and make them shorter.',
  statement_timeout:
    'Look at the response times of the statements named here: they got slower, or their limit is too short.',
  idle_timeout:
    'Find the code that leaves a transaction or connection open while it does something else.',
  cancelled: 'See who cancels: a client that does not wait so long, or an administrator.',
  space_full: 'Free or add disk space at once: the database can no longer write.',
  out_of_memory:
    'Look at the memory of the server and of the statements named here: sorts, hashes and locks take it.',
  too_many_connections:
    'Look for the client that opened more connections than usual before raising the limit.',
  resource_limit: 'Compare the limit that the message names with what these statements ask for.',
  auth_failure:
    'See whether a password was changed or somebody guesses: look at who logs in from where.',
  permission_denied: 'Compare the rights of the user with the release that runs these statements.',
  undefined_object:
    'Compare the release of the application with the schema: one of them was changed without the other, or the search path differs.',
  duplicate_object: 'See whether the same migration runs twice or two of them at once.',
  syntax:
    'Look at the statement: a release that was never run on this database, or somebody who tries to inject SQL.',
  bad_value:
    'Look where the application takes the value from: it is not of the type that the column has.',
  data_truncation:
    'Compare the length of the input that the application allows with that of the column.',
  numeric_overflow: 'See whether a column or a sequence has reached the end of its type.',
  divide_by_zero: 'Guard the divisor in the statement.',
  cardinality: 'Make the subquery return one row, or find out why there are two now.',
  tx_aborted:
    'Look for the first error of the transaction, which the capture did not show, and let the application roll back after it.',
  transaction_state:
    'See whether pooled connections are given back with a transaction open or without one.',
  read_only:
    'See whether the server became a standby, or the application writes through a read-only connection.',
  admin_shutdown:
    'See who stopped or restarted the server, and whether the application has connected again.',
  cannot_connect_now:
    'See why the server restarted, and in its log how far its recovery is; clients must try again.',
  connection_lost: 'Look at the network and at the log of the server in these minutes.',
  user_raised: 'Read the message: the code in the database says it itself.',
  unsupported: 'The statement needs another version or another product: change it.',
  object_state: 'Look for the session that uses the object.',
  foreign_data: 'Look at the foreign server and the way to it.',
  configuration: 'Read the log of the server: it names the setting.',
  internal:
    'Read the log of the server now, and have a backup ready before anything else is tried.',
  protocol:
    'Compare the version of the driver with that of the server, and look for proxies between them.',
  other: 'Look the code up in the manual of the server.',
};

const URGENCY: Partial<Record<ErrorClass, 'now' | 'soon'>> = {
  space_full: 'now',
  internal: 'now',
  out_of_memory: 'soon',
  too_many_connections: 'soon',
};

/** For a name that is no class (from a newer version's store), what is advised for 'other'. */
export function errorAdvice(errorClass: string): ErrorAdvice {
  const known = Object.hasOwn(ADVICE, errorClass) ? (errorClass as ErrorClass) : 'other';
  return { advice: ADVICE[known], urgency: URGENCY[known] };
}
