/** What the server needs to know from a store. The command line joins it to the real one; tests may hand over plain data. */
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
}
