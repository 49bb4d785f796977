import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConformalDetector } from '../../../analysis/detector/conformal-detector.ts';
import { squaredDistance, whitened, whiteningOf } from '../../../analysis/detector/whitening.ts';
import { uniform } from '../random.ts';

const ALARM = 0.9965;
const DAY = 288;

function scoresOf(values: readonly number[]): number[] {
  const detector = new ConformalDetector();
  return values.map((value) => detector.score(value));
}

/** A day like the other, with noise. */
function days(count: number, seed: number): number[] {
  const random = uniform(seed);
  return Array.from({ length: count * DAY }, (_, index) => {
    const phase = (index % DAY) / DAY;
    const busy = phase > 0.4 && phase < 0.75 ? 40 : 0;
    return 40 + busy + 4 * (random() - 0.5);
  });
}

function alarmsIn(scores: readonly number[], from: number, to: number): number {
  return scores.slice(from, to).filter((score) => score >= ALARM).length;
}

describe('the generic detector', () => {
  it('finds a spike, a missing peak, a new level and new noise within a tenth of a day', () => {
    const normal = days(8, 1);
    const random = uniform(11);
    const at = 6 * DAY + 130;
    const tenth = Math.floor(DAY / 10);
    const changed: Record<string, (value: number, index: number) => number> = {
      spike: (value, index) => (index === at ? value + 150 : value),
      'missing peak': (value, index) => (index >= at - 10 && index < at + 40 ? 40 : value),
      'new level': (value, index) => (index >= at ? value + 60 : value),
      'new noise': (value, index) => (index >= at ? value + 40 * (random() - 0.5) : value),
    };
    for (const [name, change] of Object.entries(changed)) {
      const scores = scoresOf(normal.map(change));
      expect([name, alarmsIn(scores, at - 10, at + tenth) > 0]).toEqual([name, true]);
    }
  });

  it('raises few alarms where every day is like the one before', () => {
    let alarms = 0;
    for (let seed = 1; seed <= 2; seed++)
      alarms += alarmsIn(scoresOf(days(14, seed)), 600, 14 * DAY);
    // The rank of exchangeable values exceeds the alarm once in 286; the quiet stretch behind an alarm lessens it.
    expect(alarms / 2).toBeLessThan(((14 * DAY - 600) / 286) * 1.1);
  });

  it('scores a value by itself and those before it, from 0 to 1, whatever comes', () => {
    const value = fc.oneof(
      fc.double(),
      fc.constantFrom(0, -0, Number.NaN, Infinity, 1e300, 5e-324),
      fc.integer({ min: -5, max: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 160, maxLength: 400 }),
        fc.nat(200),
        (series, cut) => {
          const scores = scoresOf(series);
          expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
          const kept = series.length - cut;
          expect(scoresOf(series.slice(0, kept))).toEqual(scores.slice(0, kept));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('finds nothing in a series that never changes, and its first change', () => {
    const scores = scoresOf([...Array<number>(500).fill(7), 8]);
    expect(alarmsIn(scores, 0, 500)).toBe(0);
    expect(scores[500]).toBe(1);
  });

  it('keeps quiet for a while after an alarm', () => {
    const normal = days(6, 3);
    const at = 4 * DAY;
    const scores = scoresOf(normal.map((value, index) => (index >= at ? value * 3 : value)));
    const first = scores.findIndex((score, index) => index >= at && score >= ALARM);
    expect(alarmsIn(scores, first + 1, first + 100)).toBe(0);
  });
});

describe('the metric', () => {
  it('is the Mahalanobis distance of the sample', () => {
    const random = uniform(5);
    const sample = Array.from({ length: 200 }, () => {
      const x = random() - 0.5;
      return Float64Array.of(x, 3 * x + 0.1 * (random() - 0.5));
    });
    const whitening = whiteningOf(sample);
    const zero = new Float64Array(2);
    const lengths = sample.map((vector) =>
      squaredDistance(whitened(whitening, vector), whitened(whitening, zero)),
    );
    // sum over the sample of x' inverse(X'X) x = trace(identity) = the number of dimensions
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeCloseTo(2, 5);
  });

  it('is the plain distance where the sample has none', () => {
    expect(whiteningOf([new Float64Array(3)])).toBeUndefined();
    expect([...whitened(undefined, Float64Array.of(1, 2))]).toEqual([1, 2]);
  });
});
