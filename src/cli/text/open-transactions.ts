/** Uncommitted transactions (D3, P7): who, since when, what waits for them, and what they will do next. */
import type { OpenTransactionRow, TimeLeft } from '../../events/open-transactions.ts';
import { counted, countText, durationText, shareText } from '../../core/quantities.ts';
import { cutMiddle, printable } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const LISTED_MAX = 10;

export function openTransactions(page: Page): string[] {
  const { open, ended, endedCount, longCount, openCount } = page.report.openTransactions;
  const told = [...open.slice(0, LISTED_MAX), ...ended.slice(0, LISTED_MAX)];
  if (told.length === 0) return [];
  const note = `${countText(openCount)} open at ${page.clock(page.report.openTransactions.asOfUs)}, ${countText(longCount)} of them long; ${counted(endedCount, 'long one', 'long ones')} ended`;
  return section(page, 'Uncommitted transactions', note, [
    ...tableLines(told, columnsOf(page, told), page.inner, page.paint.dim),
    ...moreLines(page, open.length, LISTED_MAX, 'open transactions'),
    ...open.slice(0, LISTED_MAX).flatMap((row) => outlookLines(page, row)),
  ]);
}

function columnsOf(page: Page, told: readonly OpenTransactionRow[]): Column<OpenTransactionRow>[] {
  const { paint } = page;
  const countColumn = (
    title: string,
    countOf: (row: OpenTransactionRow) => number,
  ): Column<OpenTransactionRow> => ({
    title,
    cell: (row) => (countOf(row) === 0 ? '–' : countText(countOf(row))),
    align: 'right',
    tint: (cell, row) => (countOf(row) > 0 ? paint.red(cell) : cell),
  });
  return [
    {
      title: 'channel',
      cell: ({ client, clientPort }) => `${page.node(client)}:${clientPort}`,
    },
    {
      title: 'application',
      cell: ({ application, user }) => cutMiddle(printable(application ?? user ?? '–'), 16),
      from: 100,
    },
    { title: 'since', cell: ({ sinceUs }) => page.clock(sinceUs) },
    {
      title: 'open for',
      cell: (row) => durationText(row.ageUs) + (isOpen(row) ? ' +' : ''),
      align: 'right',
      tint: (cell, { long }) => (long ? paint.yellow(cell) : cell),
    },
    { title: 'state', cell: stateText },
    {
      title: 'statements',
      cell: ({ statements }) => countText(statements),
      align: 'right',
      from: 110,
    },
    { title: 'rows', cell: ({ rowsAffected }) => countText(rowsAffected), align: 'right' },
    countColumn('waiting', ({ waitingCount }) => waitingCount),
    // What failed for having waited too long: seldom anything.
    ...(told.some(({ gaveUpCount }) => gaveUpCount > 0)
      ? [countColumn('gave up', ({ gaveUpCount }) => gaveUpCount)]
      : []),
    { title: 'last statement', cell: ({ lastText }) => printable(lastText ?? '–'), flexible: true },
  ];
}

function isOpen({ endUs, asOfUs }: OpenTransactionRow): boolean {
  return endUs === null || endUs > asOfUs;
}

function stateText(row: OpenTransactionRow): string {
  if (!isOpen(row)) return row.outcome === 'rollback' ? 'rolled back' : 'committed';
  return row.working === null ? 'not known' : row.working ? 'working' : 'idle';
}

/** `10.0.0.1:40000  like SELECT a, UPDATE b (100 %) · next UPDATE ... 97 %, COMMIT 3 % · commits 99 % · 12 ms left` */
function outlookLines(page: Page, row: OpenTransactionRow): string[] {
  const parts = [
    row.resembles === null
      ? []
      : [`like ${printable(row.resembles.text)} (${shareText(row.resembles.similarity)})`],
    row.next.length === 0
      ? []
      : [
          `next ${row.next
            .map(
              ({ text, probability }) =>
                `${cutMiddle(printable(text), 30)} ${shareText(probability)}`,
            )
            .join(', ')}`,
        ],
    commitText(row),
    row.timeLeft === null ? [] : [leftText(row.timeLeft)],
    row.bigProbability === null || row.bigProbability < 0.01
      ? []
      : [`becomes big ${shareText(row.bigProbability)}`],
  ].flat();
  if (parts.length === 0) return [];
  const line = `${page.node(row.client)}:${row.clientPort}  ${parts.join(' · ')}`;
  return [page.paint.dim(cutMiddle(line, page.inner))];
}

/** What its point says of it, beside what is usual; what is usual, where that says no more. */
function commitText({ commitProbability, commitUsual }: OpenTransactionRow): string[] {
  if (commitUsual === null) return [];
  return commitProbability === null
    ? [`${shareText(commitUsual)} of all transactions commit`]
    : [`commits ${shareText(commitProbability)} (${shareText(commitUsual)} of all)`];
}

function leftText({ lowUs, medianUs, highUs }: TimeLeft): string {
  const band = lowUs === highUs ? '' : ` (${durationText(lowUs)} to ${durationText(highUs)})`;
  return `${durationText(medianUs)} left${band}`;
}
