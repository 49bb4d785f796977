/** Classes of statements and single executions, of windows that the events, the minutes or the hours answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/core/histogram.ts';
import { Status, type StatementEvent } from '../../src/events/events.ts';
import type { Session } from '../../src/events/session.ts';
import { readExecutions, readSlowest } from '../../src/store/questions/executions.ts';
import { classStepUsFor, stepUsFor } from '../../src/store/questions/steps.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeWorkload } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
/** Not at the beginning of a minute, so that windows have ragged ends. */
const START_US = 1_790_000_013_500_000;

interface Seen {
  readonly tsUs: number;
  readonly fingerprint: string;
  readonly status: Status;
  readonly durationUs: number;
  readonly session: Session;
  readonly responseBytes: number;
  readonly rowsReturned: number;
  readonly rowsAffected: number;
}

let temporary: TemporaryStore;
const seen: Seen[] = [];

beforeAll(async () => {
  temporary = await temporaryStore();
  // Four hours at two statements a second: long enough for the rollup to be read.
  await fillStore(temporary, (sink) => {
    const remember = {
      statement: (event: StatementEvent) => {
        seen.push({
          tsUs: event.tsUs,
          fingerprint: event.statementClass?.fingerprint ?? '',
          status: event.status,
          durationUs: event.durationUs,
          session: event.session,
          responseBytes: event.responseBytes,
          rowsReturned: event.rowsReturned,
          rowsAffected: event.rowsAffected,
        });
        sink.statement(event);
      },
      transactionEnd: sink.transactionEnd.bind(sink),
      sessionEvent: sink.sessionEvent.bind(sink),
      activity: sink.activity.bind(sink),
    };
    makeWorkload(21, START_US, 2).feed(remember, 30_000);
  });
});
afterAll(() => temporary.remove());

const serverOf = (session: Session): string => `10.0.1.1:${session.serverPort}`;
const clientOf = (session: Session): string => session.clientAddress.subarray(12).join('.');

describe('classes over a window', () => {
  const cases = [
    ['a short one, read from the events', START_US + HOUR, START_US + HOUR + 777 * SECOND],
    [
      'a long one with ragged ends, read from the rollup',
      START_US + 11 * SECOND,
      START_US + 3 * HOUR + 29 * SECOND,
    ],
    ['all of it', START_US - HOUR, START_US + 9 * HOUR],
  ] as const;

  it.each(cases)('are what one counts by hand: %s', async (_name, fromUs, toUs) => {
    const facts = await readWindowFacts(temporary.store, { fromUs, toUs });
    const inside = seen.filter(({ tsUs }) => tsUs >= fromUs && tsUs < toUs);
    expect(inside.length).toBeGreaterThan(1_000);
    const calls = new Map<string, Seen[]>();
    for (const one of inside)
      calls.set(one.fingerprint, [...(calls.get(one.fingerprint) ?? []), one]);
    expect(facts.classes.length).toBe(calls.size);
    for (const row of facts.classes) {
      const mine = calls.get(row.fingerprint) ?? [];
      const durations = new Map<number, number>();
      for (const { durationUs } of mine) {
        durations.set(bucketOf(durationUs), (durations.get(bucketOf(durationUs)) ?? 0) + 1);
      }
      const sum = (value: (one: Seen) => number): number =>
        mine.reduce((total, one) => total + Math.max(0, value(one)), 0);
      expect(row).toMatchObject({
        calls: mine.length,
        errors: mine.filter(({ status }) => status === Status.Error).length,
        unanswered: 0,
        answered: mine.length,
        durationSumUs: sum((one) => one.durationUs),
        durationMaxUs: Math.max(...mine.map((one) => one.durationUs)),
        rowsReturned: sum((one) => one.rowsReturned),
        rowsAffected: sum((one) => one.rowsAffected),
        responseBytes: sum((one) => one.responseBytes),
        firstUs: Math.min(...mine.map((one) => one.tsUs)),
        lastUs: Math.max(...mine.map((one) => one.tsUs)),
      });
      expect(new Map([...row.durations].sort())).toEqual(new Map([...durations].sort()));
      expect(row.normalized).toMatch(/^(SELECT|UPDATE) /);
    }
    const [top] = facts.classes;
    const course = facts.classSteps.filter(({ fingerprint }) => fingerprint === top?.fingerprint);
    expect(course.reduce((total, step) => total + step.answered, 0)).toBe(top?.answered);
    expect(course.reduce((total, step) => total + step.durationSumUs, 0)).toBe(top?.durationSumUs);
    expect(new Set(course.map(({ startUs }) => startUs)).size).toBe(course.length);
  });

  it('can be narrowed to a client, to a server, and to what does not exist', async () => {
    const window = { fromUs: START_US, toUs: START_US + 4 * HOUR };
    const one = seen[0] as Seen; // Thirty thousand were fed.
    const scope = { client: clientOf(one.session), server: serverOf(one.session) };
    const facts = await readWindowFacts(temporary.store, window, scope);
    const total = facts.classes.reduce((sum, { calls }) => sum + calls, 0);
    const inside = seen.filter(
      ({ tsUs, session }) => tsUs < window.toUs && clientOf(session) === scope.client,
    );
    expect(total).toBe(inside.length);
    expect(facts.slowest.every(({ client }) => client === scope.client)).toBe(true);
    const nothing = await readWindowFacts(temporary.store, window, { server: '10.0.1.1:1' });
    expect(nothing.classes).toEqual([]);
  });
});

describe('executions', () => {
  it.each([
    ['of whole minutes and ragged ends', START_US, START_US + 2 * HOUR, {}, 20],
    ['of so many hours that the rollup by hour is asked', START_US, START_US + 9 * HOUR, {}, 20],
    ['of hours with fewer classes than are asked for', START_US, START_US + 9 * HOUR, {}, 500],
    ['of seconds within a minute', START_US + SECOND, START_US + 20 * SECOND, {}, 20],
    ['of one client', START_US, START_US + 3 * HOUR, { client: '10.0.0.1' }, 7],
    ['of more than classes and minutes', START_US, START_US + 70 * SECOND, {}, 500],
    ['of a server that is not there', START_US, START_US + HOUR, { server: '9.9.9.9:1' }, 20],
  ])('the slowest %s are those of reading all', async (_, fromUs, toUs, scope, limit) => {
    const window = { fromUs, toUs };
    const all = await readExecutions(temporary.store, window, { ...scope, limit });
    expect(await readSlowest(temporary.store, window, scope, limit)).toEqual(all);
  });

  it('come slowest first and can be narrowed', async () => {
    const window = { fromUs: START_US, toUs: START_US + HOUR };
    const inside = seen.filter(({ tsUs }) => tsUs < window.toUs);
    const slowest = await readExecutions(temporary.store, window, { limit: 5 });
    const durations = inside.map(({ durationUs }) => durationUs).sort((a, b) => b - a);
    expect(slowest.map(({ durationUs }) => durationUs)).toEqual(durations.slice(0, 5));
    const failed = await readExecutions(temporary.store, window, {
      sqlstate: '23505',
      limit: 1_000,
    });
    expect(failed.length).toBe(inside.filter(({ status }) => status === Status.Error).length);
    expect(failed[0]).toMatchObject({
      status: 'error',
      sqlstate: '23505',
      user: expect.stringMatching(/^app/) as string,
    });
    const one = inside[7] as Seen; // An hour holds thousands.
    const ofSession = await readExecutions(temporary.store, window, {
      sessionId: one.session.id,
      limit: 1_000,
    });
    expect(ofSession.length).toBe(
      inside.filter(({ session }) => session.id === one.session.id).length,
    );
    const ofClass = await readExecutions(temporary.store, window, {
      fingerprint: one.fingerprint,
      limit: 1_000,
    });
    expect(ofClass.every(({ fingerprint }) => fingerprint === one.fingerprint)).toBe(true);
    expect(ofClass.length).toBeGreaterThan(0);
  });
});

it('shows the course of classes by the minute from half an hour on', () => {
  const lengths = [60, 900, 1_799, 1_800, 3_600, 86_400];
  const steps = lengths.map(
    (seconds) => classStepUsFor({ fromUs: 0, toUs: seconds * SECOND }) / SECOND,
  );
  expect(steps).toEqual([1, 5, 10, 60, 60, 300]);
});

it('cuts a window into at most 300 steps of a round length', () => {
  const lengths = [0, 1, 299, 300, 301, 3_600, 86_400, 7 * 86_400, 365 * 86_400, 20 * 365 * 86_400];
  const steps = lengths.map((seconds) => stepUsFor({ fromUs: 0, toUs: seconds * SECOND }) / SECOND);
  expect(steps).toEqual([1, 1, 1, 1, 2, 15, 300, 3_600, 2 * 86_400, 25 * 86_400]);
});
