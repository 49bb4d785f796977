/** What waited longest at a database while it was not well: the statements themselves often say what they waited for. */
import type { Incident } from '../../src/events/incidents.ts';
import type { Report } from '../../src/events/report.ts';
import {
  type HighlightPart,
  countedParts,
  countPart,
  durationPart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { greatestOf, grouped } from '../share.ts';
import { isCommit } from '../diagnosis/slow-commit.ts';

/** Whoever waits for less may be working. */
const WAITED_MIN_US = SECOND_US;
/** One class that is half of them is what to look at; of many the list of the slowest tells more. */
const SHARE_MIN = 0.5;

/** Of the slowest executions of the window those that waited there and then; empty where no class stands out. */
export function longestWaits(
  { slowest, slow, expensive, window }: Pick<Report, 'slowest' | 'slow' | 'expensive' | 'window'>,
  { sinceUs, untilUs }: Pick<Incident, 'sinceUs' | 'untilUs'>,
  node: string,
): HighlightPart[] {
  const waited = slowest.flatMap(({ tsUs, durationUs, server, fingerprint }) =>
    durationUs !== null &&
    durationUs >= WAITED_MIN_US &&
    server === node &&
    tsUs < (untilUs ?? window.toUs) &&
    tsUs + durationUs > sinceUs
      ? [{ fingerprint, durationUs }]
      : [],
  );
  const [most] = [...grouped(waited, ({ fingerprint }) => fingerprint).values()].sort(
    (a, b) => b.length - a.length,
  );
  const fingerprint = most?.[0]?.fingerprint ?? '';
  const text = [...expensive, ...slow].find((row) => row.fingerprint === fingerprint)?.normalized;
  if (most === undefined || text === undefined || most.length < SHARE_MIN * waited.length)
    return [];
  return [
    textPart(' What waited longest there was '),
    statementPart(text, fingerprint),
    textPart(' ('),
    countPart(most.length),
    textPart(' of '),
    ...countedParts(waited.length, ' slow answer, ', ' slow answers, up to '),
    durationPart(greatestOf(most, ({ durationUs }) => durationUs)),
    textPart(
      isCommit(text)
        ? '): a commit waits for the log on the disk, or for a synchronous standby.'
        : ').',
    ),
  ];
}
