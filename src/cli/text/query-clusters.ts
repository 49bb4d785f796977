/** F2: clusters of queries, and in each the columns that are asked for. */
import type { QueryClusterRow, QueryColumnSet } from '../../events/query-clusters.ts';
import { countText, durationText, shareText } from '../../core/quantities.ts';
import { printable } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { type Column, tableLines } from './table.ts';

const CLUSTERS_MAX = 5;
const SETS_MAX = 3;
const right = { align: 'right' } as const;

type Row = { readonly cluster: QueryClusterRow; readonly set?: QueryColumnSet };

/** A cluster whose only one way to ask has no warning says nothing that the classes do not say. */
export function queryClusters(page: Page): string[] {
  const { report, paint, inner } = page;
  const { clusters } = report.queryClusters;
  const told = clusters.filter(
    ({ label, columnSetsCount, growth }) =>
      label !== null || columnSetsCount > 1 || growth !== null,
  );
  if (told.length === 0) return [];
  const rows = told
    .slice(0, CLUSTERS_MAX)
    .flatMap((cluster): Row[] => [
      { cluster },
      ...(cluster.columnSetsCount > 1
        ? cluster.columnSets.slice(0, SETS_MAX).map((set) => ({ cluster, set }))
        : []),
    ]);
  const columns: Column<Row>[] = [
    {
      title: 'share',
      cell: ({ cluster, set }) => (set ? '' : shareText(cluster.shareOfTime)),
      ...right,
    },
    { title: 'mean', cell: ({ cluster, set }) => durationText((set ?? cluster).meanUs), ...right },
    {
      title: 'p95',
      cell: ({ cluster, set }) => durationText((set ?? cluster).p95Us),
      from: 90,
      ...right,
    },
    { title: 'calls', cell: ({ cluster, set }) => countText((set ?? cluster).calls), ...right },
    { title: '', cell: warning, tint: (cell) => paint.yellow(cell) },
    {
      title: 'queries of',
      cell: ({ cluster, set }) => (set ? `  ${askedText(set)}` : clusterText(cluster)),
      flexible: true,
      tint: (cell, { set }) => (set ? cell : paint.cyan(cell)),
    },
  ];
  return section(page, 'Queries', 'by tables, and the columns asked for', [
    ...tableLines(rows, columns, inner, paint.dim),
    ...moreLines(page, told.length, CLUSTERS_MAX, 'clusters'),
  ]);
}

function warning({ cluster, set }: Row): string {
  if (set !== undefined) return set.long ? 'long' : '';
  return cluster.growth === null ? '' : `grows ${cluster.growth.factor.toFixed(1)}x`;
}

function clusterText({
  label,
  tables,
  predicateColumns,
  columnSetsCount,
}: QueryClusterRow): string {
  const by = predicateColumns.length === 0 ? '' : ` by ${predicateColumns.join(', ')}`;
  const sets = columnSetsCount > SETS_MAX ? `  (${String(columnSetsCount)} sets of columns)` : '';
  return printable(`${label === null ? '' : `${label}: `}${tables.join(', ')}${by}${sets}`);
}

function askedText({ columns, predicateColumns }: QueryColumnSet): string {
  const by = predicateColumns.length === 0 ? '' : ` by ${predicateColumns.join(', ')}`;
  return printable(`${columns.length === 0 ? '(no column)' : columns.join(', ')}${by}`);
}
