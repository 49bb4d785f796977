/** What analysis may be told: the thresholds of every analyzer, and what people call the nodes. */
import type { NodeRole } from '../src/events/health.ts';
import {
  defaultErrorDiagnosisSettings,
  type ErrorDiagnosisSettings,
} from './diagnosis/error-settings.ts';
import { defaultLowTpsSettings, type LowTpsSettings } from './diagnosis/low-tps-settings.ts';
import {
  type BigTransactionsSettings,
  defaultBigTransactionsSettings,
} from './diagnosis/big-transactions.ts';
import {
  defaultOpenTransactionFindingSettings,
  type OpenTransactionFindingSettings,
} from './diagnosis/open-transaction-settings.ts';
import {
  defaultQueryClustersSettings,
  type QueryClustersSettings,
  type QueryRule,
} from './diagnosis/query-clusters-settings.ts';
import {
  defaultSlowClassesSettings,
  type SlowClassesSettings,
} from './diagnosis/slow-classes-settings.ts';
import { defaultHotValueSettings, type HotValueSettings } from './diagnosis/hot-values.ts';
import { defaultForecastSettings, type ForecastSettings } from './forecast/settings.ts';
import { defaultIncidentSettings, type IncidentSettings } from './incidents/settings.ts';
import { defaultHealthSettings, type HealthSettings } from './health/settings.ts';

/**
 * One field an analyzer, each with its defaults beside the analyzer. In the configuration file each is a group under
 * `thresholds` (src/cli/configuration/thresholds.ts).
 */
export interface AnalysisSettings {
  readonly health: HealthSettings;
  /** Where a node differs: by its address, or by the address of its host for all of its endpoints. */
  readonly healthOfNodes: ReadonlyMap<string, Partial<HealthSettings>>;
  readonly errors: ErrorDiagnosisSettings;
  readonly throughput: LowTpsSettings;
  readonly openTransactions: OpenTransactionFindingSettings;
  readonly bigTransactions: BigTransactionsSettings;
  readonly classes: SlowClassesSettings;
  readonly queries: QueryClustersSettings;
  readonly forecast: ForecastSettings;
  readonly hotValues: HotValueSettings;
  readonly incidents: IncidentSettings;
  /** Queries that belong together, as a person says; the first that holds decides. */
  readonly queryRules: readonly QueryRule[];
  /** By address, or by the address of a host. */
  readonly nodeNames: ReadonlyMap<string, string>;
}

export const defaultAnalysisSettings: AnalysisSettings = {
  health: defaultHealthSettings,
  healthOfNodes: new Map(),
  errors: defaultErrorDiagnosisSettings,
  throughput: defaultLowTpsSettings,
  openTransactions: defaultOpenTransactionFindingSettings,
  bigTransactions: defaultBigTransactionsSettings,
  classes: defaultSlowClassesSettings,
  queries: defaultQueryClustersSettings,
  forecast: defaultForecastSettings,
  hotValues: defaultHotValueSettings,
  incidents: defaultIncidentSettings,
  queryRules: [],
  nodeNames: new Map(),
};

/** The thresholds for one node: its own before its host's before those of all. */
export function healthSettingsOf(
  { health, healthOfNodes }: AnalysisSettings,
  role: NodeRole,
  node: string,
): HealthSettings {
  if (healthOfNodes.size === 0) return health;
  const host = role === 'server' ? healthOfNodes.get(hostOf(node)) : undefined;
  return { ...health, ...host, ...healthOfNodes.get(node) };
}

/** `10.0.0.1` of the endpoint `10.0.0.1:5432`. */
export function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}
