/**
 * Findings that belong together. What is severe enough to wake somebody joins: two such findings of nodes that belong
 * together, at the same time or with a short gap between. What is less severe, what was so all the window long and what
 * is about no node in particular joins an incident that is there, but never joins two of them: a jitter of forty minutes
 * must not make one story of two that have nothing to do with each other.
 */
import type { Window } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import { type Onset, onsetOf } from './onset.ts';
import type { IncidentSettings } from './settings.ts';
import type { Topology } from './topology.ts';

export interface Member {
  readonly finding: Finding;
  readonly onset: Onset;
  /** Where it ended; the end of the window when it had not. */
  readonly endUs: number;
}

export interface Cluster {
  /** By onset. */
  readonly members: readonly Member[];
  /** What was so all the window long, and may be its cause or may have nothing to do with it. */
  readonly standing: readonly Member[];
}

/** What may be part of an incident: what happened. A forecast tells what may come, and an info needs nobody. */
function happened({ kind, severity }: Finding): boolean {
  return severity !== 'info' && !kind.startsWith('forecast/');
}

const wakes = ({ severity }: Finding) => severity === 'warning' || severity === 'critical';

/** Every cluster has a finding that wakes somebody. */
export function clustersOf(
  findings: readonly Finding[],
  window: Window,
  topology: Topology,
  settings: IncidentSettings,
): Cluster[] {
  const all = findings
    .filter(happened)
    .map((finding) => ({
      finding,
      onset: onsetOf(finding),
      endUs: finding.untilUs ?? window.toUs,
    }))
    .filter(({ finding, endUs }) => finding.sinceUs < window.toUs && endUs >= window.fromUs)
    .sort(byOnset);
  const near = (a: Member, b: Member) =>
    Math.max(a.onset.atUs, b.onset.atUs) - Math.min(a.endUs, b.endUs) <= settings.gapUs;
  const joins = (a: Member, b: Member) =>
    near(a, b) && (topology.related(a.finding, b.finding) || befellBoth(a, b, topology));
  const standing = all.filter((member) => stands(member, window));
  const joining = all.filter((one) => !standing.includes(one) && joinsOthers(one));
  const clusters = components(joining, joins);
  const rest = all.filter((one) => !standing.includes(one) && !joining.includes(one));
  const alone: Member[] = [];
  // What wakes first: a class that suddenly takes longer on no node in particular may be what others of that class belong to.
  for (const member of [...rest].sort(
    (a, b) => Number(wakes(b.finding)) - Number(wakes(a.finding)),
  )) {
    const home = clusters.find((cluster) =>
      cluster.some((other) => {
        if (member.finding.node === null) return near(member, other);
        return other.finding.node === null
          ? near(member, other) && sameClass(member.finding, other.finding)
          : joins(member, other);
      }),
    );
    if (home !== undefined) home.push(member);
    else if (member.finding.node === null && wakes(member.finding)) clusters.push([member]);
    else alone.push(member);
  }
  const lonely = [
    ...alone.filter(({ finding }) => wakes(finding)).map((member) => [member]),
    ...standingAlone(standing, clusters, joins),
  ];
  return [
    ...clusters.map((members) => ({
      members: members.sort(byOnset),
      standing: standing.filter((one) => members.some((member) => joins(one, member))),
    })),
    ...lonely.map((members) => ({ members, standing: [] })),
  ];
}

/**
 * The same happened to two applications of one database, so close together that time cannot tell which was first: they do
 * not fall ill alike by themselves, but through what they share, or through somebody who stopped both.
 */
function befellBoth(a: Member, b: Member, topology: Topology): boolean {
  const [one, other] = [a.finding, b.finding];
  if (one.kind !== other.kind || one.role !== 'client' || other.role !== 'client') return false;
  if (one.node === null || other.node === null) return false;
  const atOnce = a.onset.earliestUs <= b.onset.latestUs && b.onset.earliestUs <= a.onset.latestUs;
  return atOnce && topology.shareDatabase(one.node, other.node);
}

const sameClass = (a: Finding, b: Finding) =>
  a.fingerprints.some((fingerprint) => b.fingerprints.includes(fingerprint));

const joinsOthers = ({ finding }: Member) => wakes(finding) && finding.node !== null;

/** It was there before the window and is there at its end. What is critical is never a mere condition. */
function stands({ finding, onset, endUs }: Member, window: Window): boolean {
  return finding.severity !== 'critical' && onset.atUs <= window.fromUs && endUs >= window.toUs;
}

/** Where nothing else happened, what was so all the time is what there is to tell. */
function standingAlone(
  standing: readonly Member[],
  clusters: readonly (readonly Member[])[],
  joins: (a: Member, b: Member) => boolean,
): Member[][] {
  const free = standing.filter(
    (one) => wakes(one.finding) && !clusters.flat().some((member) => joins(one, member)),
  );
  return components(free, joins);
}

/** Everything that is connected, by onset. */
function components(
  members: readonly Member[],
  joins: (a: Member, b: Member) => boolean,
): Member[][] {
  const found: Member[][] = [];
  for (const member of members) {
    const own = found.filter((cluster) => cluster.some((other) => joins(member, other)));
    const others = found.filter((cluster) => !own.includes(cluster));
    found.splice(0, found.length, ...others, [...own.flat(), member].sort(byOnset));
  }
  return found;
}

function byOnset(a: Member, b: Member): number {
  return (
    a.onset.atUs - b.onset.atUs ||
    a.finding.sinceUs - b.finding.sinceUs ||
    (a.finding.key < b.finding.key ? -1 : 1)
  );
}
