import { expect, it } from 'vitest';
import { storeSettings } from '../../src/cli/store-settings.ts';

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
