/** Where the mean response times of the important classes go, with bands, and when they reach their threshold. */
import type { ClassForecast, Report } from '../../../src/server/contract.ts';
import { formatChange } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Duration, ShareBar } from '../parts/values.tsx';
import { Section } from './section.tsx';

const STATEMENT_LENGTH_MAX = 200;

function Band({ row: { points } }: { row: ClassForecast }) {
  const last = points.at(-1);
  if (last === undefined) return <span class="quiet">no skill</span>;
  return (
    <>
      <Duration us={last.meanUs} /> in <Duration us={last.aheadUs} />
      {last.lower80Us === null ? null : (
        <span class="quiet">
          {' '}
          (<Duration us={last.lower80Us} /> to <Duration us={last.upper80Us} />)
        </span>
      )}
    </>
  );
}

/** The threshold, and when it is reached; the threshold alone where nothing is forecast, or nothing grows. */
function Threshold({ row }: { row: ClassForecast }) {
  const { thresholdUs, timeToThresholdUs, thresholdBand, trend, points } = row;
  const threshold = <Duration us={thresholdUs} />;
  if (timeToThresholdUs === 0) return <span class="bad">{threshold} passed</span>;
  if (timeToThresholdUs !== null) {
    return (
      <>
        <span class="bad">
          {threshold} in <Duration us={timeToThresholdUs} />
        </span>
        {thresholdBand !== null && <ThresholdBand band={thresholdBand} />}
      </>
    );
  }
  const last = points.at(-1);
  if (last === undefined || trend === null || trend.changePerHour <= 0) {
    return <span class="quiet">{threshold}</span>;
  }
  return (
    <>
      {threshold} not within <Duration us={last.aheadUs} />
    </>
  );
}

function ThresholdBand({ band }: { band: NonNullable<ClassForecast['thresholdBand']> }) {
  const earliest = band.earliestUs === 0 ? 'now' : <Duration us={band.earliestUs} />;
  if (band.latestUs === null) return <span class="quiet"> (from {earliest} on)</span>;
  return (
    <span class="quiet">
      {' '}
      ({earliest} to <Duration us={band.latestUs} />)
    </span>
  );
}

function Change({ row: { trend } }: { row: ClassForecast }) {
  if (trend === null) return <span class="quiet">none found</span>;
  const { changePerHour } = trend;
  const bad = changePerHour > 0;
  return <span class={bad ? 'bad' : undefined}>{formatChange(changePerHour)}</span>;
}

const COLUMNS: Column<ClassForecast>[] = [
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => <SqlText text={row.normalized.slice(0, STATEMENT_LENGTH_MAX)} />,
  },
  {
    key: 'share',
    label: 'Share of time',
    about: 'Of the response time of all classes in the last hour',
    minor: true,
    cell: (row) => <ShareBar value={row.shareOfTime} />,
  },
  {
    key: 'now',
    label: 'Now',
    about: 'Where the line through the last hour stands at its end',
    numeric: true,
    cell: (row) => <Duration us={row.nowUs} />,
  },
  {
    key: 'change',
    label: 'Per hour',
    about: 'The trend of the last hour, where a test finds one',
    numeric: true,
    cell: (row) => <Change row={row} />,
  },
  {
    key: 'forecast',
    label: 'Forecast',
    about:
      'With the band that covers 80 %, from the errors of such forecasts in the past; no skill: they were no better than "it stays as it is"',
    cell: (row) => <Band row={row} />,
  },
  {
    key: 'threshold',
    label: 'Threshold',
    about:
      'Set, or twice what was usual; when the mean reaches it, and when the ends of the 80 % band do',
    cell: (row) => <Threshold row={row} />,
  },
];

export function ClassForecasts({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const rows = report.classForecast.filter(
    ({ points, trend }) => points.length > 0 || trend !== null,
  );
  const [first] = rows;
  if (first === undefined) return null;
  return (
    <Section
      id="class-forecast"
      title="Forecast"
      note={
        <>
          mean response time of the classes with the most of it, from <Clock us={first.fromUs} /> on
        </>
      }
    >
      <Table
        caption="Forecast of statement classes"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.fingerprint}
        onOpen={(row) => onOpen(row.fingerprint)}
        empty=""
      />
    </Section>
  );
}
