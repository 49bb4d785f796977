import { describe, expect, it } from 'vitest';
import { errorRows } from '../../../analysis/monitors/sqlcodes.ts';
import type { ErrorFacts } from '../../../src/events/facts.ts';
import { START_US } from '../fixtures.ts';
import { SECOND_US } from '../../../src/core/time.ts';

const at = (seconds: number) => START_US + seconds * SECOND_US;
const series = [0, 5, 10].map((seconds) => ({ startUs: at(seconds) }));

function errorOf(sqlstate: string, errorClass: string, count: number): ErrorFacts {
  return {
    sqlstate,
    errorClass,
    count,
    firstUs: at(0),
    lastUs: at(12),
    sampleMessage: 'message',
    classes: [],
    sessions: 1,
    clients: [],
  };
}

describe('errorRows (P3, R1)', () => {
  it('gives each code its share of all errors and of all answers, most frequent first', () => {
    const rows = errorRows(
      [errorOf('40P01', 'deadlock', 1), errorOf('23505', 'duplicate_key', 3)],
      [],
      200,
      series,
    );
    expect(rows.map((row) => [row.sqlstate, row.shareOfErrors, row.shareOfAnswers])).toEqual([
      ['23505', 0.75, 0.015],
      ['40P01', 0.25, 0.005],
    ]);
  });

  it('says in words what the cause means and whom it concerns', () => {
    const [row] = errorRows([errorOf('53100', 'space_full', 1)], [], 1, series);
    expect(row).toMatchObject({ meaning: 'a disk is full', concern: 'database' });
  });

  it('has no share of answers when there are none', () => {
    const [row] = errorRows([errorOf('08006', 'connection_lost', 1)], [], 0, series);
    expect(row?.shareOfAnswers).toBeNull();
  });

  it('counts each step where it starts, and what starts before the series nowhere', () => {
    const step = (sqlstate: string, seconds: number, count: number) => ({
      sqlstate,
      startUs: at(seconds),
      stepUs: SECOND_US,
      count,
    });
    const rows = errorRows(
      [errorOf('23505', 'duplicate_key', 9), errorOf('42601', 'syntax', 1)],
      [step('23505', -1, 2), step('23505', 0, 1), step('23505', 9, 4), step('23505', 12, 2)],
      10,
      series,
    );
    expect(rows.map(({ overTime }) => overTime)).toEqual([
      [1, 4, 2],
      [0, 0, 0],
    ]);
  });

  it('keeps two causes behind one code apart', () => {
    const rows = errorRows(
      [errorOf('57014', 'cancelled', 1), errorOf('57014', 'statement_timeout', 2)],
      [],
      10,
      series,
    );
    expect(rows.map(({ errorClass, count }) => [errorClass, count])).toEqual([
      ['statement_timeout', 2],
      ['cancelled', 1],
    ]);
  });
});
