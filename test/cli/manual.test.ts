/**
 * The outputs that the protocols' manuals show are what the commands beside them print. After an intended change run
 * `MIRRORSQL_ACCEPT=1 npm run unit -- test/cli/manual.test.ts` and read the difference before committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mirrorsql } from '../lab/decode.ts';

const ACCEPT = process.env['MIRRORSQL_ACCEPT'] === '1';
const MANUAL = 'collectors/protocols/postgres/README.md';
/** A command of ours, perhaps without what it says on standard error, perhaps its first line only. */
const SHOWN = /^```\n\$ npx mirrorsql (.+)\n([^`]*)```$/gm;
const WITHOUT_ERRORS = / 2>\/dev\/null/;
const FIRST_LINE = / \| head -n 1$/;

async function outputOf(command: string): Promise<string> {
  const args = command.replace(FIRST_LINE, '').replace(WITHOUT_ERRORS, '').split(' ');
  const { code, stdout, stderr } = await mirrorsql(args);
  expect(code, stderr).toBe(0);
  const whole = WITHOUT_ERRORS.test(command) ? stdout : stdout + stderr;
  return FIRST_LINE.test(command) ? `${whole.split('\n')[0] ?? ''}\n` : whole;
}

describe('the manual', () => {
  const shown = [...readFileSync(MANUAL, 'utf8').matchAll(SHOWN)].map(
    ([, command = '', output = '']) => ({ command, output }),
  );

  it('shows what commands print', () => {
    expect(shown.length).toBeGreaterThan(5);
  });

  it.each(shown)('shows what is printed by: $command', async ({ command, output }) => {
    const printed = await outputOf(command);
    if (ACCEPT) {
      const before = `$ npx mirrorsql ${command}\n${output}`;
      const text = readFileSync(MANUAL, 'utf8');
      writeFileSync(
        MANUAL,
        text.replace(before, () => `$ npx mirrorsql ${command}\n${printed}`),
      );
      return;
    }
    expect(output).toBe(printed);
  });
});
