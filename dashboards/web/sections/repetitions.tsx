/** Lists whose rows are asked for one by one (N+1). */
import type { RepetitionRow, Report } from '../../../src/server/contract.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Count, Duration, Share } from '../parts/values.tsx';
import { Section } from './section.tsx';

const COLUMNS: Column<RepetitionRow>[] = [
  {
    key: 'times',
    label: 'Times',
    about: 'That as many requests followed as the list had rows',
    numeric: true,
    cell: (row) => <Count value={row.matchedRuns} />,
    order: (row) => row.matchedRuns,
  },
  {
    key: 'rows',
    label: 'Requests',
    about: 'Of an average time',
    numeric: true,
    cell: (row) => <Count value={Math.round(row.lengthMean)} />,
    order: (row) => row.lengthMean,
  },
  {
    key: 'took',
    label: 'Took',
    about: 'From the first of them to the last answer, on average',
    numeric: true,
    cell: (row) => <Duration us={row.elapsedSumUs / row.matchedRuns} />,
    order: (row) => row.elapsedSumUs / row.matchedRuns,
  },
  {
    key: 'share',
    label: 'Share',
    about: "Of the host's requests at this database",
    numeric: true,
    cell: (row) => <Share value={row.shareOfRequests} />,
    order: (row) => row.shareOfRequests,
  },
  {
    key: 'host',
    label: 'Host',
    minor: true,
    cell: (row) => <span class="mono">{row.client}</span>,
  },
  {
    key: 'list',
    label: 'List',
    minor: true,
    cell: (row) => <SqlText text={row.leadingNormalized} />,
  },
  {
    key: 'statement',
    label: 'For each of its rows',
    wide: true,
    cell: (row) => <SqlText text={row.normalized} />,
  },
];

export function Repetitions({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  if (report.repetitions.length === 0) return null;
  return (
    <Section id="repetitions" title="Row by row" note="lists whose rows are asked for one by one">
      <Table
        caption="Lists whose rows are asked for one by one"
        columns={COLUMNS}
        rows={report.repetitions}
        rowKey={(row) => `${row.client} ${row.server} ${row.leadingFingerprint} ${row.fingerprint}`}
        onOpen={(row) => onOpen(row.fingerprint)}
        shown={6}
        empty=""
      />
    </Section>
  );
}
