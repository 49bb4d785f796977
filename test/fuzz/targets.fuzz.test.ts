/**
 * A short run of each target; `npx tsx test/fuzz/run.ts --minutes 30` is the long one. What it finds is kept as a test of
 * the part that it was found in: which bytes a seed makes depends on the corpus.
 */
import { describe, it } from 'vitest';
import { Dice } from '../simulation/dice.ts';
import { targets } from './targets.ts';

const RUNS = 250;
const SEED = 20_261_121;

describe.each(await targets())('damaged input: $name', ({ name, run }) => {
  it('does no harm', async () => {
    for (let turn = 0; turn < RUNS; turn++) {
      try {
        await run(new Dice(SEED, turn));
      } catch (error) {
        throw new Error(
          `npx tsx test/fuzz/run.ts --target '${name}' --seed ${SEED} --turn ${turn}`,
          {
            cause: error,
          },
        );
      }
    }
  }, 60_000);
});
