/** P8: where the mean response times of the important classes go. */
import type { ClassForecast } from '../../events/class-forecast.ts';
import { ABSENT, changeText, durationText, shareText } from '../../core/quantities.ts';
import { statementText } from './headline.ts';
import { type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const right = { align: 'right' } as const;

export function classForecast(page: Page): string[] {
  const rows = page.report.classForecast.filter(
    ({ points, trend }) => points.length > 0 || trend !== null,
  );
  if (rows.length === 0) return [];
  const { paint } = page;
  const columns: Column<ClassForecast>[] = [
    { title: 'share', cell: (row) => shareText(row.shareOfTime), ...right },
    { title: 'now', cell: (row) => durationText(row.nowUs), ...right },
    {
      title: 'per hour',
      cell: ({ trend }) => (trend === null ? 'steady' : changeText(trend.changePerHour)),
      tint: (cell, { trend }) => ((trend?.changePerHour ?? 0) > 0 ? paint.yellow(cell) : cell),
      ...right,
    },
    { title: 'forecast', cell: forecastText },
    { title: '80 %', cell: bandText, from: 110 },
    { title: 'threshold', cell: (row) => durationText(row.thresholdUs), from: 100, ...right },
    {
      title: 'in',
      cell: (row) => durationText(row.timeToThresholdUs),
      tint: (cell) => paint.yellow(cell),
      ...right,
    },
    { title: 'statement', cell: (row) => statementText(row.normalized), flexible: true },
  ];
  return section(
    page,
    'Forecast',
    'mean response time of the classes with the most of it',
    tableLines(rows, columns, page.inner, paint.dim),
  );
}

function forecastText({ points }: ClassForecast): string {
  const last = points.at(-1);
  if (last === undefined) return 'no skill';
  return `${durationText(last.meanUs)} in ${durationText(last.aheadUs)}`;
}

function bandText({ points }: ClassForecast): string {
  const last = points.at(-1);
  if (last === undefined || last.lower80Us === null) return ABSENT;
  return `${durationText(last.lower80Us)} to ${durationText(last.upper80Us)}`;
}
