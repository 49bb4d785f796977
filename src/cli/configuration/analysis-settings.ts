/** Out of the configuration file: the thresholds of the analyzers, and what people call the nodes. */
import { defaultBigTransactionsSettings } from '../../../analysis/diagnosis/big-transactions.ts';
import { defaultErrorDiagnosisSettings } from '../../../analysis/diagnosis/error-settings.ts';
import { defaultHotValueSettings } from '../../../analysis/diagnosis/hot-values.ts';
import { defaultLowTpsSettings } from '../../../analysis/diagnosis/low-tps-settings.ts';
import { defaultOpenTransactionFindingSettings } from '../../../analysis/diagnosis/open-transaction-settings.ts';
import { defaultQueryClustersSettings } from '../../../analysis/diagnosis/query-clusters-settings.ts';
import { defaultSlowClassesSettings } from '../../../analysis/diagnosis/slow-classes-settings.ts';
import { defaultForecastSettings } from '../../../analysis/forecast/settings.ts';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { defaultIncidentSettings } from '../../../analysis/incidents/settings.ts';
import { type AnalysisSettings, defaultAnalysisSettings } from '../../../analysis/settings.ts';
import { nodeAddress } from './node-address.ts';
import type { Configuration } from './schema.ts';
import { overridesOf, withOverrides } from './thresholds.ts';

/** Options of every command that analyses. */
export interface AnalysisOptions {
  /** From the configuration file alone; the defaults without. */
  readonly analysis?: AnalysisSettings | undefined;
}

export function analysisSettings({
  nodes = [],
  queries = [],
  thresholds,
}: Configuration): AnalysisSettings {
  const addresses = new Map(nodes.map(({ name, address }) => [name, nodeAddress(address)]));
  const perNode = Object.entries(thresholds?.['per-node'] ?? {});
  return {
    ...defaultAnalysisSettings,
    health: withOverrides(defaultHealthSettings, thresholds?.health),
    healthOfNodes: new Map(
      perNode.flatMap(([node, group]) => {
        const address = addresses.get(node) ?? nodeAddress(node);
        return address === undefined ? [] : [[address, overridesOf(defaultHealthSettings, group)]];
      }),
    ),
    errors: withOverrides(defaultErrorDiagnosisSettings, thresholds?.errors),
    throughput: withOverrides(defaultLowTpsSettings, thresholds?.throughput),
    openTransactions: withOverrides(
      defaultOpenTransactionFindingSettings,
      thresholds?.['open-transactions'],
    ),
    bigTransactions: withOverrides(
      defaultBigTransactionsSettings,
      thresholds?.['big-transactions'],
    ),
    classes: withOverrides(defaultSlowClassesSettings, thresholds?.classes),
    queries: withOverrides(defaultQueryClustersSettings, thresholds?.queries),
    forecast: withOverrides(defaultForecastSettings, thresholds?.forecast),
    hotValues: withOverrides(defaultHotValueSettings, thresholds?.['hot-values']),
    incidents: withOverrides(defaultIncidentSettings, thresholds?.incidents),
    queryRules: queries,
    nodeNames: new Map(
      nodes.flatMap(({ name, address }) => {
        const known = nodeAddress(address);
        return known === undefined ? [] : [[known, name]];
      }),
    ),
  };
}
