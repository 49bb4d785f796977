/** What `mirrorsql doctor` finds, on the real machine and on places that are made to be unfit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { descriptionOf } from '../store/temporary-store.ts';
import { examine, type Finding, nodeVersion, renderFindings } from '../../src/cli/doctor.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-doctor-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function named(findings: readonly Finding[], what: string): Finding | undefined {
  return findings.find((finding) => finding.what === what);
}

describe('doctor', () => {
  it('finds an engine that answers and a directory that can be made', async () => {
    const findings = await examine({ kind: 'embedded', directory: join(directory, 'not/yet') });
    expect(named(findings, 'embedded ClickHouse')).toMatchObject({ state: 'present', fix: '' });
    expect(named(findings, 'embedded ClickHouse')?.found).toMatch(/^\d+\.\d+/);
    expect(named(findings, 'data directory')?.state).toBe('present');
    expect(named(findings, 'data directory')?.found).toMatch(/GB free$/);
  });

  it('says what to do when a file stands where the data directory should be', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const findings = await examine({ kind: 'embedded', directory: join(file, 'data') });
    expect(named(findings, 'data directory')).toMatchObject({ state: 'missing' });
    expect(named(findings, 'data directory')?.fix).toContain('--data');
  });

  it('asks a server instead of the engine when one is set', async () => {
    const store = await openStore({ kind: 'embedded', directory: join(directory, 'served') });
    const { url: served, user, password } = descriptionOf(join(directory, 'served'));
    const url = served.replace('//', `//${user}:${password}@`);
    const there = await examine({ kind: 'server', url, directory });
    const refused = await examine({ kind: 'server', url: url.replace(password, 'no'), directory });
    await store.close();
    const gone = await examine({ kind: 'server', url, directory });
    expect(named(there, 'ClickHouse server')).toMatchObject({ state: 'present' });
    expect(named(there, 'ClickHouse server')?.found).toMatch(/^127\.0\.0\.1:\d+ is ClickHouse \d+/);
    expect(named(refused, 'ClickHouse server')?.found).toMatch(/refused user or password/);
    expect(named(gone, 'ClickHouse server')?.state).toBe('missing');
    expect(named(gone, 'embedded ClickHouse')).toBeUndefined();
    expect(renderFindings(gone)).not.toContain(password);
  });

  it('refuses a Node.js below the floor and takes it from there on', () => {
    const states = ['18.20.4', '20.18.9', '20.19.0', '22.1.0'].map((v) => nodeVersion(v).state);
    expect(states).toEqual(['missing', 'missing', 'present', 'present']);
  });

  it('prints the fix below what is missing and counts it', () => {
    const text = renderFindings([nodeVersion('18.0.0'), nodeVersion('20.19.0')]);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/-> install Node\.js 20\.19 or newer$/);
    expect(lines.at(-2)).toMatch(/^1 of 2 missing/);
  });
});
