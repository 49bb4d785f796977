/** What F2 warns of: a cluster of queries whose response time grows, and a way to ask that costs far more than the others. */
import type { Window } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type {
  QueryClusterRow,
  QueryClusters,
  QueryColumnSet,
} from '../../src/events/query-clusters.ts';
import {
  durationPart,
  type HighlightPart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';
import {
  defaultQueryClustersSettings,
  type QueryClustersSettings,
} from './query-clusters-settings.ts';

const COLUMNS_TOLD = 5;

/** At most one of each kind a cluster. */
export function queryClusterFindings(
  { clusters }: QueryClusters,
  window: Window,
  settings: QueryClustersSettings = defaultQueryClustersSettings,
): Finding[] {
  return clusters.flatMap((cluster) => [
    ...growthOf(cluster, settings),
    ...longOf(cluster, window, settings),
  ]);
}

const NO_NODE = {
  ledger: 'F2',
  node: null,
  role: null,
  untilUs: null,
  sessions: [],
  sqlstates: [],
};

function growthOf(cluster: QueryClusterRow, settings: QueryClustersSettings): Finding[] {
  const { growth, shareOfTime, fingerprints } = cluster;
  if (growth === null || (shareOfTime ?? 0) < settings.growthShareMin) return [];
  return [
    {
      ...NO_NODE,
      key: `queries/grows ${keyOf(cluster)}`,
      kind: 'queries/grows',
      severity: 'notice',
      sinceUs: growth.sinceUs,
      summary: [
        textPart(`Queries of ${nameOf(cluster)} take longer and longer: `),
        durationPart(growth.meanNowUs),
        textPart(` at the end, ${growth.factor.toFixed(1)} times as long as at the beginning`),
      ],
      advice:
        'Look whether their tables grow, and whether their plans read them whole: an index, or fewer rows, before it hurts.',
      evidence: [
        evidence('times as long', round(growth.factor), 'count', settings.growthFactor),
        evidence('mean at the end', Math.round(growth.meanNowUs), 'us', settings.floorUs),
        evidence('probability by chance', growth.pValue, 'share', settings.growthPValueMax),
        evidence('share of all time', shareOfTime ?? 0, 'share', settings.growthShareMin),
      ],
      fingerprints: [...fingerprints],
    },
  ];
}

function longOf(
  cluster: QueryClusterRow,
  window: Window,
  settings: QueryClustersSettings,
): Finding[] {
  const costs = cluster.columnSets
    .filter(({ long }) => long)
    .map((set) => ({ set, ...excessOf(set, cluster) }))
    .filter(({ share }) => share >= settings.excessShareMin)
    .sort((a, b) => b.share - a.share);
  const [worst] = costs;
  if (worst === undefined) return [];
  const { set, restUs, share } = worst;
  return [
    {
      ...NO_NODE,
      key: `queries/long ${set.fingerprint}`,
      kind: 'queries/long',
      severity: 'info',
      sinceUs: window.fromUs,
      summary: [
        ...asked(set, cluster),
        durationPart(set.meanUs ?? 0),
        textPart(', other queries of the same kind '),
        durationPart(restUs),
        textPart(': '),
        statementPart(set.normalized, set.fingerprint),
      ],
      advice:
        'Ask whether all these columns are needed: wide ones have to be read and sent; or an index that serves the others does not serve these.',
      evidence: [
        evidence('mean', Math.round(set.meanUs ?? 0), 'us', settings.floorUs),
        evidence('mean of the others', Math.round(restUs), 'us'),
        evidence('executions', set.answered, 'count', settings.answeredMin),
        evidence('share of all time beyond the others', share, 'share', settings.excessShareMin),
      ],
      fingerprints: [set.fingerprint],
    },
  ];
}

/** What the set took beyond as many executions at the mean of the others, as a share of all response time. */
function excessOf(
  set: QueryColumnSet,
  cluster: QueryClusterRow,
): { restUs: number; share: number } {
  const setUs = set.answered * (set.meanUs ?? 0);
  const allUs = cluster.answered * (cluster.meanUs ?? 0);
  const restUs = (allUs - setUs) / Math.max(1, cluster.answered - set.answered);
  const excessUs = setUs - set.answered * restUs;
  return { restUs, share: allUs > 0 ? ((cluster.shareOfTime ?? 0) * excessUs) / allUs : 0 };
}

function asked(set: QueryColumnSet, cluster: QueryClusterRow): HighlightPart[] {
  const columns = set.columns.length === 0 ? 'nothing of its rows' : listed(set.columns);
  const by = set.predicateColumns.length === 0 ? '' : ` by ${listed(set.predicateColumns)}`;
  return [textPart(`Asking ${nameOf(cluster)} for ${columns}${by} takes `)];
}

function listed(names: readonly string[]): string {
  const more = names.length - COLUMNS_TOLD;
  return names.slice(0, COLUMNS_TOLD).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}

function nameOf({ label, tables }: QueryClusterRow): string {
  return label ?? listed(tables);
}

/** The same in another window, as long as its heaviest class is the same. */
function keyOf({ label, fingerprints }: QueryClusterRow): string {
  return label ?? fingerprints[0] ?? '';
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
