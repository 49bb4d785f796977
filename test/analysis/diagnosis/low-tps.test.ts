/** D2: when TPS is low, and whose doing it is, from minutes whose cause is known. */
import { describe, expect, it } from 'vitest';
import { diagnoseLowTps } from '../../../analysis/diagnosis/low-tps.ts';
import { lowTpsFindings } from '../../../analysis/diagnosis/low-tps-findings.ts';
import type { ErrorCauseFacts } from '../../../src/events/error-diagnosis.ts';
import type { EdgeMinute, LowTps } from '../../../src/events/low-tps.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { causeOf } from './error-facts.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const START_US = 1_795_2282_000_000_000;
const SERVER = '10.20.0.5:5432';
const HISTORY = 60;
const WINDOW = 20;
const FROM = 70;
const TO = 80;

/** Ten transactions a second of five requests each, 2 ms a request. */
const USUAL: Omit<EdgeMinute, 'server' | 'client' | 'startUs'> = {
  requests: 3_000,
  requestsAnswered: 3_000,
  answers: 3_000,
  normal: 3_000,
  transactions: 600,
  durationSumUs: 6_000_000,
  floorUs: 200,
  begins: 0,
  beginSumUs: 0,
  ends: 0,
  endSumUs: 0,
  connectionsRefused: 0,
  connectionsOpen: 10,
  outstanding: 2,
  outstandingAgeMaxUs: 5_000,
  bytes: 1_000_000,
  lostBytes: 0,
};

type Change = (index: number, client: string) => Partial<EdgeMinute> | undefined;

/** Eighty minutes of two hosts with what `change` says of each; the last twenty are the window. */
function diagnosed(
  change: Change,
  causes: readonly ErrorCauseFacts[] = [],
  captured = [{ fromUs: START_US, toUs: START_US + (HISTORY + WINDOW) * MINUTE_US }],
): LowTps {
  const minutes = Array.from({ length: HISTORY + WINDOW }, (_, index) =>
    ['10.20.1.17', '10.20.1.18'].flatMap((client) => {
      const changed = change(index, client);
      const startUs = START_US + index * MINUTE_US;
      return changed === undefined
        ? []
        : [{ ...USUAL, server: SERVER, client, startUs, ...changed }];
    }),
  ).flat();
  const window = {
    fromUs: START_US + HISTORY * MINUTE_US,
    toUs: START_US + (HISTORY + WINDOW) * MINUTE_US,
  };
  return diagnoseLowTps(
    { historyFromUs: START_US, judgedFromUs: window.fromUs, minutes, captured },
    causes,
    window,
    { fromUs: START_US, toUs: window.toUs },
  );
}

const during = (index: number): boolean => index >= FROM && index < TO;
const only =
  (changed: Partial<EdgeMinute>): Change =>
  (index) =>
    during(index) ? changed : {};

/** Sums of a load of so many transactions a minute. */
const load = (transactions: number): Partial<EdgeMinute> => ({
  transactions,
  requests: 5 * transactions,
  requestsAnswered: 5 * transactions,
  answers: 5 * transactions,
  normal: 5 * transactions,
  durationSumUs: 10_000 * transactions,
});

describe('the verdict', () => {
  it('is the database where answers take longer and clients wait as long as ever', () => {
    const slow = { ...load(120), durationSumUs: 60_000_000 };
    const { episodes } = diagnosed(only(slow));
    expect(episodes).toEqual([
      {
        server: SERVER,
        fromUs: START_US + FROM * MINUTE_US,
        toUs: null,
        tps: 4,
        usualTps: 20,
        thresholdTps: 10,
        verdict: 'DATABASE',
        confidence: 1,
        because: 'requests come, and their answers take longer than usual',
        orElse: [],
        plainRule: { yield: 1, databaseIsToBlame: false },
        evidence: [
          { name: 'TPS', value: 4, unit: 'per_second', threshold: 10 },
          { name: 'usual TPS', value: 20, unit: 'per_second', threshold: null },
          { name: 'yield', value: 1, unit: 'share', threshold: 0.95 },
          { name: 'requests', value: 20, unit: 'per_second', threshold: null },
          { name: 'usual requests', value: 100, unit: 'per_second', threshold: null },
          { name: 'answered within 10 s', value: 1, unit: 'share', threshold: 0.9 },
          { name: 'mean response time', value: 100_000, unit: 'us', threshold: null },
          { name: 'usual mean response time', value: 2_000, unit: 'us', threshold: null },
          { name: 'shortest answers', value: 200, unit: 'us', threshold: null },
          { name: 'usual shortest answers', value: 200, unit: 'us', threshold: null },
          { name: 'errors of the database itself', value: 0, unit: 'count', threshold: null },
          { name: 'bytes lost by the capture', value: 0, unit: 'share', threshold: 0.005 },
        ],
        sqlstates: [],
        clients: ['10.20.1.17', '10.20.1.18'].map((client) => ({
          client,
          tps: 2,
          usualTps: 10,
          shareOfDrop: 0.5,
          requestsRatio: 0.2,
          responseRatio: 50,
          sign: 'slow',
        })),
      },
    ]);
  });

  it('is the application where its answers take longer and it would ask less without that', () => {
    const late = (transactions: number, meanUs: number): Partial<EdgeMinute> => ({
      ...load(transactions),
      durationSumUs: 5 * transactions * meanUs,
    });
    // Ten requests a second at 20 ms: with its 180 ms back the busiest worker makes 12 of the usual 50; at 92 ms 100 of them.
    expect(diagnosed(only(late(120, 20_000))).episodes).toMatchObject([
      { verdict: 'APPLICATION', confidence: 1, clients: [{ sign: 'asks_less' }, {}] },
    ]);
    expect(diagnosed(only(late(120, 92_000))).episodes).toMatchObject([{ verdict: 'DATABASE' }]);
    // Longer than one worker has time: it has several, and waits.
    expect(diagnosed(only(late(120, 400_000))).episodes).toMatchObject([{ verdict: 'DATABASE' }]);
    // As late as that by the way, and nobody asks.
    expect(diagnosed(only({ ...late(120, 20_000), floorUs: 18_200 })).episodes).toMatchObject([
      { verdict: 'APPLICATION' },
    ]);
  });

  it('is the network where the shortest answers are as late as all others, or the whole machine', () => {
    const late = { ...load(120), durationSumUs: 60_000_000, floorUs: 82_000 };
    expect(diagnosed(only(late)).episodes).toMatchObject([
      { verdict: 'NETWORK', confidence: 1, orElse: ['DATABASE'] },
    ]);
  });

  it('is told by BEGIN and COMMIT where there are any, of all hosts where this one has none', () => {
    // Half of the shortest answers come in time, as where packets are lost and sent again; all are late in the mean.
    const late = { ...load(120), durationSumUs: 60_000_000 };
    const control = (beginUs: number, endUs: number): Partial<EdgeMinute> => ({
      begins: 120,
      beginSumUs: 120 * beginUs,
      ends: 120,
      endSumUs: 120 * endUs,
    });
    const verdictOf = (beginUs: number, endUs: number, given: Partial<EdgeMinute> = {}) =>
      diagnosed((index, client) => ({
        ...(during(index) ? { ...late, ...given } : {}),
        ...(client === '10.20.1.17'
          ? control(during(index) ? beginUs : 200, during(index) ? endUs : 900)
          : {}),
      })).episodes[0]?.verdict;
    expect(verdictOf(82_000, 82_700)).toBe('NETWORK');
    // A driver that sends BEGIN with the first statement, which waits; and a COMMIT that waits for the disk.
    expect(verdictOf(82_000, 900)).toBe('DATABASE');
    expect(verdictOf(200, 82_700)).toBe('DATABASE');
    // Each row that is read takes longer: also the shortest statement, but no BEGIN.
    expect(verdictOf(200, 900, { floorUs: 82_000 })).toBe('DATABASE');
  });

  it('is the database or the way of one host, where all its answers are late and BEGIN of the others is not', () => {
    const slow = { ...load(60), durationSumUs: 60_000_000 };
    const control = { begins: 120, beginSumUs: 24_000, ends: 120, endSumUs: 108_000 };
    const of = (floorUs: number, own: Partial<EdgeMinute> = {}) =>
      diagnosed((index, client) => ({
        ...(client === '10.20.1.17' ? control : own),
        ...(during(index) && client === '10.20.1.18' ? { ...slow, floorUs } : {}),
        ...(during(index) && client === '10.20.1.17' ? load(400) : {}),
      })).episodes;
    expect(of(180_000)).toMatchObject([{ verdict: 'DATABASE', orElse: ['NETWORK'] }]);
    // Some of its answers come in time, or its own BEGIN does: it is its statements.
    expect(of(200)).toMatchObject([{ verdict: 'DATABASE', orElse: [] }]);
    expect(of(180_000, control)).toMatchObject([{ verdict: 'DATABASE', orElse: [] }]);
  });

  it('is the database or the network where nothing is answered', () => {
    const hung = { ...load(0), outstanding: 10, outstandingAgeMaxUs: 30_000_000, floorUs: null };
    expect(diagnosed(only(hung)).episodes).toMatchObject([
      {
        verdict: 'DATABASE',
        orElse: ['NETWORK'],
        because:
          'requests come and nothing is answered: the database hangs, or what it says does not arrive',
        plainRule: { yield: null, databaseIsToBlame: false },
      },
    ]);
  });

  it('is the database alone where it refuses connections', () => {
    const refused = { ...load(0), connectionsRefused: 20, connectionsOpen: 0 };
    expect(diagnosed(only(refused)).episodes).toMatchObject([
      { verdict: 'DATABASE', orElse: [], because: 'connections are refused' },
    ]);
  });

  it('is the database or the application where a host asks less and its logins are refused', () => {
    const gone: Change = (index, client) =>
      during(index) && client === '10.20.1.17' ? undefined : {};
    const refused = (perMinute: number, clients: string[], from = FROM) =>
      causeOf({
        sqlstate: '28000',
        errorClass: 'auth_failure',
        count: 10 * perMinute,
        logins: 10 * perMinute,
        clients,
        minutes: Array.from({ length: TO - from }, (_, index) => ({
          startUs: START_US + (from + index) * MINUTE_US,
          count: perMinute,
        })),
      });
    const half: Change = (index, client) =>
      client === '10.20.1.18' ? load(400) : (gone(index, client) ?? undefined);
    expect(diagnosed(half, [refused(500, ['10.20.1.17'])]).episodes).toMatchObject([
      {
        verdict: 'DATABASE',
        orElse: ['APPLICATION'],
        sqlstates: ['28000'],
        clients: [{ client: '10.20.1.17', sign: 'not_answered' }, {}],
      },
    ]);
    // A few mistyped passwords, those of another host, and those that were so all the hour before.
    for (const cause of [
      refused(2, ['10.20.1.17']),
      refused(500, ['10.20.1.99']),
      refused(500, ['10.20.1.17'], 0),
    ])
      expect(diagnosed(half, [cause]).episodes).toMatchObject([
        { verdict: 'APPLICATION', orElse: [], sqlstates: [] },
      ]);
  });

  it('is the application where fewer requests come and are answered as usual: it says which', () => {
    const { episodes } = diagnosed((index, client) =>
      during(index) ? load(client === '10.20.1.17' ? 20 : 500) : {},
    );
    expect(episodes).toMatchObject([
      {
        verdict: 'APPLICATION',
        orElse: [],
        clients: [
          { client: '10.20.1.17', sign: 'asks_less', shareOfDrop: 580 / 680 },
          { client: '10.20.1.18', sign: 'none', shareOfDrop: 100 / 680 },
        ],
      },
    ]);
    expect(episodes[0]?.confidence).toBeCloseTo(580 / 680, 10);
  });

  it('says of hosts that ask nothing any more that they do not, and not that they ask less', () => {
    const silentBut = (transactions: number) =>
      diagnosed((index, client) =>
        during(index) ? load(client === '10.20.1.17' ? transactions : 500) : {},
      ).episodes[0]?.because;
    expect(silentBut(0)).toBe('it asks nothing any more');
    expect(silentBut(10)).toBe('it asks next to nothing any more');
    expect(silentBut(40)).toBe('fewer requests come, and those that come are answered as usual');
    const both = diagnosed((index) => (during(index) ? load(0) : {})).episodes[0]?.because;
    expect(both).toBe('they ask nothing any more');
  });

  it('is the application where it has gone and the capture goes on', () => {
    expect(diagnosed((index) => (during(index) ? undefined : {})).episodes).toMatchObject([
      { verdict: 'APPLICATION', confidence: 1, tps: 0, plainRule: { yield: null } },
    ]);
  });

  it('is a changed workload where transactions do more, or where nothing explains it', () => {
    expect(diagnosed(only({ transactions: 200 })).episodes).toMatchObject([
      { verdict: 'WORKLOAD_CHANGE', confidence: 1 },
    ]);
  });

  it('is the database where it fails statements with errors of its own', () => {
    const failing = { ...load(100), normal: 300 };
    const full = causeOf({
      sqlstate: '53100',
      errorClass: 'space_full',
      minutes: Array.from({ length: 10 }, (_, index) => ({
        startUs: START_US + (FROM + index) * MINUTE_US,
        count: 400,
      })),
    });
    const usual = causeOf({ minutes: [{ startUs: START_US + FROM * MINUTE_US, count: 9_000 }] });
    expect(diagnosed(only(failing), [full, usual]).episodes).toMatchObject([
      {
        verdict: 'DATABASE',
        sqlstates: ['53100'],
        because: 'the database fails statements with errors of its own',
        plainRule: { yield: 0.6, databaseIsToBlame: true },
      },
    ]);
    expect(diagnosed(only(failing), [usual]).episodes).toMatchObject([{ verdict: 'APPLICATION' }]);
  });

  it('is not the database for errors that are as many as ever while less is asked', () => {
    const failing = (usually: number, now: number) =>
      causeOf({
        sqlstate: '53100',
        errorClass: 'space_full',
        minutes: Array.from({ length: TO }, (_, index) => ({
          startUs: START_US + index * MINUTE_US,
          count: during(index) ? now : usually,
        })),
      });
    const quiet = only(load(100));
    expect(diagnosed(quiet, [failing(120, 120)]).episodes).toMatchObject([
      { verdict: 'APPLICATION', sqlstates: [] },
    ]);
    expect(diagnosed(quiet, [failing(20, 120)]).episodes).toMatchObject([
      { verdict: 'DATABASE', sqlstates: ['53100'] },
    ]);
  });

  it('is the database, or who writes to the wrong one, where writes are refused', () => {
    const refused = causeOf({
      sqlstate: '25006',
      errorClass: 'read_only',
      minutes: [{ startUs: START_US + FROM * MINUTE_US, count: 400 }],
    });
    expect(diagnosed(only(load(100)), [refused]).episodes).toMatchObject([
      { verdict: 'DATABASE', orElse: ['APPLICATION'], sqlstates: ['25006'] },
    ]);
  });

  it('is the capture where it lost enough, and may be where it lost some', () => {
    const lossy = (lostBytes: number) => diagnosed(only({ ...load(100), lostBytes })).episodes[0];
    expect(lossy(400_000)).toMatchObject({ verdict: 'CAPTURE' });
    expect(lossy(400_000)?.confidence).toBeCloseTo((2 / 7) * (6 / 5), 10);
    expect(lossy(20_000)).toMatchObject({ verdict: 'APPLICATION', orElse: ['CAPTURE'] });
    expect(lossy(4_000)).toMatchObject({ verdict: 'APPLICATION', orElse: [] });
  });
});

describe('low', () => {
  it('ends with the first minute that is above seven tenths of the usual', () => {
    const { episodes } = diagnosed((index) => (index >= 65 && index < 70 ? load(100) : {}));
    expect(episodes).toMatchObject([
      { fromUs: START_US + 65 * MINUTE_US, toUs: START_US + 70 * MINUTE_US },
    ]);
  });

  it('is not one minute, nor two', () => {
    for (const minutes of [1, 2]) {
      const short = (index: number) => (index >= 65 && index < 65 + minutes ? load(0) : {});
      expect(diagnosed(short).episodes).toEqual([]);
    }
  });

  it('is not told of minutes that nobody captured, nor before enough is known', () => {
    const gone: Change = (index) => (during(index) ? undefined : {});
    const captured = [{ fromUs: START_US, toUs: START_US + FROM * MINUTE_US }];
    expect(diagnosed(gone, [], captured)).toEqual({ episodes: [], learning: false });
    const late: Change = (index) => (index < 67 ? undefined : during(index) ? load(0) : {});
    expect(diagnosed(late)).toMatchObject({ episodes: [], learning: true });
  });

  it('is told of rotated captures as of one', () => {
    const gone: Change = (index) => (during(index) ? undefined : {});
    const middleUs = START_US + 40.5 * MINUTE_US;
    const captured = [
      { fromUs: middleUs + 100_000, toUs: START_US + 80 * MINUTE_US },
      { fromUs: START_US, toUs: middleUs },
    ];
    expect(diagnosed(gone, [], captured).episodes).toHaveLength(1);
  });

  it.each([
    ['that is steady', 0.15, 0, 0],
    ['that swings by a fifth with autocorrelation 0.9', 0.2, 0.9, 1],
  ])('is not found in a load %s: in 300 windows once at most', (_name, spread, phi, foundMax) => {
    let found = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const levels = autocorrelated(HISTORY + WINDOW, phi, normal(uniform(seed)));
      found += diagnosed((index) => load(Math.round(600 * Math.exp(spread * (levels[index] ?? 0)))))
        .episodes.length;
    }
    expect(found).toBeLessThanOrEqual(foundMax);
  });

  it('is not found in an empty night, whose few transactions come by chance', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = uniform(seed);
      expect(diagnosed(() => load(Math.floor(5 * random()))).episodes).toEqual([]);
    }
  });
});

describe('findings', () => {
  const findingsOf = (change: Change) => lowTpsFindings(diagnosed(change));

  it('are as severe as the verdict concerns who runs the database', () => {
    expect(findingsOf(only({ ...load(120), durationSumUs: 60_000_000 }))).toMatchObject([
      { kind: 'low-tps/database', severity: 'warning', ledger: 'D2', node: SERVER },
    ]);
    expect(
      findingsOf(only({ ...load(0), outstanding: 10, outstandingAgeMaxUs: 30_000_000 })),
    ).toMatchObject([{ kind: 'low-tps/database', severity: 'critical' }]);
    expect(findingsOf(only(load(100)))).toMatchObject([
      { kind: 'low-tps/application', severity: 'notice' },
    ]);
  });

  it('say what cannot be told apart', () => {
    const hung = { ...load(0), outstanding: 10, outstandingAgeMaxUs: 30_000_000 };
    const [finding] = findingsOf(only(hung));
    expect(finding?.summary).toEqual([
      { kind: 'node', text: SERVER },
      { kind: 'text', text: ' ended ' },
      { kind: 'share', value: 0 },
      {
        kind: 'text',
        text: ' of its usual transactions, because of the database or the network: requests come and nothing is answered: the database hangs, or what it says does not arrive.',
      },
    ]);
  });

  it('name the applications that ask less, or in longer transactions', () => {
    const [finding] = findingsOf(only(load(100)));
    const said = finding?.summary.map((part) => ('text' in part ? part.text : String(part.value)));
    const [longer] = findingsOf(only({ transactions: 200 }));
    expect(longer?.summary.map((part) => ('text' in part ? part.text : '')).join('')).toContain(
      ', because of a changed workload of 10.20.1.17 and 10.20.1.18: transactions have',
    );
    expect(said?.join('')).toContain(
      ', because of the applications 10.20.1.17 and 10.20.1.18: fewer requests come',
    );
  });
});
