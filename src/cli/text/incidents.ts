/** Incidents: what was first, what followed, and on which nodes; each with the beginning of its timeline. */
import type { Incident, TimelineEntry } from '../../events/incidents.ts';
import { countText, durationWords } from '../../core/quantities.ts';
import { wrapped } from './cell.ts';
import { sentence } from './headline.ts';
import { moreLines, type Page, section } from './page.ts';

const INCIDENTS_SHOWN = 5;
const CONTEXT_SHOWN = 4;
const TIMELINE_SHOWN = 10;
const NODES_SHOWN = 6;

export function incidents(page: Page): string[] {
  const { incidents: all } = page.report;
  if (all.length === 0) return [];
  const told = all
    .slice(0, INCIDENTS_SHOWN)
    .flatMap((one, index) => [...(index === 0 ? [] : ['']), ...incidentLines(page, one)]);
  return section(page, 'Incidents', countText(all.length), [
    ...told,
    ...moreLines(page, all.length, INCIDENTS_SHOWN, 'incidents'),
  ]);
}

function incidentLines(page: Page, incident: Incident): string[] {
  const { paint, inner } = page;
  const { firstCause, context, timeline, timelineCount, nodes, severity, summary } = incident;
  const tint = severity === 'critical' ? paint.red : paint.yellow;
  const named = nodes.slice(0, NODES_SHOWN).map(({ node }) => page.node(node));
  const more =
    nodes.length > NODES_SHOWN ? ` and ${countText(nodes.length - NODES_SHOWN)} more` : '';
  return [
    `${tint(`${severity === 'critical' ? '▲' : '●'} ${severity}`)}  ${page.clock(incident.sinceUs)}  ${paint.bold(lastedText(page, incident))}  ${paint.dim(incident.id)}`,
    `  ${sentence(page, summary, inner - 2)}`,
    `  first: ${sentence(page, firstCause.because, inner - 9)}`,
    ...wrapped(firstCause.finding.advice, inner - 10).map(
      (line, index) => `  ${index === 0 ? 'to do:  ' : '        '}${line}`,
    ),
    `  ${paint.dim(`nodes:  ${named.join(', ')}${more}`)}`,
    ...context
      .slice(0, CONTEXT_SHOWN)
      .map((entry) => paint.dim(`  before ${timelineLine(page, entry, 9)}`)),
    ...timeline.slice(0, TIMELINE_SHOWN).map((entry) => `         ${timelineLine(page, entry, 9)}`),
    ...(timelineCount > TIMELINE_SHOWN
      ? [paint.dim(`         … and ${countText(timelineCount - TIMELINE_SHOWN)} more lines`)]
      : []),
  ];
}

/** `02:36:05  10.0.0.1:5432 hangs.` */
function timelineLine(page: Page, { atUs, parts }: TimelineEntry, indent: number): string {
  const clock = page.clock(atUs);
  return `${clock}  ${sentence(page, parts, page.inner - indent - clock.length - 2)}`;
}

function lastedText({ report }: Page, { sinceUs, untilUs }: Incident): string {
  const lasted = durationWords((untilUs ?? report.window.toUs) - sinceUs);
  return untilUs === null ? `for ${lasted}, not over` : `for ${lasted}`;
}
