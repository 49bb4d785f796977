/** What analysis said while it watched, as it is stored: states and findings with their evidence. */
import type { Finding } from './finding.ts';
import type { HealthInterval } from './health.ts';

/** A stretch of a state. Node, role, collector and beginning name it: told again, it is the same stretch. */
export interface StoredState extends HealthInterval {
  /** Its end, or until when it is known to have lasted. */
  readonly untilUs: number;
  /** Another state followed. */
  readonly ended: boolean;
  /** Whose traffic was judged. */
  readonly collector: string;
}

/** A finding. Key, collector and beginning name it. */
export interface StoredFinding extends Finding {
  /** The end of the window in which it was found last. */
  readonly seenUs: number;
  readonly collector: string;
}
