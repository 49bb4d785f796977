/** Tables without borders: the eye follows the alignment. Columns that do not fit are left out, texts are cut. */
import Table from 'cli-table3';
import { cutMiddle, widthOf } from './cell.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** Shown from this width of the table on; always by default. */
  readonly from?: number;
  /** Takes what the other columns leave, and cuts its texts to it. */
  readonly flexible?: boolean;
  readonly tint?: (cell: string, row: Row) => string;
}

const GAP = '  ';
const FLEXIBLE_MIN = 8;

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
};

/** The lines of the table, none wider than `width`. `tintTitle` colours the heads. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
  tintTitle: (title: string) => string,
): string[] {
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const texts = rows.map((row) => shown.map((column) => column.cell(row)));
  const widths = columnWidths(shown, texts, width);
  const table = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: shown.map(({ align = 'left' }) => align),
    colWidths: widths,
    head: shown.map(({ title }, index) => tintTitle(cutMiddle(title, widths[index] ?? 0))),
  });
  for (const [rowIndex, row] of rows.entries()) {
    const cells = shown.map(({ tint }, index) => {
      const text = cutMiddle(texts[rowIndex]?.[index] ?? '', widths[index] ?? 0);
      return tint === undefined ? text : tint(text, row);
    });
    table.push(cells);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Each column as wide as its widest text; flexible ones share what is left of the width. */
function columnWidths<Row>(
  columns: readonly Column<Row>[],
  texts: readonly (readonly string[])[],
  width: number,
): number[] {
  const natural = columns.map(({ title }, index) =>
    texts.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), widthOf(title)),
  );
  let left = width - GAP.length * (columns.length - 1);
  let flexibleLeft = 0;
  for (const [index, column] of columns.entries()) {
    if (column.flexible === true) flexibleLeft++;
    else left -= natural[index] ?? 0;
  }
  const widths = columns.map(({ flexible }, index) => {
    const own = natural[index] ?? 0;
    if (flexible !== true) return own;
    const given = Math.min(own, Math.max(FLEXIBLE_MIN, Math.floor(left / flexibleLeft)));
    left -= given;
    flexibleLeft--;
    return given;
  });
  return narrowed(widths, width - GAP.length * (columns.length - 1));
}

/** Takes from the widest column until all fit: long names, such as IPv6 addresses, are cut before numbers are. */
function narrowed(widths: number[], room: number): number[] {
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  for (; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(1, (widths[widest] ?? 0) - 1);
  }
  return widths;
}
