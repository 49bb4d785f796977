/** `mirrorsql serve` as a user runs it: a process over a real store, asked over HTTP, ended by a signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Window } from '../../src/events/facts.ts';
import type { Report } from '../../src/events/report.ts';
import { reportSchema } from '../../src/server/report-schema.ts';
import { descriptionOf } from '../store/temporary-store.ts';

const DEMO = 'test/scenarios/demo/demo.pcap.gz';

/** Runs a command from its sources. */
function mirrorsql(...words: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const endOf = (child: ChildProcess) =>
  new Promise<{ code: number | null; errors: string }>((resolve) => {
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('close', (code) => {
      resolve({ code, errors });
    });
  });

/** Resolves to the address that `serve` prints, or fails when the process ends before. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [url] = /http:\/\/\S+/.exec(output) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.on('close', (code) => {
      reject(new Error(`serve ended with ${code}: ${output}`));
    });
  });
}

describe('mirrorsql serve', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-serve-'));
  let server: ChildProcess;
  let ended: ReturnType<typeof endOf>;
  let url: string;

  beforeAll(async () => {
    const loaded = await endOf(mirrorsql('load', DEMO, '--data', directory));
    expect(loaded.code, loaded.errors).toBe(0);
    server = mirrorsql('serve', '--data', directory, '--listen', '127.0.0.1:0');
    ended = endOf(server);
    url = await addressOf(server);
  });
  afterAll(() => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async <Answer>(path: string): Promise<Answer> => {
    const response = await fetch(`${url}api/v1/${path}`);
    const body = (await response.json()) as Answer;
    expect(response.status, JSON.stringify(body)).toBe(200);
    return body;
  };

  it('answers a report that fits its schema and tells of the traffic that was loaded', async () => {
    const report = await ask<Report>('report');
    const [, faults] = Schema.Errors(reportSchema as never, report);
    expect(faults).toEqual([]);
    expect(report.overview.requests).toBeGreaterThan(10_000);
    expect(report.expensive.length).toBeGreaterThan(5);
    expect(report.errors.length).toBeGreaterThan(0);
  });

  it('tells of every class that it lists, and of its executions', async () => {
    const { expensive, slowest } = await ask<Report>('report');
    const [first] = expensive;
    const { executions, class: row } = await ask<{
      executions: { fingerprint: string }[];
      class: { calls: number };
    }>(`classes/${first?.fingerprint ?? ''}`);
    expect(row.calls).toBe(first?.calls);
    expect(executions.length).toBeGreaterThan(0);
    expect(new Set(executions.map(({ fingerprint }) => fingerprint))).toEqual(
      new Set([first?.fingerprint]),
    );
    for (const { fingerprint } of slowest) await ask(`classes/${fingerprint}`);
  });

  it('narrows to a server and to a part of the time', async () => {
    const { extent } = await ask<{ extent: Window }>('extent');
    const { nodes } = await ask<{ nodes: { node: string; role: string }[] }>('nodes');
    const server = nodes.find(({ role }) => role === 'server')?.node ?? '';
    const middleUs = Math.floor((extent.fromUs + extent.toUs) / 2);
    const whole = await ask<Report>('report');
    const part = await ask<Report>(`report?to=${middleUs}&server=${server}`);
    expect(part.window).toEqual({ fromUs: extent.fromUs, toUs: middleUs });
    expect(part.overview.requests).toBeGreaterThan(0);
    expect(part.overview.requests).toBeLessThan(whole.overview.requests);
    const nowhere = await ask<Report>('report?client=203.0.113.9');
    expect(nowhere.overview.requests).toBe(0);
  });

  it('says that its store does not answer when it hangs, before the page gives up', async () => {
    const { pid } = descriptionOf(directory);
    process.kill(pid, 'SIGSTOP');
    try {
      const response = await fetch(`${url}api/v1/report`, { signal: AbortSignal.timeout(60_000) });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'MSQL_STORE_UNREACHABLE' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await ask<Report>('report');
  }, 90_000);

  it('ends in order when it is told to', async () => {
    server.kill('SIGINT');
    expect(await ended).toEqual({ code: 0, errors: '' });
    await expect(fetch(`${url}api/v1/health`)).rejects.toThrow();
  });
});
