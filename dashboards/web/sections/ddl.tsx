/** Every change of structure: who, when, from where, how long. */
import type { DdlFacts, Report } from '../../../src/server/contract.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Duration, Words } from '../parts/values.tsx';
import { Section } from './section.tsx';

const columns: Column<DdlFacts>[] = [
  { key: 'at', label: 'At', cell: (row) => <Clock us={row.tsUs} />, order: (row) => row.tsUs },
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => (
      <span title={row.statement.slice(0, 2000)}>
        <SqlText text={row.statement.slice(0, 300)} />
      </span>
    ),
  },
  {
    key: 'status',
    label: 'Status',
    cell: (row) => <span class={row.status === 'ok' ? undefined : 'bad'}>{row.status}</span>,
  },
  {
    key: 'took',
    label: 'Took',
    numeric: true,
    cell: (row) => <Duration us={row.durationUs} />,
    order: (row) => row.durationUs ?? -1,
  },
  { key: 'user', label: 'User', cell: (row) => <Words text={row.user} /> },
  { key: 'database', label: 'Database', minor: true, cell: (row) => <Words text={row.database} /> },
  {
    key: 'client',
    label: 'From',
    minor: true,
    cell: (row) => <NodeName node={row.client} />,
  },
];

export function Ddl({ report }: { report: Report }) {
  const { ddl, ddlCount } = report;
  return (
    <Section
      id="ddl"
      title="Changes of structure"
      note={ddl.length < ddlCount ? `${ddl.length} of ${ddlCount}` : 'DDL'}
    >
      <Table
        caption="DDL statements"
        columns={columns}
        rows={ddl}
        rowKey={(row) => `${row.tsUs}${row.statement}`}
        shown={8}
        empty="No structure was changed in this window."
      />
    </Section>
  );
}
