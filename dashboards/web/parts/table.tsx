/** The one table of the page: columns that say how they are drawn and, where it makes sense, sorted. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** What the column means, for its tooltip. */
  readonly about?: string;
  readonly numeric?: boolean;
  /** Takes what room is left. */
  readonly wide?: boolean;
  /** Left out on narrow screens. */
  readonly minor?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
  /** Makes the column sortable, most first. */
  readonly order?: (row: Row) => number;
}

export interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** The column sorted by at first; rows keep their order without it. */
  readonly sortedBy?: string;
  /** Rows shown before the reader asks for all. */
  readonly shown?: number;
  readonly onOpen?: ((row: Row) => void) | undefined;
  readonly empty: string;
}

export function Table<Row>({
  caption,
  columns,
  rows,
  rowKey,
  sortedBy,
  shown = 12,
  onOpen,
  empty,
}: TableProps<Row>) {
  const [sort, setSort] = useState({ key: sortedBy, descending: true });
  const [all, setAll] = useState(false);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const sorted = sortedRows(rows, columns, sort);
  const visible = all ? sorted : sorted.slice(0, shown);
  return (
    <>
      <div class="table-frame" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption class="sr-only">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <HeadCell key={column.key} column={column} sort={sort} onSort={setSort} />
              ))}
            </tr>
          </thead>
          <tbody onMouseOver={tellWhole}>
            {visible.map((row) => (
              <tr
                key={rowKey(row)}
                class={onOpen === undefined ? undefined : 'openable'}
                onClick={onOpen === undefined ? undefined : () => opens(() => onOpen(row))}
              >
                {columns.map((column) => (
                  <td key={column.key} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && (
        <button type="button" class="more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? `Show the first ${shown}` : `Show all ${rows.length}`}
        </button>
      )}
    </>
  );
}

/** What is cut off is told by a tooltip. */
function tellWhole({ target }: MouseEvent): void {
  const cell = target instanceof Element ? target.closest('td') : null;
  if (cell !== null && cell.scrollWidth > cell.clientWidth) cell.title = cell.textContent;
}

/** A reader who selects text in a row wants the text, not what the row opens. */
function opens(open: () => void): void {
  if (String(getSelection() ?? '') === '') open();
}

interface Sort {
  readonly key: string | undefined;
  readonly descending: boolean;
}

function HeadCell<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort: Sort;
  onSort: (sort: Sort) => void;
}) {
  const active = sort.key === column.key;
  if (column.order === undefined) {
    return (
      <th scope="col" class={classOf(column)} title={column.about}>
        {column.label}
      </th>
    );
  }
  return (
    <th
      scope="col"
      class={classOf(column)}
      aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        class="sorter"
        title={column.about}
        onClick={() => onSort({ key: column.key, descending: active ? !sort.descending : true })}
      >
        {column.label}
        <span aria-hidden="true" class="sort-mark">
          {active ? (sort.descending ? '▾' : '▴') : ''}
        </span>
      </button>
    </th>
  );
}

function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort,
): readonly Row[] {
  const order = columns.find((column) => column.key === sort.key)?.order;
  if (order === undefined) return rows;
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * (order(a) - order(b)));
}

function classOf<Row>({ numeric, wide, minor }: Column<Row>): string {
  return [numeric && 'numeric', wide && 'wide', minor && 'minor'].filter(Boolean).join(' ');
}
