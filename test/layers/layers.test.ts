/**
 * The layer rules of .config/dependency-cruiser.cjs hold on the tree, and each of them refuses its file of the canary.
 * The second half is there because the tool says "no violations" when it sees no files at all.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

const ROOT = process.cwd();
const CANARY = join(ROOT, 'test/layers/canary');
const ROOMS = ['src', 'collectors', 'analysis', 'dashboards', 'test'];
const SLOW = { timeout: 120_000 };

function cruise(directory: string): Promise<Cruise> {
  const command = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(ROOT, '.config/dependency-cruiser.cjs');
  const rooms = ROOMS.filter((room) => existsSync(join(directory, room)));
  const given = [command, '--config', config, '--output-type', 'json', ...rooms];
  return new Promise((resolve, reject) => {
    const options = { cwd: directory, maxBuffer: 256 * 1024 * 1024 };
    execFile(process.execPath, given, options, (error, out, complaints) => {
      // The exit code is the number of violations, so output alone says whether it ran.
      if (out === '') reject(error ?? new Error(complaints));
      else resolve(JSON.parse(out) as Cruise);
    });
  });
}

function sourcesIn(directory: string, rooms: readonly string[]): string[] {
  return rooms.flatMap((room) =>
    readdirSync(join(directory, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(directory, join(entry.parentPath, entry.name))),
  );
}

describe('the layers of the house', () => {
  it('hold on the tree, and every source file was looked at', SLOW, async () => {
    const { modules, summary } = await cruise(ROOT);
    const broken = summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`);
    expect(broken).toEqual([]);
    const seen = new Set(modules.map((module) => module.source));
    const sources = sourcesIn(ROOT, ['src', 'collectors', 'analysis']);
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter((source) => !seen.has(source))).toEqual([]);
  });

  it('refuse the canary: every rule, and only where it was planted', SLOW, async () => {
    const { summary } = await cruise(CANARY);
    const refused = summary.violations.map((v) => `${v.from} breaks ${v.rule.name}`).sort();
    const planted = sourcesIn(CANARY, ROOMS).flatMap((source) => {
      const rule = /^\/\/ (\S+)\n/.exec(readFileSync(join(CANARY, source), 'utf8'))?.[1];
      return rule === undefined ? [] : [`${source} breaks ${rule}`];
    });
    expect(refused).toEqual(planted.sort());
    const rulesBroken = new Set(summary.violations.map((v) => v.rule.name));
    const rules = summary.ruleSetUsed.forbidden.map((rule) => rule.name);
    expect(rules.filter((rule) => !rulesBroken.has(rule))).toEqual([]);
  });
});
