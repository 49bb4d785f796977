/** A monitor whose store is away, full, read-only or gone: the capture goes on, and what happened is said. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../src/store/store.ts';
import { waitUntil } from '../lab/process.ts';
import { descriptionOf } from '../store/temporary-store.ts';
import {
  count,
  DEMO,
  DEMO_STATEMENTS,
  type Monitor,
  monitor,
  servedAt,
} from './monitor-process.ts';

let directory: string;
let running: Monitor | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-away-'));
});
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  running = undefined;
  await rm(directory, { recursive: true, force: true });
});

function play(...args: string[]): Monitor {
  running = monitor([
    ...['--read', DEMO, '--speed', '50', '--listen', '127.0.0.1:0', '--data', directory],
    ...args,
  ]);
  return running;
}

const segments = (): string[] => {
  try {
    return readdirSync(join(directory, 'segments'));
  } catch {
    return [];
  }
};

/** A store whose engine is stopped in the middle of whatever it does. */
async function frozenStore(): Promise<{ store: Store; thaw: () => void }> {
  const store = await openStore({ kind: 'embedded', directory });
  const { pid } = descriptionOf(directory);
  process.kill(pid, 'SIGSTOP');
  return { store, thaw: () => process.kill(pid, 'SIGCONT') };
}

describe('a monitor whose store hangs from the start', () => {
  it('captures, serves the reason, and stores all of it once when the store is back', async () => {
    const { store, thaw } = await frozenStore();
    const run = play();
    const url = await servedAt(run);
    await waitUntil('segments on the disk', 30_000, () =>
      segments().some((name) => name.startsWith('events.')),
    );
    const answer = await fetch(`${url}api/v1/extent`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'MSQL_STORE_OPENING' });
    thaw();
    await waitUntil('all to be stored', 60_000, () => run.said().includes('captured '));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    await store.close();
    expect(await count(directory, '(SELECT count() FROM events)')).toBe(DEMO_STATEMENTS);
    expect(await count(directory, '(SELECT sum(calls) FROM class_1m)')).toBe(DEMO_STATEMENTS);
    expect(await count(directory, '(SELECT sum(packets) FROM capture_1s)')).toBe(131_223);
    expect(segments()).toEqual([]);
  }, 180_000);

  it('past the quota gives up the oldest, and says so by the second', async () => {
    const { store, thaw } = await frozenStore();
    const run = play('--speed', '10', '--quota', '1MB');
    await servedAt(run);
    // The demo makes about ten times as much.
    await waitUntil('the end of the file', 120_000, () =>
      run.said().includes('details of results are left out'),
    );
    thaw();
    await waitUntil('all to be stored', 60_000, () => run.said().includes('captured '));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.said()).toContain('recorded as a gap');
    await store.close();
    const stored = await count(directory, '(SELECT count() FROM events)');
    const lost = Number(/(\d+) of events/.exec(run.said())?.[1]);
    expect(stored + lost).toBe(DEMO_STATEMENTS);
    const rowsLost = [...run.said().matchAll(/(\d+) of \w+/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(await count(directory, '(SELECT sum(rows_lost) FROM capture_1s)')).toBe(rowsLost);
    expect(
      await count(
        directory,
        "(SELECT sum(dropped_by_limit) FROM captures WHERE file LIKE '(gap%')",
      ),
    ).toBe(rowsLost);
  }, 180_000);

  it('told to end leaves all on the disk, ends with 1, and the next run stores it', async () => {
    const { store, thaw } = await frozenStore();
    const run = play();
    await servedAt(run);
    await waitUntil('segments on the disk', 30_000, () =>
      segments().some((name) => name.startsWith('events.')),
    );
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(1);
    expect(run.said()).toMatch(/segments wait in .*; the next run stores them/);
    const told = Number(/events +([\d,]+) statement/.exec(run.said())?.[1]?.replaceAll(',', ''));
    thaw();
    const next = monitor(
      ['--read', join(directory, 'none.pcap')].concat([
        '--data',
        directory,
        '--listen',
        '127.0.0.1:0',
      ]),
    );
    expect(await next.ended).toBe(1);
    expect(next.said()).toContain('MSQL_CAPTURE_READ');
    const { enqueueLeftovers } = await import('../../src/store/leftovers.ts');
    const { SegmentWriter } = await import('../../src/store/writer.ts');
    const writer = new SegmentWriter(store, { patience: 'forever' });
    await enqueueLeftovers(store, writer);
    await writer.flush();
    await store.close();
    expect(await count(directory, '(SELECT count() FROM events)')).toBe(told);
  }, 180_000);

  it('ends at once at the second signal', async () => {
    const { store, thaw } = await frozenStore();
    const run = play();
    await servedAt(run);
    await waitUntil('segments on the disk', 30_000, () => segments().length > 0);
    run.child.kill('SIGINT');
    await waitUntil('the first to be heard', 30_000, () => run.child.kill('SIGINT') || true);
    expect(await run.ended).not.toBe(0);
    thaw();
    await store.close();
  }, 120_000);
});

it('a directory of segments that is removed is made again', async () => {
  const run = play();
  await servedAt(run);
  await waitUntil('segments', 30_000, () => run.said().includes('serves on'));
  await rm(join(directory, 'segments'), { recursive: true, force: true });
  await waitUntil('the end', 90_000, () => run.said().includes('captured '));
  run.child.kill('SIGINT');
  await run.ended;
  const stored = await count(directory, '(SELECT count() FROM events)');
  const lost = Number(/(\d+) of events/.exec(run.said())?.[1] ?? 0);
  expect(stored + lost).toBe(DEMO_STATEMENTS);
}, 180_000);

/** A file system of its own in a file, which can be made to fail as a broken disk does; not every container may have one. */
function canMountFiles(): boolean {
  if (process.getuid?.() !== 0) return false;
  const { status } = spawnSync('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-c'],
    'f=$(mktemp) && truncate -s 4m "$f" && mkfs.ext4 -q -F "$f" && mount -o loop "$f" /mnt; s=$?; rm -f "$f"; exit $s',
  ]);
  return status === 0;
}

describe.runIf(canMountFiles())('on a disk that breaks', () => {
  const inside = (pid: number, ...command: string[]): void => {
    const { status, stderr } = spawnSync('nsenter', ['-t', String(pid), '-m', ...command]);
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
  };

  it('and becomes read-only, goes on capturing and says what it could not keep', async () => {
    const data = join(directory, 'data');
    await mkdir(data);
    running = monitor(
      ['--read', DEMO, '--speed', '5', '--listen', '127.0.0.1:0', '--data', data],
      [
        ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
        `truncate -s 300m "${directory}/disk" && mkfs.ext4 -q -F "${directory}/disk" && mount -o loop "${directory}/disk" "${data}" && exec "$@"`,
        'sh',
      ],
    );
    const run = running;
    const url = await servedAt(run);
    await waitUntil('stored seconds', 60_000, async () => {
      const answer = await fetch(`${url}api/v1/extent`);
      return answer.ok && ((await answer.json()) as { extent: unknown }).extent !== null;
    });
    // What the kernel does with a file system in whose journal it cannot write any more.
    inside(run.child.pid ?? 0, 'mount', '-o', 'remount,abort', data);
    await waitUntil('rows that are lost', 90_000, () => run.said().includes('counted as lost'));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.said()).toContain('MSQL_STORE_READ_ONLY');
    // Of what was sealed before, segments may wait.
    expect(run.said()).toMatch(
      /not even take a note of it, so that no report will tell: rows \d+ of/,
    );
  }, 200_000);
});

/** As root only: the kernel is asked for a disk of its own. */
describe.runIf(process.getuid?.() === 0)('on a disk of its own', () => {
  const onDisk = (options: string, after = ''): string[] => [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
    `mount -t tmpfs -o ${options} none "${directory}" && ${after === '' ? '' : `${after} && `}exec "$@"`,
    'sh',
  ];

  it('that is read-only, says so and does not begin', async () => {
    await mkdir(join(directory, 'x'));
    const run = monitor(
      ['--read', DEMO, '--listen', '127.0.0.1:0', '--data', join(directory, 'data')],
      onDisk('ro,size=1m'),
    );
    running = run;
    expect(await run.ended).toBe(1);
    expect(run.said()).toContain('MSQL_STORE_DIRECTORY');
  }, 60_000);

  it('that is full, captures to the end and counts what it could not keep', async () => {
    const run = monitor(
      ['--read', DEMO, '--speed', '50', '--listen', '127.0.0.1:0', '--data', directory],
      onDisk('size=3m'),
    );
    running = run;
    const url = await servedAt(run);
    await waitUntil('rows that are lost', 90_000, () => run.said().includes('counted as lost'));
    expect((await fetch(`${url}api/v1/extent`)).status).toBe(503);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.said()).toContain('MSQL_STORE_DISK_FULL');
    expect(run.said()).toMatch(/not stored, and recorded as a gap: rows \d+ of/);
    expect(run.said()).toMatch(/captured +[\d,]+ packets/);
  }, 150_000);
});
