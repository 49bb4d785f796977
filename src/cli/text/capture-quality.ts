/** The last section: what the capture missed, so that nobody believes the report more than it deserves. */
import type { CollectorRow, MissedPeriod } from '../../events/report.ts';
import { printable, wrapped } from './cell.ts';
import { wrappableSentence } from './headline.ts';
import { moreLines, type Page, section } from './page.ts';
import { ABSENT, bytesText, counted, countText, durationText } from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';

export function captureQuality(page: Page): string[] {
  const { capture } = page.report;
  const flaws: (readonly [value: number, text: string])[] = [
    [capture.lostBytes, `${bytesText(capture.lostBytes)} missing`],
    [capture.gaps, counted(capture.gaps, 'gap', 'gaps')],
    [
      capture.statementsWithFlaw,
      counted(capture.statementsWithFlaw, 'statement in part', 'statements in part'),
    ],
    [capture.unanswered, counted(capture.unanswered, 'request', 'requests') + ' unanswered'],
    [
      capture.unmatchedAnswers,
      counted(capture.unmatchedAnswers, 'answer', 'answers') + ' without a request',
    ],
    [capture.framesRefused, counted(capture.framesRefused, 'message', 'messages') + ' refused'],
    [capture.droppedByLimit, `${countText(capture.droppedByLimit)} dropped by a limit`],
    [capture.rowsRetired, `${countText(capture.rowsRetired)} rows dropped by retention`],
    [
      capture.encryptedSessions,
      counted(capture.encryptedSessions, 'session encrypted', 'sessions encrypted'),
    ],
  ];
  const found = flaws.filter(([value]) => value > 0).map(([, text]) => text);
  const seen = `${countText(capture.packets)} packets, ${bytesText(capture.bytes)}`;
  const tint = capture.complete ? page.paint.green : page.paint.yellow;
  return section(page, 'Capture', seen, [
    ...wrapped(capture.verdict, page.inner).map((line) => tint(line)),
    ...wrapped(found.join(', '), page.inner).map((line) => page.paint.dim(line)),
  ]);
}

const MISSED_LINES = 20;

/** What was missed, when. */
export function missed(page: Page): string[] {
  const { report, paint } = page;
  if (report.missed.length === 0) return [];
  const columns: Column<MissedPeriod>[] = [
    { title: 'from', cell: (row) => page.clock(row.fromUs) },
    { title: 'for', cell: (row) => durationText(row.toUs - row.fromUs), ...right },
    { title: 'what', cell: (row) => wrappableSentence(page, row.parts), flexible: true },
    ...(report.collectors.length > 1
      ? [{ title: 'collector', cell: (row: MissedPeriod) => printable(row.collector) || ABSENT }]
      : []),
  ];
  const shown = report.missed.slice(0, MISSED_LINES);
  return section(page, 'Missed', 'what the capture does not hold, when', [
    ...tableLines(shown, columns, page.inner, paint.dim),
    ...moreLines(page, report.missedCount, shown.length, 'periods'),
  ]);
}

const right = { align: 'right' } as const;

/** Where there are several, each with what it missed. */
export function collectors(page: Page): string[] {
  const { report, paint } = page;
  if (report.collectors.length < 2) return [];
  const columns: Column<CollectorRow>[] = [
    { title: 'collector', cell: (row) => printable(row.collector) || ABSENT, flexible: true },
    { title: 'packets', cell: (row) => countText(row.packets), ...right },
    { title: 'lost', cell: (row) => bytesText(row.lostBytes), ...right },
    { title: 'gaps', cell: (row) => countText(row.gaps), ...right },
    { title: 'dropped', cell: (row) => countText(row.droppedByLimit), ...right },
    { title: 'in part', cell: (row) => countText(row.statementsWithFlaw), from: 80, ...right },
    { title: 'encrypted', cell: (row) => countText(row.encryptedSessions), from: 90, ...right },
  ];
  const doubled = report.capture.connectionsDoubled;
  const remark =
    doubled === 0 ? '' : `${counted(doubled, 'connection', 'connections')} seen by more than one`;
  return section(
    page,
    'Collectors',
    remark,
    tableLines(report.collectors, columns, page.inner, paint.dim),
  );
}
