/** One class of statements in full: its text, its figures, how it went over time, and single executions of it. */
import { useContext } from 'preact/hooks';
import type {
  ClassAnswer,
  ClassRow,
  ExecutionFacts,
  Report,
} from '../../../src/server/contract.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  formatWindow,
} from '../format.ts';
import { NamesContext } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { ZoneContext } from '../preferences.ts';
import { Executions } from './statements.tsx';

export interface ClassDetailsProps {
  readonly report: Report;
  readonly row: ClassRow;
  /** Absent in a report file, which holds no more than the report. */
  readonly series?: ClassAnswer['series'];
  readonly executions: readonly ExecutionFacts[];
  readonly executionsTitle: string;
}

export function ClassDetails({
  report,
  row,
  series,
  executions,
  executionsTitle,
}: ClassDetailsProps) {
  const zone = useContext(ZoneContext);
  const errors = report.errors.flatMap((error) =>
    error.classes
      .filter(({ fingerprint }) => fingerprint === row.fingerprint)
      .map(({ count }) => ({ ...error, count })),
  );
  return (
    <div class="details">
      <p class="quiet">
        {formatWindow(report.window, zone)}, {row.kind}
        {row.tables.length > 0 && ` on ${row.tables.join(', ')}`}, class{' '}
        <span class="mono">{row.fingerprint}</span>
      </p>
      <SqlText text={row.normalized} full />
      <dl class="facts">
        {factsOf(row).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {series !== undefined && series.length > 1 && <ClassLines report={report} series={series} />}
      {errors.length > 0 && (
        <>
          <h3>Errors</h3>
          <ul class="class-errors">
            {errors.map((error) => (
              <li key={error.sqlstate}>
                <b>{formatCount(error.count)}</b> <span class="mono">{error.sqlstate}</span>{' '}
                {error.errorClass.replaceAll('_', ' ')}: <span class="quiet">{error.meaning}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{executionsTitle}</h3>
      <NamesContext.Provider value={report.names}>
        <Executions rows={executions} empty="No single execution of it is at hand." shown={15} />
      </NamesContext.Provider>
    </div>
  );
}

function ClassLines({ report, series }: { report: Report; series: ClassAnswer['series'] }) {
  const stepUs = series[0]?.stepUs ?? report.stepUs;
  const startsUs = series.map((point) => point.startUs);
  const frame = { startsUs, stepUs, window: report.window, height: 120 };
  return (
    <div class="class-lines">
      <TimeChart
        {...frame}
        title="Mean response time"
        format={formatDuration}
        lines={[
          {
            label: 'mean',
            color: '--time-1',
            values: series.map((point) => point.responseTimeMeanUs),
          },
        ]}
      />
      <TimeChart
        {...frame}
        title="Executions a second"
        format={formatRate}
        lines={[
          {
            label: 'answered',
            color: '--series-green',
            look: 'area',
            values: series.map((point) => (point.answered / stepUs) * 1e6),
          },
        ]}
      />
    </div>
  );
}

function factsOf(row: ClassRow): [string, string][] {
  const { responseTime: time } = row;
  const duration = (us: number | null) => (us === null ? '–' : formatDuration(us));
  return [
    ['share of time', row.shareOfTime === null ? '–' : formatShare(row.shareOfTime)],
    ['total', formatDuration(row.durationSumUs)],
    ['calls', formatCount(row.calls)],
    ['mean', duration(time.meanUs)],
    ['p50', duration(time.p50Us)],
    ['p95', duration(time.p95Us)],
    ['p99', duration(time.p99Us)],
    ['max', duration(time.maxUs)],
    ['errors', formatCount(row.errors)],
    ['unanswered', formatCount(row.unanswered)],
    ['rows read', formatCount(row.rowsReturned)],
    ['rows written', formatCount(row.rowsAffected)],
    ['max written', formatCount(row.rowsAffectedMax)],
    ['answers', formatBytes(row.responseBytes)],
  ];
}
