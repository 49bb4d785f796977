/** A COMMIT has no plan and no values: what it waits for is another matter than what statements wait for. */

/** COMMIT, END, COMMIT PREPARED (PostgreSQL manual, SQL commands). */
export function isCommit(normalized: string): boolean {
  return /^(?:COMMIT|END)\b/i.test(normalized);
}

export const COMMIT_ADVICE =
  'Look at what a commit waits for: the disk of the log, a synchronous standby that is slow or away, and checks and triggers that are deferred to it.';
