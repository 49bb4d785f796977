import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusLine } from '../../src/cli/monitor/status-line.ts';
import { waitUntil } from '../lab/process.ts';
import { count, DEMO, monitor, ROOT, servedAt } from './monitor-process.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-monitor-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The API tells how far the stored data reaches: it is null as long as there is none. */
async function hasData(url: string): Promise<boolean> {
  const answer = await fetch(`${url}api/v1/extent`);
  return answer.ok && (await answer.text()).includes('fromUs');
}

describe('monitor', () => {
  it('plays a capture, shows it while it plays, and has all of it stored when it is told to end', async () => {
    const run = monitor([
      '--read',
      DEMO,
      '--speed',
      '50',
      '--listen',
      '127.0.0.1:0',
      '--data',
      join(directory, 'whole'),
    ]);
    const url = await servedAt(run);
    await waitUntil('the first statements', 30_000, () => hasData(url));
    await waitUntil('the end of the capture', 60_000, () => run.said().includes('captured '));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    const told = Number(/events +([\d,]+) statement/.exec(run.said())?.[1]?.replaceAll(',', ''));
    expect(told).toBe(56_028);
    expect(await count(join(directory, 'whole'), '(SELECT count() FROM events)')).toBe(told);
    expect(await count(join(directory, 'whole'), '(SELECT sum(calls) FROM class_1h)')).toBe(told);
    expect(await count(join(directory, 'whole'), '(SELECT count() FROM captures FINAL)')).toBe(1);
    expect(await readdir(join(directory, 'whole/segments'))).toEqual([]);
  }, 120_000);

  it('plays a capture by two workers, and stores of it what one stores', async () => {
    const data = join(directory, 'workers');
    const speed = ['--speed', '1000', '--workers', '2'];
    const run = monitor(['--read', DEMO, ...speed, '--listen', '127.0.0.1:0', '--data', data]);
    await waitUntil('the end of the capture', 90_000, () => run.said().includes('captured '));
    run.child.kill('SIGINT');
    expect(await run.ended, run.said()).toBe(0);
    expect(run.said()).toContain('2 workers');
    expect(run.said()).toMatch(/captured +131,223 packets/);
    expect(run.said()).toMatch(/missing +nothing/);
    expect(await count(data, '(SELECT count() FROM events)')).toBe(56_028);
    expect(await count(data, '(SELECT sum(requests) FROM activity_1s)')).toBe(56_028);
    // The demonstration has 8 connections of one edge open at most, spread over both workers.
    expect(await count(data, '(SELECT max(connections_open) FROM activity_1s FINAL)')).toBe(8);
    expect(await count(data, '(SELECT packets FROM captures FINAL)')).toBe(131_223);
  }, 150_000);

  /** Serves already, while its workers may still be starting. */
  const withWorkers = async (name: string): Promise<ReturnType<typeof monitor>> => {
    const place = ['--listen', '127.0.0.1:0', '--data', join(directory, name)];
    const run = monitor(['--read', DEMO, '--workers', '2', ...place]);
    await servedAt(run);
    return run;
  };

  it('ends when it is told so before its workers have begun, and leaves none behind', async () => {
    const run = await withWorkers('early');
    run.child.kill('SIGTERM');
    // Its standard error closes when nobody holds it any more, so the workers have ended too.
    expect(await run.ended, run.said()).toBe(0);
    expect(run.said()).toMatch(/captured +[\d,]+ packets/);
  }, 60_000);

  it('whose process is killed takes its workers with it', async () => {
    const run = await withWorkers('killed');
    run.child.kill('SIGKILL');
    await run.ended;
    expect(run.said()).not.toMatch(/Error|^ +at /m);
  }, 60_000);

  it('ends in order in the middle of a capture: what was decoded is stored, and nothing else is claimed', async () => {
    const run = monitor([
      '--read',
      DEMO,
      '--speed',
      '1',
      '--listen',
      '127.0.0.1:0',
      '--data',
      join(directory, 'half'),
    ]);
    const url = await servedAt(run);
    await waitUntil('the first statements', 30_000, () => hasData(url));
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    const told = Number(/events +([\d,]+) statement/.exec(run.said())?.[1]?.replaceAll(',', ''));
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(56_028);
    expect(await count(join(directory, 'half'), '(SELECT count() FROM events)')).toBe(told);
  }, 120_000);

  it('decrypts with a key log that is written meanwhile, and keeps nothing of it', async () => {
    const scenario = join(ROOT, 'test/scenarios/tls-key-log');
    const keyLog = join(directory, 'keys.log');
    const keys = await readFile(join(scenario, 'keys.log'), 'utf8');
    await writeFile(keyLog, '');
    const data = join(directory, 'encrypted');
    const capture = join(scenario, 'capture.pcap');
    // Fifty milliseconds of traffic, played in ten seconds: there is time to bring the keys.
    const run = monitor([
      ...['--read', capture, '--speed', '0.005', '--keylog', keyLog],
      ...['--listen', '127.0.0.1:0', '--data', data],
    ]);
    await servedAt(run);
    await writeFile(keyLog, keys);
    await waitUntil('the end of the capture', 60_000, () => run.said().includes('captured '));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(run.said()).toMatch(/^decrypted +sessions: 2$/m);
    expect(await count(data, '(SELECT count() FROM events)')).toBe(4);
    const secrets = keys.match(/[0-9a-f]{64,}$/gm) ?? [];
    expect(secrets.length).toBe(6);
    const written = await readdir(data, { recursive: true, withFileTypes: true });
    for (const entry of written.filter((one) => one.isFile())) {
      const bytes = await readFile(join(entry.parentPath, entry.name));
      for (const secret of secrets) {
        const found = bytes.includes(secret) || bytes.includes(Buffer.from(secret, 'hex'));
        expect(found, entry.name).toBe(false);
      }
    }
  }, 120_000);

  it.each([
    [['--data', 'x'], 'either -i INTERFACE or --read'],
    [['-i', 'lo', '--read', DEMO], 'either -i INTERFACE or --read'],
    [['-i', 'lo', '--speed', '2'], '--speed goes with --read'],
    [['--read', DEMO, '--speed', '0'], 'not a number above 0'],
    [['--read', DEMO, '--filter', 'tcp'], 'go with -i only'],
    [['-i', 'lo', '--backend', 'magic'], '--backend takes'],
    [['--read', DEMO, '--workers', '0'], 'not a number from 1'],
    [['--read', '-', '--workers', '2'], 'can be read once only'],
  ])('refuses %j', async (args, words) => {
    const run = monitor(args);
    expect(await run.ended).toBe(2);
    expect(run.said()).toContain(words);
    expect(run.said()).toContain('MSQL_CLI_USAGE');
  });
});

describe('the line of a live capture', () => {
  it('tells rates since the last line and what is wrong now', () => {
    const before = { packets: 100, statements: 10, dropped: 0, segmentsWaiting: 0 };
    const now = { packets: 4100, statements: 2010, dropped: 3, segmentsWaiting: 2 };
    expect(statusLine(before, now, 2)).toBe(
      '2,000 packets/s, 1,000 statements/s, 3 dropped, 2 segments waiting',
    );
  });
});
