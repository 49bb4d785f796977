import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusUrl } from '../../src/cli/status.ts';
import { type StatusAnswer, statusAnswer } from '../../src/server/status-schema.ts';
import { waitUntil } from '../lab/process.ts';
import { readExposition } from '../server/metrics/exposition.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEMO = join(ROOT, 'test/scenarios/demo/demo.pcap.gz');
const MAIN = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-status-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Told {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
}

function mirrorsql(...args: string[]): Promise<Told> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...MAIN, ...args],
      { cwd: ROOT },
      (_error, out, complaint) => {
        resolve({ code: child.exitCode ?? -1, out, complaint });
      },
    );
  });
}

/** The total of a counter, over all of its labels. */
function totalOf(metrics: ReturnType<typeof readExposition>, name: string): number | undefined {
  const samples = metrics.get(name)?.samples;
  return samples?.reduce((sum, { value }) => sum + value, 0);
}

const ofLabel = (metrics: ReturnType<typeof readExposition>, name: string) =>
  Object.fromEntries(
    (metrics.get(name)?.samples ?? []).map(({ labels, value }) => [
      Object.values(labels)[0] ?? '',
      value,
    ]),
  );

describe('a monitor that plays a capture', () => {
  it('tells in its metrics and its status what its closing account tells', async () => {
    const data = join(directory, 'monitored');
    const played = ['--read', DEMO, '--speed', '1000', '--listen', '127.0.0.1:0', '--data', data];
    const child = spawn(process.execPath, [...MAIN, 'monitor', ...played], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const ended = once(child, 'close');
    await waitUntil('the end of the capture', 60_000, () => said.includes('captured '));
    const url = /serves on (\S+)/.exec(said)?.[1] ?? '';
    const answer = await fetch(`${url}metrics`);
    const metrics = readExposition(await answer.text());
    const status = await mirrorsql('status', '--url', url, '--format', 'json');
    const text = await mirrorsql('status', '--url', url);
    child.kill('SIGINT');
    await ended;

    expect(said).toContain('captured      131,223 packets, 16,020,637 bytes, 57 TCP connections');
    expect(totalOf(metrics, 'mirrorsql_capture_packets_total')).toBe(131_223);
    expect(totalOf(metrics, 'mirrorsql_capture_bytes_total')).toBe(16_020_637);
    expect(totalOf(metrics, 'mirrorsql_decode_streams_total')).toBe(57);
    expect(ofLabel(metrics, 'mirrorsql_decode_payload_bytes_total')).toMatchObject({
      decoded: 7_345_424,
      encrypted: 13_535,
    });
    expect(said).toContain('7,345,424 decoded, 13,535 encrypted');
    expect(ofLabel(metrics, 'mirrorsql_events_total')).toEqual({
      statement: 56_028,
      transaction_end: 14_554,
      session_end: 57,
      session_start: 42,
      login_failed: 14,
      encrypted: 1,
      anomaly: 1,
    });
    expect(ofLabel(metrics, 'mirrorsql_statements_total')).toEqual({ ok: 55_889, error: 139 });
    expect(ofLabel(metrics, 'mirrorsql_store_rows_total')).toMatchObject({ events: 56_028 });
    expect(totalOf(metrics, 'mirrorsql_capture_kernel_dropped_packets_total')).toBe(0);
    expect(totalOf(metrics, 'mirrorsql_store_engine_resident_memory_bytes')).toBeGreaterThan(5e7);
    expect(totalOf(metrics, 'mirrorsql_store_segments_waiting')).toBe(0);
    const inserts = metrics.get('mirrorsql_store_insert_duration_seconds')?.samples;
    expect(inserts?.find(({ name }) => name.endsWith('_count'))?.value).toBe(
      totalOf(metrics, 'mirrorsql_store_segments_total'),
    );
    // Nothing from the wire becomes a label: the number of series does not depend on the traffic.
    const labels = [...metrics.values()].flatMap(({ samples }) =>
      samples.flatMap((sample) => Object.keys(sample.labels)),
    );
    const known =
      'version node quantile kind reason limit code type status table le major minor patch space';
    expect(labels.filter((label) => !known.split(' ').includes(label))).toEqual([]);

    const noted = JSON.parse(status.out) as StatusAnswer;
    expect(Schema.Errors(statusAnswer, noted)[1]).toEqual([]);
    expect(noted).toMatchObject({
      role: 'monitor',
      capture: { packets: 131_223, ended: true, kernelDrops: 0 },
      decoding: { encryptedBytes: 13_535, gaps: 0 },
      storing: { segmentsWaiting: 0, error: null },
      store: { answers: true },
    });
    expect(noted.machine?.engineResidentBytes).toBeGreaterThan(5e7);
    expect(status.code).toBe(noted.well ? 0 : 1);
    expect(text.out.split('\n')[0]).toMatch(/^MirrorSQL is (not )?well: /);
  }, 120_000);

  it('has left a store that can be looked at when nothing runs', async () => {
    const data = join(directory, 'monitored');
    const { code, out } = await mirrorsql('status', '--data', data);
    expect(out).toMatch(/^No MirrorSQL runs at http:\/\/127\.0\.0\.1:7432; the store is well\.\n/);
    expect(code).toBe(0);
  }, 60_000);
});

describe('the status where nothing runs', () => {
  it('is not well without a store, and makes none', async () => {
    const data = join(directory, 'absent');
    const { code, out } = await mirrorsql('status', '--data', data);
    expect(code).toBe(1);
    expect(out).toContain('→  start a monitor');
    expect(existsSync(data)).toBe(false);
  });

  it('is a failure when it was said where something should run', async () => {
    const { code, complaint } = await mirrorsql('status', '--url', '127.0.0.1:9');
    expect(code).toBe(1);
    expect(complaint).toContain('nothing answers at http://127.0.0.1:9 (MSQL_STATUS_UNREACHABLE)');
  });

  it.each([
    ['127.0.0.1:7432', 'http://127.0.0.1:7432/api/v1/status'],
    [':8000', 'http://127.0.0.1:8000/api/v1/status'],
    ['[::1]:8000', 'http://[::1]:8000/api/v1/status'],
    ['https://sniffer.example/', 'https://sniffer.example/api/v1/status'],
  ])('is asked for at the right place: %s', (text, url) => {
    expect(statusUrl(text).href).toBe(url);
  });
});
