/** Classes slower than the mean, what they cost beyond it, and signs of why. */
import type { Report, SlowClassRow } from '../../../src/server/contract.ts';
import { formatDuration } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration, ShareBar } from '../parts/values.tsx';
import { Section } from './section.tsx';

const STATEMENT_LENGTH_MAX = 200;

const COLUMNS: Column<SlowClassRow>[] = [
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => <SqlText text={row.normalized.slice(0, STATEMENT_LENGTH_MAX)} />,
  },
  {
    key: 'excess',
    label: 'Excess',
    about: 'What its executions took beyond as many average ones',
    numeric: true,
    cell: (row) => <Duration us={row.excessUs} />,
    order: (row) => row.excessUs,
  },
  {
    key: 'share',
    label: 'Share of time',
    cell: (row) => <ShareBar value={row.shareOfTime} />,
    order: (row) => row.shareOfTime,
  },
  {
    key: 'mean',
    label: 'Mean',
    numeric: true,
    cell: (row) => <Duration us={row.meanUs} />,
    order: (row) => row.meanUs,
  },
  {
    key: 'usual',
    label: 'Usually',
    about: 'Its mean in the same hour of the weeks before, else of the days, else in the last day',
    numeric: true,
    cell: ({ usual }) =>
      usual === null ? (
        <span class="unknown">–</span>
      ) : (
        <span title={`by the ${usual.basis}, ${String(usual.hours)} hours`}>
          <Duration us={usual.medianUs} />
        </span>
      ),
    order: ({ usual }) => usual?.medianUs ?? -1,
  },
  {
    key: 'calls',
    label: 'Calls',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.answered} />,
    order: (row) => row.answered,
  },
  {
    key: 'signs',
    label: 'Signs',
    cell: (row) => (
      <>
        {row.signs.map(({ sign }) => (
          <span key={sign} class="tag">
            {sign.replaceAll('_', ' ')}
          </span>
        ))}
        {row.changedUs !== null && <Clock us={row.changedUs} />}
      </>
    ),
  },
];

export function SlowClasses({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const { meanUs, classes } = report.slowClasses;
  if (classes.length === 0) return null;
  return (
    <Section
      id="slow-classes"
      title="Slower than the mean"
      note={meanUs === null ? undefined : `of ${formatDuration(meanUs)}`}
    >
      <Table
        caption="Classes slower than the mean"
        columns={COLUMNS}
        rows={classes}
        rowKey={(row) => row.fingerprint}
        onOpen={(row) => onOpen(row.fingerprint)}
        shown={6}
        empty=""
      />
    </Section>
  );
}
