/** Incidents: what was first, what followed, and on which nodes; each with the beginning of its timeline. */
import type { Incident, TimelineEntry } from '../../events/incidents.ts';
import { countText, durationWords } from '../../core/quantities.ts';
import { hanging } from './cell.ts';
import { wrappableSentence } from './headline.ts';
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
  const { firstCause, context, timeline, timelineCount, nodes, severity, summary, findings } =
    incident;
  const tint = severity === 'critical' ? paint.red : paint.yellow;
  const named = nodes.slice(0, NODES_SHOWN).map(({ node }) => page.node(node));
  const more =
    nodes.length > NODES_SHOWN ? ` and ${countText(nodes.length - NODES_SHOWN)} more` : '';
  return [
    `${tint(`${severity === 'critical' ? '▲' : '●'} ${severity}`)}  ${page.clock(incident.sinceUs)}  ${paint.bold(lastedText(page, incident))}  ${paint.dim(incident.id)}`,
    ...hanging('  ', wrappableSentence(page, summary), inner),
    ...(findings.length > 1
      ? hanging('  first:  ', wrappableSentence(page, firstCause.because), inner)
      : []),
    ...hanging('  to do:  ', firstCause.finding.advice, inner),
    ...(named.length === 0 ? [] : [`  ${paint.dim(`nodes:  ${named.join(', ')}${more}`)}`]),
    ...context
      .slice(0, CONTEXT_SHOWN)
      .flatMap((entry) => timelineLines(page, '  before  ', entry).map(paint.dim)),
    ...timeline
      .slice(0, TIMELINE_SHOWN)
      .flatMap((entry) => timelineLines(page, '          ', entry)),
    ...(timelineCount > TIMELINE_SHOWN
      ? [paint.dim(`          … and ${countText(timelineCount - TIMELINE_SHOWN)} more lines`)]
      : []),
  ];
}

/** `02:36:05  10.0.0.1:5432 hangs.` */
function timelineLines(page: Page, before: string, { atUs, parts }: TimelineEntry): string[] {
  return hanging(`${before}${page.clock(atUs)}  `, wrappableSentence(page, parts), page.inner);
}

function lastedText({ report }: Page, { sinceUs, untilUs }: Incident): string {
  const lasted = durationWords((untilUs ?? report.window.toUs) - sinceUs);
  return untilUs === null ? `for ${lasted}, not over` : `for ${lasted}`;
}
