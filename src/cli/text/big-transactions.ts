/** Big statements and transactions (D4): which classes, which types, and what they have in common. */
import type { BigClassRow, BigTypeRow } from '../../events/big-transactions.ts';
import { countText, rateText, shareText } from '../../core/quantities.ts';
import { cutMiddle, printable } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const LISTED_MAX = 8;

export function bigTransactions(page: Page): string[] {
  const { classes, types, relations } = page.report.bigTransactions;
  if (classes.length + types.length === 0) return [];
  const { paint, inner } = page;
  const classColumns: Column<BigClassRow>[] = [
    { title: 'big', cell: ({ bigCount }) => countText(bigCount), align: 'right' },
    { title: 'of', cell: ({ executions }) => countText(executions), align: 'right' },
    {
      title: 'share',
      cell: ({ bigShare }) => shareText(bigShare),
      align: 'right',
      tint: (cell, { alert }) => (alert ? paint.yellow(cell) : cell),
    },
    {
      title: 'most rows',
      cell: ({ rowsAffectedMax }) => countText(rowsAffectedMax),
      align: 'right',
    },
    {
      title: 'usual',
      cell: ({ rowsMeanBefore }) => (rowsMeanBefore === null ? '–' : rateText(rowsMeanBefore)),
      align: 'right',
      from: 90,
    },
    ...onServers(classes),
    { title: 'statement', cell: ({ text }) => printable(text), flexible: true },
  ];
  const typeColumns: Column<BigTypeRow>[] = [
    { title: 'big', cell: ({ bigRowsCount }) => countText(bigRowsCount), align: 'right' },
    { title: 'of', cell: ({ transactions }) => countText(transactions), align: 'right' },
    { title: 'long', cell: ({ longCount }) => countText(longCount), align: 'right', from: 90 },
    {
      title: 'most rows',
      cell: ({ rowsAffectedMax }) => countText(rowsAffectedMax),
      align: 'right',
    },
    { title: 'of all rows', cell: ({ shareOfRows }) => shareText(shareOfRows), align: 'right' },
    ...onServers(types),
    { title: 'type of transactions', cell: ({ text }) => printable(text), flexible: true },
  ];
  return section(page, 'Big transactions', '', [
    ...(classes.length === 0
      ? []
      : tableLines(classes.slice(0, LISTED_MAX), classColumns, inner, paint.dim)),
    ...moreLines(page, classes.length, LISTED_MAX, 'classes'),
    ...(classes.length > 0 && types.length > 0 ? [''] : []),
    ...(types.length === 0
      ? []
      : tableLines(types.slice(0, LISTED_MAX), typeColumns, inner, paint.dim)),
    ...moreLines(page, types.length, LISTED_MAX, 'types'),
    ...relations
      .slice(0, 3)
      .map(({ lift, text }) =>
        paint.dim(
          cutMiddle(`${rateText(lift)} times as often in big ones: ${printable(text)}`, inner),
        ),
      ),
  ]);
}

/** Where, when it is not all the same. */
function onServers(rows: readonly { readonly server: string }[]): Column<{ server: string }>[] {
  const several = new Set(rows.map(({ server }) => server)).size > 1;
  return several ? [{ title: 'database', cell: ({ server }) => printable(server) }] : [];
}
