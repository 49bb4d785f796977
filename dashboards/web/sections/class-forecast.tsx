/** Where the mean response times of the important classes go, with bands, and when they reach their threshold. */
import type { ClassForecast, Report } from '../../../src/server/contract.ts';
import { formatShare } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Duration, Share } from '../parts/values.tsx';
import { Section } from './section.tsx';

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

function changeOf({ trend }: ClassForecast): string {
  if (trend === null) return 'steady';
  return `${trend.changePerHour < 0 ? '−' : '+'}${formatShare(Math.abs(trend.changePerHour))}`;
}

const COLUMNS: Column<ClassForecast>[] = [
  {
    key: 'share',
    label: 'Share',
    about: 'Of the response time of all classes in the last hour',
    numeric: true,
    cell: (row) => <Share value={row.shareOfTime} />,
  },
  { key: 'now', label: 'Now', numeric: true, cell: (row) => <Duration us={row.nowUs} /> },
  {
    key: 'change',
    label: 'Per hour',
    about: 'The trend of the last hour, where a test finds one',
    numeric: true,
    cell: (row) => (
      <span class={(row.trend?.changePerHour ?? 0) > 0 ? 'bad' : undefined}>{changeOf(row)}</span>
    ),
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
    about: 'Set, or twice what was usual',
    numeric: true,
    minor: true,
    cell: (row) => <Duration us={row.thresholdUs} />,
  },
  {
    key: 'in',
    label: 'Reached in',
    numeric: true,
    cell: (row) => <Duration us={row.timeToThresholdUs} />,
  },
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => <SqlText text={row.normalized} />,
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
  if (rows.length === 0) return null;
  return (
    <Section
      id="class-forecast"
      title="Forecast"
      note="Mean response time of the classes with the most of it"
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
