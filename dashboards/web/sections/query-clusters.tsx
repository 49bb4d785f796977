/** Clusters of queries: which tables, and in each which columns are asked for, how often and how fast. */
import type { QueryClusterRow, QueryColumnSet, Report } from '../../../src/server/contract.ts';
import { type Column, Table } from '../parts/table.tsx';
import { Count, Duration, ShareBar, Term } from '../parts/values.tsx';
import { Section } from './section.tsx';

const SETS_MAX = 4;
const NAMES_MAX = 8;

interface Row {
  readonly cluster: QueryClusterRow;
  /** A way to ask in the cluster; undefined in the row of the cluster itself. */
  readonly set?: QueryColumnSet;
}

const COLUMNS: Column<Row>[] = [
  {
    key: 'queries',
    label: 'Queries of',
    about: 'Tables, and the columns that choose rows; below each the columns that are asked for',
    wide: true,
    cell: ({ cluster, set }) =>
      set === undefined ? <ClusterName cluster={cluster} /> : <Asked set={set} />,
  },
  {
    key: 'share',
    label: 'Share of time',
    about: 'Of the time of all statements',
    cell: ({ cluster: { shareOfTime }, set }) => (
      <ShareBar
        value={
          set === undefined || shareOfTime === null || set.shareOfTime === null
            ? shareOfTime
            : shareOfTime * set.shareOfTime
        }
      />
    ),
  },
  {
    key: 'mean',
    label: 'Mean',
    numeric: true,
    cell: ({ cluster, set }) => <Duration us={(set ?? cluster).meanUs} />,
  },
  {
    key: 'p95',
    label: 'p95',
    numeric: true,
    minor: true,
    cell: ({ cluster, set }) => <Duration us={(set ?? cluster).p95Us} />,
  },
  {
    key: 'calls',
    label: 'Calls',
    numeric: true,
    cell: ({ cluster, set }) => <Count value={(set ?? cluster).calls} />,
  },
  {
    key: 'classes',
    label: 'Classes',
    numeric: true,
    minor: true,
    cell: ({ cluster, set }) => <Count value={(set ?? cluster).classesCount} />,
  },
];

function ClusterName({ cluster }: { cluster: QueryClusterRow }) {
  const { label, tables, predicateColumns, growth, columnSetsCount } = cluster;
  return (
    <>
      <b>{label ?? listed(tables)}</b>
      {label !== null && ` ${listed(tables)}`}
      {predicateColumns.length > 0 && ` by ${listed(predicateColumns)}`}
      {columnSetsCount > SETS_MAX && (
        <span class="quiet">{` · ${columnSetsCount} sets of columns`}</span>
      )}
      {growth !== null && (
        <span class="tag">
          <Term about="Its response time rises through the window, whatever the mixture of its statements">
            {`grows ${growth.factor.toFixed(1)}×`}
          </Term>
        </span>
      )}
    </>
  );
}

function Asked({ set }: { set: QueryColumnSet }) {
  const { columns, predicateColumns, long } = set;
  return (
    <span class="nested mono" title={set.normalized.slice(0, 2000)}>
      {columns.length === 0 ? 'no column' : listed(columns)}
      {predicateColumns.length > 0 && <span class="quiet"> by {listed(predicateColumns)}</span>}
      {long && <span class="tag">long</span>}
    </span>
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** A cluster with one way to ask and no warning says nothing that its class does not say. */
function rowsOf(report: Report): Row[] {
  return report.queryClusters.clusters
    .filter(
      ({ label, columnSetsCount, growth }) =>
        label !== null || columnSetsCount > 1 || growth !== null,
    )
    .flatMap((cluster): Row[] => [
      { cluster },
      ...(cluster.columnSetsCount > 1
        ? cluster.columnSets.slice(0, SETS_MAX).map((set) => ({ cluster, set }))
        : []),
    ]);
}

export function QueryClusters({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const rows = rowsOf(report);
  if (rows.length === 0) return null;
  return (
    <Section id="query-clusters" title="Queries" note="by tables, and the columns asked for">
      <Table
        caption="Clusters of queries"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ cluster, set }) =>
          `${cluster.label ?? ''} ${cluster.fingerprints[0] ?? ''} ${set?.fingerprint ?? ''} ${set === undefined ? '' : 'set'}`
        }
        onOpen={({ cluster, set }) => onOpen(set?.fingerprint ?? cluster.fingerprints[0] ?? '')}
        shown={9}
        empty=""
      />
    </Section>
  );
}
