/** D5: classes slower than the mean, what they cost beyond it, and signs of why. */
import type { SlowClassRow } from '../../events/slow-classes.ts';
import { countText, durationText, shareText } from '../../core/quantities.ts';
import { statementText } from './headline.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const CLASSES_MAX = 6;

export function slowClasses(page: Page): string[] {
  const { report, paint, inner } = page;
  const { meanUs, classes, classesCount } = report.slowClasses;
  if (classes.length === 0) return [];
  const columns: Column<SlowClassRow>[] = [
    { title: 'excess', cell: ({ excessUs }) => durationText(excessUs), align: 'right' },
    { title: 'share', cell: ({ shareOfTime }) => shareText(shareOfTime), align: 'right' },
    { title: 'mean', cell: (row) => durationText(row.meanUs), align: 'right' },
    ...(classes.some(({ usual }) => usual !== null)
      ? [
          {
            title: 'usually',
            cell: ({ usual }: SlowClassRow) =>
              usual === null ? '–' : durationText(usual.medianUs),
            align: 'right' as const,
          },
        ]
      : []),
    { title: 'calls', cell: ({ answered }) => countText(answered), align: 'right', from: 90 },
    {
      title: 'signs',
      cell: ({ signs }) => signs.map(({ sign }) => sign.replaceAll('_', ' ')).join(', '),
      tint: (cell) => paint.yellow(cell),
    },
    {
      title: 'statement',
      cell: ({ normalized }) => statementText(normalized),
      flexible: true,
      tint: (cell) => paint.cyan(cell),
    },
  ];
  return section(page, 'Slower than the mean', `of ${durationText(meanUs)}`, [
    ...tableLines(classes.slice(0, CLASSES_MAX), columns, inner, paint.dim),
    ...moreLines(page, classesCount, CLASSES_MAX, 'classes'),
  ]);
}
