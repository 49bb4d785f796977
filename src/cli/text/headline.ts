/** The first lines: which window, whose traffic, and what stands out. */
import { isoFromUs } from '../../core/time.ts';
import type { Highlight, Report } from '../../events/report.ts';
import type { HighlightPart } from '../../events/sentence.ts';
import { partText } from './sentence.ts';
import { cutMiddle, printable, widthOf } from './cell.ts';
import { INDENT, type Page } from './page.ts';
import { clockText, counted, durationWords } from '../../core/quantities.ts';

const HOSTS_SHOWN_MAX = 3;
/** Of a statement in a sentence of several lines. */
const STATEMENT_WIDTH = 160;
/** Less of it says nothing. */
const STATEMENT_LEAST = 8;

export function headline(page: Page): string[] {
  const { report, paint, width } = page;
  const title = 'MirrorSQL report';
  const window = windowText(report);
  const gap = ' '.repeat(Math.max(2, width - widthOf(title) - widthOf(window)));
  return [
    paint.bold(title) + gap + cutMiddle(window, width - widthOf(title) - 2),
    paint.dim(cutMiddle(whichText(page), width)),
    paint.dim(cutMiddle(whoText(page), width)),
    '',
    ...report.highlights.map((highlight) => highlightLine(page, highlight)),
  ];
}

/** `2026-11-21 02:30:00 – 02:40:00 UTC` */
function windowText({ window: { fromUs, toUs } }: Report): string {
  const day = (timeUs: number) => isoFromUs(Math.floor(timeUs)).slice(0, 10);
  const end = day(fromUs) === day(toUs) ? '' : `${day(toUs)} `;
  return `${day(fromUs)} ${clockText(fromUs, false)} – ${end}${clockText(toUs, false)} UTC`;
}

/** Says which part of what is stored this window is, so that nobody takes a part for the whole. */
function whichText({ report: { window, extent, scope }, node }: Page): string {
  const length = durationWords(window.toUs - window.fromUs);
  const stored = durationWords(extent.toUs - extent.fromUs);
  const whole = window.fromUs <= extent.fromUs && window.toUs >= extent.toUs;
  const newest = window.toUs >= extent.toUs;
  const part = whole
    ? `${stored}, all that is stored`
    : newest
      ? `the last ${length} of ${stored} stored`
      : `${length} out of ${stored} stored`;
  const narrowed = [scope.client, scope.server].filter((one) => one !== undefined);
  const nodes = narrowed.length === 0 ? '' : `; only ${narrowed.map(node).join(' to ')}`;
  const collector =
    scope.collector === undefined ? '' : `; as ${printable(scope.collector)} saw it`;
  return part + nodes + collector;
}

function whoText(page: Page): string {
  const { nodes, channels, channelsCount } = page.report;
  const servers = nodes.filter(({ role }) => role === 'server').map(({ node }) => page.node(node));
  const clients = nodes.filter(({ role }) => role === 'client');
  const databases = new Set(channels.flatMap(({ database }) => database ?? []));
  const parts = [
    listText(servers, 'servers') || 'no server',
    ...(databases.size > 0 ? [`databases ${listText([...databases].sort(), 'databases')}`] : []),
    counted(clients.length, 'client', 'clients'),
    counted(channelsCount, 'connection', 'connections'),
  ];
  return parts.join(' · ');
}

function listText(names: readonly string[], what: string): string {
  if (names.length > HOSTS_SHOWN_MAX) return `${names.length} ${what}`;
  return names.map(printable).join(', ');
}

const MARKS = { warning: '▲', notice: '●', info: '·' } as const;

function highlightLine(page: Page, highlight: Highlight): string {
  const { paint, width } = page;
  const tint = { warning: paint.red, notice: paint.yellow, info: paint.dim }[highlight.severity];
  const room = width - INDENT.length - 2;
  return `${INDENT}${tint(MARKS[highlight.severity])} ${sentence(page, highlight.parts, room)}`;
}

/** The parts as one line; statements are cut so that the line fits, numbers never are. */
export function sentence(page: Page, parts: readonly HighlightPart[], room: number): string {
  const plain = parts.map((part) => (part.kind === 'statement' ? '' : partText(part, page)));
  const statements = parts.filter(({ kind }) => kind === 'statement').length;
  const left = room - widthOf(plain.join(''));
  const each = Math.max(STATEMENT_LEAST, Math.floor(left / Math.max(1, statements)));
  if (statements === 0) return cutMiddle(plain.join(''), room);
  // Where the words alone fill the line, the statement is no more than one of them.
  if (left < STATEMENT_LEAST * statements) return cutMiddle(wrappableSentence(page, parts), room);
  return parts
    .map((part) =>
      part.kind === 'statement'
        ? page.paint.cyan(cutMiddle(statementText(part.text), each))
        : partText(part, page),
    )
    .join('');
}

/** The parts as text that may be broken into lines; long statements are cut. */
export function wrappableSentence(page: Page, parts: readonly HighlightPart[]): string {
  return parts
    .map((part) =>
      part.kind === 'statement'
        ? cutMiddle(statementText(part.text), STATEMENT_WIDTH)
        : partText(part, page),
    )
    .join('');
}

/** A statement's text, or words for one whose text was never seen. */
export function statementText(text: string): string {
  return printable(text) || '(text not seen)';
}
