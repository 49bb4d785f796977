/** The states of the nodes (H1 to H6): what was not well, from when to when, and the number that says so first. */
import type { Evidence, HealthInterval, HealthState } from '../../events/health.ts';
import { printable } from './cell.ts';
import { moreLines, type Page, section } from './page.ts';
import { countText, durationText, rateText, shareText } from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';

const LISTED_MAX = 20;

const WORDS: Readonly<Record<HealthState, string>> = {
  unknown: 'unknown',
  down: 'DOWN',
  hang: 'HANG',
  slow: 'slow',
  jitter: 'jitter',
  sub_healthy: 'sub-healthy',
  idle: 'idle',
  healthy: 'healthy',
};

export function health(page: Page): string[] {
  const { report, paint } = page;
  if (report.health.length === 0) return [];
  const ill = report.health.filter(({ state }) => state !== 'healthy' && state !== 'idle');
  const nodes = new Set(report.health.map(({ role, node }) => `${role} ${node}`)).size;
  if (ill.length === 0)
    return section(page, 'Health', '', [
      paint.green(`${countText(nodes)} nodes, healthy all the time`),
      ...learningLine(page),
    ]);
  const columns: Column<HealthInterval>[] = [
    {
      title: 'state',
      cell: ({ state }) => WORDS[state],
      tint: (cell, { state }) =>
        state === 'down' || state === 'hang' ? paint.red(cell) : paint.yellow(cell),
    },
    { title: 'node', cell: ({ node }) => page.node(node) },
    {
      title: 'role',
      cell: ({ role }) => (role === 'server' ? 'database' : 'application'),
      from: 90,
    },
    { title: 'since', cell: ({ sinceUs }) => page.clock(sinceUs) },
    { title: 'for', cell: (one) => lasted(one, report.window.toUs), align: 'right' },
    {
      title: 'because',
      cell: ({ evidence }) => evidence.slice(0, 1).map(evidenceText).join(),
      flexible: true,
    },
  ];
  return section(page, 'Health', `${countText(nodes)} nodes`, [
    ...tableLines(ill.slice(0, LISTED_MAX), columns, page.inner, paint.dim),
    ...moreLines(page, ill.length, LISTED_MAX, 'states'),
    ...learningLine(page),
  ]);
}

function learningLine({ report, paint }: Page): string[] {
  const learning = report.health.some((one) => one.learning);
  return learning
    ? [
        paint.dim(
          'less than half an hour is known of some nodes: they are judged by fixed thresholds',
        ),
      ]
    : [];
}

function lasted({ sinceUs, untilUs }: HealthInterval, endUs: number): string {
  return durationText((untilUs ?? endUs) - sinceUs) + (untilUs === null ? ' +' : '');
}

/** `oldest request without an answer 5.46 s (threshold 5.00 s)` */
export function evidenceText({ name, value, unit, threshold }: Evidence): string {
  const quantity = (number: number): string => {
    if (unit === 'us') return durationText(number);
    if (unit === 'share') return shareText(number);
    if (unit === 'per_second') return `${rateText(number)}/s`;
    return countText(number);
  };
  const limit = threshold === null ? '' : ` (threshold ${quantity(threshold)})`;
  return `${printable(name)} ${quantity(value)}${limit}`;
}
