/** D1: the causes behind failed statements, what is new or a burst, and what to do. */
import type { ErrorCauseRow, ErrorHolder } from '../../events/error-diagnosis.ts';
import { counted, countText, shareText } from '../../core/quantities.ts';
import { hanging, printable } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const CAUSES_MAX = 6;
const TABLES_MAX = 3;
const ADVICE_INDENT = ' '.repeat(7);

export function errorDiagnosis(page: Page): string[] {
  const { report, paint, inner } = page;
  const { causes, causesCount, failures, followOn, logins } = report.errorDiagnosis;
  if (causes.length === 0) return [];
  const columns: Column<ErrorCauseRow>[] = [
    { title: 'failed', cell: ({ count }) => countText(count), align: 'right' },
    { title: 'followed', cell: (row) => countText(row.followOn), align: 'right' },
    { title: 'code', cell: ({ sqlstate }) => printable(sqlstate) },
    {
      title: 'cause',
      cell: ({ errorClass }) => printable(errorClass.replaceAll('_', ' ')),
      tint: (cell, { concern }) => (concern === 'database' ? paint.red(cell) : paint.bold(cell)),
    },
    { title: 'database', cell: ({ server }) => page.node(server) },
    { title: 'tables', cell: tablesText, from: 100 },
    {
      title: 'noticed',
      cell: (row) => noticedText(page, row),
      tint: (cell) => paint.yellow(cell),
      flexible: true,
    },
  ];
  const shown = causes.slice(0, CAUSES_MAX);
  const [head = '', ...lines] = tableLines(shown, columns, inner, paint.dim);
  const follow = followOn === 0 ? '' : `, ${countText(followOn)} of them only followed from others`;
  const refused = logins === 0 ? '' : `, ${counted(logins, 'refused login', 'refused logins')}`;
  const title = `${counted(failures - logins, 'failed statement', 'failed statements')}${follow}${refused}${unclassifiedText(page)}`;
  return section(page, 'Causes of errors', title, [
    head,
    ...shown.flatMap((row, index) => [
      lines[index] ?? '',
      ...row.holders.flatMap((holder) => hanging(ADVICE_INDENT, holderText(page, holder), inner)),
      ...hanging(ADVICE_INDENT, row.advice, inner).map(paint.dim),
    ]),
    ...moreLines(page, causesCount, CAUSES_MAX, 'causes'),
    ...(report.errorDiagnosis.learning
      ? [paint.dim('too little is stored from before to say what is new or comes in a burst')]
      : []),
  ]);
}

function holderText(page: Page, { client, clientPort, name, sinceUs, count }: ErrorHolder): string {
  const who = `${page.node(client)}:${clientPort}${name === null ? '' : ` (${printable(name)})`}`;
  return `${countText(count)} while ${who} had these tables in a transaction since ${page.clock(sinceUs)}`;
}

function unclassifiedText({ report }: Page): string {
  const { unclassified, unclassifiedShare } = report.errorDiagnosis;
  return unclassified === 0 ? '' : `; ${shareText(unclassifiedShare)} without a known cause`;
}

function tablesText({ tables }: ErrorCauseRow): string {
  const more = tables.length > TABLES_MAX ? ' …' : '';
  return tables.slice(0, TABLES_MAX).map(printable).join(', ') + more;
}

function noticedText(page: Page, { isNew, bursts, errorClass, ...row }: ErrorCauseRow): string {
  const [burst] = [...bursts].sort((a, b) => b.count - a.count);
  return [
    ...(isNew ? ['never seen before'] : []),
    ...(burst === undefined
      ? []
      : [
          `burst ${page.clock(burst.fromUs)} – ${page.clock(burst.toUs)}: ${countText(burst.count)}`,
        ]),
    ...(errorClass === 'cancelled' && row.cancelRequested > 0
      ? [`${countText(row.cancelRequested)} by a client's request`]
      : []),
  ].join('; ');
}
