/** The six charts of a report: what was done, how long it took, what failed, what waited, who was connected, what flowed. */
import { useMemo, useState } from 'preact/hooks';
import type { Report, SeriesPoint, Window } from '../../../src/server/contract.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from '../format.ts';
import { type Line, TimeChart, type TimeChartProps } from './time-chart.tsx';

const RESPONSE_TIME = 'Response time';
/** A chart is about a hundred pixels high: what is this many times smaller than the peak lies on its floor. */
const SPIKE = 40;
const ERROR_COLORS = ['--series-red', '--series-amber', '--series-purple'];

type Chart = Pick<TimeChartProps, 'title' | 'format' | 'lines' | 'stacked' | 'whole'>;

export function TimeLines({
  report,
  onZoom,
}: {
  report: Report;
  onZoom?: ((window: Window) => void) | undefined;
}) {
  const [chosen, setChosen] = useState<boolean>();
  const logarithmic = chosen ?? hidesTheRest(report);
  const { stepUs, window } = report;
  const charts = useMemo(() => chartsOf(report), [report]);
  const startsUs = useMemo(() => report.series.map((point) => point.startUs), [report]);
  const lost = useMemo(() => report.series.map((point) => point.lostBytes), [report]);
  return (
    <section class="charts" aria-label="Over time">
      {charts.map((chart) => (
        <TimeChart
          key={chart.title}
          {...chart}
          {...{ startsUs, stepUs, window, lost, onZoom }}
          logarithmic={chart.title === RESPONSE_TIME && logarithmic}
        >
          {chart.title === RESPONSE_TIME && (
            <button
              type="button"
              class="mini"
              aria-pressed={logarithmic}
              title="Logarithmic scale: shows the mean and the maximum in one chart"
              onClick={() => setChosen(!logarithmic)}
            >
              log
            </button>
          )}
        </TimeChart>
      ))}
    </section>
  );
}

/** Whether the longest answers would press every other line onto the floor of a linear chart. */
function hidesTheRest({ overview: { responseTime } }: Report): boolean {
  const { maxUs, p95Us } = responseTime;
  return maxUs !== null && p95Us !== null && maxUs > SPIKE * p95Us;
}

function chartsOf(report: Report): Chart[] {
  const { series, stepUs } = report;
  const seconds = stepUs / 1e6;
  const line = (
    label: string,
    color: string,
    read: (point: SeriesPoint) => number | null,
    look: Line['look'] = 'line',
  ): Line => ({ label, color, look, values: series.map(read) });
  return [
    {
      title: 'Transactions a second',
      format: formatRate,
      lines: [
        line('committed', '--series-blue', (point) => point.commits / seconds, 'area'),
        line('rolled back', '--series-red', (point) => point.rollbacks / seconds),
      ],
    },
    {
      title: RESPONSE_TIME,
      format: formatDuration,
      whole: true,
      lines: [
        line('max', '--series-grey', (point) => point.responseTimeMaxUs, 'thin'),
        line('p99', '--time-3', (point) => point.responseTimeP99Us),
        line('p95', '--time-2', (point) => point.responseTimeP95Us),
        line('mean', '--time-1', (point) => point.responseTimeMeanUs),
      ],
    },
    { title: 'Errors', format: formatCount, lines: errorLines(report), stacked: true, whole: true },
    {
      title: 'Requests a second',
      format: formatRate,
      lines: [
        line('asked', '--series-grey', (point) => point.requests / seconds, 'thin'),
        line('answered', '--series-green', (point) => point.answers / seconds),
      ],
    },
    {
      title: 'Connections',
      format: formatCount,
      whole: true,
      lines: [
        line('open', '--series-blue', (point) => point.connectionsOpen, 'area'),
        line('in transaction', '--series-purple', (point) => point.connectionsInTransaction),
        line('waiting', '--series-red', (point) => point.outstanding),
      ],
    },
    {
      title: 'Bytes a second',
      format: formatBytes,
      whole: true,
      lines: [
        line('answers', '--series-green', (point) => point.responseBytes / seconds, 'area'),
        line('requests', '--series-blue', (point) => point.requestBytes / seconds),
        line('lost', '--series-amber', (point) => point.lostBytes / seconds),
      ],
    },
  ];
}

/** The three commonest codes apart, the rest together. */
function errorLines({ errors, series }: Report): Line[] {
  const named = errors.slice(0, ERROR_COLORS.length).map((error, index) => ({
    label: error.sqlstate,
    color: ERROR_COLORS[index] ?? '--series-grey',
    look: 'bars' as const,
    values: error.overTime,
  }));
  const rest = series.map((point, index) =>
    Math.max(0, point.errors - named.reduce((sum, line) => sum + (line.values[index] ?? 0), 0)),
  );
  const other = {
    label: named.length === 0 ? 'errors' : 'other',
    color: '--series-grey',
    look: 'bars' as const,
    values: rest,
  };
  return rest.some((value) => value > 0) || named.length === 0 ? [...named, other] : named;
}
