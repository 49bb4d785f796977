/** Big statements and transactions: which classes, and which types of transactions. */
import type { BigClassRow, BigTypeRow, Report } from '../../../src/server/contract.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Count, Share } from '../parts/values.tsx';
import { Section } from './section.tsx';

/** Where, when it is not all the same. */
function onServers(rows: readonly { readonly server: string }[]): Column<{ server: string }>[] {
  const several = new Set(rows.map(({ server }) => server)).size > 1;
  return several
    ? [
        {
          key: 'server',
          label: 'Database',
          cell: ({ server }) => <span class="mono">{server}</span>,
        },
      ]
    : [];
}

function classColumns(
  rows: readonly BigClassRow[],
  onOpen: (fingerprint: string) => void,
): Column<BigClassRow>[] {
  return [
    {
      key: 'statement',
      label: 'Statement',
      wide: true,
      cell: ({ text, fingerprint }) => (
        <button
          type="button"
          class="statement-link"
          title={text.slice(0, 2000)}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(fingerprint);
          }}
        >
          <SqlText text={text.slice(0, 200)} />
        </button>
      ),
    },
    ...onServers(rows),
    {
      key: 'share',
      label: 'Big',
      about: 'Of its executions, those that changed more rows than the threshold',
      numeric: true,
      cell: ({ bigShare, alert }) => (
        <span class={alert ? 'bad' : undefined}>
          <Share value={bigShare} />
        </span>
      ),
      order: ({ bigShare }) => bigShare,
    },
    {
      key: 'executions',
      label: 'Executions',
      numeric: true,
      cell: ({ executions }) => <Count value={executions} />,
      order: ({ executions }) => executions,
    },
    {
      key: 'most',
      label: 'Most rows',
      numeric: true,
      cell: ({ rowsAffectedMax }) => <Count value={rowsAffectedMax} />,
      order: ({ rowsAffectedMax }) => rowsAffectedMax,
    },
    {
      key: 'usual',
      label: 'Usual',
      about: 'Mean rows of an execution in the week before',
      numeric: true,
      minor: true,
      cell: ({ rowsMeanBefore }) => <Count value={rowsMeanBefore} />,
    },
    {
      key: 'types',
      label: 'In transactions',
      minor: true,
      cell: ({ types }) => types.map(({ type, text }) => <div key={type}>{text}</div>),
    },
  ];
}

const typeColumns = (rows: readonly BigTypeRow[]): Column<BigTypeRow>[] => [
  { key: 'type', label: 'Type of transactions', wide: true, cell: ({ text }) => text },
  ...onServers(rows),
  {
    key: 'big',
    label: 'Big',
    about: 'Changed more rows than the threshold',
    numeric: true,
    cell: ({ bigRowsCount }) => <Count value={bigRowsCount} quietZero />,
    order: ({ bigRowsCount }) => bigRowsCount,
  },
  {
    key: 'long',
    label: 'Long',
    about: 'Longer than a minute',
    numeric: true,
    cell: ({ longCount }) => <Count value={longCount} quietZero />,
    order: ({ longCount }) => longCount,
  },
  {
    key: 'transactions',
    label: 'Of',
    numeric: true,
    cell: ({ transactions }) => <Count value={transactions} />,
    order: ({ transactions }) => transactions,
  },
  {
    key: 'most',
    label: 'Most rows',
    numeric: true,
    cell: ({ rowsAffectedMax }) => <Count value={rowsAffectedMax} />,
    order: ({ rowsAffectedMax }) => rowsAffectedMax,
  },
  {
    key: 'share',
    label: 'Of all rows',
    numeric: true,
    cell: ({ shareOfRows }) => <Share value={shareOfRows} />,
    order: ({ shareOfRows }) => shareOfRows,
  },
];

export function BigTransactions({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const { classes, types } = report.bigTransactions;
  if (classes.length + types.length === 0) return null;
  return (
    <Section
      id="big-transactions"
      title="Big transactions"
      note="statements and transactions that change very much at once"
    >
      {classes.length > 0 && (
        <Table
          caption="Classes with big executions"
          columns={classColumns(classes, onOpen)}
          rows={classes}
          rowKey={(row) => row.server + row.fingerprint}
          shown={5}
          empty=""
        />
      )}
      {types.length > 0 && (
        <Table
          caption="Types with big transactions"
          columns={typeColumns(types)}
          rows={types}
          rowKey={(row) => row.server + row.type}
          shown={5}
          empty=""
        />
      )}
    </Section>
  );
}
