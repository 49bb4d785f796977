/** What the server needs to know from a store. The command line joins it to the real one; tests may hand over plain data. */
import type { StoredFinding, StoredState } from '../events/judgement.ts';
import type { ExecutionFacts, Extent, Scope, Window, WindowFacts } from '../events/facts.ts';

export interface ExecutionsFilter {
  readonly fingerprint?: string;
  readonly sessionId?: string;
  readonly sqlstate?: string;
  readonly collector?: string;
  readonly client?: string;
  readonly server?: string;
  readonly limit?: number;
}

export interface FactsSource {
  extent(): Promise<Extent>;
  windowFacts(window: Window, scope: Scope): Promise<WindowFacts>;
  /** Slowest first. */
  executions(window: Window, filter: ExecutionsFilter): Promise<readonly ExecutionFacts[]>;
  /** As they were stored while analysis watched; '' is every collector. */
  storedStates(window: Window, collector: string): Promise<readonly StoredState[]>;
  storedFindings(window: Window, collector: string): Promise<readonly StoredFinding[]>;
}
