import { describe, expect, it } from 'vitest';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { DAY_SECONDS, falseStatesOf, type NullNode } from './null-nodes.ts';

const NODE: NullNode = {
  role: 'server',
  meanMs: 100,
  noise: 0.3,
  phi: 0.9,
  rate: 50,
  answers: 1,
  shape: 'exponential',
  day: 'steady',
  seed: 0,
};

/** A few of the grid of false-states.ts, most of them such as states were told of before noise was learnt from the node. */
const NODES: Partial<NullNode>[] = [
  { meanMs: 500, rate: 8, shape: 'additive', day: 'outliers' },
  { meanMs: 100, rate: 8, day: 'outliers', phi: 0.5 },
  { meanMs: 30, rate: 2 },
  { meanMs: 30, rate: 8, answers: 0.5, day: 'night' },
  { meanMs: 100, rate: 50, answers: 0, shape: 'additive' },
  { meanMs: 500, rate: 0.5, noise: 0.05, phi: 0.5, day: 'outliers' },
  { meanMs: 500, rate: 1_000, phi: 0.99, answers: 0, day: 'quiet' },
  { meanMs: 200, rate: 8, phi: 0.97, shape: 'additive' },
  { meanMs: 1, rate: 0.2, phi: 0 },
  { role: 'client', rate: 50, day: 'quiet' },
  { role: 'client', rate: 8, noise: 0.05, day: 'pool' },
  { role: 'client', meanMs: 50, rate: 2, phi: 0.99, day: 'pool' },
];

describe('no state is told of a node that is well all day', () => {
  it.each(NODES)('%j', (node) => {
    for (const seed of [1, 2])
      expect(falseStatesOf({ ...NODE, ...node, seed }, DAY_SECONDS, defaultHealthSettings)).toEqual(
        [],
      );
  });
});
