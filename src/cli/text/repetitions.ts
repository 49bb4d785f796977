/** D5: lists whose rows are asked for one by one (N+1). */
import type { RepetitionRow } from '../../events/repetitions.ts';
import { countText, durationText, shareText } from '../../core/quantities.ts';
import { statementText } from './headline.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const ROWS_MAX = 5;
const right = { align: 'right' } as const;

export function repetitions(page: Page): string[] {
  const { report, paint, inner } = page;
  if (report.repetitions.length === 0) return [];
  const columns: Column<RepetitionRow>[] = [
    { title: 'times', cell: ({ matchedRuns }) => countText(matchedRuns), ...right },
    { title: 'rows', cell: ({ lengthMean }) => countText(Math.round(lengthMean)), ...right },
    { title: 'took', cell: (row) => durationText(row.elapsedSumUs / row.matchedRuns), ...right },
    { title: 'share', cell: ({ shareOfRequests }) => shareText(shareOfRequests), ...right },
    { title: 'host', cell: ({ client }) => client, from: 90 },
    {
      title: 'statement',
      cell: ({ normalized }) => statementText(normalized),
      flexible: true,
      tint: (cell) => paint.cyan(cell),
    },
  ];
  return section(page, 'Row by row', 'lists whose rows are asked for one by one', [
    ...tableLines(report.repetitions.slice(0, ROWS_MAX), columns, inner, paint.dim),
    ...moreLines(page, report.repetitions.length, ROWS_MAX, 'pairs'),
  ]);
}
