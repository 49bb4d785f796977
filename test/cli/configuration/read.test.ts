import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfiguration } from '../../../src/cli/configuration/read.ts';

function problemsOf(text: string, format: 'json' | 'yaml' = 'yaml'): string[] {
  return parseConfiguration(text, format).problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

const WHOLE = {
  capture: { interfaces: ['eth1', 'eth2'], filter: 'tcp port 5432', backend: 'auto' },
  ports: { 6432: 'postgres' },
  store: { data: '/var/lib/mirrorsql', clickhouse: 'https://collector@ch.example:8443/mirrorsql' },
  server: { listen: '127.0.0.1:7432' },
};

describe('a configuration', () => {
  it('is the same in YAML and in JSON', () => {
    const yaml = parseConfiguration(stringify(WHOLE), 'yaml');
    expect(yaml).toEqual({ configuration: WHOLE, problems: [] });
    expect(parseConfiguration(JSON.stringify(WHOLE, null, 2), 'json')).toEqual(yaml);
  });

  it.each(['', '# nothing but a comment\n', '{}'])('that says nothing sets nothing: %j', (text) => {
    expect(parseConfiguration(text, 'yaml')).toEqual({ configuration: {}, problems: [] });
  });

  it('never fails for what is in it, and says where it is wrong', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((v) => stringify(v)),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom('json' as const, 'yaml' as const), (text, format) => {
        const { configuration, problems } = parseConfiguration(text, format);
        expect(configuration === undefined).toBe(problems.length > 0);
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a mistake in a configuration', () => {
  it.each([
    ['caputre:\n  filter: tcp\n', '1:1 unknown key "caputre": did you mean capture?'],
    ['capture:\n  filtre: tcp\n', '2:3 unknown key "filtre": did you mean filter?'],
    [
      'store:\n  bucket: x\n',
      '2:3 unknown key "bucket": there are data, clickhouse, clickhouse-ca, cluster, quota, retain, disk-quota, values, collector',
    ],
    [
      'capture:\n  backend: magic\n',
      '2:12 capture.backend: expected auto, afpacket, tcpdump or cap, found "magic"',
    ],
    [
      'capture:\n  interfaces: eth1\n',
      '2:15 capture.interfaces: expected a list of interfaces, such as [eth1], found "eth1"',
    ],
    [
      'capture:\n  interfaces: []\n',
      '2:15 capture.interfaces: expected a list of interfaces, such as [eth1], found a list',
    ],
    [
      'capture:\n  interfaces:\n    - eth1\n    - 7\n',
      '4:7 capture.interfaces.1: expected the name of an interface, such as eth1, found 7',
    ],
    ['capture: yes\n', '1:10 capture: expected the settings of the capture, found "yes"'],
    ['capture:\n', '1:9 capture: expected the settings of the capture, found nothing'],
    ['ports:\n  5433: mysql\n', '2:9 ports.5433: expected postgres, found "mysql"'],
    [
      'ports:\n  70000: postgres\n',
      '2:3 "70000" is no key here: expected ports from 1 to 65535, each with its protocol, such as { 6432: postgres }',
    ],
    ['server:\n  listen: here\n', '2:11 server.listen: --listen here is not HOST:PORT'],
    [
      'store:\n  clickhouse: ftp://x\n',
      '2:15 store.clickhouse: expected an http:// or https:// address: a ClickHouse server is named by http:// or https://, not ftp://',
    ],
    [
      'store:\n  clickhouse: http://u:secret@x\n',
      '2:15 store.clickhouse: a password must not stand in the file: give the whole address in MIRRORSQL_CLICKHOUSE',
    ],
    [
      'store:\n  quota: many\n',
      '2:10 store.quota: expected a size such as 500MB or 4GB, found "many"',
    ],
    [
      'nodes:\n  - name: a\n    address: host\n',
      '3:14 nodes.0.address: expected 10.0.0.1, 10.0.0.1:5432 or [::1]:5432',
    ],
    [
      'nodes:\n  - {name: a, address: 10.0.0.1}\n  - {name: a, address: "[::1]:5432"}\n',
      '3:12 nodes.1.name: it stands there twice',
    ],
    ['nodes:\n  - name: a\n', '2:5 address is missing'],
    ['- a\n', '1:1 expected settings by name, such as "capture:", found a list'],
    ['ports: {5433: postgres}\nports: {}\n', '2:1 Map keys must be unique'],
    ['server: !secret x\n', '1:9 Unresolved tag: !secret'],
  ])('is told with its place: %j', (text, told) => {
    expect(problemsOf(text)).toEqual([told]);
  });

  it('does not hide the next one', () => {
    expect(problemsOf('stroe: {}\nserver:\n  listen: 5\n')).toEqual([
      '1:1 unknown key "stroe": did you mean store?',
      '3:11 server.listen: expected HOST:PORT, such as 127.0.0.1:7432, found 5',
    ]);
  });

  it.each([
    ['{\n  "server": { "listen": here }\n}', '2:25 not JSON'],
    ['{\n  "server": {},\n}', '3:1 not JSON'],
    ['# a comment\n{}', '1:1 not JSON'],
    ['{\n  "sever": {}\n}', '2:3 unknown key "sever": did you mean server?'],
  ])('is told with its place in JSON too: %j', (text, told) => {
    expect(problemsOf(text, 'json').map((line) => line.slice(0, told.length))).toEqual([told]);
  });

  it('of aliases that multiply without end is refused', () => {
    const lines = ['a0: &a0 [x, x]'];
    for (let n = 1; n < 30; n++) lines.push(`a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}]`);
    expect(problemsOf(lines.join('\n'))).toEqual([
      '1:1 its aliases refer to each other without end',
    ]);
  });
});
