import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisSettings } from '../../../analysis/settings.ts';
import { settle } from '../../../src/cli/configuration/settle.ts';

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-settle-'));
  file = join(directory, 'c.yaml');
  await writeFile(
    file,
    'capture: {interfaces: [file0], filter: in file}\nports: {6432: postgres}\nstore: {data: /file, clickhouse: "http://file"}\nserver: {listen: "1.1.1.1:1"}\n',
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const gather = (value: string, before: readonly string[]): string[] => [...before, value];

async function settled(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const command = new Command('monitor')
    .option('--config <file>')
    .option('--data <dir>')
    .option('--clickhouse <url>')
    .option('-i, --interface <name>', '', gather, [])
    .option('--read <file>')
    .option('--filter <expression>')
    .option('--port <N=protocol>', '', gather, [])
    .option('--listen <host:port>');
  command.parse(args, { from: 'user' });
  await settle(command, environment);
  const { config: _config, ...options } = command.opts();
  return options;
}

describe('a setting', () => {
  it('comes from the file where nothing else gives it', async () => {
    expect(await settled(['--config', file])).toEqual({
      interface: ['file0'],
      filter: 'in file',
      port: ['6432=postgres'],
      data: '/file',
      clickhouse: 'http://file',
      listen: '1.1.1.1:1',
    });
  });

  it('comes from the environment rather than from the file, each by itself', async () => {
    const environment = {
      MIRRORSQL_CONFIG: file,
      MIRRORSQL_INTERFACES: 'env0, env1',
      MIRRORSQL_PORTS: '7000=postgres,7001=postgres',
      MIRRORSQL_DATA: '/env',
      MIRRORSQL_LISTEN: '',
    };
    expect(await settled([], environment)).toEqual({
      interface: ['env0', 'env1'],
      filter: 'in file',
      port: ['7000=postgres', '7001=postgres'],
      data: '/env',
      clickhouse: 'http://file',
      listen: '1.1.1.1:1',
    });
  });

  it('comes from the flag rather than from anywhere else', async () => {
    const environment = { MIRRORSQL_CONFIG: file, MIRRORSQL_INTERFACES: 'env0' };
    const options = await settled(['-i', 'flag0', '--listen', '9'], environment);
    expect(options).toMatchObject({ interface: ['flag0'], listen: '9', filter: 'in file' });
  });

  it('is its default where nobody gives it', async () => {
    expect(await settled([])).toEqual({ interface: [], port: [] });
  });

  it('of analysis comes from the file alone', async () => {
    const analysing = join(directory, 'analysing.yaml');
    await writeFile(
      analysing,
      'nodes: [{name: db, address: "10.0.0.1:5432"}]\nthresholds: {health: {refused-min: 7}}\n',
    );
    const { analysis } = await settled(['--config', analysing]);
    expect(analysis).toMatchObject({ health: { refusedMin: 7 } });
    expect((analysis as AnalysisSettings).nodeNames).toEqual(new Map([['10.0.0.1:5432', 'db']]));
  });

  it('of a live capture does not come between when a file is to be played', async () => {
    expect(await settled(['--config', file, '--read', 'a.pcap'])).toEqual({
      interface: [],
      read: 'a.pcap',
      port: ['6432=postgres'],
      data: '/file',
      clickhouse: 'http://file',
      listen: '1.1.1.1:1',
    });
  });

  it('of a server does not come between when a directory is given by a flag', async () => {
    const environment = { MIRRORSQL_CLICKHOUSE: 'http://env' };
    expect(await settled(['--data', '/flag'], environment)).toMatchObject({ data: '/flag' });
    expect(await settled(['--data', '/flag'], environment)).not.toHaveProperty('clickhouse');
  });

  it('is refused when two flags contradict each other', async () => {
    await expect(settled(['--data', 'a', '--clickhouse', 'http://b'])).rejects.toThrow(/not both/);
  });

  it('is not guessed from a file that is wrong or cannot be read', async () => {
    const wrong = join(directory, 'wrong.json');
    await writeFile(wrong, '{\n "sever": {}, "prots": {}\n}');
    await expect(settled(['--config', wrong])).rejects.toThrow(
      `${wrong}:2:2: unknown key "sever": did you mean server? (and 1 more)`,
    );
    const absent = join(directory, 'absent.yaml');
    await expect(settled(['--config', absent])).rejects.toThrow(
      /cannot read .*: there is no such file/,
    );
  });
});
