/** F1: values that stand out among those that executions are given. */
import type { HotValueKind, HotValueRow } from '../../events/hot-values.ts';
import { ABSENT, countText, durationText, shareText } from '../../core/quantities.ts';
import { printable } from './cell.ts';
import { statementText } from './headline.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const LISTED_MAX = 12;
const right = { align: 'right' } as const;

const WORDS: Readonly<Record<HotValueKind, string>> = {
  contended: 'contended',
  single: 'single',
  hot: 'hot',
  append: 'append',
};

export function hotValues(page: Page): string[] {
  const { report, paint } = page;
  const rows = report.hotValues.slice(0, LISTED_MAX);
  if (rows.length === 0) return [];
  const columns: Column<HotValueRow>[] = [
    {
      title: 'is',
      cell: ({ kind }) => WORDS[kind],
      tint: (cell, { kind }) => (kind === 'contended' ? paint.yellow(cell) : cell),
    },
    { title: 'value', cell: valueText },
    { title: 'share', cell: (row) => shareText(row.share), ...right },
    { title: 'calls', cell: (row) => countText(row.calls), ...right },
    { title: 'of', cell: (row) => countText(row.distinct), from: 100, ...right },
    { title: 'zipf', cell: ({ zipf }) => zipf?.toFixed(2) ?? ABSENT, from: 120, ...right },
    { title: 'at once', cell: waitText, from: 90, ...right },
    { title: 'statement', cell: (row) => statementText(row.normalized), flexible: true },
  ];
  return section(page, 'Values', 'parameters and literals that stand out', [
    ...tableLines(rows, columns, page.inner, paint.dim),
    ...moreLines(page, report.hotValues.length, rows.length, 'values'),
  ]);
}

function valueText({ place, shown, hash }: HotValueRow): string {
  if (hash === null) return `${place} rises`;
  return `${place} ${printable(shown === '' ? hash : shown)}`;
}

function waitText({ waitingMax, contendedUs }: HotValueRow): string {
  return waitingMax === 0 ? '' : `${countText(waitingMax)}, ${durationText(contendedUs)}`;
}
