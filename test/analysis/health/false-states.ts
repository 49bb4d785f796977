/**
 * False states of a grid of made-up nodes that are well all day (null-nodes.ts): `npx tsx test/analysis/health/false-states.ts
 * [REPEATS] [PHI,PHI...]`. Prints how many by noise and autocorrelation, and each with its evidence. One repeat is 1,440 node-days at
 * three autocorrelations, about five minutes.
 */
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { DAY_SECONDS, falseStatesOf, type NullNode } from './null-nodes.ts';

const repeats = Number(process.argv[2] ?? 1);
const phis = (process.argv[3] ?? '0,0.5,0.9').split(',').map(Number);
const DAYS = ['steady', 'night', 'quiet', 'outliers', 'pool'] as const;

const MEANS_MS = [1, 5, 20, 30, 50, 100, 200, 500];
const RATES = [0.2, 2, 8, 50, 1_000];
const ANSWERS = [0, 0.4, 0.7, 1];

/** Mean, rate and variation of answers are crossed; role, shape and kind of day take turns. */
const levels = MEANS_MS.flatMap((meanMs) =>
  RATES.flatMap((rate) => ANSWERS.map((answers) => ({ meanMs, rate, answers }))),
);
const grid: NullNode[] = Array.from({ length: repeats }).flatMap((_, repeat) =>
  phis.flatMap((phi, at) =>
    [0.05, 0.15, 0.3].flatMap((noise, index) =>
      levels.map((level, number) => {
        const seed = 1 + number + levels.length * (index + 3 * (at + phis.length * repeat));
        const day = DAYS[(seed + Math.floor(seed / 20)) % DAYS.length] ?? 'steady';
        const role = seed % 3 === 0 ? ('client' as const) : ('server' as const);
        const shape = seed % 7 < 3 ? ('exponential' as const) : ('additive' as const);
        return { ...level, role, noise, phi, shape, day, seed };
      }),
    ),
  ),
);

const cells = new Map<string, Record<string, number>>();
let nodeDays = 0;
let wrong = 0;
for (const node of grid) {
  const key = `noise ${String(node.noise)}, autocorrelation ${String(node.phi)}`;
  const cell = cells.get(key) ?? { nodeDays: 0 };
  cells.set(key, cell);
  cell['nodeDays'] = (cell['nodeDays'] ?? 0) + 1;
  nodeDays++;
  for (const { state, evidence } of falseStatesOf(node, DAY_SECONDS, defaultHealthSettings)) {
    cell[state] = (cell[state] ?? 0) + 1;
    wrong++;
    process.stdout.write(`${state} of ${JSON.stringify(node)}: ${JSON.stringify(evidence)}\n`);
  }
}
console.table(Object.fromEntries(cells));
process.stdout.write(
  `${String(wrong)} false states in ${String(nodeDays)} node-days: ${(wrong / nodeDays).toFixed(4)} a node-day\n`,
);
