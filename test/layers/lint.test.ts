/**
 * The linter refuses what .config/eslint.config.js says it does. Each case plants one fault in the text of a file that
 * exists, because rules differ by folder; the same text without the fault must pass.
 */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint({ overrideConfigFile: '.config/eslint.config.js' });

async function rulesBroken(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: path });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

const PURE = 'src/core/time.ts';
const CLOCKED = 'src/cli/serve.ts';

const CASES: readonly (readonly [fault: string, rule: string, path: string, text: string])[] = [
  [
    'the wall clock',
    'no-restricted-properties',
    PURE,
    'export const a = (): number => Date.now();',
  ],
  ['a new Date of now', 'no-restricted-syntax', PURE, 'export const a = (): Date => new Date();'],
  ['chance', 'no-restricted-properties', PURE, 'export const a = (): number => Math.random();'],
  [
    'a timer',
    'no-restricted-globals',
    PURE,
    'export const a = (f: () => void): unknown => setTimeout(f, 1);',
  ],
  ['a print', 'no-restricted-globals', PURE, "export const a = (): void => console.log('');"],
  ['a default export', 'no-restricted-syntax', PURE, 'export default 1;'],
  ['a barrel', 'no-restricted-syntax', PURE, "export * from './ip.ts';"],
  ['an enum', 'no-restricted-syntax', PURE, 'export enum A {\n  B,\n}'],
  [
    'any',
    '@typescript-eslint/no-explicit-any',
    PURE,
    'export const a = (b: any): boolean => b === 1;',
  ],
  [
    'a claim that a value is there',
    '@typescript-eslint/no-non-null-assertion',
    PURE,
    'export const a = (b?: string): string => b!;',
  ],
  [
    'a promise that nobody waits for',
    '@typescript-eslint/no-floating-promises',
    PURE,
    'export const a = (b: Promise<void>): void => {\n  b;\n};',
  ],
  [
    'a forgotten case',
    '@typescript-eslint/switch-exhaustiveness-check',
    PURE,
    "export const a = (b: 'x' | 'y'): void => {\n  switch (b) {\n    case 'x':\n      return;\n  }\n};",
  ],
  [
    'a function of more than 80 lines',
    'max-lines-per-function',
    PURE,
    `export const a = (b: string): void => {\n${'  b.at(0);\n'.repeat(80)}};`,
  ],
];

describe('the linter', () => {
  it.each(CASES)('refuses %s', async (_fault, rule, path, text) => {
    expect(await rulesBroken(path, `${text}\n`)).toContain(rule);
  });

  it('lets the command line read the clock', async () => {
    const text = 'export const a = (): number => Date.now();\n';
    expect(await rulesBroken(CLOCKED, text)).toEqual([]);
  });

  it('keeps every pure folder pure', async () => {
    const text = 'export const a = (): number => Date.now();\n';
    const files = ['src/core/time.ts', 'src/events/events.ts', 'collectors/limits.ts'];
    for (const file of files) {
      expect(await rulesBroken(file, text)).toEqual(['no-restricted-properties']);
    }
  });
});
