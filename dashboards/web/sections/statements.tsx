/** Classes of statements: what costs, waits and writes most; and the slowest single executions. */
import { useMemo, useState } from 'preact/hooks';
import type { ClassRow, ExecutionFacts, Report } from '../../../src/server/contract.ts';
import { formatChange, formatCount } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration, ShareBar, Words } from '../parts/values.tsx';
import { Section } from './section.tsx';

/** Every class that the report ranks, each once. */
export function classesOf({ expensive, slow, writers }: Report): ClassRow[] {
  const rows = new Map([...expensive, ...slow, ...writers].map((row) => [row.fingerprint, row]));
  return [...rows.values()].sort((a, b) => b.durationSumUs - a.durationSumUs);
}

const HOUR_US = 3_600_000_000;

/** How long, how often. */
const timeColumns: Column<ClassRow>[] = [
  {
    key: 'share',
    label: 'Share of time',
    about: 'Of the response time of all statements of the window',
    cell: (row) => <ShareBar value={row.shareOfTime} />,
    order: (row) => row.durationSumUs,
  },
  {
    key: 'total',
    label: 'Total',
    about: 'Response time of all its executions',
    numeric: true,
    minor: true,
    cell: (row) => <Duration us={row.durationSumUs} />,
    order: (row) => row.durationSumUs,
  },
  {
    key: 'calls',
    label: 'Calls',
    numeric: true,
    cell: (row) => <Count value={row.calls} />,
    order: (row) => row.calls,
  },
  {
    key: 'mean',
    label: 'Mean',
    numeric: true,
    cell: (row) => <Duration us={row.responseTime.meanUs} />,
    order: (row) => row.responseTime.meanUs ?? -1,
  },
  {
    key: 'p95',
    label: 'p95',
    numeric: true,
    cell: (row) => <Duration us={row.responseTime.p95Us} />,
    order: (row) => row.responseTime.p95Us ?? -1,
  },
  {
    key: 'p99',
    label: 'p99',
    numeric: true,
    minor: true,
    cell: (row) => <Duration us={row.responseTime.p99Us} />,
    order: (row) => row.responseTime.p99Us ?? -1,
  },
  {
    key: 'max',
    label: 'Max',
    numeric: true,
    cell: (row) => <Duration us={row.responseTime.maxUs} />,
    order: (row) => row.responseTime.maxUs ?? -1,
  },
];

/** What came of it. */
const outcomeColumns: Column<ClassRow>[] = [
  {
    key: 'errors',
    label: 'Errors',
    about: 'Executions that failed, and those that were not answered',
    numeric: true,
    cell: (row) => (
      <span class={row.errors > 0 ? 'bad' : undefined}>
        <Count value={row.errors} quietZero />
        {row.unanswered > 0 && <small title="unanswered"> +{row.unanswered}</small>}
      </span>
    ),
    order: (row) => row.errors + row.unanswered,
  },
  {
    key: 'returned',
    label: 'Rows read',
    about: 'Rows returned',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.rowsReturned} quietZero />,
    order: (row) => row.rowsReturned,
  },
  {
    key: 'affected',
    label: 'Rows written',
    about: 'Rows affected',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.rowsAffected} quietZero />,
    order: (row) => row.rowsAffected,
  },
];

function trendColumn(hours: number): Column<ClassRow> {
  return {
    key: 'trend',
    label: 'Trend',
    about: 'Change of the mean response time over the window, shown only where a test finds one',
    numeric: true,
    minor: true,
    cell: ({ trend }) =>
      trend === null ? (
        <span class="unknown">–</span>
      ) : (
        <span
          class={trend.changePerHour > 0 ? 'bad' : undefined}
          title={`p = ${trend.pValue.toPrecision(2)}`}
        >
          {trend.changePerHour > 0 ? '↗ ' : '↘ '}
          {formatChange((1 + trend.changePerHour) ** hours - 1)}
        </span>
      ),
    order: (row) => row.trend?.changePerHour ?? 0,
  };
}

function columnsOf(onOpen: (fingerprint: string) => void, hours: number): Column<ClassRow>[] {
  return [
    {
      key: 'statement',
      label: 'Statement',
      wide: true,
      cell: (row) => (
        <button
          type="button"
          class="statement-link"
          title={row.normalized}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(row.fingerprint);
          }}
        >
          {row.normalized === '' ? (
            <i>text not seen</i>
          ) : (
            <SqlText text={row.normalized.slice(0, 300)} />
          )}
        </button>
      ),
    },
    ...timeColumns,
    ...outcomeColumns,
    trendColumn(hours),
  ];
}

export function Statements({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const [filter, setFilter] = useState('');
  const classes = useMemo(() => classesOf(report), [report]);
  const hours = (report.window.toUs - report.window.fromUs) / HOUR_US;
  const columns = useMemo(() => columnsOf(onOpen, hours), [onOpen, hours]);
  const wanted = filter.trim().toLowerCase();
  const rows = classes.filter((row) =>
    `${row.normalized} ${row.fingerprint}`.toLowerCase().includes(wanted),
  );
  return (
    <Section
      id="statements"
      title="Statements"
      note={`${classes.length} classes that cost, wait or write most`}
      aside={
        <input
          type="search"
          class="filter"
          placeholder="Filter"
          aria-label="Filter statements by text"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      }
    >
      <Table
        caption="Classes of statements"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.fingerprint}
        sortedBy="share"
        onOpen={(row) => onOpen(row.fingerprint)}
        empty={wanted === '' ? 'No statement in this window.' : 'No statement has this text.'}
      />
    </Section>
  );
}

const executionColumns: Column<ExecutionFacts>[] = [
  { key: 'at', label: 'At', cell: (row) => <Clock us={row.tsUs} /> },
  {
    key: 'duration',
    label: 'Took',
    numeric: true,
    cell: (row) => <Duration us={row.durationUs} />,
    order: (row) => row.durationUs ?? -1,
  },
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => (
      <>
        <span title={row.statement.slice(0, 2000)}>
          <SqlText text={row.statement.slice(0, 300)} />
        </span>
        <Behind row={row} />
      </>
    ),
  },
  {
    key: 'status',
    label: 'Status',
    cell: (row) => (
      <span class={row.status === 'ok' ? undefined : 'bad'}>
        {row.sqlstate === null ? row.status : `${row.status} ${row.sqlstate}`}
      </span>
    ),
  },
  {
    key: 'rows',
    label: 'Rows',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.rowsReturned ?? row.rowsAffected} quietZero />,
  },
  { key: 'user', label: 'User', minor: true, cell: (row) => <Words text={row.user} /> },
  {
    key: 'client',
    label: 'From',
    minor: true,
    cell: (row) => <NodeName node={row.client} />,
  },
];

/** What makes a statement or a cursor has it in its text. */
const SAYS_ITS_SOURCE = /^\s*(prepare|declare)\b/i;

/** What the text of a statement does not tell: what it runs, and for how many sets of values. */
function Behind({ row: { batchCount, source, statement } }: { row: ExecutionFacts }) {
  return (
    <>
      {batchCount !== null && (
        <div class="quiet">a batch of {formatCount(batchCount)} sets of values</div>
      )}
      {source !== null && !SAYS_ITS_SOURCE.test(statement) && (
        <div class="quiet" title={source.normalized.slice(0, 2000)}>
          runs{' '}
          {source.normalized === '' ? (
            <span class="mono">{source.fingerprint}</span>
          ) : (
            <SqlText text={source.normalized.slice(0, 300)} />
          )}
        </div>
      )}
    </>
  );
}

export function Executions({
  rows,
  empty,
  shown = 8,
  sortedBy,
}: {
  rows: readonly ExecutionFacts[];
  empty: string;
  shown?: number;
  sortedBy?: string;
}) {
  return (
    <Table
      caption="Executions"
      columns={executionColumns}
      rows={rows}
      rowKey={(row) => `${row.sessionId}${row.tsUs}${row.durationUs}`}
      shown={shown}
      empty={empty}
      {...(sortedBy === undefined ? {} : { sortedBy })}
    />
  );
}

export function Slowest({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <Section id="slowest" title="Slowest executions" note="single ones, by response time">
      <Table
        caption="Slowest executions"
        columns={executionColumns}
        rows={report.slowest}
        rowKey={(row) => `${row.sessionId}${row.tsUs}${row.durationUs}`}
        sortedBy="duration"
        shown={14}
        onOpen={(row) => onOpen(row.fingerprint)}
        empty="No statement was answered in this window."
      />
    </Section>
  );
}
