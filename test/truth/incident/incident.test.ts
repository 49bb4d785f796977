/** The recorded incident (README.md) as a user meets it: loaded, reported, explained, and every figure asked again. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Explanation, FIGURE_NAMES } from '../../../src/events/explanation.ts';
import type { TimelineEntry } from '../../../src/events/incidents.ts';
import type { Report } from '../../../src/events/report.ts';
import { buildReport } from '../../../analysis/report.ts';
import { runUserQuery } from '../../../src/store/query.ts';
import { readExtent, readWindowFacts } from '../../../src/store/questions/window-facts.ts';
import { openStore, type Store } from '../../../src/store/store.ts';
import { mustRun } from '../../lab/process.ts';
import { temporaryDirectory } from '../../store/temporary-store.ts';

const SERVER = '10.30.5.1:5432';
const [SHOP, BILLING, BATCH] = ['10.30.1.11', '10.30.1.12', '10.30.2.40'];

let directory = '';
let store: Store | undefined;
const run = (...args: readonly string[]) =>
  mustRun(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args, '--data', directory]);

const wordsOf = (parts: TimelineEntry['parts']) =>
  parts.map((part) => ('text' in part ? part.text : String(part.value))).join('');

describe('an incident whose cause is known', () => {
  let report: Report;
  let explanation: Explanation;
  /** Seconds since the recording began. */
  const second = (timeUs: number) => (timeUs - report.extent.fromUs) / 1e6;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await run('load', 'test/truth/incident/incident.pcap.gz');
    // Woken by the outage: twenty seconds before the end of what is stored.
    explanation = JSON.parse(
      await run('explain', '--at', '-20s', '--format', 'json'),
    ) as Explanation;
    store = await openStore({ kind: 'embedded', directory }, { existing: true });
    const extent = await readExtent(store);
    if (extent === undefined) throw new Error('nothing was stored');
    report = buildReport(await readWindowFacts(store, extent));
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('is one incident from the lock to the recovery, with the nodes that suffered', () => {
    const [incident, ...more] = report.incidents;
    expect(more).toEqual([]);
    expect(incident?.severity).toBe('critical');
    expect(second(incident?.sinceUs ?? 0)).toBeGreaterThan(29.9);
    expect(second(incident?.sinceUs ?? 0)).toBeLessThan(31);
    expect(incident?.untilUs).not.toBeNull();
    const nodes = incident?.nodes.map(({ node }) => node);
    expect(nodes?.[0]).toBe(SERVER);
    expect(nodes).toEqual(expect.arrayContaining([SHOP, BILLING]));
  });

  it('began with the lock, not with the crash', () => {
    const onset = second(explanation.incident?.firstCause.onsetUs ?? 0);
    expect(onset).toBeGreaterThan(29.9);
    expect(onset).toBeLessThan(31);
    expect(wordsOf(explanation.incident?.firstCause.finding.summary ?? [])).toContain(BATCH);
    expect(explanation.fault.who).toBe('application');
    expect(wordsOf(explanation.fault.parts)).toContain(BATCH);
  });

  it('has a timeline with the crash and the restart at their times, and the index before', () => {
    const incident = explanation.incident;
    const at = (kind: TimelineEntry['kind']) =>
      incident?.timeline.filter((entry) => entry.kind === kind).map(({ atUs }) => second(atUs));
    const [lost] = at('connections_lost') ?? [];
    expect(lost).toBeGreaterThan(45);
    expect(lost).toBeLessThan(47.5);
    const [back] = at('connections_back') ?? [];
    expect(back).toBeGreaterThan(51);
    expect(back).toBeLessThan(58);
    const index = incident?.context.find(({ kind }) => kind === 'ddl');
    expect(wordsOf(index?.parts ?? [])).toContain('CREATE INDEX accounts_owner');
    expect(second(index?.atUs ?? 0)).toBeCloseTo(20.5, 0);
  });

  /** What `mirrorsql query` prints. */
  async function queried(sql: string): Promise<Record<string, unknown>[]> {
    if (store === undefined) throw new Error('the store is not open');
    return JSON.parse(await runUserQuery(store, sql, 'json')) as Record<string, unknown>[];
  }

  it('is told with figures that each command prints again', async () => {
    for (const told of [explanation.before, explanation.during]) {
      const [row] = await queried(told?.sql ?? '');
      for (const [field] of FIGURE_NAMES) {
        const value = row?.[field];
        expect(value === null ? null : Number(value), field).toBe(told?.figures[field]);
      }
    }
    const { before, during } = explanation;
    expect(during.figures.transactionsPerSecond).toBeLessThan(
      (before?.figures.transactionsPerSecond ?? 0) / 2,
    );
    expect(before?.figures.unanswered).toBe(0);
    // All eight connections of the applications waited when the server was killed.
    expect(during.figures.unanswered).toBe(8);
    expect(during.figures.waitMaxUs).toBeGreaterThan(14e6);
    for (const { sql } of explanation.evidence) {
      const rows = await queried(sql ?? '');
      expect(rows.length).toBeGreaterThan(0);
    }
  });
});
