import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../src/cli/configuration/nearest-name.ts';

const KNOWN = ['capture', 'ports', 'store', 'server', 'listen'];

describe('the nearest name', () => {
  it.each([
    ['caputre', 'capture'],
    ['Ports', 'ports'],
    ['port', 'ports'],
    ['stroe', 'store'],
    ['sever', 'server'],
    ['listten', 'listen'],
  ])('of %s is %s', (misspelt, meant) => {
    expect(nearestName(misspelt, KNOWN)).toBe(meant);
  });

  it.each(['', 'x', 'grafana', 'a completely different thing'])('of %j is none', (misspelt) => {
    expect(nearestName(misspelt, KNOWN)).toBeUndefined();
  });

  it('is the name itself where there is one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), (name) => {
        expect(nearestName(name, KNOWN)).toBe(name);
      }),
    );
  });
});
