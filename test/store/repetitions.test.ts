/** N+1: what is counted of runs while statements are stored, and what the store answers of it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Status, UNKNOWN, type StatementEvent } from '../../src/events/events.ts';
import { Quality } from '../../src/events/quality.ts';
import type { StatementClass } from '../../src/events/statement-class.ts';
import { loadDescriber } from '../../src/sql/describe.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { newRun, type RepetitionCount, Repetitions } from '../../src/store/repetitions.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { ipv4, makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

/** The beginning of a minute. */
const START_US = 1_790_000_040_000_000;
const MINUTE_US = 60_000_000;
const list = makeClass(1, { normalized: 'SELECT id FROM items WHERE owner = ?' });
const one = makeClass(2, { normalized: 'SELECT title FROM items WHERE id = ?' });
const other = makeClass(4, { normalized: 'SELECT now ( )' });
const write = makeClass(3);
const begin = makeClass(900, { normalized: 'BEGIN', command: 'BEGIN', kind: 'transaction' });
const session = makeSession(1, { clientAddress: ipv4(10, 0, 0, 7) });
const ADDRESSES = { client: '10.0.0.7', server: '10.0.1.1' };

/** Statements one after the other, each a millisecond of asking and one of waiting. */
class Asked {
  readonly told: RepetitionCount[] = [];
  readonly repetitions: Repetitions;
  readonly run = newRun();
  tsUs = START_US;

  constructor(pairsMax?: number) {
    this.repetitions = new Repetitions((count) => this.told.push(count), pairsMax);
  }

  say(statementClass: StatementClass, times: number, fields: Partial<StatementEvent> = {}): this {
    for (let time = 0; time < times; time++) {
      this.repetitions.statement(
        this.run,
        makeStatement(session, {
          ...{ tsUs: this.tsUs, statementClass, durationUs: 1_000, rowsReturned: 1, ...fields },
        }),
        ADDRESSES,
      );
      this.tsUs += 2_000;
    }
    return this;
  }

  counts(): RepetitionCount[] {
    this.repetitions.end(this.run, 5432, ADDRESSES);
    this.repetitions.flush();
    return this.told;
  }
}

const listed = (rows: number): Partial<StatementEvent> => ({ rowsReturned: rows });

describe('a run', () => {
  it('is as many executions of one class behind a list as it had rows', () => {
    const asked = new Asked().say(list, 1, listed(10)).say(one, 10).say(list, 1, listed(20));
    expect(asked.say(one, 16).counts()).toEqual([
      {
        minuteSeconds: START_US / 1_000_000,
        addresses: ADDRESSES,
        serverPort: 5432,
        leadingFingerprint: list.fingerprint,
        fingerprint: one.fingerprint,
        runs: 2,
        matchedRuns: 2,
        executions: 26,
        durationSumUs: 26_000,
        elapsedSumUs: 19_000 + 31_000,
        executionsMax: 16,
      },
    ]);
  });

  it('does not match the rows when it is longer, or more than a fifth shorter', () => {
    const asked = new Asked().say(list, 1, listed(10)).say(one, 11);
    asked.say(list, 1, listed(10)).say(one, 7);
    expect(asked.counts()).toMatchObject([{ runs: 2, matchedRuns: 0, executions: 0 }]);
  });

  it('goes on across BEGIN and COMMIT', () => {
    const asked = new Asked().say(list, 1, listed(6));
    for (let row = 0; row < 6; row++) asked.say(begin, 1).say(one, 1).say(begin, 1);
    expect(asked.counts()).toMatchObject([{ matchedRuns: 1, executions: 6 }]);
  });

  it.each([
    ['behind one row, as a loop over lines that the application has itself', 1, {}],
    ['of four executions', 4, {}],
    ['of writes', 8, { statementClass: write }],
    ['of failures', 8, { status: Status.Error }],
    ['of what was captured in part', 8, { quality: Quality.GapResponse }],
    ['of statements whose class is not known', 8, { statementClass: undefined }],
  ])('is none %s', (_, rows, fields) => {
    const asked = new Asked().say(list, 1, listed(rows));
    expect(asked.say(one, rows === 1 ? 10 : rows, fields).counts()).toEqual([]);
  });

  it('is none when something stands between, or a pause, or the list did not tell its rows', () => {
    expect(new Asked().say(list, 1, listed(8)).say(write, 1).say(one, 8).counts()).toEqual([]);
    expect(new Asked().say(list, 1, listed(UNKNOWN)).say(one, 8).counts()).toEqual([]);
    const paused = new Asked().say(list, 1, listed(8));
    paused.tsUs += 100_000;
    expect(paused.say(one, 8).counts()).toEqual([]);
    const slowly = new Asked().say(list, 1, listed(8)).say(one, 4);
    slowly.tsUs += 100_000;
    expect(slowly.say(one, 4).counts()).toEqual([]);
  });

  it('is not found in orders whose lines are read and written in turn', () => {
    const asked = new Asked();
    for (let order = 0; order < 20; order++) {
      asked.say(list, 1, listed(1));
      for (let line = 0; line < 10; line++) asked.say(one, 1).say(other, 1).say(write, 1);
    }
    expect(asked.counts()).toEqual([]);
  });
});

it('is told when its minute is over, and once', () => {
  const asked = new Asked().say(list, 1, listed(8)).say(one, 8).say(other, 1);
  asked.repetitions.advance(START_US + MINUTE_US - 1);
  expect(asked.told).toEqual([]);
  asked.repetitions.advance(START_US + MINUTE_US);
  expect(asked.told).toMatchObject([{ minuteSeconds: START_US / 1_000_000, matchedRuns: 1 }]);
  expect(asked.counts()).toHaveLength(1);
});

it('counts no more pairs in a minute than it may, and says how many runs it left out', () => {
  const asked = new Asked(1).say(list, 1, listed(8)).say(one, 8);
  asked.say(list, 1, listed(8)).say(other, 8).say(list, 1, listed(8)).say(one, 8);
  expect(asked.counts()).toMatchObject([{ fingerprint: one.fingerprint, matchedRuns: 2 }]);
  expect(asked.repetitions.dropped).toBe(1);
});

it('is counted by the sink that stores it, also what it left out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorsql-repetitions-'));
  mkdirSync(join(folder, 'segments'));
  const sink = new SegmentSink({
    directory: folder,
    describe: await loadDescriber(),
    onSealed: () => undefined,
  });
  let tsUs = START_US;
  const say = (statementClass: StatementClass, rowsReturned: number): void => {
    sink.statement(makeStatement(session, { tsUs, statementClass, durationUs: 100, rowsReturned }));
    tsUs += 1_000;
  };
  // Of one minute 2,000 pairs are told; each class behind itself and the next makes one.
  for (let number = 0; number < 2_002; number++) {
    tsUs = START_US + number;
    const pair = makeClass(10 + number, { kind: 'select', normalized: `SELECT ${number}` });
    for (let time = 0; time < 5; time++) say(pair, 5);
  }
  say(other, 1);
  expect(sink.dropped()).toEqual({ repetition_pairs: 1, transaction_types: 0, session_notes: 0 });
  await sink.settled();
  rmSync(folder, { recursive: true });
});

describe('the store', () => {
  let temporary: TemporaryStore;
  beforeAll(async () => {
    temporary = await temporaryStore();
    await fillStore(temporary, (sink) => {
      for (let page = 0; page < 3; page++) {
        let tsUs = START_US + page * MINUTE_US;
        const say = (statementClass: StatementClass, rowsReturned: number): void => {
          const text = new TextEncoder().encode(statementClass.normalized);
          sink.statement(
            makeStatement(session, { tsUs, statementClass, text, rowsReturned, durationUs: 1_000 }),
          );
          tsUs += 2_000;
        };
        say(list, 6);
        for (let row = 0; row < 6; row++) say(one, 1);
        say(other, 1);
      }
    });
  }, 60_000);
  afterAll(() => temporary.remove());

  const window = { fromUs: START_US, toUs: START_US + 3 * MINUTE_US };

  it('adds minutes up, with the texts of both classes', async () => {
    const { repetitions } = await readWindowFacts(temporary.store, window);
    expect(repetitions).toEqual([
      {
        client: '10.0.0.7',
        server: '10.0.1.1:5432',
        leadingFingerprint: list.fingerprint,
        leadingNormalized: list.normalized,
        fingerprint: one.fingerprint,
        normalized: one.normalized,
        runs: 3,
        matchedRuns: 3,
        executions: 18,
        executionsMax: 6,
        durationSumUs: 18_000,
        elapsedSumUs: 33_000,
        firstUs: START_US,
        lastUs: START_US + 3 * MINUTE_US,
      },
    ]);
    expect(
      await rowsOf(
        temporary.store,
        'SELECT sum(runs) AS runs, sum(executions) AS executions FROM repetition_1m',
      ),
    ).toEqual([{ runs: 3, executions: 18 }]);
  });

  it('tells only what the window and the scope hold', async () => {
    const minute = { fromUs: START_US, toUs: START_US + MINUTE_US };
    const { repetitions } = await readWindowFacts(temporary.store, minute);
    expect(repetitions).toMatchObject([{ runs: 1, executions: 6 }]);
    const others = await readWindowFacts(temporary.store, window, { client: '10.0.0.8' });
    expect(others.repetitions).toEqual([]);
  });
});
