/** What every section of a text report shares: the width, the paint, and how a section begins. */
import pc from 'picocolors';
import type { Report } from '../../events/report.ts';
import { cutMiddle, printable, widthOf } from './cell.ts';
import { clockText } from '../../core/quantities.ts';

export type Paint = ReturnType<typeof pc.createColors>;

export const INDENT = '  ';
/** Below, nothing fits; above, the eye loses the line. */
const WIDTH_MIN = 60;
const WIDTH_MAX = 200;

export interface Page {
  /** Cells of a whole line. */
  readonly width: number;
  /** Cells of a line inside a section. */
  readonly inner: number;
  readonly paint: Paint;
  readonly report: Report;
  /** The time of day, with the day where the window spans several. */
  readonly clock: (timeUs: number) => string;
  /** What people call a node, else its address. */
  readonly node: (address: string) => string;
}

export function pageOf(report: Report, columns: number, color: boolean): Page {
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.floor(columns)));
  const { fromUs, toUs } = report.window;
  const day = (timeUs: number) => Math.floor(timeUs / 86_400_000_000);
  const severalDays = day(fromUs) !== day(toUs - 1);
  return {
    width,
    inner: width - INDENT.length,
    paint: pc.createColors(color),
    report,
    clock: (timeUs) => clockText(timeUs, severalDays),
    node: (address) => printable(report.names[address] ?? address),
  };
}

/** A section: an empty line, its title, a remark in its line, and what it says, indented. */
export function section(
  page: Page,
  title: string,
  remark: string,
  lines: readonly string[],
): string[] {
  const fitting = cutMiddle(remark, page.width - widthOf(title) - 2);
  const head = page.paint.bold(title) + (fitting === '' ? '' : page.paint.dim(`  ${fitting}`));
  return ['', head, ...lines.map((line) => (line === '' ? '' : INDENT + line))];
}

/** "and 12 more" when not everything is shown. */
export function moreLines(page: Page, all: number, shown: number, what: string): string[] {
  return all > shown ? [page.paint.dim(`… and ${all - shown} more ${what}`)] : [];
}
