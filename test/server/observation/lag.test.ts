import { describe, expect, it } from 'vitest';
import { Lag } from '../../../src/server/observation/lag.ts';

function lagAt(speed = 1) {
  const clock = { ms: 0 };
  return { clock, lag: new Lag(speed, () => clock.ms) };
}

describe('the lag of decoding', () => {
  it('is the worst of the last seconds, and is forgotten after them', () => {
    const { clock, lag } = lagAt();
    lag.chunk(1, 1_000_000, 1_500_000);
    lag.chunk(2, 2_000_000, 2_100_000);
    expect(lag.read()).toBe(500_000);
    clock.ms = 10_000;
    lag.chunk(3, 3_000_000, 3_200_000);
    expect(lag.read()).toBe(500_000);
    clock.ms = 20_000;
    expect(lag.read()).toBe(200_000);
    clock.ms = 40_000;
    expect(lag.read()).toBeUndefined();
  });

  it('does not grow while no packets come', () => {
    const { lag } = lagAt();
    lag.chunk(1, 1_000_000, 1_100_000);
    lag.chunk(1, 1_000_000, 9_000_000);
    expect(lag.read()).toBe(100_000);
  });

  it('is in our seconds where a capture is played faster', () => {
    const { lag } = lagAt(20);
    lag.chunk(1, 0, 2_000_000);
    expect(lag.read()).toBe(100_000);
  });

  it('is not known before the first packet', () => {
    const { lag } = lagAt();
    lag.chunk(0, undefined, undefined);
    expect(lag.read()).toBeUndefined();
  });
});
