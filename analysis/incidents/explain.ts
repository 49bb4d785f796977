/**
 * The story of the minutes around a moment: which incident, what was usual before, whose fault as far as the evidence
 * goes, what to do, and what is not known. Pure; the figures are asked of the store between the two steps.
 */
import type {
  Explanation,
  EvidenceOf,
  FiguresOf,
  OtherIncident,
} from '../../src/events/explanation.ts';
import type { Window } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import { type Incident, referenceText } from '../../src/events/incidents.ts';
import type { Report } from '../../src/events/report.ts';
import { severityOf } from './first-cause.ts';
import { faultNoticed, faultOf } from './fault.ts';
import { onsetOf } from './onset.ts';
import { SECOND_US } from '../../src/core/time.ts';
import {
  type HighlightPart,
  textPart,
  countedParts,
  durationPart,
  timePart,
} from '../../src/events/sentence.ts';

/** What was usual is read from so long before: long enough to be usual, short enough to be the same time of day. */
const BEFORE_US = 1_800_000_000;
/** Less is no measure of what is usual. */
const BEFORE_MIN_US = 10_000_000;
const ACTIONS_MAX = 4;
const NOTICED_MAX = 5;

const EVIDENCE_MAX = 8;
const MISSED_TOLD_MAX = 3;

/** What to tell about a moment, before any figure is known. */
export interface Chosen {
  readonly incident: Incident | null;
  /**
   * What would wake nobody and yet may be what somebody asks about, the nearest first: beside the incident, where there is one.
   */
  readonly noticed: readonly Finding[];
  /** null: too little is stored from before. */
  readonly before: Window | null;
  readonly during: Window;
  readonly server: string | null;
}

/** What was on at the moment first, the most severe of several; then the nearest. */
function nearest<One extends Pick<Finding, 'sinceUs' | 'untilUs' | 'severity'>>(
  all: readonly One[],
  atUs: number,
  toUs: number,
): One[] {
  const distance = ({ sinceUs, untilUs }: One) =>
    Math.max(0, sinceUs - atUs, atUs - (untilUs ?? toUs));
  return [...all].sort(
    (a, b) => distance(a) - distance(b) || severityOf(b) - severityOf(a) || a.sinceUs - b.sinceUs,
  );
}

/**
 * Notices, and of what only informs what began in these minutes or is about a class of the incident: the rest is so every day.
 */
function noticedIn(
  { findings, incidents, window }: Report,
  atUs: number,
  during: Window,
  incident: Incident | null,
): Finding[] {
  const classes = new Set(
    findings
      .filter(({ key }) => incident?.findings.some((one) => one.key === key) === true)
      .flatMap(({ fingerprints }) => fingerprints),
  );
  const told = new Set(incidents.flatMap((one) => one.findings.map(referenceText)));
  const worth = findings.filter(
    (finding) =>
      (finding.severity !== 'info' ||
        finding.sinceUs > window.fromUs ||
        finding.fingerprints.some((one) => classes.has(one))) &&
      finding.sinceUs < during.toUs &&
      (finding.untilUs ?? window.toUs) > during.fromUs &&
      !told.has(referenceText(finding)),
  );
  return nearest(worth, atUs, window.toUs).slice(0, NOTICED_MAX);
}

/** The incident that was on at the moment, the most severe of several; else the nearest one. */
export function chosenFor(report: Report, atUs: number): Chosen {
  const { incidents, window, extent } = report;
  const [incident = null] = nearest(incidents, atUs, window.toUs);
  const span = ({ sinceUs, untilUs }: Pick<Finding, 'sinceUs' | 'untilUs'>): Window => ({
    fromUs: Math.max(window.fromUs, sinceUs),
    toUs: untilUs ?? window.toUs,
  });
  const noticed = noticedIn(report, atUs, incident === null ? window : span(incident), incident);
  const meant = incident ?? noticed[0];
  const during = meant === undefined ? window : span(meant);
  // Neither the second in which it began, nor the time in which it may have been there before it could be told.
  const cause = incident?.firstCause.finding ?? noticed[0];
  const earliestUs = cause === undefined ? during.fromUs : onsetOf(cause).earliestUs;
  const beforeToUs = Math.floor(Math.min(during.fromUs, earliestUs) / SECOND_US) * SECOND_US;
  const earlier = incidents.flatMap(({ untilUs }) =>
    untilUs !== null && untilUs <= beforeToUs ? [untilUs] : [],
  );
  const fromUs = Math.max(extent.fromUs, beforeToUs - BEFORE_US, ...earlier);
  return {
    incident,
    noticed,
    before: beforeToUs - fromUs < BEFORE_MIN_US ? null : { fromUs, toUs: beforeToUs },
    during,
    server: incident === null ? databaseNamed(noticed[0]) : databaseOf(incident),
  };
}

function databaseNamed(finding: Finding | undefined): string | null {
  return finding?.role === 'server' ? finding.node : null;
}

/** The database that a story is about: where it began, or the only one concerned. */
function databaseOf({ firstCause, nodes }: Incident): string | null {
  const { finding } = firstCause;
  if (finding.role === 'server') return finding.node;
  const servers = nodes.filter(({ role }) => role === 'server');
  return servers.length === 1 ? (servers[0]?.node ?? null) : null;
}

export interface Answers {
  readonly before: FiguresOf | null;
  readonly during: FiguresOf;
  readonly sqlOf: (finding: Finding) => string | null;
}

export function explanationOf(
  report: Report,
  atUs: number,
  { incident, noticed, server }: Chosen,
  { before, during, sqlOf }: Answers,
): Explanation {
  const findings = incident === null ? noticed : findingsOf(report, incident);
  return {
    formatVersion: 1,
    atUs,
    window: report.window,
    server,
    headline: headlineOf(report, atUs, incident, noticed),
    incident,
    others: report.incidents.filter((one) => one !== incident).map(briefly),
    fault: incident === null ? faultNoticed(report, noticed) : faultOf(report, incident, findings),
    actions: actionsOf(findings),
    before,
    during,
    notKnown: notKnownOf(report, atUs, incident, before),
    evidence: [...findings.slice(0, EVIDENCE_MAX), ...(incident === null ? [] : noticed)].map(
      (finding): EvidenceOf => ({ finding, sql: sqlOf(finding) }),
    ),
  };
}

/** The findings of an incident, the first cause first, then by severity. */
function findingsOf({ findings }: Report, incident: Incident): Finding[] {
  const first = incident.firstCause.finding;
  const members = new Set(incident.findings.map(referenceText));
  members.delete(referenceText(first));
  const others = findings.filter((finding) => members.has(referenceText(finding)));
  return [first, ...others.sort((a, b) => severityOf(b) - severityOf(a) || a.sinceUs - b.sinceUs)];
}

function briefly({ id, severity, sinceUs, untilUs, summary }: Incident): OtherIncident {
  return { id, severity, sinceUs, untilUs, summary };
}

/** Nodes whose state nobody knows for a time, which is no news of their being well. */
function unknownParts({ health, window }: Report, lead: string): HighlightPart[] {
  const unknown = health.filter(({ state }) => state === 'unknown');
  if (unknown.length === 0) return [];
  const nodesCount = new Set(unknown.map(({ role, node }) => `${role} ${node}`)).size;
  const fromUs = Math.min(...unknown.map(({ sinceUs }) => sinceUs));
  const toUs = Math.max(...unknown.map(({ untilUs }) => untilUs ?? window.toUs));
  return [
    textPart(`${lead}the state of `),
    ...countedParts(nodesCount, ' node', ' nodes'),
    textPart(' is not known, as the capture lost too much between '),
    timePart(fromUs),
    textPart(' and '),
    timePart(toUs),
    textPart('.'),
  ];
}

function headlineOf(
  report: Report,
  atUs: number,
  incident: Incident | null,
  [noticed]: readonly Finding[],
): HighlightPart[] {
  const { window } = report;
  if (incident === null)
    return [
      textPart(
        noticed === undefined
          ? 'Nothing was found between '
          : 'Nothing that would wake somebody was found between ',
      ),
      timePart(window.fromUs),
      textPart(' and '),
      timePart(window.toUs),
      ...(noticed === undefined
        ? [textPart(': no node was unwell and no analyzer had anything to tell.')]
        : [textPart('. But this was noticed: '), ...noticed.summary]),
      ...unknownParts(report, ' Of this time '),
    ];
  const { sinceUs, untilUs, summary } = incident;
  const endUs = untilUs ?? window.toUs;
  const lasted = [
    durationPart(endUs - sinceUs),
    textPart(untilUs === null ? ' and was not over. ' : '. '),
  ];
  const on = sinceUs <= atUs && atUs <= endUs;
  const when = on
    ? [textPart('It was on at this moment: from '), timePart(sinceUs), textPart(' for '), ...lasted]
    : [
        textPart(
          sinceUs > atUs ? 'It began after this moment, at ' : 'It was over, having begun at ',
        ),
        timePart(sinceUs),
        textPart(' and lasted '),
        ...lasted,
      ];
  return [...when, ...summary];
}

function actionsOf(findings: readonly Finding[]): string[] {
  if (findings.length === 0)
    return ['Give --minutes a larger number, or look at the whole day with mirrorsql report.'];
  return [...new Set(findings.map(({ advice }) => advice))].slice(0, ACTIONS_MAX);
}

function notKnownOf(
  report: Report,
  atUs: number,
  incident: Incident | null,
  before: FiguresOf | null,
): HighlightPart[][] {
  const { window, extent, missed, missedCount, capture, health } = report;
  const unknown = incident === null ? [] : unknownParts(report, 'Of this time ');
  const missing = missed
    .filter(({ fromUs, toUs }) => toUs > window.fromUs && fromUs < window.toUs)
    .slice(0, MISSED_TOLD_MAX)
    .map(({ fromUs, toUs, parts }) => [
      textPart('What the capture missed at '),
      timePart(fromUs),
      textPart(' for '),
      durationPart(toUs - fromUs),
      textPart(': '),
      ...parts,
      textPart('.'),
    ]);
  return [
    ...(unknown.length === 0 ? [] : [unknown]),
    ...missing,
    ...(missedCount > missing.length
      ? [
          [
            ...countedParts(missedCount - missing.length, ' more loss', ' more losses'),
            textPart(' of the capture.'),
          ],
        ]
      : []),
    ...(!capture.complete ? [[textPart(capture.verdict)]] : []),
    ...(before === null ? [[textPart('What was usual: too little is stored from before.')]] : []),
    ...(health.some(({ learning }) => learning)
      ? [[textPart('What is usual for some nodes: less than half an hour was known of them.')]]
      : []),
    ...(incident?.untilUs === null && window.toUs >= extent.toUs
      ? [
          [
            textPart('How it ended: it was on when the stored data ended, at '),
            timePart(extent.toUs),
            textPart('.'),
          ],
        ]
      : []),
    ...(atUs >= extent.toUs
      ? [[textPart('The moment itself: the stored data ended before it.')]]
      : []),
  ];
}
