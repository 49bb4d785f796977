/** P8 and R2: which classes of statements cost most, which are slowest, and the slowest single executions. */
import type { ClassRow, Trend } from '../../events/report.ts';
import { statementText } from './headline.ts';
import { type Page, moreLines, section } from './page.ts';
import { changeText, countText, durationText, shareText } from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';
import { printable } from './cell.ts';
import { HOUR_US } from '../../core/time.ts';

const EXPENSIVE_MAX = 10;
const SLOW_MAX = 5;
const WRITERS_MAX = 5;
const SLOWEST_MAX = 5;
const BAR_WIDTH = 8;

const right = { align: 'right' } as const;

export function statements(page: Page): string[] {
  const { expensive, slow } = page.report;
  if (expensive.length === 0) return [];
  const known = new Set(expensive.slice(0, EXPENSIVE_MAX).map(({ fingerprint }) => fingerprint));
  // A list that repeats the one above it says nothing: it is worth its lines where it shows other classes.
  const others = slow.slice(0, SLOW_MAX).filter(({ fingerprint }) => !known.has(fingerprint));
  return [
    ...section(page, 'Most expensive statements', 'by their share of the response time of all', [
      ...classTable(page, expensive.slice(0, EXPENSIVE_MAX), shareColumns(page)),
      ...moreLines(page, expensive.length, EXPENSIVE_MAX, 'classes in --format json'),
    ]),
    ...(others.length > 0
      ? section(
          page,
          'Slowest statements',
          'by mean response time',
          classTable(page, slow.slice(0, SLOW_MAX), []),
        )
      : []),
    ...writers(page),
    ...slowest(page),
  ];
}

function shareColumns(page: Page): Column<ClassRow>[] {
  return [
    { title: 'share', cell: (row) => shareText(row.shareOfTime), ...right },
    {
      title: '',
      cell: (row) => bar(row.shareOfTime ?? 0),
      from: 146,
      tint: (cell) => page.paint.cyan(cell),
    },
    { title: 'total', cell: (row) => durationText(row.durationSumUs), from: 112, ...right },
  ];
}

/** A bar of at most BAR_WIDTH cells, an eighth of a cell exact. */
function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return ('█'.repeat(Math.floor(eighths / 8)) + part).padEnd(BAR_WIDTH);
}

function classTable(
  page: Page,
  rows: readonly ClassRow[],
  first: readonly Column<ClassRow>[],
): string[] {
  const { paint } = page;
  const trending = rows.some(({ trend }) => trend !== null);
  const failing = rows.some(({ errors }) => errors > 0);
  const columns: Column<ClassRow>[] = [
    ...first,
    { title: 'calls', cell: (row) => countText(row.calls), ...right },
    { title: 'mean', cell: (row) => durationText(row.responseTime.meanUs), ...right },
    { title: 'p95', cell: (row) => durationText(row.responseTime.p95Us), ...right },
    { title: 'p99', cell: (row) => durationText(row.responseTime.p99Us), from: 96, ...right },
    { title: 'max', cell: (row) => durationText(row.responseTime.maxUs), ...right },
    {
      title: 'rows',
      cell: (row) => countText(row.rowsReturned + row.rowsAffected),
      from: 124,
      ...right,
    },
    ...(failing
      ? [
          {
            title: 'errors',
            cell: (row: ClassRow) => (row.errors > 0 ? countText(row.errors) : ''),
            from: 134,
            tint: (cell: string) => paint.red(cell),
            ...right,
          },
        ]
      : []),
    ...(trending
      ? [
          {
            title: 'trend',
            cell: (row: ClassRow) => trendText(page, row.trend),
            from: 90,
            tint: (cell: string) => paint.yellow(cell),
            ...right,
          },
        ]
      : []),
    { title: 'statement', cell: (row) => statementText(row.normalized), flexible: true },
  ];
  return tableLines(rows, columns, page.inner, paint.dim);
}

/** What the trend amounts to over the window: nobody thinks in changes an hour of a window of ten minutes. */
function trendText({ report: { window } }: Page, trend: Trend | null): string {
  if (trend === null) return '';
  const hours = (window.toUs - window.fromUs) / HOUR_US;
  return changeText((1 + trend.changePerHour) ** hours - 1);
}

function writers(page: Page): string[] {
  const rows = page.report.writers.slice(0, WRITERS_MAX);
  if (rows.length === 0) return [];
  const columns: Column<ClassRow>[] = [
    { title: 'rows', cell: (row) => countText(row.rowsAffected), ...right },
    { title: 'most at once', cell: (row) => countText(row.rowsAffectedMax), ...right },
    { title: 'calls', cell: (row) => countText(row.calls), ...right },
    { title: 'statement', cell: (row) => statementText(row.normalized), flexible: true },
  ];
  return section(
    page,
    'Rows changed',
    'by the classes that change most',
    tableLines(rows, columns, page.inner, page.paint.dim),
  );
}

function slowest(page: Page): string[] {
  const rows = page.report.slowest.slice(0, SLOWEST_MAX);
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: 'took', cell: (row) => durationText(row.durationUs), ...right },
    { title: 'at', cell: (row) => page.clock(row.tsUs) },
    { title: 'status', cell: (row) => row.sqlstate ?? row.status, from: 96 },
    { title: 'rows', cell: (row) => countText(row.rowsReturned ?? row.rowsAffected), ...right },
    { title: 'user', cell: (row) => printable(row.user ?? ''), from: 110 },
    { title: 'client', cell: (row) => page.node(row.client) },
    { title: 'statement', cell: (row) => statementText(row.statement), flexible: true },
  ];
  return section(
    page,
    'Slowest executions',
    '',
    tableLines(rows, columns, page.inner, page.paint.dim),
  );
}
