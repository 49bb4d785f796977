import { describe, expect, it } from 'vitest';
import { widthOf } from '../../../src/cli/text/cell.ts';
import { type Column, tableLines } from '../../../src/cli/text/table.ts';

interface Row {
  readonly calls: string;
  readonly text: string;
}

const columns: Column<Row>[] = [
  { title: 'calls', cell: (row) => row.calls, align: 'right' },
  { title: 'wide only', cell: () => 'x', from: 60 },
  { title: 'statement', cell: (row) => row.text, flexible: true },
];
const rows: Row[] = [
  { calls: '1', text: 'SELECT 名称 FROM products WHERE id = ? AND price BETWEEN ? AND ?' },
  { calls: '12 345', text: 'COMMIT' },
];
const same = (text: string) => text;

describe('tableLines', () => {
  it('aligns columns and cuts the flexible one to what is left', () => {
    expect(tableLines(rows, columns, 40, same)).toEqual([
      ' calls  statement',
      '     1  SELECT 名称 FROM pr…WEEN ? AND ?',
      '12 345  COMMIT',
    ]);
  });

  it('shows further columns where there is room', () => {
    expect(tableLines(rows, columns, 60, same)[0]).toBe(' calls  wide only  statement');
  });

  it('measures texts before it colours them', () => {
    const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
    const coloured = columns.map((column) => ({ ...column, tint: red }));
    const plain = tableLines(rows, coloured, 40, red).map((line) =>
      line.replace(/\u001b\[\d+m/g, ''),
    );
    expect(plain.map((line) => line.trimEnd())).toEqual(tableLines(rows, columns, 40, same));
  });

  it('cuts the widest columns when even the fixed ones do not fit', () => {
    const wide = [{ calls: '12 345', text: '2001:0db8:0000:0000:0000:ff00:0042:8329' }];
    const fixed: Column<Row>[] = [
      { title: 'calls', cell: (row) => row.calls },
      { title: 'node', cell: (row) => row.text },
    ];
    expect(tableLines(wide, fixed, 24, same)[1]).toBe('12 345  2001:0db8…2:8329');
  });

  it('stays within its width', () => {
    for (let width = 24; width < 100; width++) {
      const widest = Math.max(...tableLines(rows, columns, width, same).map(widthOf));
      expect(widest).toBeLessThanOrEqual(width);
    }
  });
});
