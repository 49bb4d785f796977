/** Charts of a few lines out of block characters, an eighth of a cell exact. null is a hole, not a zero. */

const EIGHTHS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/**
 * `values` brought to exactly `width` columns: fewer are stretched, more are merged by `merge`, which gets each
 * column's values.
 */
export function columnsOf<Value, Column>(
  values: readonly Value[],
  width: number,
  merge: (values: readonly Value[]) => Column,
): Column[] {
  const columns: Column[] = [];
  if (values.length === 0) return columns;
  for (let column = 0; column < width; column++) {
    const start = Math.floor((column * values.length) / width);
    const end = Math.max(start + 1, Math.floor(((column + 1) * values.length) / width));
    columns.push(merge(values.slice(start, end)));
  }
  return columns;
}

/** One line; what is greater than 0 is visible, however small. */
export function sparkline(values: readonly (number | null)[], greatest?: number): string {
  const top = greatest ?? Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? ' ' : block(level(value, top, 8)) || ' '))
    .join('');
}

/**
 * `height` lines, top first. Up to the value the column is solid, from there to `upper` it is shaded.
 */
export function areaLines(
  values: readonly (number | null)[],
  height: number,
  greatest: number,
  upper?: readonly (number | null)[],
): string[] {
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const line = values.map((value, column) => {
      const solid = level(value ?? 0, greatest, height * 8) - row * 8;
      if (solid > 0) return block(Math.min(8, solid));
      const shaded = level(upper?.[column] ?? 0, greatest, height * 8) - row * 8;
      return shaded >= 4 ? '░' : ' ';
    });
    lines.push(line.join(''));
  }
  return lines;
}

/** 0 to `levels`; anything above 0 is at least 1. */
function level(value: number, greatest: number, levels: number): number {
  if (!(value > 0) || !(greatest > 0)) return 0;
  return Math.max(1, Math.min(levels, Math.round((value / greatest) * levels)));
}

function block(eighths: number): string {
  return EIGHTHS[eighths] ?? '';
}
