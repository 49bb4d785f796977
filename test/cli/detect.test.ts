/** `mirrorsql detect` as a user runs it: what it prints, and what it says of files that are no series. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../lab/process.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mirrorsql-detect-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function detect(text: string | Buffer, ...args: string[]) {
  const file = join(directory, 'series.csv');
  writeFileSync(file, text);
  return runProgram(process.execPath, [
    '--import',
    'tsx',
    'src/cli/main.ts',
    'detect',
    file,
    ...args,
  ]);
}

const rows = (values: readonly (number | string)[]): string =>
  `timestamp,value\n${values.map((value, index) => `2026-01-01 00:00:${String(index % 60).padStart(2, '0')},${value}`).join('\n')}\n`;

describe('detect', () => {
  it('prints a score for each row, also for one that is empty', async () => {
    const values = [...Array<number>(200).fill(5), '', 90, 5];
    const ran = await detect(rows(values), '--format', 'json');
    expect(ran.stderr).toBe('');
    const { scores } = JSON.parse(ran.stdout) as { scores: number[] };
    expect(scores).toHaveLength(values.length);
    expect(scores.indexOf(1)).toBe(201);
  });

  it('takes the second of two columns whatever its name, and times in any form', async () => {
    const values = [...Array<number>(200).fill(5), 90];
    const named = values.map(
      (value, index) => `2026-01-01T00:00:00.${String(index)}Z,${String(value)}`,
    );
    const ran = await detect(`Time,CPU percent\n${named.join('\n')}\n`, '--format', 'json');
    const { scores } = JSON.parse(ran.stdout) as { scores: number[] };
    expect(scores.indexOf(1)).toBe(200);
  });

  it('lists for people what stands out', async () => {
    const ran = await detect(rows([...Array<number>(200).fill(5), 90]));
    expect(ran.stdout).toBe('201 values, 1 stand out\n2026-01-01 00:00:20  90  score 1.0000\n');
  });

  it.each([
    ['an empty file', '', 'no rows'],
    ['a file without the column', 'time,reading,other\n1,2,3\n', 'names no column value'],
    ['a file without names', '2026-01-01 00:00:00,5\n2026-01-01 00:00:01,6\n', 'no column value'],
    ['a word among the numbers', 'timestamp,value\n1,2\n2,many\n', 'row 2: "many" is not a number'],
    ['a torn row', 'timestamp,value\n1,2,3\n', 'Record Length'],
    ['random bytes', Buffer.from([0xff, 0x22, 0x00, 0x0a, 0x22, 0x41]), 'detect'],
  ])('says in one line what is wrong with %s', async (_name, text, reason) => {
    const ran = await detect(text, '--format', 'json');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('MSQL_SERIES_FORMAT');
    expect(ran.stderr).toContain(reason);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  });
});
