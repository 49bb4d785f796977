import { expect, it } from 'vitest';
import { collectorName, storeSettings } from '../../src/cli/store-settings.ts';

it('means a server where one is named, else a directory, else the usual directory', () => {
  expect(storeSettings({})).toEqual({ kind: 'embedded', directory: './mirrorsql-data' });
  expect(storeSettings({ data: '/d' })).toEqual({ kind: 'embedded', directory: '/d' });
  expect(storeSettings({ data: '/d', clickhouse: 'http://c' })).toEqual({
    kind: 'server',
    url: 'http://c',
    directory: '/d',
  });
});

it('refuses a directory without a name', () => {
  expect(() => storeSettings({ data: '' })).toThrow(/needs a directory/);
});

it('stores under the name that is given, else under that of the host', () => {
  expect(collectorName({ collector: 'rack-3' }, 'tap')).toBe('rack-3');
  expect(collectorName({}, 'tap 1.example')).toBe('tap-1.example');
  expect(collectorName({}, '')).toBe('collector');
  for (const name of ['', ' ', '-x', 'a b', "a'b", 'x'.repeat(65)]) {
    expect(() => collectorName({ collector: name }), name).toThrow(/name of a collector/);
  }
});
