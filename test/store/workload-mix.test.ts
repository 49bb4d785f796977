import { afterAll, beforeAll, expect, it } from 'vitest';
import { parametersOf } from '../../src/store/questions/ask.ts';
import { readWorkloadMix } from '../../src/store/questions/workload-mix.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const MINUTE_US = 60_000_000;
const START_US = 1_790_000_040_000_000;
const CLASSES = 33;
const classes = Array.from({ length: CLASSES }, (_, number) => makeClass(number + 1));
let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    const session = makeSession(1);
    for (const [number, statementClass] of classes.entries()) {
      for (const minute of [0, 2]) {
        const tsUs = START_US + minute * MINUTE_US;
        const durationUs = 1_000 * (CLASSES - number) + minute;
        sink.statement(makeStatement(session, { tsUs, statementClass, durationUs }));
      }
    }
  });
});
afterAll(() => temporary.remove());

it('tells the course of the thirty heaviest classes of a server, and of all others as one', async () => {
  const window = { fromUs: START_US, toUs: START_US + 5 * MINUTE_US };
  const courses = await readWorkloadMix(temporary.store, window, parametersOf(window, {}));
  expect(courses).toHaveLength(31);
  expect(courses.map(({ fingerprint }) => fingerprint).sort()).toEqual(
    ['', ...classes.slice(0, 30).map(({ fingerprint }) => fingerprint)].sort(),
  );
  const minutesUs = [START_US, START_US + 2 * MINUTE_US];
  expect(courses[0]).toMatchObject({
    fingerprint: '',
    minutesUs,
    answered: [3, 3],
    durationSumsUs: [6_000, 6_006],
  });
  expect(courses.find(({ fingerprint }) => fingerprint === classes[0]?.fingerprint)).toMatchObject({
    minutesUs,
    answered: [1, 1],
    durationSumsUs: [33_000, 33_002],
  });
});
