/** What the captures missed, when: steps in a row in which the same thing was missed make one period, told in words. */
import type { MissedFacts } from '../../src/events/facts.ts';
import type { MissedKind, MissedPeriod } from '../../src/events/report.ts';
import {
  bytesPart,
  countedParts,
  type HighlightPart,
  textPart,
} from '../../src/events/sentence.ts';

const KINDS: readonly (readonly [MissedKind, (step: MissedFacts) => number])[] = [
  ['kernel_drops', (step) => step.kernelDrops],
  ['kernel_freezes', (step) => step.kernelFreezes],
  ['lost_bytes', (step) => step.lostBytes],
  ['frames_refused', (step) => step.framesRefused],
  ['limits', (step) => step.droppedByLimit],
  ['rows_lost', (step) => step.rowsLost],
  ['reduced', (step) => step.statementsReduced],
];

type Words = (count: number) => readonly HighlightPart[];

const counted =
  (one: string, many: string, befell: string): Words =>
  (count) =>
    countedParts(count, ` ${one} ${befell}`, ` ${many} ${befell}`);

const WORDS: Readonly<Record<MissedKind, Words>> = {
  kernel_drops: counted('packet', 'packets', 'dropped by the kernel'),
  kernel_freezes: (count) => [
    textPart("the kernel's buffer was full "),
    ...countedParts(count, ' time', ' times'),
  ],
  lost_bytes: (count) => [bytesPart(count), textPart(' missing')],
  frames_refused: counted('message', 'messages', 'refused'),
  limits: counted('statement or detail', 'statements or details', 'dropped by a limit'),
  rows_lost: counted('row', 'rows', 'given up, as the store was away'),
  reduced: counted('statement', 'statements', 'told with less detail'),
};

/** All periods, by time. `steps` by time. */
export function missedPeriods(steps: readonly MissedFacts[]): MissedPeriod[] {
  const periods: Omit<MissedPeriod, 'parts'>[] = [];
  const open = new Map<string, number>();
  for (const step of steps) {
    for (const [kind, countOf] of KINDS) {
      const count = countOf(step);
      if (count === 0) continue;
      const key = `${kind} ${step.collector}`;
      const index = open.get(key);
      const last = index === undefined ? undefined : periods[index];
      const toUs = step.startUs + step.stepUs;
      if (index !== undefined && last?.toUs === step.startUs) {
        periods[index] = { ...last, toUs, count: last.count + count };
      } else {
        open.set(key, periods.length);
        periods.push({ collector: step.collector, kind, fromUs: step.startUs, toUs, count });
      }
    }
  }
  return periods.map((period) => ({ ...period, parts: WORDS[period.kind](period.count) }));
}
