/**
 * Recorded captures, damaged at random, through the whole collector: it never throws, its counters stay counters, its
 * books balance and its memory stays bounded. Runs by a seed that is printed when a run fails: set
 * MIRRORSQL_FUZZ_SEED to repeat it, MIRRORSQL_FUZZ_RUNS to run longer.
 */
import { describe, expect, it } from 'vitest';
import { Dice } from '../simulation/dice.ts';
import { captures, type Packet, packetsOf } from './corpus.ts';
import { damage, runPipeline } from './damage.ts';
import { mustBalance } from './targets.ts';

const SEED = Number(process.env['MIRRORSQL_FUZZ_SEED'] ?? 20_261_121);
const RUNS = Number(process.env['MIRRORSQL_FUZZ_RUNS'] ?? 12);

function complaints(result: ReturnType<typeof runPipeline>): string[] {
  try {
    mustBalance(result);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

describe('damaged captures', () => {
  const files = captures();

  it.each(files)('%s', async (path) => {
    const packets = await packetsOf(path).catch(() => []);
    for (let turn = 0; turn < RUNS; turn++) {
      const seed = SEED + turn;
      const dice = new Dice(seed);
      const damaged = damage(packets, dice);
      let result: string[];
      try {
        result = complaints(runPipeline(damaged, dice.oneIn(2)));
      } catch (error) {
        result = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
      }
      expect(result, `MIRRORSQL_FUZZ_SEED=${seed} MIRRORSQL_FUZZ_RUNS=1`).toEqual([]);
    }
  });

  it('do not make the collector keep more than its limits', () => {
    const dice = new Dice(SEED);
    const random = (below: number): number => dice.below(below);
    const rubbish = Array.from({ length: 20_000 }, (_, index): Packet => {
      // Ethernet, IPv4, TCP to port 5432 from a few hundred ports, sequence numbers far apart.
      const bytes = new Uint8Array(14 + 20 + 20 + 200).map(() => random(256));
      bytes.set([8, 0, 0x45, 0, 0, 240, 0, 0, 0x40, 0, 64, 6], 12);
      bytes.set([10, 0, 0, 1, 10, 0, 0, 2, random(2), random(256), 0x15, 0x38], 26);
      bytes.set([0, 0, random(64)], 38);
      bytes.set([0x50, 0x10], 46);
      return { bytes, originalLength: bytes.length, tsUs: index * 100, linkType: 1 };
    });
    const result = runPipeline(rubbish, true);
    expect(complaints(result)).toEqual([]);
    expect(result.summary.droppedByLimit['held_bytes']).toBeGreaterThan(0);
    expect(result.summary.streams).toBeLessThanOrEqual(512);
  });
});
