import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClassDescriptions } from '../../src/store/questions/class-descriptions.ts';
import { readClassForecast } from '../../src/store/questions/class-forecast.ts';
import { makeActivity, makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const START_US = 1_790_000_040_000_000;
const END_US = START_US + 3 * HOUR;
const EXTENT = { fromUs: START_US, toUs: END_US };

let temporary: TemporaryStore;
const busy = makeClass(1);
const quiet = makeClass(2);
const gone = makeClass(4);

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    const session = makeSession(1);
    for (let minute = 0; minute < 180; minute++) {
      const tsUs = START_US + minute * MINUTE;
      const tell = (statementClass: typeof busy, durationUs: number) =>
        sink.statement(makeStatement(session, { tsUs, statementClass, durationUs }));
      tell(busy, 300);
      tell(busy, 500);
      if (minute >= 150) tell(quiet, 400);
      if (minute < 100) tell(gone, 9_000);
      const lostBytes = minute === 170 ? 60 : 0;
      sink.activity(
        makeActivity({ secondUs: tsUs, requestBytes: 5_000, responseBytes: 5_000, lostBytes }),
      );
    }
  });
});
afterAll(() => temporary.remove());

it('reads two hours of the classes with the most time in the last, and which minutes lost too much', async () => {
  const window = { fromUs: END_US - 5 * MINUTE, toUs: END_US };
  const facts = await readClassForecast(
    temporary.store,
    window,
    EXTENT,
    {},
    new ClassDescriptions(temporary.store),
  );
  expect(facts.window).toEqual({ fromUs: END_US - 2 * HOUR, toUs: END_US });
  expect(facts.classes).toEqual([
    { fingerprint: busy.fingerprint, normalized: busy.normalized, shareOfTime: 0.8 },
    { fingerprint: quiet.fingerprint, normalized: quiet.normalized, shareOfTime: 0.2 },
  ]);
  const minutes = facts.minutes.filter(({ fingerprint }) => fingerprint === busy.fingerprint);
  expect(minutes).toHaveLength(120);
  expect(minutes[0]).toEqual({
    fingerprint: busy.fingerprint,
    startUs: START_US + HOUR,
    answered: 2,
    durationSumUs: 800,
  });
  expect(facts.lossyMinutesUs).toEqual([START_US + 170 * MINUTE]);
});

it('knows whole minutes of the past only, and only those of the scope', async () => {
  const window = { fromUs: START_US, toUs: START_US + 90 * MINUTE + 30_000_000 };
  const facts = await readClassForecast(
    temporary.store,
    window,
    EXTENT,
    {},
    new ClassDescriptions(temporary.store),
  );
  expect(facts.window.toUs).toBe(START_US + 90 * MINUTE);
  expect(Math.max(...facts.minutes.map(({ startUs }) => startUs))).toBe(START_US + 89 * MINUTE);
  const elsewhere = await readClassForecast(
    temporary.store,
    window,
    EXTENT,
    {
      client: '192.0.2.1',
    },
    new ClassDescriptions(temporary.store),
  );
  expect(elsewhere.classes).toEqual([]);
  expect(elsewhere.minutes).toEqual([]);
});
