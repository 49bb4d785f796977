import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const UNIT = 'src/cli/deploy/mirrorsql.service';
const MANUAL = readFileSync('src/cli/deploy/README.md', 'utf8');

/** 0 where it is not installed. */
const systemdVersion = Number(
  /^systemd (\d+)/.exec(
    spawnSync('sh', ['-c', 'systemd-analyze --version'], { encoding: 'utf8' }).stdout,
  )?.[1] ?? 0,
);

/** The unit as it is installed, but with a Node that this machine has. */
function withUnit<T>(look: (path: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-unit-'));
  try {
    const path = join(directory, 'mirrorsql.service');
    writeFileSync(path, readFileSync(UNIT, 'utf8').replace('/usr/bin/node', process.execPath));
    return look(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('the systemd unit', () => {
  it.skipIf(systemdVersion < 250)('is understood without a remark', () => {
    withUnit((path) => {
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
        encoding: 'utf8',
      });
      expect(stderr.split('\n').filter((line) => line.includes('mirrorsql'))).toEqual([]);
      expect(status).toBe(0);
    });
  });

  it.skipIf(systemdVersion < 250)('is exposed little, by the measure of systemd', () => {
    withUnit((path) => {
      const measured = execFileSync(
        'systemd-analyze',
        ['security', '--offline=true', '--no-pager', '--json=short', '--threshold=30', path],
        { encoding: 'utf8' },
      );
      expect(measured).toContain('CapabilityBoundingSet');
    });
  });
});

describe('the manual of operations', () => {
  it('names only metrics that there are', () => {
    const sources = ['capture-metrics', 'storing-metrics', 'metrics'].map((name) =>
      readFileSync(`src/server/metrics/${name}.ts`, 'utf8'),
    );
    const named = [...MANUAL.matchAll(/mirrorsql_([a-z_]+)/g)].map(([, name = '']) =>
      name.replace(/_total$/, ''),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !sources.some((source) => source.includes(name)))).toEqual([]);
  });

  it('starts what the unit and the container start', () => {
    const unit = readFileSync(UNIT, 'utf8');
    const container = readFileSync('src/cli/deploy/Containerfile', 'utf8');
    for (const text of [unit, container])
      expect(text).toContain('/opt/mirrorsql/dist/src/cli/main.js');
    expect(unit).toContain('--config /etc/mirrorsql/mirrorsql.config.yaml');
    expect(MANUAL).toContain('/etc/mirrorsql/mirrorsql.config.yaml');
  });
});
