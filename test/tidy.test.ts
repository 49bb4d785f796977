/** Style that no other tool sees: where files may lie, what they are called, what must never be written down. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The user's own list; beside it only the lock file, the licence and names that begin with a dot. */
const TOP_LEVEL = [
  'LICENSE',
  'README.md',
  'analysis',
  'collectors',
  'dashboards',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
];

/** The part of package.json, and of its entry in the lock file, that names packages. */
interface Asked {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const FILE_SIZE_MAX = 5_000_000;

/** Every file that is or is about to be part of the project. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));

const CODE = new Set(['.ts', '.tsx', '.js', '.mjs', '.cjs']);
const code = files.filter(
  (file) => CODE.has(extname(file)) && !file.startsWith('test/layers/canary/'),
);
const BINARY = new Set(['.gz', '.pcap', '.pcapng', '.png', '.woff2', '.zst']);
const texts = files.filter((file) => !BINARY.has(extname(file)));

/** `file:line` of every line of `among` that `pattern` matches. */
function linesWith(pattern: RegExp, among: readonly string[]): string[] {
  return among.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

describe('the tree', () => {
  it('has exactly the top level that was agreed', () => {
    const names = new Set(files.map((file) => file.split('/')[0] ?? ''));
    expect([...names].filter((name) => !name.startsWith('.')).sort()).toEqual(TOP_LEVEL);
  });

  it('names no file after nothing in particular', () => {
    const vague = /(^|[-.])(utils?|helpers?|managers?|misc|common|stuff)([-.]|$)/i;
    expect(files.filter((file) => vague.test(basename(file)))).toEqual([]);
  });

  it('names code files in kebab case', () => {
    const kebab = /^[a-z0-9]+([-.][a-z0-9]+)*$/;
    expect(code.map((file) => basename(file)).filter((name) => !kebab.test(name))).toEqual([]);
  });

  it('explains every protocol in a README beside it', () => {
    const protocols = files.flatMap(
      (file) => /^collectors\/protocols\/[^/]+(?=\/)/.exec(file)?.[0] ?? [],
    );
    const without = [...new Set(protocols)].filter(
      (folder) => !existsSync(join(folder, 'README.md')),
    );
    expect(without).toEqual([]);
  });

  it('holds no file that is too large to clone with ease', () => {
    expect(files.filter((file) => statSync(file).size > FILE_SIZE_MAX)).toEqual([]);
  });
});

describe('the lock file', () => {
  it('locks what package.json asks for', () => {
    const asked = JSON.parse(readFileSync('package.json', 'utf8')) as Asked;
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      readonly packages: Readonly<Record<string, Asked & { readonly version?: string }>>;
    };
    const direct = { ...asked.dependencies, ...asked.devDependencies };
    const locked = Object.keys(direct).map((name) => [
      name,
      lock.packages[`node_modules/${name}`]?.version,
    ]);
    expect(Object.fromEntries(locked)).toEqual(direct);
    expect(lock.packages['']).toMatchObject({
      dependencies: asked.dependencies,
      devDependencies: asked.devDependencies,
    });
  });
});

describe('every code file', () => {
  it('begins with a comment that says what it is, unless it is a test, which says so in its names', () => {
    const silent = code
      .filter((file) => !file.endsWith('.test.ts'))
      .filter((file) => !/^(#!.*\n)?\/[*/]/.test(readFileSync(file, 'utf8')));
    expect(silent).toEqual([]);
  });

  it('says who will do what it leaves open', () => {
    const open = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b(?!\\()`);
    expect(linesWith(open, code)).toEqual([]);
  });

  it('leaves no test switched on alone', () => {
    const alone = /\b(it|test|describe)(\.each)?\.only\(/;
    expect(
      linesWith(
        alone,
        code.filter((file) => file.endsWith('.test.ts')),
      ),
    ).toEqual([]);
  });
});

describe('nothing that is written down', () => {
  it('names a path of the machine it was written on', () => {
    const workplace = new RegExp(`(^|[^\\w.])/(${['wo' + 'rk', 'ro' + 'ot'].join('|')})/`);
    expect(linesWith(workplace, texts)).toEqual([]);
    const here = dirname(process.cwd());
    const found = texts.filter((file) => readFileSync(file, 'utf8').includes(`${here}/`));
    expect(here.split('/').length > 2 ? found : []).toEqual([]);
  });

  it('names a host that packages come from', () => {
    const host = /\b(registry|packages|mirror|deb|pypi)\.[a-z0-9-]+\.(org|com|io|net)\b/i;
    expect(linesWith(host, texts)).toEqual([]);
    const lock = readFileSync('package-lock.json', 'utf8');
    expect(lock).not.toContain('"resolved": "http');
  });
});
