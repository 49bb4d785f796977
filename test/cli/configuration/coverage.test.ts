import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultAnalysisSettings } from '../../../analysis/settings.ts';
import { parseConfiguration } from '../../../src/cli/configuration/read.ts';
import { configurationSchema, publishedSchema } from '../../../src/cli/configuration/schema.ts';
import { settings } from '../../../src/cli/configuration/settle.ts';
import { thresholdKey, withOverrides } from '../../../src/cli/configuration/thresholds.ts';

const EXAMPLE = 'src/cli/deploy/mirrorsql.config.yaml';

/** What only makes sense for one run. */
const ONE_RUN = ['config', 'help', 'read', 'speed'];

function mirrorsql(...args: string[]): string {
  return execFileSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    encoding: 'utf8',
  });
}

/** Every setting of the schema as a path, lists and ports as one. */
function settingsOf(schema: unknown, path = ''): string[] {
  const { properties } = schema as { properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, inner]) =>
    settingsOf(inner, path === '' ? name : `${path}.${name}`),
  );
}

describe('the configuration', () => {
  it.each(['monitor', 'serve', 'load'])(
    'has every setting of %s that outlives a run',
    (command) => {
      const options = [...mirrorsql(command, '--help').matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)];
      const names = options.map(([, name = '']) =>
        name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      );
      expect(names.length).toBeGreaterThan(3);
      const known = [...ONE_RUN, ...settings.map(({ option }) => option)];
      expect(names.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  it('has an annotated example that is valid and names every setting and every variable', () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    expect(parseConfiguration(text, 'yaml').problems).toEqual([]);
    // What is switched off in the example is valid too.
    const switchedOn = text.replace(
      /^( *)# (keylog|separate|clickhouse|clickhouse-ca|cluster|collector|slow-ms|threshold-ms): /gm,
      '$1$2: ',
    );
    const { configuration, problems } = parseConfiguration(switchedOn, 'yaml');
    expect(problems).toEqual([]);
    const missing = settingsOf(publishedSchema()).filter(
      (path) =>
        path
          .split('.')
          .reduce<unknown>(
            (value, key) => (value as Record<string, unknown>)[key],
            configuration,
          ) === undefined,
    );
    expect(missing).toEqual([]);
    expect(settings.filter(({ variable }) => !text.includes(variable))).toEqual([]);
  });

  it('has a key for every threshold of every analyzer, and the example shows its default', () => {
    const shown = parseConfiguration(readFileSync(EXAMPLE, 'utf8'), 'yaml').configuration;
    const {
      healthOfNodes: _,
      nodeNames: _names,
      queryRules: _rules,
      ...analyzers
    } = defaultAnalysisSettings;
    for (const [analyzer, defaults] of Object.entries(analyzers)) {
      const group = settingsOf(configurationSchema.properties.thresholds).filter((path) =>
        path.startsWith(`${thresholdKey(analyzer)}.`),
      );
      expect(group.sort()).toEqual(
        Object.keys(defaults)
          .map((setting) => `${thresholdKey(analyzer)}.${thresholdKey(setting)}`)
          .sort(),
      );
      const inExample = shown?.thresholds?.[thresholdKey(analyzer) as 'health'];
      expect(withOverrides(defaults, inExample)).toEqual(defaults);
      expect(Object.keys(inExample ?? {}).length).toBeGreaterThan(0);
    }
  });

  it('is published as the schema that validates it', () => {
    const printed: unknown = JSON.parse(mirrorsql('config', '--schema'));
    expect(printed).toEqual(JSON.parse(JSON.stringify(publishedSchema())));
  });

  it('is checked by config --check', () => {
    expect(mirrorsql('config', '--check', EXAMPLE)).toBe(`${EXAMPLE} is valid\n`);
  });
});
