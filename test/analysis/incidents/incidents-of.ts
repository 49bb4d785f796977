/** What is told of findings in a small landscape of applications and databases, to look at in tests. */
import { incidentsOf } from '../../../analysis/incidents/incidents.ts';
import type { WindowFacts } from '../../../src/events/facts.ts';
import type { Finding } from '../../../src/events/finding.ts';
import type { Incident, TimelineEntry } from '../../../src/events/incidents.ts';
import type { MissedPeriod } from '../../../src/events/report.ts';
import { EMPTY_FACTS, EMPTY_TOTALS } from '../fixtures.ts';
import { at, findingOf } from './findings-of.ts';

export const DATABASE = '10.0.0.1:5432';
export const [SHOP, BILLING] = ['10.0.1.1', '10.0.1.2'];

/** Two applications on one database, another application on another database; twenty minutes. */
function factsOf(given: Partial<WindowFacts> = {}): WindowFacts {
  const edges = [
    [SHOP, DATABASE],
    [BILLING, DATABASE],
    ['10.0.9.1', '10.0.9.9:5432'],
  ] as const;
  return {
    ...EMPTY_FACTS,
    window: { fromUs: at(0), toUs: at(1200) },
    extent: { fromUs: at(0), toUs: at(1200) },
    edges: edges.map(([client, server]) => ({ client, server, totals: EMPTY_TOTALS })),
    ...given,
  };
}

export function told(
  findings: readonly Finding[],
  given: Partial<WindowFacts> = {},
  missed: readonly MissedPeriod[] = [],
): Incident[] {
  return incidentsOf(findings, { facts: factsOf(given), missed });
}

export function wordsOf({ parts }: Pick<TimelineEntry, 'parts'>): string {
  return parts.map((part) => ('text' in part ? part.text : String(part.value))).join('');
}

export const line = (entry: TimelineEntry) =>
  `${String((entry.atUs - at(0)) / 1e6)} ${entry.kind}: ${wordsOf(entry)}`;

/** It hung from second 100 on, and after five seconds this could be told. */
export const hang = findingOf({
  kind: 'state/hang',
  severity: 'critical',
  sinceUs: at(105),
  untilUs: at(160),
  evidence: [{ name: 'oldest request without an answer', value: 5e6, unit: 'us', threshold: 5e6 }],
});
export const slow = (node: string, since: number, until: number | null = since + 60) =>
  findingOf({
    kind: 'state/slow',
    node,
    sinceUs: at(since),
    untilUs: until === null ? null : at(until),
  });
