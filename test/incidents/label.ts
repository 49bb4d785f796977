/** What is known about a recording because we made it: the truth that analysis is measured against. */
import { readFileSync } from 'node:fs';
import type { HealthState, NodeRole } from '../../src/events/health.ts';

export interface Stretch {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A state that a node was in. */
export interface StateTruth extends Stretch {
  readonly node: string;
  readonly role: NodeRole;
  readonly state: HealthState;
  /**
   * `expected`: analysis must say so. `allowed`: it is true or defensible (a node whose answers waited 20 s for another
   * fault was slow), so saying it is not false; but nobody is blamed for not saying it.
   */
  readonly demand: 'expected' | 'allowed';
}

/** A finding that somebody who knows the fault would want to read. */
export interface FindingTruth {
  /** Any of these kinds will do; a name that ends with a slash stands for all kinds that begin with it. */
  readonly kinds: readonly string[];
  /** Whom it must name in its sentence: who is to blame, not who suffers. */
  readonly names?: string;
  /** Where it must name an error code. */
  readonly sqlstate?: string;
  readonly demand: 'expected' | 'allowed';
}

export interface Label {
  readonly scenario: string;
  /** In one sentence: what was done. */
  readonly says: string;
  readonly harmless: boolean;
  readonly seed: number;
  /** The recording; whole seconds. */
  readonly recorded: Stretch;
  /**
   * A stretch of ordinary work at whose ends every connection was quiet, so that it can be repeated (history.ts); a
   * multiple of ten seconds long.
   */
  readonly calm: Stretch;
  /** When the fault was there. */
  readonly fault: Stretch;
  readonly states: readonly StateTruth[];
  readonly findings: readonly FindingTruth[];
}

export function readLabel(file: string): Label {
  return JSON.parse(readFileSync(file, 'utf8')) as Label; // Written by record.ts.
}
