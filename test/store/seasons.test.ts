import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoredState } from '../../src/events/judgement.ts';
import { storeStates } from '../../src/store/judgements.ts';
import { readClassSeasons } from '../../src/store/questions/class-seasons.ts';
import { readSeasons } from '../../src/store/questions/seasons.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
/** Monday, 2026-11-16, 02:00 UTC. */
const NOW_US = Date.UTC(2026, 10, 16, 2) * 1_000;
const DAY = 24;
const WEEK = 7 * DAY;
const statementClass = makeClass(1);
const session = makeSession(1);
const BAD = [WEEK, 2 * WEEK];
let temporary: TemporaryStore;

/** Each hour before NOW of which anything is known: 20 ms in the batch of Monday, 2 ms otherwise. */
const known = [
  ...[1, 2, 3, 4].map((weeks) => ({ hoursAgo: weeks * WEEK, durationUs: 20_000 })),
  ...[1, 2, 3].map((days) => ({ hoursAgo: days * DAY, durationUs: 2_000 })),
  ...[1, 2, 3, 4].map((hours) => ({ hoursAgo: hours, durationUs: 3_000 })),
];

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    for (const { hoursAgo, durationUs } of known) {
      for (let count = 0; count < 120; count++) {
        // In the last half of two of these Mondays there was an incident.
        const bad = BAD.includes(hoursAgo) && count >= 60;
        const tsUs = NOW_US - hoursAgo * HOUR_US + (count * HOUR_US) / 120;
        const usual = { tsUs, statementClass, durationUs };
        sink.statement(makeStatement(session, bad ? { ...usual, durationUs: 9_000_000 } : usual));
        sink.statement(makeStatement(session, { ...usual, tsUs: tsUs + 1 }));
      }
    }
  });
});
afterAll(() => temporary.remove());

const read = (atUs: number) =>
  readSeasons(temporary.store, { fromUs: atUs, toUs: atUs + HOUR_US }, {});

it('an hour is like the same hour of the weeks before, else of the days, else like any hour; else nothing is known', async () => {
  const [monday] = await read(NOW_US);
  expect(monday).toMatchObject({ basis: 'hour of the week', hours: 4 });
  // Nobody has told of the incidents yet.
  expect(monday?.medianUs).toBeGreaterThan(200_000);
  const [tuesday] = await read(NOW_US + DAY * HOUR_US);
  expect(tuesday).toMatchObject({ basis: 'hour of the day', hours: 4 });
  const [evening] = await read(NOW_US + HOUR_US);
  expect(evening?.basis).toBe('any hour');
  expect(evening?.medianUs).toBeCloseTo(3_000, 6);
  expect(await read(NOW_US - 3 * WEEK * HOUR_US)).toEqual([]);
});

it('incidents do not shift it: the minutes in which the node was not well are left out', async () => {
  const [someone] = await read(NOW_US);
  const states = BAD.map(
    (hoursAgo): StoredState => ({
      node: someone?.node ?? '',
      role: 'server',
      state: 'slow',
      sinceUs: NOW_US - hoursAgo * HOUR_US + HOUR_US / 2,
      untilUs: NOW_US - hoursAgo * HOUR_US + HOUR_US - 1,
      ended: true,
      learning: false,
      evidence: [],
      collector: '',
    }),
  );
  await storeStates(temporary.store, states);
  const [server, client] = await read(NOW_US);
  expect(server).toMatchObject({ role: 'server', hours: 4 });
  expect(server?.medianUs).toBeCloseTo(20_000, 6);
  expect(client?.medianUs).toBeGreaterThan(200_000);
});

it('a class is like itself in hours that are alike, with all their minutes', async () => {
  const of = (atUs: number, fingerprints: readonly string[]) =>
    readClassSeasons(temporary.store, { fromUs: atUs, toUs: atUs + 2 * HOUR_US }, {}, fingerprints);
  const [monday, next, ...more] = await of(NOW_US, [statementClass.fingerprint]);
  expect(more).toEqual([]);
  // 20 ms in two of four Mondays, and (180 times 20 ms and 60 times 9 s) / 240 in the two with an incident.
  expect(monday).toMatchObject({
    fingerprint: statementClass.fingerprint,
    hourUs: NOW_US,
    basis: 'hour of the week',
    hours: 4,
  });
  expect(monday?.medianUs).toBeCloseTo(Math.sqrt(20_000 * 2_265_000), 3);
  expect(next).toMatchObject({ hourUs: NOW_US + HOUR_US, basis: 'any hour' });
  expect(await of(NOW_US, ['00000000000000aa'])).toEqual([]);
  expect(await of(NOW_US, [])).toEqual([]);
});
