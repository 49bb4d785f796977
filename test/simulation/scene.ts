/** What one run of the simulation is made of, and what came of it: all that a checker may look at. */
import type { CaptureSummary } from '../../src/events/capture-summary.ts';
import type { RecordingSink } from '../collectors/recording-sink.ts';
import type { Coverages } from './capture.ts';
import type { Faults } from './faults.ts';
import type { SessionModel } from './session-model.ts';

export interface Plan {
  readonly seed: number;
  readonly sessions: readonly number[];
  readonly operations: number;
  /** Operations left out: `session/operation`. */
  readonly without: ReadonlySet<string>;
  readonly faults: Faults;
  /** Single faults left out. */
  readonly spared: ReadonlySet<string>;
}

/** Everything that a checker may look at. */
export interface Scene {
  readonly plan: Plan;
  /** By connection: cancel requests have connections of their own. */
  readonly sessions: readonly SessionModel[];
  readonly coverages: readonly Coverages[];
  /** All bytes came, each at its time. */
  readonly timed: boolean;
  readonly told: RecordingSink;
  readonly summary: CaptureSummary;
}
