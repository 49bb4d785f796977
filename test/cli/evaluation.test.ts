import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAnalysisSettings } from '../../analysis/settings.ts';
import { Evaluation, evaluateStored } from '../../src/cli/evaluation/evaluation.ts';
import { bucketOf } from '../../src/core/histogram.ts';
import { readStoredFindings, readStoredStates } from '../../src/store/questions/judgements.ts';
import { runUserQuery } from '../../src/store/query.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { ipv4, makeActivity } from '../store/synthetic.ts';
import { numberOf, rowsOf, temporaryDirectory } from '../store/temporary-store.ts';

const SECOND = 1_000_000;
const START_US = 1_790_000_000_000_000;
const atUs = (second: number): number => START_US + second * SECOND;
/** The database hangs from here for a minute. */
const HANG_AT = 400;
const ALL = { fromUs: START_US, toUs: atUs(2_000) };
const SERVER = '10.0.1.1:5432';

/** Twenty statements of 2 ms a second; in the hang they wait. */
async function feed(store: Store, from: number, to: number): Promise<void> {
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => writer.enqueue(segment),
  });
  for (let second = from; second < to; second++) {
    const hangs = second >= HANG_AT && second < HANG_AT + 60;
    const requests = hangs && second > HANG_AT ? 0 : 20;
    const answers = hangs ? 0 : 20;
    sink.activity(
      makeActivity({
        secondUs: atUs(second),
        clientAddress: ipv4(10, 0, 0, 1),
        ...{ requests, answers, normal: answers, requestsAnswered: answers },
        ...{ connectionsOpen: 20, durationSumUs: answers * 2_000 },
        durationBuckets: new Map(answers > 0 ? [[bucketOf(2_000), answers]] : []),
        ...(hangs ? { outstanding: 20, outstandingAgeMaxUs: (second - HANG_AT + 1) * SECOND } : {}),
      }),
    );
  }
  sink.seal();
  await sink.settled();
  await writer.flush();
}

const keys =
  'SELECT role, node, collector, toString(since_ts) AS since FROM states FINAL ORDER BY 1, 2, 3, 4';

describe('analysis that watches', () => {
  const directories: string[] = [];
  let store: Store;
  const open = async (collector: string, directory?: string): Promise<Store> => {
    const place = directory ?? (await temporaryDirectory());
    if (directory === undefined) directories.push(place);
    return await openStore({ kind: 'embedded', directory: place }, { collector });
  };
  beforeAll(async () => {
    store = await open('east');
    await feed(store, 0, 700);
  });
  afterAll(async () => {
    await store.close();
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
  });

  it('stores what it says of a stretch that was loaded, and nothing twice when it is judged again', async () => {
    await evaluateStored(store, defaultAnalysisSettings, { fromUs: START_US, toUs: atUs(700) });
    const states = await readStoredStates(store, ALL);
    const server = states.filter(({ node }) => node === SERVER);
    expect(server.map(({ state, ended, collector }) => [state, ended, collector])).toEqual([
      ['healthy', true, 'east'],
      ['hang', true, 'east'],
      ['healthy', false, 'east'],
    ]);
    const [before, hang, after] = server;
    expect(before?.sinceUs).toBe(START_US);
    expect(hang?.sinceUs).toBe(before?.untilUs);
    expect(after?.untilUs).toBe(atUs(700));
    const findings = await readStoredFindings(store, ALL);
    const found = findings.find(({ kind }) => kind === 'state/hang');
    expect(found).toMatchObject({ ledger: 'H1', severity: 'critical', node: SERVER });
    expect(found?.evidence).toEqual(hang?.evidence);
    const rows = await rowsOf(store, keys);
    const told = await numberOf(store, '(SELECT count() FROM findings FINAL)');
    await evaluateStored(store, defaultAnalysisSettings, { fromUs: START_US, toUs: atUs(700) });
    expect(await rowsOf(store, keys)).toEqual(rows);
    expect(await numberOf(store, '(SELECT count() FROM findings FINAL)')).toBe(told);
    expect(await readStoredStates(store, ALL)).toEqual(states);
  });

  it('lets a person read each number with a query, and find it in the activity', async () => {
    const [row] = await rowsOf<{
      says: string;
      name: string;
      value: number;
      threshold: number;
      at: string;
    }>(
      store,
      `SELECT f.says AS says, e.name AS name, e.value AS value, e.threshold AS threshold, toString(toDateTime(f.since_ts)) AS at
       FROM findings AS f FINAL ARRAY JOIN f.evidence AS e WHERE f.kind = 'state/hang' AND e.unit = 'us'`,
    );
    expect(row).toMatchObject({
      says: `${SERVER} hung.`,
      name: 'oldest request without an answer',
      threshold: 5_000_000,
    });
    const seen = await numberOf(
      store,
      `(SELECT max(outstanding_age_max_us) FROM activity_1s WHERE t < toDateTime('${row?.at}', 'UTC'))`,
    );
    expect(row?.value).toBe(seen);
    const answer = await runUserQuery(
      store,
      "SELECT node, state, evidence FROM states FINAL WHERE state = 'hang'",
      'table',
    );
    expect(answer).toContain('oldest request without an answer');
  });

  it('judges a live capture as it comes, and goes on after a restart', {
    timeout: 120_000,
  }, async () => {
    let live = await open('west');
    try {
      await feed(live, 0, 430);
      await new Evaluation(live, defaultAnalysisSettings).advance();
      // Nothing was known: what is told begins here, in the hang, five seconds behind.
      const first = await readStoredStates(live, ALL);
      expect(first.map(({ node, state, sinceUs }) => [node, state, sinceUs])).toContainEqual([
        SERVER,
        'hang',
        atUs(415),
      ]);
      await live.close();
      live = await open('west', directories.at(-1));
      await feed(live, 430, 700);
      const again = new Evaluation(live, defaultAnalysisSettings);
      await again.advance();
      await feed(live, 700, 800);
      await again.advance(true);
      const states = (await readStoredStates(live, ALL)).filter(({ node }) => node === SERVER);
      expect(states.map(({ state, ended }) => [state, ended])).toEqual([
        ['hang', true],
        ['healthy', false],
      ]);
      expect(states[0]?.sinceUs).toBe(atUs(415));
      expect(states[0]?.untilUs).toBe(states[1]?.sinceUs);
      expect(states[1]?.untilUs).toBe(atUs(800));
      const findings = await readStoredFindings(live, ALL);
      expect(findings.map(({ kind }) => kind)).toContain('state/hang');
      const hang = findings.filter(({ kind, node }) => kind === 'state/hang' && node === SERVER);
      expect(hang).toHaveLength(1);
      expect(hang[0]?.untilUs).not.toBeNull();
    } finally {
      await live.close();
    }
  });
});
