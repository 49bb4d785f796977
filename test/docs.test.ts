/** What the README says is what the code does: error codes, commands, options, scripts, links, and where figures come from. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorTable } from '../src/core/errors.ts';

const readme = readFileSync('README.md', 'utf8');
const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** Rows of the table under a heading, cells without their backticks and surrounding space. */
function tableUnder(heading: string): string[][] {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

function bare(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}

function help(...command: string[]): string {
  const main = ['node_modules/tsx/dist/cli.mjs', 'src/cli/main.ts'];
  return execFileSync(process.execPath, [...main, ...command, '--help'], { encoding: 'utf8' });
}

describe('the table of errors in the README', () => {
  it('is the table of the code', () => {
    const documented = tableUnder('Errors').map((row) => row.map(bare));
    const coded = Object.entries(errorTable).map(([code, entry]) => [
      code,
      String(entry.exitCode),
      entry.hint,
    ]);
    expect(documented).toEqual(coded);
  });
});

describe('the table of commands in the README', () => {
  let commands: string[] = [];
  beforeAll(() => {
    const listed = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help())?.[1] ?? '';
    commands = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '');
  });

  it('names the commands that there are, and no others', () => {
    const documented = tableUnder('Commands').map((row) => bare(row[0]).split(' ')[0]);
    expect(documented).toEqual(commands.filter((command) => command !== 'help'));
  });

  it('names only options that the command has', () => {
    const invented = tableUnder('Commands').flatMap((row) => {
      const command = bare(row[0]).split(' ')[0] ?? '';
      const said = help(command);
      const options = bare(row.join(' ')).match(/(?<![\w-])--[a-z]+(-[a-z]+)*/g) ?? [];
      return options
        .filter((option) => !new RegExp(`${option}\\b`).test(said))
        .map((option) => `${command} ${option}`);
    });
    expect(invented).toEqual([]);
  });
});

describe('the README', () => {
  it('names only scripts that package.json has', () => {
    const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((script) => packageJson.scripts[script] === undefined)).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  it('links only to what is there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });

  it('names beside every measured figure the command that prints it', () => {
    const figure =
      /\d\s?(s|seconds|min|minutes|ms|kB|MB|GB|KiB|MiB|GiB|times|%|events|statements)(?![\w/-])/;
    const command = /`(npm (run [a-z:-]+|test)|mirrorsql [a-z]+)/;
    const passages = readme.split('\n').flatMap((line) => (figure.test(line) ? [line] : []));
    expect(passages.filter((line) => !command.test(line))).toEqual([]);
  });
});
