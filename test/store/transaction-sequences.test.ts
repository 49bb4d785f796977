import { describe, expect, it } from 'vitest';
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
        step: (step) => this.steps.push(step),
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
