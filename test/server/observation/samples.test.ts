import { describe, expect, it } from 'vitest';
import { type Sample, Samples } from '../../../src/server/observation/samples.ts';

const sample = (second: number, packets: number): Sample => ({
  atMs: second * 1000,
  packets,
  bytes: 0,
  statements: 0,
  payloadBytes: 0,
  kernelDrops: 0,
  gaps: 0,
  lostBytes: 0,
  droppedByLimit: 0,
  rowsGivenUp: 0,
  bytesWaiting: 0,
  processorMs: 0,
});

describe('samples', () => {
  it('tell growth and rate of the last minute only', () => {
    const samples = new Samples();
    for (let second = 0; second <= 200; second++) samples.add(sample(second, second * 10));
    samples.add(sample(201, 3000));
    expect(samples.grown('packets')).toBe(3000 - 1410);
    expect(samples.rate('packets')).toBe((3000 - 1410) / 60);
  });

  it('tell nothing before there are two, and nothing for what has shrunk', () => {
    const samples = new Samples();
    expect(samples.rate('packets')).toBe(0);
    samples.add(sample(0, 500));
    expect([samples.grown('packets'), samples.rate('packets')]).toEqual([0, 0]);
    samples.add(sample(1, 400));
    expect(samples.grown('packets')).toBe(0);
  });
});
