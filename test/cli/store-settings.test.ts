import { expect, it } from 'vitest';
import { storeSettings } from '../../src/cli/store-settings.ts';

it('takes flags before the environment, and the environment before the usual place', () => {
  const environment = { MIRRORSQL_DATA: '/env', MIRRORSQL_CLICKHOUSE: 'http://env' };
  expect(storeSettings({}, {})).toEqual({ kind: 'embedded', directory: './mirrorsql-data' });
  expect(storeSettings({}, { MIRRORSQL_DATA: '/env' })).toEqual({
    kind: 'embedded',
    directory: '/env',
  });
  expect(storeSettings({}, environment)).toEqual({
    kind: 'server',
    url: 'http://env',
    directory: '/env',
  });
  expect(storeSettings({ data: '/flag' }, environment)).toEqual({
    kind: 'embedded',
    directory: '/flag',
  });
  expect(storeSettings({ clickhouse: 'http://flag' }, environment)).toMatchObject({
    kind: 'server',
    url: 'http://flag',
  });
});

it('refuses two stores, and a directory without a name', () => {
  expect(() => storeSettings({ data: 'a', clickhouse: 'http://b' }, {})).toThrow(/not both/);
  expect(() => storeSettings({ data: '' }, {})).toThrow(/needs a directory/);
});
