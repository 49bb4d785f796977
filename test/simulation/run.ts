/**
 * Many seeds: `npx tsx test/simulation/run.ts --seeds 20000 --from 1`. Prints each seed that fails, with the smallest
 * plan that still does, and ends with 1 if one did.
 */
import { parseArgs } from 'node:util';
import { describePlan, shrink } from './shrink.ts';
import { planOf, simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    /** Stop after so many failures. */
    failures: { type: 'string', default: '5' },
    shrink: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const failing: number[] = [];
let statements = 0;
let seed = from;
for (; seed < from + seeds && failing.length < Number(values.failures); seed++) {
  const plan = planOf(seed);
  let complaints: readonly string[];
  try {
    const outcome = simulate(plan);
    complaints = outcome.complaints;
    statements += outcome.scene.told.statements.length;
  } catch (error) {
    complaints = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  if (complaints.length === 0) continue;
  failing.push(seed);
  console.log(`seed ${seed}: ${complaints.length} complaints, the first: ${complaints[0] ?? ''}`);
  if (values.shrink) console.log(describePlan(shrink(plan)));
}
console.log(
  `${seed - from} seeds from ${from}, ${statements} statements, ${failing.length} failed: ${failing.join(' ')}`,
);
process.exitCode = failing.length === 0 ? 0 : 1;
