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
  const [first] = rows;
  if (first === undefined) return [];
  const { paint } = page;
  const thresholdTint = (cell: string, { timeToThresholdUs }: ClassForecast) =>
    timeToThresholdUs === null ? cell : paint.yellow(cell);
  const columns: Column<ClassForecast>[] = [
    { title: 'share', cell: (row) => shareText(row.shareOfTime), from: 90, ...right },
    { title: 'now', cell: (row) => durationText(row.nowUs), ...right },
    {
      title: 'per hour',
      cell: ({ trend }) => (trend === null ? 'none found' : changeText(trend.changePerHour)),
      tint: (cell, { trend }) => ((trend?.changePerHour ?? 0) > 0 ? paint.yellow(cell) : cell),
      ...right,
    },
    { title: 'forecast', cell: forecastText },
    { title: '80 %', cell: bandText, from: 110 },
    { title: 'threshold', cell: thresholdText, tint: thresholdTint },
    { title: '80 %', cell: thresholdBandText, from: 140 },
    { title: 'statement', cell: (row) => statementText(row.normalized), flexible: true },
  ];
  return section(
    page,
    'Forecast',
    `mean response time of the classes with the most of it, from ${page.clock(first.fromUs)} on`,
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

/** `20.0 ms in 12 min`; the threshold alone where nothing is forecast, or nothing grows. */
function thresholdText(row: ClassForecast): string {
  const { thresholdUs, timeToThresholdUs, trend, points } = row;
  const threshold = durationText(thresholdUs);
  if (timeToThresholdUs === 0) return `${threshold} passed`;
  if (timeToThresholdUs !== null) return `${threshold} in ${durationText(timeToThresholdUs)}`;
  const last = points.at(-1);
  if (last === undefined || trend === null || trend.changePerHour <= 0) return threshold;
  return `${threshold} not in ${durationText(last.aheadUs)}`;
}

function thresholdBandText({ thresholdBand }: ClassForecast): string {
  if (thresholdBand === null) return ABSENT;
  const { earliestUs, latestUs } = thresholdBand;
  const earliest = earliestUs === 0 ? 'now' : durationText(earliestUs);
  return latestUs === null ? `from ${earliest} on` : `${earliest} to ${durationText(latestUs)}`;
}
