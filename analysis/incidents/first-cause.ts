/**
 * Which finding of an incident was first. Time decides where it can; of what cannot be told apart in time, a database
 * goes before the applications that share it (two applications do not fall ill together by themselves), then the more
 * severe, and a transaction that keeps others waiting before the low TPS that comes of it.
 */
import { MINUTE_US } from '../../src/core/time.ts';
import { FINDING_SEVERITIES, type Finding } from '../../src/events/finding.ts';
import type { FirstCause } from '../../src/events/incidents.ts';
import type { Member } from './clusters.ts';
import { LOW_TPS_OF_OTHERS } from './fault.ts';
import type { Topology } from './topology.ts';
import {
  type HighlightPart,
  textPart,
  countPart,
  durationPart,
} from '../../src/events/sentence.ts';

/** @param members of one incident, by onset, at least one */
export function firstCauseOf(
  members: readonly Member[],
  topology: Topology,
): FirstCause | undefined {
  const hurting = whatHurts(members);
  const holder = firstOf(hurting, topology);
  if (holder !== undefined && isHolder(holder) && hurting[0] !== members[0])
    return {
      finding: holder.finding,
      onsetUs: holder.onset.atUs,
      because: [textPart('Others were seen to wait for it; what began before it is only big.')],
    };
  const first = firstOf(members, topology);
  if (first === undefined) return undefined;
  const others = members.filter((member) => member !== first);
  const together = candidatesOf(members).length > 1;
  return {
    finding: verdictOn(first, members)?.finding ?? first.finding,
    onsetUs: first.onset.atUs,
    because: reasonOf(first, others, together, sharedBy(first.finding, members, topology)),
  };
}

/**
 * A big transaction may hurt, and hurts nobody by being big: where others were seen to wait for a transaction, the big ones of the
 * same database are not why.
 */
function whatHurts(members: readonly Member[]): readonly Member[] {
  const held = new Set(members.filter(isHolder).map(({ finding }) => finding.node));
  return members.filter(
    ({ finding: { kind, node } }) => !kind.startsWith('big-transactions/') || !held.has(node),
  );
}

/** Nothing surely began before these. */
function candidatesOf(members: readonly Member[]): Member[] {
  const surelyBegunUs = Math.min(...members.map(({ onset }) => onset.latestUs));
  return members.filter(({ onset }) => onset.earliestUs <= surelyBegunUs);
}

function firstOf(members: readonly Member[], topology: Topology): Member | undefined {
  const candidates = candidatesOf(members);
  const shared = ({ finding }: Member) => sharedBy(finding, members, topology);
  const lowest = Math.max(-1, ...candidates.filter(isLowTps).map((one) => severityOf(one.finding)));
  // Who keeps others waiting is why fewer transactions end, however few: of these two it is never the other way round.
  const weight = (one: Member) =>
    isHolder(one) ? Math.max(lowest, severityOf(one.finding)) : severityOf(one.finding);
  const [first] = candidates.sort(
    (a, b) =>
      Number(shared(b) >= 2) - Number(shared(a) >= 2) ||
      weight(b) - weight(a) ||
      Number(isHolder(b)) - Number(isHolder(a)) ||
      a.onset.atUs - b.onset.atUs,
  );
  return first;
}

const isLowTps = ({ finding }: Member) => finding.kind.startsWith('low-tps/');
const isHolder = ({ finding }: Member) => finding.kind === 'open-transactions/blocking';

/**
 * That a database is slow is seen within seconds; why it ends fewer transactions is judged by whole minutes, so it is told
 * up to two of them later. It is the same thing, and the verdict says more: whose doing it is.
 */
const VERDICT_WITHIN_US = 2 * MINUTE_US;

function verdictOn({ finding, onset }: Member, members: readonly Member[]): Member | undefined {
  if (finding.kind !== 'state/slow' || finding.role !== 'server') return undefined;
  return members.find(
    (member) =>
      member.finding.kind.startsWith('low-tps/') &&
      member.finding.node === finding.node &&
      severityOf(member.finding) >= severityOf(finding) &&
      member.onset.earliestUs - onset.latestUs <= VERDICT_WITHIN_US,
  );
}

export function severityOf({ severity }: Pick<Finding, 'severity'>): number {
  return FINDING_SEVERITIES.indexOf(severity);
}

/** How many applications of the incident talk to this database; 0 for an application, and for what is no database's doing. */
function sharedBy(finding: Finding, members: readonly Member[], topology: Topology): number {
  const { node, role, kind } = finding;
  if (role !== 'server' || node === null || LOW_TPS_OF_OTHERS.has(kind)) return 0;
  const clients = members.flatMap((member) =>
    member.finding.role === 'client' && member.finding.node !== null ? [member.finding.node] : [],
  );
  return new Set(clients.filter((client) => topology.talksTo(client, node))).size;
}

function reasonOf(
  first: Member,
  others: readonly Member[],
  together: boolean,
  applications: number,
): HighlightPart[] {
  const [next] = others;
  if (next === undefined) return [textPart('Nothing else was found.')];
  if (together && applications >= 2)
    return [
      textPart('It began together with others, and '),
      countPart(applications),
      textPart(' applications share this database.'),
    ];
  if (together) return [textPart('It began together with others, none of which is more severe.')];
  return [
    textPart('It began '),
    durationPart(next.onset.atUs - first.onset.atUs),
    textPart(' before anything else.'),
  ];
}
