import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DEMO = join(ROOT, 'test/scenarios/demo/demo.pcap.gz');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command as a user runs it, without a terminal. */
function mirrorsql(args: readonly string[], input?: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args],
      {
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-load-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const data = (name: string): string => join(directory, name);

async function count(store: string, sql: string): Promise<number> {
  const { out } = await mirrorsql([
    'query',
    `SELECT ${sql} AS n`,
    '--format',
    'json',
    '--data',
    data(store),
  ]);
  const [row] = JSON.parse(out) as { n: number }[];
  return Number(row?.n);
}

describe('load', () => {
  it('stores a capture, says what, and the second time says that it was there', async () => {
    const first = await mirrorsql(['load', DEMO, '--data', data('twice')]);
    expect(first).toMatchObject({ code: 0, err: '' });
    const [, told] = /stored {7}([\d,]+) statements/.exec(first.out) ?? [];
    const statements = Number(told?.replaceAll(',', ''));
    expect(statements).toBeGreaterThan(10_000);
    expect(await count('twice', '(SELECT count() FROM events)')).toBe(statements);

    const second = await mirrorsql(['load', DEMO, '--data', data('twice')]);
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).not.toContain('  stored');
    expect(second.out).toMatch(new RegExp(`not doubled .*: ${told ?? ''} statements`));
    expect(await count('twice', '(SELECT count() FROM events)')).toBe(statements);
    expect(await count('twice', '(SELECT sum(calls) FROM class_1h)')).toBe(statements);
    expect(await count('twice', '(SELECT count() FROM captures FINAL)')).toBe(1);
  }, 120_000);

  it('keeps what was decoded of a capture that was cut, and goes on after one that cannot be read', async () => {
    const cut = join(directory, 'cut.pcap');
    await writeFile(cut, gunzipSync(readFileSync(DEMO)).subarray(0, 2_000_000));
    const outcome = await mirrorsql([
      'load',
      join(directory, 'nowhere'),
      cut,
      '--data',
      data('cut'),
    ]);
    expect(outcome.code).toBe(1);
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
    expect(outcome.err).toContain('MSQL_CAPTURE_READ');
    expect(outcome.out).toContain('ends in the middle of a packet');
    expect(await count('cut', '(SELECT count() FROM events)')).toBeGreaterThan(1_000);
  }, 120_000);

  it('takes standard input', async () => {
    const outcome = await mirrorsql(['load', '-', '--data', data('pipe')], readFileSync(DEMO));
    expect(outcome).toMatchObject({ code: 0, err: '' });
    expect(outcome.out).toMatch(/^standard input\n/);
    expect(await count('pipe', '(SELECT count() > 10000 FROM events)')).toBe(1);
  }, 120_000);

  it('refuses what is no store in one line', async () => {
    const path = join(directory, 'a file');
    await writeFile(path, '');
    const outcome = await mirrorsql(['load', DEMO, '--data', path]);
    expect(outcome).toMatchObject({ code: 1, out: '' });
    expect(outcome.err).toMatch(
      /^mirrorsql: .*it is not a directory \(MSQL_STORE_DIRECTORY\).*\n$/,
    );
  });
});

describe('query', () => {
  beforeAll(async () => {
    expect(await mirrorsql(['load', DEMO, '--data', data('query')])).toMatchObject({ code: 0 });
  }, 120_000);

  it('answers over a store without the name of a database', async () => {
    const sql = "SELECT 'a' AS x, count() AS n FROM events WHERE user = 'nobody'";
    const table = await mirrorsql(['query', sql, '--data', data('query')]);
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table.out).toContain('│ a │ 0 │');
    const csv = await mirrorsql(['query', sql, '--format', 'csv', '--data', data('query')]);
    expect(csv.out).toBe('"x","n"\n"a",0\n');
  });

  it('refuses what does not read with exit code 2, a wrong name with 1, a wrong format with 2', async () => {
    const drop = await mirrorsql(['query', 'DROP TABLE events', '--data', data('query')]);
    expect(drop).toMatchObject({ code: 2, out: '' });
    expect(drop.err).toContain('MSQL_QUERY_REFUSED');
    expect(await mirrorsql(['query', 'SELECT nowhere', '--data', data('query')])).toMatchObject({
      code: 1,
    });
    const format = await mirrorsql([
      'query',
      'SELECT 1',
      '--format',
      'xml',
      '--data',
      data('query'),
    ]);
    expect(format).toMatchObject({ code: 2 });
  });
});
