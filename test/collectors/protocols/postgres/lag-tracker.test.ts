/** How far behind a standby is, by the rules of the sending server. */
import { describe, expect, it } from 'vitest';
import { LagTracker } from '../../../../collectors/protocols/postgres/lag-tracker.ts';

const NONE = -1;

describe('the lag', () => {
  it('is the time since the last sample that the answer has passed', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    lags.sample(200, 2_000);
    lags.sample(300, 3_000);
    expect(lags.read(0, 200, 10_000)).toBe(8_000);
    expect(lags.read(0, 300, 11_000)).toBe(8_000);
  });

  it('is not known when nothing is awaited', () => {
    const lags = new LagTracker(1);
    expect(lags.read(0, 100, 5)).toBe(NONE);
    lags.sample(100, 10);
    expect(lags.read(0, 100, 15)).toBe(5);
    expect(lags.read(0, 100, 20)).toBe(NONE);
  });

  it('is that of the next sample when none was passed, and grows', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    expect([lags.read(0, 50, 3_000), lags.read(0, 50, 4_000)]).toEqual([2_000, 3_000]);
  });

  it('is interpolated between the last sample passed and the next', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    lags.sample(200, 2_000);
    expect(lags.read(0, 100, 5_000)).toBe(4_000);
    // At 125 a quarter of the way: sent at 1,250.
    expect(lags.read(0, 125, 5_250)).toBe(4_000);
  });

  it('is not known for an answer that goes back, or comes before its sample', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    lags.sample(200, 2_000);
    expect(lags.read(0, 100, 500)).toBe(NONE);
    expect(lags.read(0, 50, 5_000)).toBe(NONE);
  });

  it('starts anew after everything was passed', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    lags.read(0, 100, 2_000);
    lags.sample(200, 50_000);
    // Not between 1,000 and 50,000: nothing was under way.
    expect(lags.read(0, 150, 51_000)).toBe(1_000);
  });

  it('is kept for each reader alone', () => {
    const lags = new LagTracker(2);
    lags.sample(100, 1_000);
    expect([lags.read(0, 100, 1_500), lags.read(1, 0, 1_500)]).toEqual([500, 500]);
    lags.sample(200, 2_000);
    expect([lags.read(0, 200, 3_000), lags.read(1, 100, 3_000)]).toEqual([1_000, 2_000]);
  });

  it('keeps 8,191 samples; after that the newest gives way', () => {
    const lags = new LagTracker(1);
    for (let n = 1; n <= 20_000; n++) lags.sample(n, n);
    expect(lags.read(0, 8_190, 30_000)).toBe(30_000 - 8_190);
    expect(lags.read(0, 20_000, 30_000)).toBe(10_000);
    expect(lags.read(0, 20_000, 30_000)).toBe(NONE);
  });

  it('counts a position that comes twice once', () => {
    const lags = new LagTracker(1);
    lags.sample(100, 1_000);
    lags.sample(100, 2_000);
    expect(lags.read(0, 100, 3_000)).toBe(2_000);
  });
});
