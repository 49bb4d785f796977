import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../src/cli/status-text.ts';
import { type Figures, judge, verdict } from '../../src/server/observation/judge.ts';
import type { StatusAnswer } from '../../src/server/status-schema.ts';
import { figuresWith, healthy, NOW_US } from '../server/observation/figures-of.ts';

function statusOf(figures: Figures): StatusAnswer {
  const judgements = judge(figures);
  return {
    ...figures,
    well: judgements.every(({ well }) => well),
    verdict: verdict(judgements, 'it captures on eth1, stores and serves'),
    role: 'monitor',
    version: '0.1.0',
    findings: judgements.map((finding) => ({ ...finding, sinceUs: NOW_US - 130_000_000 })),
  };
}

const rendered = (figures: Figures, columns = 100): string =>
  renderStatus(statusOf(figures), { columns, color: false });

describe('the status as text', () => {
  it('of a healthy monitor is short', () => {
    expect(rendered(healthy)).toBe(`MirrorSQL is well: it captures on eth1, stores and serves.
monitor 0.1.0, running for 1 h

✓ capture   12,400 packets/s, 9.80 MB/s, none dropped, 12 ms behind the wire
            eth1 through afpacket, 44,000,000 packets so far
✓ storing   1 segment waits (31.0 kB), last acknowledged 800 ms ago, in 34 ms
            15,000,000 rows stored by this process; up to 2.15 GB may wait
✓ store     12.3 GB in 1,200,000,000 rows, 30 days kept, 410 GB of disk left
            /var/lib/mirrorsql
✓ decoding  99.98 % of the database traffic understood, 2 gaps (1.40 kB)
            4.20 MB of protocols that are not read
✓ machine   312 MB and 640 MB (store's engine) of 16.0 GB memory
            31 % of a core, timers late by 900 µs (p99), 14 ms at most
`);
  });

  it('of a monitor whose store is away says since when, what is safe, and what to do', () => {
    const error = {
      code: 'MSQL_STORE_UNREACHABLE',
      message: 'the store does not answer (ECONNREFUSED)',
      hint: 'check that the ClickHouse server runs and that the URL is right',
    };
    const storing = {
      error,
      failedTries: 31,
      segmentsWaiting: 42,
      bytesWaiting: 12.3e6,
      bytesWaitingPerSecond: 100_000,
      lastInsertUs: NOW_US - 131_000_000,
    };
    const text = rendered(figuresWith({ storing }));
    expect(text).toContain(`MirrorSQL is not well: the store does not answer (ECONNREFUSED).`);
    expect(text).toContain(`✗ storing   the store does not answer (ECONNREFUSED)
            since 08:57:50 UTC (2 min 10 s)
            42 segments wait (12.3 MB) on the disk, last acknowledged 2 min 11 s ago, 31 tries
            failed
            nothing is lost until 2.15 GB wait, in 5 h 56 min at this rate
            →  check that the ClickHouse server runs and that the URL is right
`);
  });

  it('is never wider than the terminal, and lets nothing drive it', () => {
    const text = rendered(figuresWith({ capture: { name: 'eth\u001b[31m1' } }), 60);
    expect(text).not.toContain('\u001b');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
