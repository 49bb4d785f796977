/** Traffic, and TPS, response time and errors over time as charts. */
import type { Overview, SeriesPoint } from '../../events/report.ts';
import { areaLines, columnsOf, sparkline } from './chart.ts';
import { widthOf } from './cell.ts';
import { type Page, section } from './page.ts';
import {
  bytesText,
  countText,
  durationText,
  durationWords,
  rateText,
  shareText,
} from '../../core/quantities.ts';

const CHART_HEIGHT = 4;
/** Room for an axis label such as `123 ms`, and the axis. */
const LABEL_WIDTH = 9;
/** A column that is no wider than this reads as a bar, a wider one as a wall. */
const POINT_WIDTH_MAX = 6;
const TIME_MARKS_MIN_GAP = 14;
/** Highest to usual response time from which the scale is logarithmic. */
const SPIKE_RATIO = 12;

export function traffic(page: Page): string[] {
  const { overview } = page.report;
  return [
    ...section(page, 'Traffic', '', figures(page, overview)),
    ...(page.report.series.length > 0 ? charts(page) : []),
  ];
}

type Figure = readonly [label: string, value: string];

/** Four groups of figures side by side; two and two where the line is short. */
function figures(page: Page, overview: Overview): string[] {
  const { responseTime } = overview;
  const groups: (readonly Figure[])[] = [
    [
      ['requests', countText(overview.requests)],
      ['answered', shareText(overview.responseRate)],
      ['yield', shareText(overview.yield)],
      ['errors', countText(overview.errors)],
    ],
    [
      ['transactions', countText(overview.transactions)],
      ['TPS mean', rateText(overview.tpsMean)],
      ['TPS peak', rateText(overview.tpsMax)],
      ['rollback rate', shareText(overview.rollbackRate)],
    ],
    [
      ['response mean', durationText(responseTime.meanUs)],
      ['p50', durationText(responseTime.p50Us)],
      ['p95', durationText(responseTime.p95Us)],
      ['p99', durationText(responseTime.p99Us)],
    ],
    [
      ['rows returned', countText(overview.rowsReturned)],
      ['rows affected', countText(overview.rowsAffected)],
      ['bytes in', bytesText(overview.requestBytes)],
      ['bytes out', bytesText(overview.responseBytes)],
    ],
  ];
  const gap = '    ';
  const side = groups.map((group) => figureBlock(page, group));
  const fits =
    side.reduce((sum, block) => sum + block.width + gap.length, -gap.length) <= page.inner;
  const [first = [], second = [], third = [], fourth = []] = groups;
  const blocks = fits
    ? side
    : [figureBlock(page, [...first, ...third]), figureBlock(page, [...second, ...fourth])];
  const lines = (blocks[0]?.lines ?? []).map((_, index) =>
    blocks.map((block) => block.lines[index] ?? '').join(gap),
  );
  return lines;
}

function figureBlock(page: Page, group: readonly Figure[]) {
  const labelWidth = Math.max(...group.map(([label]) => widthOf(label)));
  const valueWidth = Math.max(...group.map(([, value]) => widthOf(value)));
  return {
    width: labelWidth + 2 + valueWidth,
    lines: group.map(([label, value]) => {
      const fill = ' '.repeat(labelWidth - widthOf(label) + 2 + valueWidth - widthOf(value));
      return page.paint.dim(label) + fill + value;
    }),
  };
}

/** Columns of the same number of steps each, or steps of the same number of columns: an even pace is no illusion. */
function chartWidth(points: number, room: number): { width: number; steps: number } {
  if (points > room) {
    const steps = Math.ceil(points / room);
    return { width: Math.ceil(points / steps), steps };
  }
  return { width: points * Math.min(POINT_WIDTH_MAX, Math.floor(room / points)), steps: 1 };
}

interface ChartColumn {
  readonly tps: number;
  readonly meanUs: number | null;
  readonly p95Us: number | null;
  readonly errors: number;
}

function charts(page: Page): string[] {
  const { paint, report } = page;
  const { width, steps } = chartWidth(report.series.length, page.inner - LABEL_WIDTH);
  const columns = columnsOf(report.series, width, chartColumn);
  const tpsTop = Math.max(...columns.map(({ tps }) => tps));
  const scale = timeScale(columns);
  const times = areaLines(
    columns.map(({ meanUs }) => scale.height(meanUs)),
    CHART_HEIGHT,
    1,
    columns.map(({ p95Us }) => scale.height(p95Us)),
  );
  const tps = areaLines(
    columns.map((column) => column.tps),
    CHART_HEIGHT,
    tpsTop,
  );
  const step = durationWords(report.stepUs * steps);
  const lines = [
    ...section(
      page,
      'TPS',
      `transactions ended per second, by ${step}`,
      axis(page, tps, rateText(tpsTop), '0', paint.blue),
    ),
    ...section(
      page,
      'Response time',
      `█ mean  ░ p95${scale.logarithmic ? ', logarithmic' : ''}`,
      axis(page, times, axisText(scale.topUs), axisText(scale.bottomUs), paint.green),
    ),
  ];
  if (report.overview.errors > 0) {
    const errors = sparkline(columns.map((column) => column.errors || null));
    lines.push(`  ${label(page, 'errors')}${paint.red(errors.trimEnd())}`);
  }
  lines.push(timeAxis(page, width));
  return lines;
}

function chartColumn(points: readonly SeriesPoint[]): ChartColumn {
  let answers = 0;
  let durationSumUs = 0;
  let p95Us: number | null = null;
  let tps = 0;
  let errors = 0;
  for (const point of points) {
    tps += point.tps / points.length;
    errors += point.errors;
    if (point.responseTimeMeanUs === null) continue;
    answers += point.answers;
    durationSumUs += point.responseTimeMeanUs * point.answers;
    // Percentiles cannot be averaged: of several steps the worst is shown.
    if (point.responseTimeP95Us !== null) p95Us = Math.max(p95Us ?? 0, point.responseTimeP95Us);
  }
  return { tps, errors, p95Us, meanUs: answers > 0 ? durationSumUs / answers : null };
}

interface TimeScale {
  readonly topUs: number;
  readonly bottomUs: number;
  readonly logarithmic: boolean;
  /** 0 to 1; null stays a hole. */
  readonly height: (us: number | null) => number | null;
}

/**
 * From 0 to the highest p95, or logarithmic where that would press the usual response time into the lowest line: a
 * spike of a thousand times the usual must not hide how the rest went.
 */
function timeScale(columns: readonly ChartColumn[]): TimeScale {
  const means = columns.flatMap(({ meanUs }) => meanUs ?? []).sort((a, b) => a - b);
  const topUs = Math.max(...columns.map(({ meanUs, p95Us }) => Math.max(meanUs ?? 0, p95Us ?? 0)));
  const usualUs = means[Math.floor(means.length / 2)] ?? 0;
  const lowestUs = means[0] ?? 0;
  if (lowestUs < 1 || topUs < SPIKE_RATIO * usualUs) {
    return {
      topUs,
      bottomUs: 0,
      logarithmic: false,
      height: (us) => (us === null || topUs === 0 ? null : us / topUs),
    };
  }
  const bottomUs = 10 ** Math.floor(Math.log10(lowestUs));
  const span = Math.log(topUs / bottomUs);
  return {
    topUs,
    bottomUs,
    logarithmic: true,
    height: (us) => (us === null ? null : Math.log(Math.max(1, us) / bottomUs) / span),
  };
}

/** A duration that fits beside an axis. */
function axisText(us: number): string {
  if (us < 99_950_000) return durationWords(us);
  return us < 600_000_000
    ? `${Math.round(us / 1_000_000)} s`
    : `${Math.round(us / 60_000_000)} min`;
}

function label(page: Page, text: string): string {
  return page.paint.dim(`${text.padStart(LABEL_WIDTH - 2)}  `);
}

function axis(
  page: Page,
  lines: readonly string[],
  top: string,
  bottom: string,
  tint: (text: string) => string,
): string[] {
  return lines.map((line, index) => {
    const text = index === 0 ? top : index === lines.length - 1 ? bottom : '';
    return page.paint.dim(`${text.padStart(LABEL_WIDTH - 2)} ┤`) + tint(line.trimEnd());
  });
}

/** Times of day under the charts, as many as stand apart. */
function timeAxis(page: Page, width: number): string {
  const { series, stepUs } = page.report;
  const first = series[0]?.startUs ?? 0;
  const spanUs = series.length * stepUs;
  const marks = Math.max(1, Math.floor(width / TIME_MARKS_MIN_GAP / 1.5));
  let line = '';
  for (let mark = 0; mark < marks; mark++) {
    const column = Math.floor((mark * width) / marks);
    line = line.padEnd(column) + page.clock(first + (mark * spanUs) / marks);
  }
  return `  ${' '.repeat(LABEL_WIDTH)}${page.paint.dim(line)}`;
}
