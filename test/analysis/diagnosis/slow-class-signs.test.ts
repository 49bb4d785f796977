/** D5: the signs that need more than the class itself: how rows arrive, how much is asked at once, what patterns begin with. */
import { describe, expect, it } from 'vitest';
import { NOTHING_BESIDE } from '../../../analysis/diagnosis/slow-class-signs.ts';
import { slowClassesOf } from '../../../analysis/diagnosis/slow-classes.ts';
import { defaultSlowClassesSettings } from '../../../analysis/diagnosis/slow-classes-settings.ts';
import type { ActivityStep, ClassFacts, ClassStep } from '../../../src/events/facts.ts';
import type { ValuePlaceFacts } from '../../../src/events/hot-values.ts';
import type { DeliveryFacts } from '../../../src/events/slow-classes.ts';
import { MINUTE_US } from '../../../src/core/time.ts';
import { classOf, START_US, stepOf } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';

const A = 'a'.repeat(16);
const quick = classOf('b'.repeat(16), 'SELECT x FROM t WHERE id = ?', 9_900, 1_000);
const slow = (given: Partial<ClassFacts> = {}, text = 'SELECT y FROM u WHERE id = ?') =>
  classOf(A, text, 100, 200_000, given);

function signsOf(
  facts: ClassFacts,
  beside: Partial<typeof NOTHING_BESIDE>,
  steps: readonly ClassStep[] = [],
) {
  return slowClassesOf([quick, facts], steps, defaultSlowClassesSettings, {
    ...NOTHING_BESIDE,
    ...beside,
  }).classes[0]?.signs;
}
const names = (signs: ReturnType<typeof signsOf>) => signs?.map(({ sign }) => sign);

describe('a slow fetch', () => {
  const delivery = (given: Partial<DeliveryFacts> = {}): DeliveryFacts => ({
    fingerprint: A,
    executions: 10,
    firstSumUs: 20_000,
    deliverySumUs: 2_000_000,
    bytes: 10 * 1_000_000,
    ...given,
  });
  const seen = (given: Partial<DeliveryFacts>) =>
    names(signsOf(slow(), { deliveries: [delivery(given)] }));

  it('is rows that arrive slowly when the first is there', () => {
    expect(signsOf(slow(), { deliveries: [delivery()] })).toEqual([
      {
        sign: 'slow_fetch',
        evidence: [
          { name: 'until the first byte of the answer', value: 2_000, unit: 'us', threshold: null },
          { name: 'from then until the last', value: 200_000, unit: 'us', threshold: null },
          {
            name: 'bytes in that time',
            value: 5_000_000,
            unit: 'per_second',
            threshold: 10_000_000,
          },
          { name: 'executions looked at', value: 10, unit: 'count', threshold: null },
        ],
      },
    ]);
  });

  it('is none of few, of small answers, of a late first row, or of what comes fast', () => {
    expect(seen({ executions: 9 })).toEqual([]);
    expect(seen({ bytes: 10 * 65_535 })).toEqual([]);
    expect(seen({ firstSumUs: 600_000 })).toEqual([]);
    expect(seen({ bytes: 10 * 3_000_000 })).toEqual([]);
    expect(seen({ fingerprint: quick.fingerprint })).toEqual([]);
  });
});

describe('a leading wildcard', () => {
  const like = 'SELECT y FROM u WHERE name LIKE ?';
  const place = (looked: number, wildcards: number): ValuePlaceFacts => ({
    ...{ fingerprint: A, normalized: like, kind: 'select', tables: ['u'], server: '10.0.0.5:5432' },
    ...{ place: '$1', calls: looked, looked, distinct: looked, order: 0, values: [] },
    ...{ leadingWildcards: wildcards, firstUs: START_US, lastUs: START_US + MINUTE_US },
  });

  it('is seen in the text, or in half of the values', () => {
    expect(signsOf(slow({ leadingWildcard: true }, like), {})).toEqual([
      { sign: 'leading_wildcard', evidence: [] },
    ]);
    expect(signsOf(slow({}, like), { valuePlaces: [place(200, 100)] })).toMatchObject([
      { sign: 'leading_wildcard', evidence: [{ value: 100 }, { value: 200 }] },
    ]);
    expect(names(signsOf(slow({}, like), { valuePlaces: [place(200, 99)] }))).toEqual([]);
  });

  it('is none where there is no LIKE: a value may begin with anything', () => {
    expect(names(signsOf(slow(), { valuePlaces: [place(200, 200)] }))).toEqual([]);
  });
});

describe('queueing', () => {
  const STEPS = 60;
  /** Of each minute: the class's mean in us, and requests of all a second, told in so many parts. */
  function seen(meanUs: (minute: number) => number, rate: (minute: number) => number, parts = 1) {
    const steps = Array.from({ length: STEPS }, (_, minute): ClassStep => {
      const startUs = START_US + minute * MINUTE_US;
      return {
        fingerprint: A,
        startUs,
        stepUs: MINUTE_US,
        answered: 10,
        durationSumUs: 10 * meanUs(minute),
      };
    });
    const activity = steps.flatMap(({ startUs, stepUs }, minute): ActivityStep[] => {
      const requests = Math.round((rate(minute) * 60) / parts);
      return Array.from({ length: parts }, (_, part) =>
        stepOf({
          startUs: startUs + (part * stepUs) / parts,
          stepUs: stepUs / parts,
          requests,
          durationSumUs: requests * meanUs(minute),
        }),
      );
    });
    // A change is found by itself: it is not what is looked for here.
    return names(signsOf(slow(), { activity }, steps))?.filter((sign) => sign !== 'sudden_change');
  }
  const isBusy = (minute: number) => Math.floor(minute / 5) % 2 === 1;

  it('is a time that goes with what is asked, and comes back', () => {
    expect(
      seen(
        (m) => (isBusy(m) ? 50_000 : 5_000),
        (m) => (isBusy(m) ? 200 : 40),
      ),
    ).toEqual(['queue_bound']);
  });

  it('is found as well where a long window tells the activity in quarters of a minute', () => {
    expect(
      seen(
        (m) => (isBusy(m) ? 50_000 : 5_000),
        (m) => (isBusy(m) ? 200 : 40),
        4,
      ),
    ).toEqual(['queue_bound']);
  });

  it('is none of one slow wave: that is one observation', () => {
    const wave = (m: number) => Math.sin((2 * Math.PI * m) / STEPS);
    expect(
      seen(
        (m) => 20_000 * Math.exp(1.2 * wave(m)),
        (m) => 100 * Math.exp(wave(m)),
      ),
    ).toEqual([]);
  });

  it('is none where nobody has to wait, or it costs little', () => {
    expect(
      seen(
        (m) => (isBusy(m) ? 9_000 : 4_000),
        (m) => (isBusy(m) ? 200 : 40),
      ),
    ).toEqual([]);
    expect(
      seen(
        (m) => (isBusy(m) ? 70_000 : 50_000),
        (m) => (isBusy(m) ? 200 : 40),
      ),
    ).toEqual([]);
  });

  it('is none where it is slow without more being asked, or asks less because it is slow', () => {
    expect(
      seen(
        (m) => (isBusy(m) ? 50_000 : 5_000),
        () => 100,
      ),
    ).toEqual([]);
    expect(
      seen(
        (m) => (isBusy(m) ? 50_000 : 5_000),
        (m) => (isBusy(m) ? 40 : 200),
      ),
    ).toEqual([]);
  });

  it('is none where tables and load grow together: the time alone is not known', () => {
    expect(
      seen(
        (m) => 5_000 * 1.05 ** m,
        (m) => 40 * 1.03 ** m,
      ),
    ).toEqual([]);
  });

  it.each([0, 0.6, 0.9])(
    'is none of times and loads that wander by themselves with autocorrelation %s: never in 300 hours',
    (phi) => {
      let found = 0;
      for (let seed = 1; seed <= 300; seed++) {
        const times = autocorrelated(STEPS, phi, normal(uniform(seed)));
        const loads = autocorrelated(STEPS, phi, normal(uniform(seed + 10_000)));
        const signs = seen(
          (m) => 40_000 * Math.exp(0.8 * (times[m] ?? 0)),
          (m) => 100 * Math.exp(0.8 * (loads[m] ?? 0)),
        );
        found += signs?.includes('queue_bound') === true ? 1 : 0;
      }
      expect(found).toBe(0);
    },
  );
});
