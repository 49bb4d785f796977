/** P3, R1: errors by root cause: what the code means, how the server put it, and the statement that met it most. */
import type { ErrorRow, Report } from '../../events/report.ts';
import { cutMiddle, printable, widthOf } from './cell.ts';
import { columnsOf, sparkline } from './chart.ts';
import { statementText } from './headline.ts';
import { type Page, moreLines, section } from './page.ts';
import { counted, countText, shareText } from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';

const ERRORS_MAX = 8;
const CLIENTS_MAX = 3;
const SPARKLINE_WIDTH = 16;

const CONCERNS: Record<ErrorRow['concern'], string> = {
  application: 'application',
  database: 'database',
  operation: 'operation',
  follow_on: 'follows from another',
};

export function errors(page: Page): string[] {
  const { report, paint, inner } = page;
  const rows = report.errors.slice(0, ERRORS_MAX);
  if (rows.length === 0) return [];
  const columns: Column<ErrorRow>[] = [
    { title: 'count', cell: (row) => countText(row.count), align: 'right' },
    { title: 'share', cell: (row) => shareText(row.shareOfErrors), align: 'right' },
    { title: 'code', cell: (row) => printable(row.sqlstate) },
    {
      title: 'cause',
      cell: (row) => printable(row.errorClass.replaceAll('_', ' ')),
      tint: (cell, row) => (row.concern === 'database' ? paint.red(cell) : paint.bold(cell)),
    },
    { title: 'concerns', cell: (row) => CONCERNS[row.concern] },
    { title: 'first', cell: (row) => page.clock(row.firstUs), from: 88 },
    { title: 'last', cell: (row) => page.clock(row.lastUs), from: 88 },
    {
      title: 'over time',
      cell: (row) => sparkline(columnsOf(row.overTime, SPARKLINE_WIDTH, sumOrHole)),
      from: 98,
      tint: (cell) => paint.red(cell),
    },
  ];
  const [head = '', ...lines] = tableLines(rows, columns, inner, paint.dim);
  const detailed = rows.flatMap((row, index) => [lines[index] ?? '', ...details(page, row)]);
  return section(page, 'Errors', summary(report), [
    head,
    ...detailed,
    ...moreLines(page, report.errors.length, ERRORS_MAX, 'codes'),
  ]);
}

function summary({ overview, errors: rows }: Report): string {
  const codes = counted(rows.length, 'code', 'codes');
  if (overview.abnormalShare === null) return codes;
  return `${shareText(overview.abnormalShare)} of all answers, ${codes}`;
}

/** A step without errors leaves a hole, so that single errors stand out. */
function sumOrHole(counts: readonly number[]): number | null {
  return counts.reduce((sum, count) => sum + count, 0) || null;
}

function details(page: Page, row: ErrorRow): string[] {
  const { paint, inner } = page;
  const room = inner - 7;
  const clients = row.clients.slice(0, CLIENTS_MAX).map(printable).join(', ');
  const sessions = counted(row.sessions, 'session', 'sessions');
  const [first] = row.classes;
  const from = `${sessions}${clients === '' ? '' : ` from ${clients}`}`;
  const both = `${row.meaning}; ${from}`;
  const lines = [
    ...(widthOf(both) <= room ? [both] : [row.meaning, from]),
    ...(row.sampleMessage === '' ? [] : [`“${printable(row.sampleMessage)}”`]),
  ].map((line) => paint.dim(cutMiddle(line, room)));
  if (first !== undefined) lines.push(paint.cyan(cutMiddle(statementText(first.normalized), room)));
  return lines.map((line) => ' '.repeat(7) + line);
}
