/** A class is the set of statements with one fingerprint. Made by sql/class-registry.ts, shared by every part. */

/** What a statement does, as coarse as a monitor or an audit rule needs it. */
export type StatementKind =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'merge'
  | 'copy'
  | 'ddl'
  | 'dcl'
  | 'transaction'
  | 'session'
  | 'utility'
  | 'empty'
  | 'other';

export interface StatementClass {
  /** Upper and lower half of the 64-bit fingerprint, each an unsigned 32-bit integer. */
  readonly fingerprintHigh: number;
  readonly fingerprintLow: number;
  /** The fingerprint as 16 hex digits. */
  readonly fingerprint: string;
  /** The text with literals as `?`, comments dropped, space and case of keywords folded. */
  readonly normalized: string;
  /** First keyword in upper case: SELECT, INSERT, BEGIN; with the object for DDL: CREATE TABLE. */
  readonly command: string;
  readonly kind: StatementKind;
  /** Its texts may hold a password or key (ALTER ROLE ... PASSWORD): mask each with sql/redaction.ts before it leaves. */
  readonly mayHoldSecret: boolean;
}
