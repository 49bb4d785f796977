/** An explanation as text: read in a minute by somebody who was woken. The commands at its end can be pasted. */
import {
  countText,
  durationText,
  durationWords,
  rateText,
  shareText,
} from '../../core/quantities.ts';
import { isoFromUs } from '../../core/time.ts';
import {
  type EvidenceOf,
  type Explanation,
  type Fault,
  FIGURE_NAMES,
} from '../../events/explanation.ts';
import type { Finding } from '../../events/finding.ts';
import type { Evidence } from '../../events/health.ts';
import { referenceText, type TimelineEntry } from '../../events/incidents.ts';
import type { Report } from '../../events/report.ts';
import { hanging, widthOf, wrapped } from './cell.ts';
import { evidenceText } from './health.ts';
import { wrappableSentence } from './headline.ts';
import { type Page, pageOf, section } from './page.ts';
import { type Column, tableLines } from './table.ts';
import { type HighlightPart, textPart, timePart } from '../../events/sentence.ts';

const TIMELINE_SHOWN = 25;
const CONTEXT_SHOWN = 6;

const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  nobody: 'nobody',
  database: 'the database',
  application: 'an application',
  between: 'what lies between',
  unknown: 'not known',
};

export function renderExplanation(
  explanation: Explanation,
  report: Report,
  { columns, color }: { readonly columns: number; readonly color: boolean },
): string {
  const page = pageOf(report, columns, color);
  const lines = [
    headline(page, explanation),
    first(page, explanation),
    fault(page, explanation),
    actions(page, explanation),
    figures(page, explanation),
    timeline(page, explanation),
    others(page, explanation),
    notKnown(page, explanation),
    evidence(page, explanation),
  ].flat();
  return `${lines.join('\n')}\n`;
}

/** A sentence over as many lines as it takes. */
function told(page: Page, parts: readonly HighlightPart[], width = page.inner): string[] {
  return wrapped(wrappableSentence(page, parts), width);
}

function headline(page: Page, { atUs, window, incident, headline: parts }: Explanation): string[] {
  const { paint } = page;
  const mark =
    incident === null
      ? paint.green('●')
      : incident.severity === 'critical'
        ? paint.red('▲')
        : paint.yellow('▲');
  const title = `What happened at ${isoFromUs(Math.floor(atUs)).slice(0, 19)}Z`;
  const around = `  ${page.clock(window.fromUs)} – ${page.clock(window.toUs)} UTC`;
  const fits = widthOf(title) + widthOf(around) <= page.width;
  return [
    paint.bold(title) + (fits ? paint.dim(around) : ''),
    '',
    ...told(page, parts, page.width - 2).map(
      (line, index) => `${index === 0 ? mark : ' '} ${line}`,
    ),
  ];
}

function first(page: Page, explanation: Explanation): string[] {
  const { incident } = explanation;
  if (incident === null) return noticed(page, explanation);
  const { finding, onsetUs, because } = incident.firstCause;
  return section(page, 'What was first', page.clock(onsetUs), [
    ...told(page, finding.summary),
    ...told(page, because),
    ...finding.evidence
      .flatMap((one) => wrapped(evidenceText(one), page.inner - 2))
      .map((line) => page.paint.dim(`  ${line}`)),
  ]);
}

/** Without an incident: all that was noticed, the first of which the headline has told. */
function noticed(page: Page, { evidence: all }: Explanation): string[] {
  const more = all.slice(1);
  if (more.length === 0) return [];
  return section(
    page,
    'What was noticed besides',
    '',
    briefly(
      page,
      more.map(({ finding }) => finding),
    ),
  );
}

/** One after the other: when, how severe, what. */
function briefly(
  page: Page,
  all: readonly Pick<Finding, 'sinceUs' | 'severity' | 'summary'>[],
): string[] {
  return all.flatMap(({ sinceUs, severity, summary }) =>
    told(page, [timePart(sinceUs), textPart(` ${severity}: `), ...summary]),
  );
}

function fault(page: Page, { fault: { who, parts } }: Explanation): string[] {
  return section(page, 'Whose fault, as far as the evidence goes', FAULT_WORDS[who], [
    ...told(page, parts),
  ]);
}

function actions(page: Page, { actions: all }: Explanation): string[] {
  return section(
    page,
    'What to do',
    '',
    all.flatMap((action, index) => hanging(`${countText(index + 1)}. `, action, page.inner)),
  );
}

interface FigureRow {
  readonly name: string;
  readonly unit: Evidence['unit'];
  readonly before: number | null | undefined;
  readonly during: number | null;
}

function figures(page: Page, { before, during, server }: Explanation): string[] {
  const rows = FIGURE_NAMES.map(
    ([field, name, unit]): FigureRow => ({
      name,
      unit,
      before: before?.figures[field],
      during: during.figures[field],
    }),
  );
  const columns: Column<FigureRow>[] = [
    { title: 'figure', cell: ({ name }) => name },
    { title: 'before', cell: (row) => quantity(row.unit, row.before ?? null), align: 'right' },
    { title: 'during', cell: (row) => quantity(row.unit, row.during), align: 'right' },
  ];
  const span = (window: { fromUs: number; toUs: number }) =>
    `${durationWords(window.toUs - window.fromUs)} from ${page.clock(window.fromUs)}`;
  const remark = server === null ? 'all databases' : page.node(server);
  return section(page, 'Before and during', remark, [
    page.paint.dim(before === null ? 'before: nothing is known' : `before: ${span(before.window)}`),
    page.paint.dim(`during: ${span(during.window)}`),
    ...tableLines(rows, columns, page.inner, page.paint.dim),
  ]);
}

function quantity(unit: Evidence['unit'], value: number | null): string {
  if (unit === 'us') return durationText(value);
  if (unit === 'share') return shareText(value);
  if (unit === 'per_second') return value === null ? '–' : `${rateText(value)}/s`;
  return countText(value);
}

function timeline(page: Page, { incident }: Explanation): string[] {
  if (incident === null) return [];
  const { context, timeline: entries, timelineCount } = incident;
  const hidden = timelineCount - Math.min(TIMELINE_SHOWN, entries.length);
  return section(page, 'Timeline', '', [
    ...context
      .slice(-CONTEXT_SHOWN)
      .flatMap((entry) => entryLines(page, entry, 'before').map(page.paint.dim)),
    ...entries.slice(0, TIMELINE_SHOWN).flatMap((entry) => entryLines(page, entry, '')),
    ...(hidden > 0
      ? [page.paint.dim(`        … and ${countText(hidden)} more lines in --format json`)]
      : []),
  ]);
}

/** Its time, and all that it says below each other. */
function entryLines(page: Page, { atUs, parts }: TimelineEntry, mark: string): string[] {
  const head = `${mark.padEnd(8)}${page.clock(atUs)}  `;
  return told(page, parts, page.inner - head.length).map(
    (line, index) => `${index === 0 ? head : ' '.repeat(head.length)}${line}`,
  );
}

/** Other incidents, and what was found in these minutes and belongs to none. */
function others(page: Page, { others: all, incident, evidence: found }: Explanation): string[] {
  if (incident === null) return [];
  const own = new Set(incident.findings.map(referenceText));
  const beside = found
    .map(({ finding }) => finding)
    .filter(
      (finding) =>
        !own.has(referenceText(finding)) && finding.key !== incident.firstCause.finding.key,
    );
  if (all.length + beside.length === 0) return [];
  return section(page, 'Besides, in these minutes', '', briefly(page, [...all, ...beside]));
}

function notKnown(page: Page, { notKnown: all }: Explanation): string[] {
  const lines = all.flatMap((parts) =>
    told(page, parts, page.inner - 2).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`),
  );
  return section(
    page,
    'What is not known',
    '',
    lines.length === 0 ? ['Nothing is known to be missing from what the mirror showed.'] : lines,
  );
}

function evidence(page: Page, { evidence: all, before, during }: Explanation): string[] {
  const command = (sql: string) => `  mirrorsql query "${sql}"`;
  return section(page, 'Evidence', 'each command gives the numbers; add --data or --clickhouse', [
    ...(before === null ? [] : ['the figures before:', command(before.sql)]),
    'the figures during:',
    command(during.sql),
    ...all.flatMap(({ finding, sql }: EvidenceOf) => [
      ...wrapped(
        `${finding.kind}${finding.node === null ? '' : ` of ${page.node(finding.node)}`}, ${page.clock(finding.sinceUs)}: ${finding.evidence.map(evidenceText).join('; ')}`,
        page.inner,
      ),
      ...(sql === null ? [] : [command(sql)]),
    ]),
  ]);
}
