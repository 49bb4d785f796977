import { describe, expect, it } from 'vitest';
import { classForecasts, forecastFindings } from '../../../analysis/forecast/class-forecast.ts';
import { defaultForecastSettings } from '../../../analysis/forecast/settings.ts';
import type { ClassForecastFacts } from '../../../src/events/class-forecast.ts';
import { START_US } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const CLASS = '00000000000000a1';
const CALLS = 60;

/** `count` minutes of classes whose ln(mean in microseconds) is what each series gives for the minute's index. */
function factsOf(
  count: number,
  series: Readonly<Record<string, (minute: number) => number>>,
  given: Partial<ClassForecastFacts> = {},
): ClassForecastFacts {
  return {
    window: { fromUs: START_US, toUs: START_US + count * MINUTE_US },
    classes: Object.keys(series).map((fingerprint) => ({
      fingerprint,
      normalized: 'SELECT ? FROM t',
      shareOfTime: 0.5,
    })),
    minutes: Object.entries(series).flatMap(([fingerprint, logMean]) =>
      Array.from({ length: count }, (_, minute) => ({
        fingerprint,
        startUs: START_US + minute * MINUTE_US,
        answered: CALLS,
        durationSumUs: CALLS * Math.exp(logMean(minute)),
      })),
    ),
    lossyMinutesUs: [],
    ...given,
  };
}

/** Forty percent longer each hour. */
const SLOPE = Math.log(1.4) / 60;
const growing = (minute: number): number => Math.log(15_000) + SLOPE * minute;

describe('classForecasts (P8)', () => {
  it('carries a steady growth on and tells when it reaches twice the usual time', () => {
    const [row] = classForecasts(factsOf(120, { [CLASS]: growing }));
    expect(row?.nowUs).toBeCloseTo(15_000 * 1.4 ** 2, 3);
    expect(row?.trend?.changePerHour).toBeCloseTo(0.4, 9);
    expect(row?.points.map(({ aheadUs }) => aheadUs / MINUTE_US)).toEqual([5, 10, 20, 30]);
    expect(row?.points[3]?.meanUs).toBeCloseTo(15_000 * 1.4 ** (149 / 60), 3);
    // The median of the first twenty minutes is the eleventh.
    expect(row?.thresholdUs).toBeCloseTo(30_000 * 1.4 ** (10 / 60), 3);
    const minutes = (60 * Math.log(2)) / Math.log(1.4) - 110;
    expect(row?.timeToThresholdUs).toBe(Math.round(minutes) * MINUTE_US);
  });

  it('tells when the ends of the 80 % band reach the threshold', () => {
    // Of three minutes one is 2 % longer and one shorter: so wrong were the forecasts, and by 2 % the band is wide.
    const wave = (minute: number) => growing(minute) + 0.02 * (1 - (minute % 3));
    const facts = factsOf(120, { [CLASS]: wave });
    const within = (thresholdUs: number) => {
      const row = classForecasts(facts, { ...defaultForecastSettings, thresholdUs })[0];
      const { earliestUs, latestUs } = row?.thresholdBand ?? { earliestUs: NaN, latestUs: NaN };
      return [earliestUs, row?.timeToThresholdUs, latestUs].map((us) =>
        typeof us === 'number' ? us / MINUTE_US : us,
      );
    };
    // In two hours it is 29.4 ms; 2 % of growth take 3.57 minutes.
    const after = (minutes: number) => 15_000 * 1.4 ** ((120 + minutes) / 60);
    expect(within(after(13.7))).toEqual([10, 14, 18]);
    expect(within(after(3))).toEqual([0, 3, 7]);
    expect(within(after(-1))).toEqual([NaN, 0, NaN]);
    expect(within(after(31))).toEqual([NaN, null, NaN]);
    expect(forecastFindings(classForecasts(facts))[0]?.summary.slice(3, 8)).toMatchObject([
      { text: ' on average in ' },
      { value: 14 * MINUTE_US },
      { text: ' (80 %: ' },
      { value: 10 * MINUTE_US },
      { text: ' to ' },
    ]);
  });

  it('leaves open when the threshold is reached at the latest, where that is later than was tried', () => {
    const gauss = normal(uniform(3));
    const noisy = (minute: number) => growing(minute) + 0.1 * gauss();
    const settings = { ...defaultForecastSettings, thresholdUs: 32_000 };
    const rows = classForecasts(factsOf(120, { [CLASS]: noisy }), settings);
    expect(rows[0]?.timeToThresholdUs).toBeGreaterThan(0);
    expect(rows[0]?.thresholdBand?.latestUs).toBeNull();
    const texts = forecastFindings(rows)[0]?.summary.map((part) =>
      'text' in part ? part.text : '',
    );
    expect(texts).toContain(' (80 %: from ');
    expect(texts).toContain(' on)');
  });

  it('warns of a class that reaches its threshold within half an hour', () => {
    const rows = classForecasts(factsOf(120, { [CLASS]: growing }));
    const [finding] = forecastFindings(rows);
    expect(finding).toMatchObject({
      key: `forecast/slows ${CLASS}`,
      ledger: 'P8',
      severity: 'warning',
      sinceUs: START_US + 120 * MINUTE_US,
      fingerprints: [CLASS],
    });
    expect(finding?.evidence.map(({ name }) => name)).toContain('time until the threshold');
  });

  it('says nothing of a class that gets faster, or whose threshold is further than forecasts were tried', () => {
    const faster = factsOf(120, { [CLASS]: (minute) => Math.log(500_000) - SLOPE * minute });
    expect(classForecasts(faster)[0]?.timeToThresholdUs).toBeNull();
    const far = { ...defaultForecastSettings, thresholdUs: 10_000_000 };
    const rows = classForecasts(factsOf(120, { [CLASS]: growing }), far);
    expect(rows[0]?.timeToThresholdUs).toBeNull();
    expect(forecastFindings(rows)).toEqual([]);
  });

  it('says of a class that is beyond its threshold that the time is up', () => {
    const settings = { ...defaultForecastSettings, thresholdUs: 20_000 };
    const rows = classForecasts(factsOf(120, { [CLASS]: growing }), settings);
    expect(rows[0]?.timeToThresholdUs).toBe(0);
    expect(forecastFindings(rows)[0]?.summary.map((part) => 'text' in part && part.text)).toContain(
      ' grows and is beyond ',
    );
  });

  it('has no skill, and shows no forecast, where the last minute says more than the line', () => {
    const walk = autocorrelated(120, 0.999, normal(uniform(5)));
    const [row] = classForecasts(
      factsOf(120, { [CLASS]: (minute) => 9 + 3 * (walk[minute] ?? 0) }),
    );
    expect(row?.errorRatio).toBeGreaterThan(1);
    expect(row?.points).toEqual([]);
    expect(row?.timeToThresholdUs).toBeNull();
  });

  it('makes its bands of its past errors: the magnitude that four of five stayed under', () => {
    const noise = autocorrelated(120, 0, normal(uniform(3)));
    const [row] = classForecasts(
      factsOf(120, { [CLASS]: (minute) => 10 + 0.1 * (noise[minute] ?? 0) }),
    );
    const last = row?.points[3];
    const halfWidth = Math.log((last?.upper80Us ?? 0) / (last?.meanUs ?? 1));
    // Of normal noise around a line: 1.28 deviations, and what the line itself is wrong.
    expect(halfWidth).toBeGreaterThan(0.1);
    expect(halfWidth).toBeLessThan(0.25);
    expect(Math.log((last?.meanUs ?? 0) / (last?.lower80Us ?? 1))).toBeCloseTo(halfWidth, 9);
    expect(last?.upper95Us).toBeGreaterThan(last?.upper80Us ?? Infinity);
  });

  it('promises no band for which too few forecasts were tried', () => {
    const [row] = classForecasts(factsOf(70, { [CLASS]: growing }));
    const last = row?.points.at(-1);
    expect(last?.upper80Us).not.toBeNull();
    expect(last?.upper95Us).toBeNull();
  });

  it('needs twenty minutes with five calls each, whose capture was whole', () => {
    expect(classForecasts(factsOf(19, { [CLASS]: growing }))).toEqual([]);
    expect(classForecasts(factsOf(20, { [CLASS]: growing }))).toHaveLength(1);
    const few = factsOf(30, { [CLASS]: growing });
    const minutes = few.minutes.map((one) => ({ ...one, answered: 4 }));
    expect(classForecasts({ ...few, minutes })).toEqual([]);
    const lossyMinutesUs = Array.from({ length: 11 }, (_, index) => START_US + index * MINUTE_US);
    expect(classForecasts(factsOf(30, { [CLASS]: growing }, { lossyMinutesUs }))).toEqual([]);
  });

  it('passes over a class without weight', () => {
    const facts = factsOf(120, { [CLASS]: growing });
    const classes = facts.classes.map((one) => ({ ...one, shareOfTime: 0.009 }));
    expect(classForecasts({ ...facts, classes })).toEqual([]);
  });
});

describe('forecasts of what does not change', () => {
  /** Windows of two hours with ten classes each, whose means vary by a third and change nothing. */
  function warnings(phi: number, windows: number): number {
    const gauss = normal(uniform(Math.round(phi * 1000) + 11));
    let count = 0;
    for (let window = 0; window < windows; window++) {
      const series = Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => {
          const noise = autocorrelated(120, phi, gauss);
          return [`00000000000000b${index}`, (minute: number) => 11 + 0.3 * (noise[minute] ?? 0)];
        }),
      );
      count += forecastFindings(classForecasts(factsOf(120, series))).length;
    }
    return count;
  }

  for (const phi of [0, 0.3, 0.6, 0.8, 0.9]) {
    it(`warns of nothing on stationary noise with autocorrelation ${phi}`, () => {
      expect(warnings(phi, 20)).toBe(0);
    });
  }
});
