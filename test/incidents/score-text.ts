/** The scores as text: a line for each scenario, a line for each state and kind of finding, the promises that are broken. */
import {
  brokenPromises,
  falseStatesPerNodeDay,
  type Judged,
  type Score,
  scoreOf,
  scoresOf,
} from './score.ts';
import type { Verdict } from './judge.ts';

export function scoreText(judged: readonly Judged[]): string {
  const verdicts = judged.flatMap((one) => one.verdicts);
  const about = (kind: Verdict['about']) => verdicts.filter((one) => one.about === kind);
  const broken = brokenPromises(judged);
  return [
    'Scenarios',
    ...judged.map((one) => scenarioLine(one)),
    '',
    HEAD('State'),
    ...scoresOf(judged, 'state').map(scoreLine),
    scoreLine(scoreOf('all states', about('state'))),
    '',
    HEAD('Finding'),
    ...scoresOf(judged, 'finding').map(scoreLine),
    scoreLine(scoreOf('all findings', about('finding'))),
    '',
    `False states per node-day: ${falseStatesPerNodeDay(judged).toFixed(2)}`,
    ...(broken.length === 0 ? ['All promises are kept.'] : broken.map((one) => `BROKEN: ${one}`)),
    '',
  ].join('\n');
}

function scenarioLine({ label, verdicts }: Judged): string {
  const name = `${label.scenario} (${String(label.seed)})`.padEnd(28);
  const said = verdicts.map(({ outcome, what, where, delayUs }) => {
    const after = delayUs === null ? '' : ` after ${(delayUs / 1e6).toFixed(1)} s`;
    return `${outcome} ${what}${where === '' ? '' : ` of ${where}`}${after}`;
  });
  return `  ${name}${said.length === 0 ? 'nothing expected, nothing told' : said.join('; ')}`;
}

const HEAD = (what: string): string =>
  `${what.padEnd(36)}${['found', 'missed', 'false', 'precision', 'recall', 'delay', 'max'].map((name) => name.padStart(10)).join('')}`;

function scoreLine(score: Score): string {
  const seconds = (us: number | null): string => (us === null ? '-' : `${(us / 1e6).toFixed(1)} s`);
  const share = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
  const cells = [
    String(score.found),
    String(score.missed),
    String(score.wrong),
    share(score.precision),
    share(score.recall),
    seconds(score.delayMedianUs),
    seconds(score.delayMaxUs),
  ];
  return `  ${score.what.padEnd(34)}${cells.map((cell) => cell.padStart(10)).join('')}`;
}
