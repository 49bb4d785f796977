import { describe, expect, it } from 'vitest';
import { defaultForecastSettings } from '../../../analysis/forecast/settings.ts';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { defaultAnalysisSettings, healthSettingsOf } from '../../../analysis/settings.ts';
import { analysisSettings } from '../../../src/cli/configuration/analysis-settings.ts';
import { nodeAddress } from '../../../src/cli/configuration/node-address.ts';
import { parseConfiguration } from '../../../src/cli/configuration/read.ts';

const settingsOf = (yaml: string) => {
  const { configuration, problems } = parseConfiguration(yaml, 'yaml');
  expect(problems).toEqual([]);
  return analysisSettings(configuration ?? {});
};

const problemsOf = (yaml: string): string[] =>
  parseConfiguration(yaml, 'yaml').problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

describe('thresholds of the configuration', () => {
  it('are the defaults where nothing is said', () => {
    expect(settingsOf('')).toEqual(defaultAnalysisSettings);
  });

  it('are told in milliseconds and kept in microseconds', () => {
    const { health } = settingsOf('thresholds: {health: {slow-ms: 250.5, refused-min: 5}}');
    expect(health).toEqual({ ...defaultHealthSettings, slowUs: 250_500, refusedMin: 5 });
  });

  it('of transactions are told in groups of their own', () => {
    const { openTransactions, bigTransactions } = settingsOf(
      'thresholds: {open-transactions: {idle-least-ms: 60000}, big-transactions: {alert-share: 0.2}}',
    );
    expect(openTransactions.idleLeastUs).toBe(60_000_000);
    expect(bigTransactions.alertShare).toBe(0.2);
  });

  it('of forecasts, values and incidents are told in groups of their own', () => {
    const { forecast, hotValues, incidents } = settingsOf(`
thresholds:
  forecast: {threshold-ms: 200, ahead-minutes: [1, 15], warn-within-ms: 60000}
  hot-values: {contended-ms-min: 500}
  incidents: {gap-ms: 30000}
`);
    expect(forecast).toEqual({
      ...defaultForecastSettings,
      thresholdUs: 200_000,
      aheadMinutes: [1, 15],
      warnWithinUs: 60_000_000,
    });
    expect(hotValues.contendedUsMin).toBe(500_000);
    expect(incidents.gapUs).toBe(30_000_000);
    expect(problemsOf('thresholds: {forecast: {line-minutes: 61}}')).toHaveLength(1);
  });

  it('differ for one node, by its name, its address, or that of its host', () => {
    const settings = settingsOf(`
nodes: [{name: orders, address: "10.0.0.1:5432"}]
thresholds:
  health: {jitter-share: 0.7}
  per-node:
    orders: {slow-ms: 50}
    10.0.0.1: {refused-min: 9, slow-ms: 70}
    10.0.0.9: {application-gone-ms: 10000}
`);
    const common = { ...defaultHealthSettings, jitterShare: 0.7 };
    const of = (role: 'client' | 'server', node: string) => healthSettingsOf(settings, role, node);
    expect(of('server', '10.0.0.1:5432')).toEqual({ ...common, refusedMin: 9, slowUs: 50_000 });
    expect(of('server', '10.0.0.1:6432')).toEqual({ ...common, refusedMin: 9, slowUs: 70_000 });
    expect(of('server', '10.0.0.2:5432')).toEqual(common);
    expect(of('client', '10.0.0.9')).toEqual({ ...common, applicationGoneUs: 10_000_000 });
  });

  it.each([
    [
      'thresholds: {health: {slow-ms: -1}}',
      '1:32 thresholds.health.slow-ms: expected milliseconds from 0.001 to 86400000, found -1',
    ],
    [
      'thresholds: {health: {refused-min: 2.5}}',
      '1:36 thresholds.health.refused-min: expected a whole number from 1 to 1000000, found 2.5',
    ],
    ['thresholds: {health: {slow-us: 5}}', '1:23 unknown key "slow-us": did you mean slow-ms?'],
    [
      'thresholds: {per-node: {orders: {slow-ms: 5}}}',
      '1:33 thresholds.per-node.orders: expected an address, ADDRESS:PORT, or a name that stands under nodes',
    ],
    [
      'thresholds: {health: {hang-min-ms: 9000, hang-max-ms: 8000}}',
      '1:22 thresholds.health: hang-min-ms is above hang-max-ms',
    ],
    [
      'thresholds: {health: {hang-max-ms: 8000}, per-node: {10.0.0.1: {hang-min-ms: 9000}}}',
      '1:64 thresholds.per-node.10.0.0.1: hang-min-ms is above hang-max-ms',
    ],
  ])('are refused when wrong: %s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });
});

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.1:5432', '10.0.0.1:5432'],
  ['::1', '::1'],
  ['[::1]:5432', '::1:5432'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['[2001:0db8::0001]:1', '2001:db8::1:1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['db.example', undefined],
  ['10.0.0.1:99999', undefined],
  ['10.0.0.1:', undefined],
])('the address of a node, as the store writes it: %s', (text, address) => {
  expect(nodeAddress(text)).toBe(address);
});
