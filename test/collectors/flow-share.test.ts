/** Several pipelines beside each other see together exactly what one sees alone. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../collectors/capture/open.ts';
import { PacedSource } from '../../collectors/capture/paced.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import { type Share, SharedSource } from '../../collectors/flow-share.ts';
import { ActivityMerge } from '../../src/cli/monitor/activity-merge.ts';
import { addSummaries, type CaptureSummary } from '../../src/events/capture-summary.ts';
import type { ActivitySecond } from '../../src/events/events.ts';
import { plays } from '../lab/scenario-plays.ts';

const SCENARIOS = join(import.meta.dirname, '../scenarios');
const captures = [
  ...plays.map(({ name }) => join(SCENARIOS, name, 'capture.pcap')),
  join(SCENARIOS, 'demo/demo.pcap.gz'),
].filter((file) => existsSync(file));

/** Time goes on only by waiting. */
function clock() {
  let now = 0;
  return {
    nowMs: () => now,
    wait: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
}

interface Seen {
  readonly summary: CaptureSummary;
  readonly seconds: readonly ActivitySecond[];
  readonly sessions: readonly string[];
}

async function collected(file: string, share: Share | undefined): Promise<Seen> {
  const seconds: ActivitySecond[] = [];
  const sessions: string[] = [];
  const collector = new Collector({
    statement: ({ session }) => sessions.push(session.id),
    transactionEnd: () => undefined,
    sessionEvent: ({ session }) => sessions.push(session.id),
    activity: (second) => seconds.push(second),
  });
  const paced = new PacedSource(await openCapture(file), 1e6, clock());
  const summary = await collect(new SharedSource(paced, share, 0), collector);
  return { summary, seconds, sessions };
}

/** What the store makes of rows of one second and edge: counters are added up. */
function totals(seconds: readonly ActivitySecond[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const second of seconds) {
    for (const [name, value] of Object.entries(second) as [string, unknown][]) {
      if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
    }
    for (const [bucket, count] of second.durationBuckets) {
      sums[`bucket ${bucket}`] = (sums[`bucket ${bucket}`] ?? 0) + count;
    }
  }
  return sums;
}

describe('shares of a capture', () => {
  it.each(captures)('add up to the whole, no session in two of them: %s', async (file) => {
    const whole = await collected(file, undefined);
    for (const count of [2, 3]) {
      const shares: Seen[] = [];
      for (let index = 0; index < count; index++) {
        shares.push(await collected(file, { index, count }));
      }
      expect(addSummaries(shares.map(({ summary }) => summary))).toEqual(whole.summary);
      const homes = shares.flatMap(({ sessions }) => [...new Set(sessions)]);
      expect(homes).toHaveLength(new Set(homes).size);
      expect(new Set(homes)).toEqual(new Set(whole.sessions));
    }
  });

  it('are both filled by a capture with several connections', async () => {
    const demo = join(SCENARIOS, 'demo/demo.pcap.gz');
    for (const index of [0, 1]) {
      const { summary } = await collected(demo, { index, count: 2 });
      expect(summary.events['statement']).toBeGreaterThan(5_000);
    }
  });
});

describe('the seconds of several pipelines', () => {
  it('are those of one, counters and gauges added, when they come within the time they wait', async () => {
    const demo = join(SCENARIOS, 'demo/demo.pcap.gz');
    const whole = await collected(demo, undefined);
    const told: ActivitySecond[] = [];
    const merge = new ActivityMerge(
      (second) => told.push(second),
      () => 0,
    );
    const shares = [0, 1, 2].map((index) => collected(demo, { index, count: 3 }));
    for (const { seconds } of await Promise.all(shares))
      for (const second of seconds) merge.take(second);
    expect(told).toHaveLength(0);
    merge.finish();
    expect(told.length).toBe(new Set(told.map(keyOf)).size);
    const { durationMaxUs: ours, outstandingAgeMaxUs: age, ...sums } = totals(told);
    const {
      durationMaxUs: theirs,
      outstandingAgeMaxUs: theirAge,
      ...wholeSums
    } = totals(oneEach(whole.seconds));
    // Sums over seconds, but for the seconds that are told in two parts, whose greatest is one of both.
    expect([ours, age]).toEqual([theirs, theirAge]);
    delete sums['secondUs'];
    delete wholeSums['secondUs'];
    delete sums['serverPort'];
    delete wholeSums['serverPort'];
    expect(sums).toEqual(wholeSums);
  });

  it('are told when they have waited long enough, and not before', () => {
    let now = 0;
    const told: number[] = [];
    const merge = new ActivityMerge(
      ({ secondUs }) => told.push(secondUs),
      () => now,
    );
    const second = { ...EMPTY, secondUs: 5 };
    merge.take(second);
    now = 3_000;
    merge.take({ ...second, secondUs: 6 });
    merge.look();
    expect(told).toEqual([]);
    now = 4_000;
    merge.look();
    expect(told).toEqual([5]);
    now = 7_000;
    merge.look();
    expect(told).toEqual([5, 6]);
  });

  it('wait in a memory that is bounded: the oldest are told early', () => {
    const told: number[] = [];
    const merge = new ActivityMerge(
      ({ secondUs }) => told.push(secondUs),
      () => 0,
    );
    for (let index = 0; index < 200_003; index++) merge.take({ ...EMPTY, secondUs: index });
    expect(told).toEqual([0, 1, 2]);
  });
});

const keyOf = ({ secondUs, clientAddress, serverAddress, serverPort }: ActivitySecond): string =>
  [secondUs, clientAddress, serverAddress, serverPort].join(' ');

/** Rows of the same second and edge as one, as the store adds them up. */
function oneEach(seconds: readonly ActivitySecond[]): ActivitySecond[] {
  const told: ActivitySecond[] = [];
  const merge = new ActivityMerge(
    (second) => told.push(second),
    () => 0,
  );
  for (const second of seconds) merge.take(second);
  merge.finish();
  return told;
}

const EMPTY: ActivitySecond = {
  secondUs: 0,
  clientAddress: Uint8Array.of(10, 0, 0, 1),
  serverAddress: Uint8Array.of(10, 0, 0, 2),
  serverPort: 5432,
  connectionsOpened: 0,
  connectionsClosed: 0,
  connectionsRefused: 0,
  connectionsOpen: 0,
  connectionsInTransaction: 0,
  requests: 0,
  requestsAnswered: 0,
  answers: 0,
  normal: 0,
  errors: 0,
  commits: 0,
  rollbacks: 0,
  implicitTransactions: 0,
  emptyTransactions: 0,
  explicitRollbacks: 0,
  durationSumUs: 0,
  durationMaxUs: 0,
  durationBuckets: new Map(),
  rowsReturned: 0,
  rowsAffected: 0,
  requestBytes: 0,
  responseBytes: 0,
  lostBytes: 0,
  lostPacketsMin: 0,
  outstanding: 0,
  outstandingAgeMaxUs: 0,
};
