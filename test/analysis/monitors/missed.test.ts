/** What was missed, when: periods out of steps. */
import { describe, expect, it } from 'vitest';
import { captureQuality } from '../../../analysis/monitors/capture-quality.ts';
import { missedPeriods } from '../../../analysis/monitors/missed.ts';
import type { MissedFacts } from '../../../src/events/facts.ts';
import { EMPTY_FACTS } from '../fixtures.ts';

const SECOND = 1_000_000;

function step(second: number, missed: Partial<MissedFacts>): MissedFacts {
  return {
    startUs: second * SECOND,
    stepUs: SECOND,
    collector: 'a',
    kernelDrops: 0,
    kernelFreezes: 0,
    lostBytes: 0,
    framesRefused: 0,
    droppedByLimit: 0,
    rowsLost: 0,
    statementsReduced: 0,
    ...missed,
  };
}

describe('missed periods', () => {
  it('join steps in a row of one kind and one collector, and no others', () => {
    const periods = missedPeriods([
      step(10, { kernelDrops: 2, lostBytes: 100 }),
      step(10, { kernelDrops: 7, collector: 'b' }),
      step(11, { kernelDrops: 3 }),
      step(13, { kernelDrops: 4 }),
    ]);
    expect(periods).toMatchObject([
      { collector: 'a', kind: 'kernel_drops', fromUs: 10 * SECOND, toUs: 12 * SECOND, count: 5 },
      { collector: 'a', kind: 'lost_bytes', fromUs: 10 * SECOND, toUs: 11 * SECOND, count: 100 },
      { collector: 'b', kind: 'kernel_drops', fromUs: 10 * SECOND, toUs: 11 * SECOND, count: 7 },
      { collector: 'a', kind: 'kernel_drops', fromUs: 13 * SECOND, toUs: 14 * SECOND, count: 4 },
    ]);
  });

  it('are told in words that fit their number', () => {
    const missed = {
      kernelDrops: 5,
      kernelFreezes: 1,
      lostBytes: 100,
      framesRefused: 1,
      droppedByLimit: 2,
      rowsLost: 3,
      statementsReduced: 1,
    };
    const told = missedPeriods([step(1, missed)]).map(({ parts }) =>
      parts.map((part) => ('value' in part ? `${part.kind} ${part.value}` : part.text)).join(''),
    );
    expect(told).toEqual([
      'count 5 packets dropped by the kernel',
      "the kernel's buffer was full count 1 time",
      'bytes 100 missing',
      'count 1 message refused',
      'count 2 statements or details dropped by a limit',
      'count 3 rows given up, as the store was away',
      'count 1 statement told with less detail',
    ]);
  });

  it.each([
    ['kernelDrops', 'the kernel dropped packets'],
    ['rowsLost', 'could not wait for the store'],
    ['statementsReduced', 'could not keep up'],
  ] as const)('with %s make the capture incomplete, in words', (name, words) => {
    const whole = { ...EMPTY_FACTS.capture, packets: 10, bytes: 1000 };
    const quality = captureQuality(whole, missedPeriods([step(1, { [name]: 1 })]));
    expect(quality.complete).toBe(false);
    expect(quality.verdict.toLowerCase()).toContain(words);
  });
});
