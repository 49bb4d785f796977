import { describe, expect, it } from 'vitest';
import { areaLines, columnsOf, sparkline } from '../../../src/cli/text/chart.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('columnsOf', () => {
  it('merges many values and stretches few, and loses none', () => {
    expect(columnsOf([1, 2, 3, 4, 5, 6], 3, sum)).toEqual([3, 7, 11]);
    expect(columnsOf([1, 2], 4, sum)).toEqual([1, 1, 2, 2]);
    expect(sum(columnsOf([1, 2, 3, 4, 5, 6, 7], 3, sum))).toBe(28);
    expect(columnsOf([], 3, sum)).toEqual([]);
  });
});

describe('sparkline', () => {
  it('shows heights in eighths, and a hole where nothing is known', () => {
    expect(sparkline([0, 1, null, 4, 8])).toBe(' ▁ ▄█');
  });

  it('keeps what is small visible', () => {
    expect(sparkline([1, 1_000_000])).toBe('▁█');
  });

  it('is blank when there is nothing', () => {
    expect(sparkline([0, 0])).toBe('  ');
    expect(sparkline([])).toBe('');
  });
});

describe('areaLines', () => {
  it('stacks rows, top first, shading up to the upper value', () => {
    expect(areaLines([8, 4, null, 1], 2, 8, [8, 8, null, 1])).toEqual(['█░  ', '██ ▂']);
  });
});
