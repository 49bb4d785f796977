/**
 * The one place where a setting gets its value: the flag, else the environment, else the configuration file, else the
 * default of the command. Commands see only the outcome, as if all had been given by flags.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { MirrorSqlError } from '../../core/errors.ts';
import type { Configuration } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting {
  /** The name of the option in the command line, as commander keeps it. */
  readonly option: string;
  readonly variable: string;
  /** The option's value out of the file's. */
  readonly inFile: (configuration: Configuration) => string | readonly string[] | undefined;
  /** Several values are given with commas between. */
  readonly list?: true;
}

export const settings: readonly Setting[] = [
  {
    option: 'interface',
    variable: 'MIRRORSQL_INTERFACES',
    inFile: ({ capture }) => capture?.interfaces,
    list: true,
  },
  {
    option: 'filter',
    variable: 'MIRRORSQL_FILTER',
    inFile: ({ capture }) => capture?.filter,
  },
  {
    option: 'backend',
    variable: 'MIRRORSQL_BACKEND',
    inFile: ({ capture }) => capture?.backend,
  },
  {
    option: 'workers',
    variable: 'MIRRORSQL_WORKERS',
    inFile: ({ capture }) => capture?.workers?.toString(),
  },
  {
    option: 'port',
    variable: 'MIRRORSQL_PORTS',
    inFile: ({ ports }) =>
      ports && Object.entries(ports).map(([port, protocol]) => `${port}=${protocol}`),
    list: true,
  },
  { option: 'keylog', variable: 'MIRRORSQL_KEYLOG', inFile: ({ capture }) => capture?.keylog },
  {
    option: 'separate',
    variable: 'MIRRORSQL_SEPARATE',
    inFile: ({ capture }) => capture?.separate,
    list: true,
  },
  { option: 'quota', variable: 'MIRRORSQL_QUOTA', inFile: ({ store }) => store?.quota },
  { option: 'data', variable: 'MIRRORSQL_DATA', inFile: ({ store }) => store?.data },
  {
    option: 'clickhouse',
    variable: 'MIRRORSQL_CLICKHOUSE',
    inFile: ({ store }) => store?.clickhouse,
  },
  {
    option: 'clickhouseCa',
    variable: 'MIRRORSQL_CLICKHOUSE_CA',
    inFile: ({ store }) => store?.['clickhouse-ca'],
  },
  { option: 'cluster', variable: 'MIRRORSQL_CLUSTER', inFile: ({ store }) => store?.cluster },
  {
    option: 'retain',
    variable: 'MIRRORSQL_RETAIN',
    inFile: ({ store }) =>
      store?.retain && Object.entries(store.retain).map(([table, days]) => `${table}=${days}`),
    list: true,
  },
  {
    option: 'diskQuota',
    variable: 'MIRRORSQL_DISK_QUOTA',
    inFile: ({ store }) => store?.['disk-quota'],
  },
  {
    option: 'collector',
    variable: 'MIRRORSQL_COLLECTOR',
    inFile: ({ store }) => store?.collector,
  },
  { option: 'values', variable: 'MIRRORSQL_VALUES', inFile: ({ store }) => store?.values },
  { option: 'listen', variable: 'MIRRORSQL_LISTEN', inFile: ({ server }) => server?.listen },
  // Where `status` asks: where the monitor of this configuration serves.
  { option: 'url', variable: 'MIRRORSQL_LISTEN', inFile: ({ server }) => server?.listen },
];

/** A flag on the left says that the work is another one, for which settings on the right from elsewhere do not count. */
const ALTERNATIVES: readonly (readonly [flag: string, without: readonly string[]])[] = [
  ['read', ['interface', 'filter', 'backend']],
  ['data', ['clickhouse', 'clickhouseCa', 'cluster']],
];

const FILES = ['mirrorsql.config.yaml', 'mirrorsql.config.json'] as const;
const FILE_VARIABLE = 'MIRRORSQL_CONFIG';

/**
 * Gives the options of a command that no flag has given their value.
 * @throws MirrorSqlError MSQL_CONFIG_READ, MSQL_CONFIG_INVALID
 */
export async function settle(command: Command, environment: Environment): Promise<void> {
  const names = new Set(command.options.map((option) => option.attributeName()));
  const concerned = settings.filter(({ option }) => names.has(option));
  if (concerned.length === 0) return;
  const given = (option: string): boolean => command.getOptionValueSource(option) === 'cli';
  if (given('data') && given('clickhouse')) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', 'give --data or --clickhouse, not both');
  }
  const without = new Set(ALTERNATIVES.flatMap(([flag, others]) => (given(flag) ? others : [])));
  const configuration = await readAsked(command.opts<{ config?: string }>().config, environment);
  if (configuration?.nodes !== undefined || configuration?.thresholds !== undefined) {
    const { analysisSettings } = await import('./analysis-settings.ts');
    command.setOptionValueWithSource('analysis', analysisSettings(configuration), 'config');
  }
  for (const setting of concerned) {
    const { option } = setting;
    if (given(option) || without.has(option)) continue;
    const fromEnvironment = variableOf(setting, environment);
    const value = fromEnvironment ?? (configuration && setting.inFile(configuration));
    if (value === undefined) continue;
    command.setOptionValueWithSource(
      option,
      value,
      fromEnvironment === undefined ? 'config' : 'env',
    );
  }
}

function variableOf(
  { variable, list }: Setting,
  environment: Environment,
): string | string[] | undefined {
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  return list === true ? text.split(',').map((part) => part.trim()) : text;
}

/** Where the configuration is: as asked for, else in the working directory; undefined when there is none. */
export function configurationFile(
  asked: string | undefined,
  environment: Environment,
): string | undefined {
  const named = asked ?? environment[FILE_VARIABLE];
  if (named !== undefined && named !== '') return named;
  const [first, second] = FILES.filter((file) => existsSync(file));
  if (second !== undefined) {
    throw new MirrorSqlError('MSQL_CONFIG_INVALID', `there are both ${FILES.join(' and ')}`);
  }
  return first;
}

/** The parser is loaded only where there is a file. */
async function readAsked(
  asked: string | undefined,
  environment: Environment,
): Promise<Configuration | undefined> {
  const file = configurationFile(asked, environment);
  if (file === undefined) return undefined;
  const { configurationError, readConfigurationFile } = await import('./read.ts');
  const { configuration, problems } = readConfigurationFile(file);
  if (configuration === undefined) throw configurationError(file, problems);
  return configuration;
}
