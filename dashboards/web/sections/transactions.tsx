/** Transactions by the sequence of their statements. */
import type { Report, TransactionShapeRow } from '../../../src/server/contract.ts';
import { formatRate, formatShare } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Count, Duration } from '../parts/values.tsx';
import { Section } from './section.tsx';

const SHOWN = 4;
/** Of an example so many statements are told (TransactionShapeFacts); how many more a longer one has is not. */
const STORED_MAX = 8;

const columns: Column<TransactionShapeRow>[] = [
  {
    key: 'example',
    label: 'Statements in order',
    wide: true,
    cell: (row) => (
      <ol class="steps">
        {row.example.slice(0, SHOWN).map((statement, index) => (
          <li key={index} title={statement}>
            <SqlText text={statement.slice(0, 200)} />
          </li>
        ))}
        {row.example.length > SHOWN && (
          <li class="quiet">
            and {row.example.length < STORED_MAX ? row.example.length - SHOWN : ''} more
          </li>
        )}
      </ol>
    ),
  },
  {
    key: 'count',
    label: 'Count',
    numeric: true,
    cell: (row) => <Count value={row.count} />,
    order: (row) => row.count,
  },
  {
    key: 'rollbacks',
    label: 'Rolled back',
    numeric: true,
    cell: (row) =>
      row.count === 0 ? (
        '–'
      ) : (
        <span class={row.rollbacks > 0 ? 'bad' : 'unknown'}>
          {formatShare(row.rollbacks / row.count)}
        </span>
      ),
    order: (row) => row.rollbacks,
  },
  {
    key: 'size',
    label: 'Statements',
    about: 'Mean number of statements',
    numeric: true,
    minor: true,
    cell: (row) => formatRate(row.statementsMean),
    order: (row) => row.statementsMean,
  },
  {
    key: 'rows',
    label: 'Rows written',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.rowsAffected} quietZero />,
    order: (row) => row.rowsAffected,
  },
  {
    key: 'mean',
    label: 'Mean',
    about: 'Mean duration',
    numeric: true,
    cell: (row) => <Duration us={row.durationMeanUs} />,
    order: (row) => row.durationMeanUs,
  },
  {
    key: 'max',
    label: 'Max',
    about: 'Longest',
    numeric: true,
    cell: (row) => <Duration us={row.durationMaxUs} />,
    order: (row) => row.durationMaxUs,
  },
];

export function Transactions({ report }: { report: Report }) {
  return (
    <Section
      id="transactions"
      title="Transactions"
      note="opened by BEGIN, by the sequence of their statements"
    >
      <Table
        caption="Transactions by shape"
        columns={columns}
        rows={report.transactionShapes}
        rowKey={(row) => row.shape}
        sortedBy="count"
        shown={6}
        empty="No explicit transaction ended in this window."
      />
    </Section>
  );
}
