/** What a scenario is: what happens, and what is true while it does. */
import type { FindingTruth, Label, StateTruth, Stretch } from './label.ts';
import type { Stage } from './stage.ts';
import { SECOND_US } from '../../src/core/time.ts';

/** Truth as a scenario tells it; without times it holds as long as the fault. */
export interface ScenarioState extends Pick<StateTruth, 'node' | 'role' | 'state' | 'demand'> {
  /** Seconds after the end of the fault for which it is still true: answers that waited, minutes that average. */
  readonly afterSeconds?: number;
}

export interface Scenario {
  readonly name: string;
  /** In one sentence: what was done. */
  readonly says: string;
  readonly harmless?: boolean;
  /** Settings of the server beside the lab's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** With a network path between applications and server. */
  readonly path?: boolean;
  /** Prepares what is not part of the recording: a small tablespace, a large table. @returns what undoes it */
  readonly before?: (stage: Stage) => Promise<(() => Promise<void>) | undefined>;
  /** The fault: begins when called, is over when it returns. */
  readonly play: (stage: Stage) => Promise<void>;
  /** Seconds of recording after the fault. */
  readonly afterSeconds: number;
  readonly states: readonly ScenarioState[];
  readonly findings: readonly FindingTruth[];
  /** Share of the packets of the fault's time that the recording loses, from and to; which one is drawn. */
  readonly captureLossShare?: readonly [from: number, to: number];
  /** Only what the server says is lost. */
  readonly captureLossOf?: 'answers';
}

/** The label of a recording of this scenario. */
export function labelOf(
  scenario: Scenario,
  seed: number,
  times: { readonly recorded: Stretch; readonly calm: Stretch; readonly fault: Stretch },
): Label {
  const { fault } = times;
  return {
    scenario: scenario.name,
    says: scenario.says,
    harmless: scenario.harmless ?? false,
    seed,
    ...times,
    states: scenario.states.map(({ afterSeconds = 0, ...truth }) => ({
      ...truth,
      fromUs: fault.fromUs,
      toUs: fault.toUs + afterSeconds * SECOND_US,
    })),
    findings: scenario.findings,
  };
}
