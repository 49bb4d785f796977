/** D2: when TPS was low, whose doing it was, and what the plain rule would say. */
import type { LowTpsEpisode } from '../../events/low-tps.ts';
import { durationText, rateText, shareText } from '../../core/quantities.ts';
import { cutMiddle } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const EPISODES_MAX = 6;

const words = (verdict: string): string => verdict.toLowerCase().replaceAll('_', ' ');

export function lowTps(page: Page): string[] {
  const { report, paint, inner } = page;
  const { episodes } = report.lowTps;
  if (episodes.length === 0) return [];
  const columns: Column<LowTpsEpisode>[] = [
    { title: 'database', cell: ({ server }) => page.node(server) },
    { title: 'since', cell: ({ fromUs }) => page.clock(fromUs) },
    { title: 'for', cell: (one) => lasted(one, report.window.toUs), align: 'right' },
    { title: 'TPS', cell: ({ tps }) => rateText(tps), align: 'right' },
    { title: 'usual', cell: ({ usualTps }) => rateText(usualTps), align: 'right' },
    {
      title: 'verdict',
      cell: ({ verdict, orElse }) => [verdict, ...orElse].map(words).join(' or '),
      tint: (cell, { verdict }) =>
        verdict === 'DATABASE' || verdict === 'NETWORK' ? paint.red(cell) : paint.yellow(cell),
    },
    { title: 'explains', cell: ({ confidence }) => shareText(confidence), align: 'right' },
    {
      title: 'plain rule',
      cell: ({ plainRule }) =>
        `${plainRule.databaseIsToBlame ? 'database' : 'not the database'} (yield ${shareText(plainRule.yield)})`,
      from: 110,
    },
  ];
  const shown = episodes.slice(0, EPISODES_MAX);
  const [head = '', ...lines] = tableLines(shown, columns, inner, paint.dim);
  return section(page, 'Low TPS', '', [
    head,
    ...shown.flatMap(({ because }, index) => [
      lines[index] ?? '',
      paint.dim(cutMiddle(`  ${because}`, inner)),
    ]),
    ...moreLines(page, episodes.length, EPISODES_MAX, 'stretches'),
  ]);
}

function lasted({ fromUs, toUs }: LowTpsEpisode, endUs: number): string {
  return durationText((toUs ?? endUs) - fromUs) + (toUs === null ? ' +' : '');
}
