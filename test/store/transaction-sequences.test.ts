import { describe, expect, it } from 'vitest';
import { bucketStartUs } from '../../src/core/histogram.ts';
import { Status, type StatementEvent } from '../../src/events/events.ts';
import type { StatementClass } from '../../src/events/statement-class.ts';
import {
  newSequence,
  type SequenceBounds,
  type StepCount,
  TransactionSequences,
  UNKNOWN_TYPE,
} from '../../src/store/transaction-sequences.ts';
import { makeClass, makeSession, makeStatement, makeTransactionEnd } from './synthetic.ts';
import { HOUR_US } from '../../src/core/time.ts';

const START_US = 1_790_000 * 1_000_000_000;
const session = makeSession(1);
const begin = makeClass(900, { kind: 'transaction', normalized: 'BEGIN' });
const classes = new Map<string, StatementClass>(
  [...'abcdefghijklmnopqrstuvwxyz'].map((letter, index) => [letter, makeClass(index)]),
);

function letters(fingerprints: string): string {
  let text = fingerprints;
  for (const [letter, { fingerprint }] of classes) text = text.replaceAll(fingerprint, letter);
  return text;
}

class Played {
  readonly told = new Map<string, string>();
  readonly steps: StepCount[] = [];
  readonly #open = newSequence();
  readonly sequences: TransactionSequences;
  #id = 0;

  constructor(bounds: Partial<SequenceBounds> = {}) {
    this.sequences = new TransactionSequences(
      {
        type: (type, statements) => this.told.set(type, letters(statements.join(''))),
        // Histograms are the sequences' own.
        step: (step) =>
          this.steps.push({ ...step, stays: new Map(step.stays), lefts: new Map(step.lefts) }),
      },
      bounds,
    );
  }

  statement(statementClass: StatementClass | undefined, fields: Partial<StatementEvent> = {}) {
    const event = makeStatement(session, {
      tsUs: START_US,
      statementClass,
      transactionId: this.#id,
      ...fields,
    });
    this.sequences.statement(this.#open, event, '10.0.1.1');
  }

  /** BEGIN, one statement a letter, COMMIT or ROLLBACK. @returns the type */
  transaction(
    text: string,
    end: Partial<Parameters<typeof makeTransactionEnd>[1]> = {},
    fields: Partial<StatementEvent> = {},
  ): string {
    this.#id++;
    this.statement(begin);
    for (const letter of text) this.statement(classes.get(letter), fields);
    return this.sequences.end(
      this.#open,
      makeTransactionEnd(session, {
        transactionId: this.#id,
        statements: text.length,
        implicit: false,
        endUs: START_US,
        ...end,
      }),
    );
  }

  /** BEGIN answered at 0 ms, a statement for each answer, the end, all in milliseconds. */
  timed(
    text: string,
    answeredMs: readonly number[],
    endMs: number,
    end: Partial<Parameters<typeof makeTransactionEnd>[1]> = {},
  ): void {
    this.#id++;
    const at = (ms: number) => ({ tsUs: START_US + ms * 1_000 - 500, durationUs: 500 });
    this.statement(begin, at(0));
    for (const [index, letter] of [...text].entries())
      this.statement(classes.get(letter), at(answeredMs[index] ?? 0));
    this.sequences.end(
      this.#open,
      makeTransactionEnd(session, {
        transactionId: this.#id,
        statements: text.length,
        implicit: false,
        endUs: START_US + endMs * 1_000,
        ...end,
      }),
    );
  }

  /** Stays, lefts and commits by step, durations in milliseconds as far as buckets tell. */
  times(): Record<string, string> {
    this.sequences.flush();
    const inMs = (histogram: StepCount['stays']): string =>
      [...histogram]
        .map(([bucket, count]) => `${String(count)}x${(bucketStartUs(bucket) / 1_000).toFixed(0)}`)
        .join('+');
    return Object.fromEntries(
      this.steps.map(({ context, next, stays, lefts, commits }) => [
        `${letters(context)}>${letters(next)}`,
        `${inMs(stays)} ${inMs(lefts)} ${String(commits)}`,
      ]),
    );
  }

  counts(): Record<string, number> {
    this.sequences.flush();
    const counts: Record<string, number> = {};
    for (const { context, next, count } of this.steps) {
      const key = `${letters(context)}>${letters(next)}`;
      counts[key] = (counts[key] ?? 0) + count;
    }
    return counts;
  }
}

describe('types of transactions', () => {
  it('are one for every number of turns of a loop, whatever the end, and are told once an hour', () => {
    const played = new Played();
    const type = played.transaction('abcc');
    expect(type).toMatch(/^[0-9a-f]{16}$/);
    expect(played.transaction('abccccc')).toBe(type);
    expect(played.transaction('abc', { outcome: 'rollback' })).toBe(type);
    expect(played.transaction('acb')).not.toBe(type);
    expect([...played.told.values()]).toEqual(['abc', 'acb']);
    played.told.clear();
    played.transaction('abc', { endUs: START_US + HOUR_US });
    expect([...played.told.values()]).toEqual(['abc']);
  });

  it('have one for transactions without a statement', () => {
    const played = new Played();
    const type = played.transaction('');
    expect(played.told).toEqual(new Map([[type, '']]));
    expect(type).not.toBe(UNKNOWN_TYPE);
  });

  it.each([
    ['a statement is missing', { statements: 3 }, {}],
    ['bytes of a statement are missing', {}, { quality: 1 }],
    ['bytes of its end are missing', { quality: 4 }, {}],
    ['the text of a statement is not known', {}, { statementClass: undefined }],
  ])('are not known when %s', (_name, end, fields) => {
    const played = new Played();
    expect(played.transaction('ab', end, fields)).toBe(UNKNOWN_TYPE);
    expect(played.told.size).toBe(0);
  });

  it('do not count statements that were skipped behind an error', () => {
    const played = new Played();
    const type = played.transaction('ab');
    played.statement(classes.get('c'), { status: Status.Skipped, transactionId: 2 });
    expect(played.transaction('ab')).toBe(type);
  });

  it('beyond the bound of an hour are all one', () => {
    const played = new Played({ typesMax: 2 });
    played.transaction('a');
    played.transaction('b');
    expect(played.transaction('c')).toBe('ffffffffffffffff');
    expect(played.transaction('d')).toBe('ffffffffffffffff');
    expect(played.sequences.typesDroppedCount).toBe(2);
    expect(played.transaction('c', { endUs: START_US + HOUR_US })).not.toBe('ffffffffffffffff');
  });
});

describe('steps of transactions', () => {
  it('count what came behind the last four statements, loops as they were run', () => {
    const played = new Played();
    played.transaction('abcabca');
    played.transaction('ab', { outcome: 'rollback' });
    expect(played.counts()).toEqual({
      '>a': 2,
      'a>b': 2,
      'ab>c': 1,
      'abc>a': 1,
      'abca>b': 1,
      'bcab>c': 1,
      'cabc>a': 1,
      'abca>commit': 1,
      'ab>rollback': 1,
    });
    expect(played.steps[0]).toMatchObject({
      server: '10.0.1.1',
      serverPort: 5432,
      hourSeconds: Math.floor(START_US / HOUR_US) * 3600,
    });
  });

  it('leave out autocommitted statements', () => {
    const played = new Played();
    played.transaction('a', { implicit: true });
    expect(played.counts()).toEqual({});
    played.transaction('a');
    expect(played.counts()).toEqual({ '>a': 1, 'a>commit': 1 });
    played.transaction('ab', { implicit: true });
    expect(played.counts()).toEqual({ '>a': 2, 'a>b': 1, 'a>commit': 1, 'ab>commit': 1 });
  });

  it('are told in the hour in which they were counted', () => {
    const played = new Played();
    played.transaction('a');
    played.transaction('a', { endUs: START_US + HOUR_US });
    played.sequences.flush();
    const hour = Math.floor(START_US / HOUR_US) * 3600;
    expect(played.steps.map(({ hourSeconds }) => hourSeconds)).toContain(hour);
    expect(played.steps.at(-1)?.hourSeconds).toBe(hour + 3600);
  });

  it.each([
    ['contexts', { contextsMax: 8 }],
    ['classes', { symbolsMax: 6 }],
  ])('are told and forgotten when there are too many %s, and counting goes on', (_name, bounds) => {
    const played = new Played(bounds);
    for (let index = 0; index < 20; index++) {
      const letter = String.fromCharCode(97 + index);
      played.transaction(`${letter}${String.fromCharCode(98 + index)}`);
    }
    expect(played.sequences.forgottenCount).toBeGreaterThan(1);
    const before = played.sequences.forgottenCount;
    played.transaction('ab');
    played.transaction('ab');
    const type = played.transaction('ab');
    expect(type).not.toBe(UNKNOWN_TYPE);
    expect(played.told.get(type)).toBe('ab');
    expect(played.sequences.forgottenCount).toBeLessThanOrEqual(before + 1);
    const total = Object.values(played.counts()).reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThan(20);
    expect(total).toBeLessThanOrEqual(23 * 3);
  });
});

describe('times at steps', () => {
  it('are from answer to answer and to the end, of transactions with BEGIN that ended', () => {
    const played = new Played();
    played.timed('ab', [16, 48], 112);
    played.timed('ab', [16, 48], 112, { outcome: 'rollback' });
    // Buckets of 9 %: 16 is told as 15, 112 as 110, 32 as 30, 96 as 93 and 64 as 60.
    expect(played.times()).toEqual({
      '>a': '2x15 2x110 1',
      'a>b': '2x30 2x93 1',
      'ab>commit': '1x60 1x60 1',
      'ab>rollback': '1x60 1x60 0',
    });
  });

  it('are not told of autocommitted statements, nor of what was not seen whole', () => {
    const played = new Played();
    played.timed('ab', [16, 48], 112, { implicit: true });
    played.timed('ab', [16, 48], 112, { statements: 3 });
    for (const { lefts } of played.steps) expect(lefts.size).toBe(0);
    played.transaction('ab', {}, { quality: 1 });
    played.sequences.flush();
    for (const { lefts } of played.steps) expect(lefts.size).toBe(0);
  });

  it('are told once, also of steps that were counted before the end', () => {
    const played = new Played();
    played.timed('a', [16], 112);
    played.sequences.flush();
    played.sequences.flush();
    expect(played.steps.map(({ next }) => letters(next))).toEqual(['a', 'commit']);
    const open = newSequence();
    const say = (statementClass: StatementClass, transactionId: number) => {
      const event = makeStatement(session, { tsUs: START_US, statementClass, transactionId });
      played.sequences.statement(open, event, '10.0.1.1');
    };
    played.steps.length = 0;
    say(begin, 9);
    say(classes.get('a') as StatementClass, 9);
    say(classes.get('b') as StatementClass, 9);
    played.sequences.flush();
    expect(played.steps.map(({ count, lefts }) => [count, lefts.size])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    played.steps.length = 0;
    const ended = { transactionId: 9, statements: 2, implicit: false, endUs: START_US + 1_000 };
    played.sequences.end(open, makeTransactionEnd(session, ended));
    played.sequences.flush();
    const told = played.steps.map(({ next, count, lefts }) => [letters(next), count, lefts.size]);
    expect(told).toEqual([
      ['commit', 1, 1],
      ['a', 0, 1],
      ['b', 0, 1],
    ]);
  });

  it('of a long loop are those of its first statements', () => {
    const played = new Played();
    played.timed('a'.repeat(1_000), [], 112);
    played.sequences.flush();
    const timed = played.steps.flatMap(({ lefts }) => [...lefts.values()]);
    expect(timed.reduce((sum, count) => sum + count, 0)).toBe(256);
  });
});
