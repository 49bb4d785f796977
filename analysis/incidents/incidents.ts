/** The incidents of a window: a pure function of what every analyzer found and of the facts around it. */
import { SECOND_US } from '../../src/core/time.ts';
import type { NodeSeconds } from '../../src/events/node-seconds.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { Incident, IncidentNode, TimelineEntry } from '../../src/events/incidents.ts';
import type { MissedPeriod } from '../../src/events/report.ts';
import { type Cluster, clustersOf, type Member } from './clusters.ts';
import { firstCauseOf, severityOf } from './first-cause.ts';
import { defaultIncidentSettings, type IncidentSettings } from './settings.ts';
import { entry, openTransactions, signsOf } from './signs.ts';
import { nodesOf, Topology } from './topology.ts';
import {
  type HighlightPart,
  textPart,
  countedParts,
  durationPart,
  nodePart,
} from '../../src/events/sentence.ts';

/** The facts that incidents look at. */
export interface IncidentFacts {
  readonly facts: WindowFacts;
  readonly missed: readonly MissedPeriod[];
}

/** @returns the most severe first, among equals the earliest */
export function incidentsOf(
  findings: readonly Finding[],
  { facts, missed }: IncidentFacts,
  settings: IncidentSettings = defaultIncidentSettings,
): Incident[] {
  const topology = new Topology(facts.edges);
  return clustersOf(findings, facts.window, topology, settings)
    .flatMap((cluster) => incidentOf(cluster, topology, { facts, missed }, settings) ?? [])
    .sort((a, b) => severityOf(b) - severityOf(a) || a.sinceUs - b.sinceUs)
    .slice(0, settings.incidentsMax);
}

function incidentOf(
  cluster: Cluster,
  topology: Topology,
  { facts, missed }: IncidentFacts,
  settings: IncidentSettings,
): Incident | undefined {
  const { members } = cluster;
  const { window } = facts;
  const firstCause = firstCauseOf(members, topology);
  if (firstCause === undefined) return undefined;
  const findings = members.map(({ finding }) => finding);
  const [worst] = [...findings].sort((a, b) => severityOf(b) - severityOf(a));
  const open = findings.some(({ untilUs }) => untilUs === null || untilUs >= window.toUs);
  const endUs = Math.max(...members.map((member) => member.endUs));
  const sinceUs = Math.max(window.fromUs, Math.min(...members.map(({ onset }) => onset.atUs)));
  const nodes = nodesOf([
    ...findings,
    ...waitingApplications(findings, facts, sinceUs, endUs),
    ...blockedApplications(findings, facts),
  ]);
  const signs = signsOf(facts, missed, aroundOf(nodes, facts), settings);
  const timeline = byTime([
    ...members.flatMap(linesOf),
    ...signs.filter(({ atUs }) => atUs >= sinceUs && atUs <= endUs),
  ]);
  return {
    id: idOf(`${firstCause.finding.key} ${String(firstCause.onsetUs)}`),
    severity: worst?.severity ?? 'warning',
    sinceUs,
    untilUs: open ? null : endUs,
    summary: summaryOf(firstCause.finding, nodes),
    firstCause,
    context: byTime([
      ...signs.filter(({ atUs }) => atUs < sinceUs && atUs >= sinceUs - settings.contextUs),
      ...openTransactions(
        facts,
        sinceUs,
        serversOf(nodes, facts),
        toldSessions(findings),
        settings,
      ),
      ...cluster.standing.map(conditionOf),
    ]).slice(0, settings.contextMax),
    timeline: timeline.slice(0, settings.timelineMax),
    timelineCount: timeline.length,
    nodes,
    findings: findings.map(({ key, sinceUs: foundUs }) => ({ key, sinceUs: foundUs })),
  };
}

function byTime(entries: readonly TimelineEntry[]): TimelineEntry[] {
  return [...entries].sort((a, b) => a.atUs - b.atUs);
}

function linesOf({ finding, onset, endUs }: Member): TimelineEntry[] {
  const { node, role, severity, untilUs, summary, kind } = finding;
  const began: TimelineEntry = {
    atUs: onset.atUs,
    kind: 'finding_began',
    severity,
    node,
    parts: summary,
  };
  const lastedUs = endUs - onset.atUs;
  const words = endOf(kind, role);
  const momentary = kind.startsWith('error-diagnosis/') && lastedUs < MOMENT_US;
  if (untilUs === null || words === undefined || momentary) return [began];
  const subject = node === null ? [] : [nodePart(node), ': '];
  const after = `${words}, after `;
  return [
    began,
    entry(untilUs, 'finding_ended', node, ...subject, after, durationPart(lastedUs), '.'),
  ];
}

/** Errors within it have no end worth a line. */
const MOMENT_US = SECOND_US;

/** How it is said that a finding is over; undefined where its end is only that of the window. */
function endOf(kind: string, role: Finding['role']): string | undefined {
  const [family = '', what = ''] = kind.split('/');
  if (family === 'big-transactions') return undefined;
  if (kind === 'state/down' && role === 'client') return 'connections again';
  if (family === 'error-diagnosis') return 'the last of these errors';
  if (family === 'low-tps') return 'as many transactions as usual again';
  if (family === 'workload-mix') return 'asked as usual again';
  if (family === 'hot') return 'the last of these values';
  if (kind === 'open-transactions/blocking')
    return 'the transaction that others waited for is over';
  if (family === 'open-transactions') return 'the transaction that stood open is over';
  return `${what.replaceAll('_', ' ')} over`;
}

function conditionOf({ finding, onset }: Member): TimelineEntry {
  const { node, summary } = finding;
  return entry(onset.atUs, 'condition', node, 'All the time: ', ...summary);
}

/**
 * The nodes of an incident, and the databases that its applications talk to: a change there concerns them. One without
 * nodes, such as a class that suddenly takes longer wherever it runs, is concerned by all databases.
 */
function aroundOf(nodes: readonly IncidentNode[], facts: WindowFacts): IncidentNode[] {
  if (nodes.length === 0)
    return [...new Set(facts.edges.map(({ server }) => server))].map((node) => ({
      node,
      role: 'server',
    }));
  const own = new Set(nodes.map(({ node }) => node));
  const servers = [...serversOf(nodes, facts)].filter((server) => !own.has(server));
  return [...nodes, ...servers.map((node) => ({ node, role: 'server' as const }))];
}

/** Of a database that hangs or is down, the applications that asked it something meanwhile, well as they may seem. */
function waitingApplications(
  findings: readonly Finding[],
  { edges, nodeSeconds }: WindowFacts,
  sinceUs: number,
  endUs: number,
): Pick<Finding, 'node' | 'role'>[] {
  const dead = findings.filter(
    ({ role, severity }) => role === 'server' && severity === 'critical',
  );
  const servers = new Set(dead.map(({ node }) => node));
  const clients = new Set(edges.flatMap((edge) => (servers.has(edge.server) ? edge.client : [])));
  return nodeSeconds
    .filter(({ role, node }) => role === 'client' && clients.has(node))
    .map((seconds) => ({ node: seconds.node, sinceUs: askedSince(seconds, sinceUs, endUs) }))
    .filter((asking) => asking.sinceUs < endUs)
    .sort((a, b) => a.sinceUs - b.sinceUs)
    .map(({ node }) => ({ node, role: 'client' }));
}

/** The first second of the stretch in which an application asked something or waited for it; Infinity where it did not. */
function askedSince({ columns }: NodeSeconds, sinceUs: number, endUs: number): number {
  const { startUs, requests, outstanding, connectionsRefused } = columns;
  for (const [row, atUs] of startUs.entries()) {
    if (atUs < sinceUs || atUs >= endUs) continue;
    const asked = (requests[row] ?? 0) + (outstanding[row] ?? 0) + (connectionsRefused[row] ?? 0);
    if (asked > 0) return atUs;
  }
  return Infinity;
}

/** Of a transaction that kept others waiting: the application that held it, and those that waited or gave up. */
function blockedApplications(
  findings: readonly Finding[],
  { openTransactions: { open, ended, gaveUp } }: WindowFacts,
): Pick<Finding, 'node' | 'role'>[] {
  const blocking = findings.filter(({ kind }) => kind === 'open-transactions/blocking');
  const sessions = new Set(blocking.flatMap((finding) => finding.sessions));
  const classes = new Set(blocking.flatMap((finding) => finding.fingerprints));
  const transactions = [...open, ...ended];
  const holds = (place: number) => sessions.has(transactions[place]?.sessionId ?? '');
  const hosts = [
    ...transactions
      .filter(({ sessionId }) => sessions.has(sessionId))
      .flatMap(({ client, waiting }) => [
        client,
        ...waiting.flatMap((other) => (sessions.has(other.sessionId) ? other.client : [])),
      ]),
    ...gaveUp
      .filter(({ during, fingerprint }) => classes.has(fingerprint) && during.some(holds))
      .map(({ client }) => client),
  ];
  return [...new Set(hosts)].map((node) => ({ node, role: 'client' }));
}

function serversOf(nodes: readonly IncidentNode[], { edges }: WindowFacts): Set<string> {
  const clients = new Set(nodes.filter(({ role }) => role === 'client').map(({ node }) => node));
  return new Set([
    ...nodes.filter(({ role }) => role === 'server').map(({ node }) => node),
    ...edges.filter(({ client }) => clients.has(client)).map(({ server }) => server),
  ]);
}

function toldSessions(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap(({ sessions }) => sessions));
}

/** What was first, and how far it reached. */
function summaryOf({ summary }: Finding, nodes: readonly IncidentNode[]): HighlightPart[] {
  const of = (role: IncidentNode['role']) => nodes.filter((node) => node.role === role).length;
  const [databases, applications] = [of('server'), of('client')];
  if (nodes.length < 2) return [...summary];
  const counted = (value: number, one: string, many: string): HighlightPart[] =>
    value === 0 ? [] : [...countedParts(value, one, many)];
  const and: HighlightPart[] = databases > 0 && applications > 0 ? [textPart(' and ')] : [];
  // A class is named as it is, without a full stop.
  const stop = summary.at(-1)?.kind === 'statement' ? '. ' : ' ';
  return [
    ...summary,
    textPart(stop),
    ...counted(databases, ' database', ' databases'),
    ...and,
    ...counted(applications, ' application', ' applications'),
    textPart(' concerned.'),
  ];
}

/** FNV-1a with 64 bits (Fowler, Noll and Vo) as 16 hex digits. */
function idOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
