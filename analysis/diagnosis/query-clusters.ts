/**
 * F2, clusters of queries. SELECTs that a rule names are one cluster; the others are clustered by what they read: tables,
 * columns that choose rows, columns that are asked for (weighted mean of the three Jaccard similarities, the heaviest class
 * leads). In a cluster the distinct sets of columns are told apart, with counts and response times, and what is surely far
 * slower than the rest, or grows, is marked. Definitions: analysis/README.md.
 */
import { addHistograms, type Histogram, quantileUs } from '../../src/core/histogram.ts';
import type { ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type {
  QueryClusterRow,
  QueryClusters,
  QueryColumnSet,
} from '../../src/events/query-clusters.ts';
import { grouped, shareOf, sumOf } from '../share.ts';
import { addedMoments, momentsOf, NO_MOMENTS, welchAbove } from '../statistics/welch.ts';
import {
  defaultQueryClustersSettings,
  type QueryClustersSettings,
  type QueryRule,
} from './query-clusters-settings.ts';
import { queryGrowth } from './query-growth.ts';

/** Classes by time that are clustered: an application has some hundred. */
const CLASSES_MAX = 1_000;
/** Beyond, nothing new leads a cluster: comparing all with all would take too long where texts are generated. */
const LEADERS_MAX = 100;
const CLUSTERS_MAX = 30;
const COLUMN_SETS_MAX = 10;
const NAMES_MAX = 12;
const FINGERPRINTS_MAX = 10;

/** A SELECT with the sets that it is compared by. */
interface Query {
  readonly facts: ClassFacts;
  readonly tables: ReadonlySet<string>;
  readonly predicates: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
}

interface Cluster {
  readonly label: string | null;
  readonly leader: Query;
  readonly queries: Query[];
}

/** @param classes the heaviest first, as the store tells them */
export function queryClustersOf(
  classes: readonly ClassFacts[],
  steps: readonly ClassStep[],
  rules: readonly QueryRule[] = [],
  settings: QueryClustersSettings = defaultQueryClustersSettings,
): QueryClusters {
  const selects = classes.filter(({ kind, tables }) => kind === 'select' && tables.length > 0);
  const { clusters, leftOut } = clustersOf(selects.slice(0, CLASSES_MAX), rules, settings);
  const totalUs = sumOf(classes, ({ durationSumUs }) => durationSumUs);
  const heaviest = clusters
    .map((cluster) => ({ cluster, timeUs: timeOf(cluster.queries) }))
    .sort((a, b) => b.timeUs - a.timeUs)
    .slice(0, CLUSTERS_MAX);
  const stepsOf = grouped(steps, ({ fingerprint }) => fingerprint);
  return {
    clusters: heaviest.map(({ cluster }) => rowOf(cluster, totalUs, stepsOf, settings)),
    clustersCount: clusters.length,
    classesLeftOut: leftOut + Math.max(0, selects.length - CLASSES_MAX),
  };
}

function clustersOf(
  selects: readonly ClassFacts[],
  rules: readonly QueryRule[],
  settings: QueryClustersSettings,
): { clusters: Cluster[]; leftOut: number } {
  const labelled = new Map<string, Cluster>();
  const leaders: Cluster[] = [];
  let leftOut = 0;
  for (const facts of selects) {
    const query = queryOf(facts);
    const rule = rules.find((one) => holds(one, query));
    if (rule !== undefined) {
      const cluster = labelled.get(rule.label);
      if (cluster !== undefined) cluster.queries.push(query);
      else labelled.set(rule.label, { label: rule.label, leader: query, queries: [query] });
      continue;
    }
    const found = leaders.find(({ leader }) => alike(leader, query, settings));
    if (found !== undefined) found.queries.push(query);
    else if (leaders.length < LEADERS_MAX)
      leaders.push({ label: null, leader: query, queries: [query] });
    else leftOut++;
  }
  return { clusters: [...labelled.values(), ...leaders], leftOut };
}

/** `b` of `a.b`: aliases differ from statement to statement. */
function columnName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function queryOf(facts: ClassFacts): Query {
  return {
    facts,
    tables: new Set(facts.tables),
    predicates: new Set(facts.predicateColumns.map(columnName)),
    columns: new Set(facts.projectionColumns.map(columnName)),
  };
}

function holds(rule: QueryRule, { facts, predicates }: Query): boolean {
  const tables = rule.tables ?? [];
  const columns = rule.columns ?? [];
  return (
    (tables.length === 0 ||
      facts.tables.some((table) => tables.includes(table) || tables.includes(columnName(table)))) &&
    (columns.length === 0 || columns.some((column) => predicates.has(column))) &&
    (rule.text === undefined || facts.normalized.toLowerCase().includes(rule.text.toLowerCase()))
  );
}

function alike(a: Query, b: Query, settings: QueryClustersSettings): boolean {
  const { tablesWeight, predicatesWeight, similarityMin } = settings;
  const tables = jaccard(a.tables, b.tables);
  if (tables === 0) return false;
  const similarity =
    tablesWeight * tables +
    predicatesWeight * jaccard(a.predicates, b.predicates) +
    (1 - tablesWeight - predicatesWeight) * jaccard(a.columns, b.columns);
  return similarity >= similarityMin - 1e-9;
}

/** Of two empty sets 1: neither chooses, both read all. */
function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const name of a) if (b.has(name)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 1 : shared / all;
}

function timeOf(queries: readonly Query[]): number {
  return sumOf(queries, ({ facts }) => facts.durationSumUs);
}

function rowOf(
  { label, queries }: Cluster,
  totalUs: number,
  steps: ReadonlyMap<string, readonly ClassStep[]>,
  settings: QueryClustersSettings,
): QueryClusterRow {
  const bySet = grouped(
    queries,
    ({ columns, predicates }) => `${sorted(columns).join()} by ${sorted(predicates).join()}`,
  );
  const sets = [...bySet.values()]
    .map((members) => columnSetOf(members, queries, settings))
    .sort((a, b) => (b.shareOfTime ?? 0) - (a.shareOfTime ?? 0));
  const timeUs = timeOf(queries);
  return {
    label,
    tables: frequent(queries.map(({ tables }) => tables)),
    predicateColumns: frequent(queries.map(({ predicates }) => predicates)),
    classesCount: queries.length,
    fingerprints: queries.slice(0, FINGERPRINTS_MAX).map(({ facts }) => facts.fingerprint),
    ...figuresOf(queries),
    shareOfTime: shareOf(timeUs, totalUs),
    columnSets: sets.slice(0, COLUMN_SETS_MAX),
    columnSetsCount: sets.length,
    growth: queryGrowth(
      queries.map(({ facts }) => facts),
      steps,
      settings,
    ),
  };
}

function columnSetOf(
  members: readonly Query[],
  queries: readonly Query[],
  settings: QueryClustersSettings,
): QueryColumnSet {
  const [heaviest] = members;
  const figures = figuresOf(members);
  return {
    columns: sorted(heaviest?.columns ?? new Set()),
    predicateColumns: sorted(heaviest?.predicates ?? new Set()),
    classesCount: members.length,
    fingerprint: heaviest?.facts.fingerprint ?? '',
    normalized: heaviest?.facts.normalized ?? '',
    ...figures,
    shareOfTime: shareOf(timeOf(members), timeOf(queries)),
    long: isLong(members, queries, settings),
  };
}

/** Surely slower than the cluster's other ways to ask, by much, and slow at all. */
function isLong(
  members: readonly Query[],
  queries: readonly Query[],
  settings: QueryClustersSettings,
): boolean {
  const momentsOfAll = (of: readonly Query[]) =>
    of.map(({ facts }) => momentsOf(facts)).reduce(addedMoments, NO_MOMENTS);
  const own = momentsOfAll(members);
  const all = new Set(members);
  const rest = momentsOfAll(queries.filter((query) => !all.has(query)));
  if (own.n < settings.answeredMin || rest.n < settings.answeredMin) return false;
  const meanUs = own.sumUs / own.n;
  return (
    meanUs >= settings.floorUs &&
    meanUs >= (settings.longFactor * rest.sumUs) / rest.n &&
    welchAbove(own, rest) < settings.pValueMax
  );
}

function figuresOf(
  queries: readonly Query[],
): Pick<QueryClusterRow, 'calls' | 'answered' | 'meanUs' | 'p95Us'> {
  const answered = sumOf(queries, ({ facts }) => facts.answered);
  const durations = queries
    .map(({ facts }) => facts.durations)
    .reduce<Histogram>(addHistograms, new Map());
  const longestUs = queries.reduce((most, { facts }) => Math.max(most, facts.durationMaxUs), 0);
  const p95Us = quantileUs(durations, 0.95);
  return {
    calls: sumOf(queries, ({ facts }) => facts.calls),
    answered,
    meanUs: answered === 0 ? null : timeOf(queries) / answered,
    p95Us: p95Us === undefined ? null : Math.min(p95Us, longestUs),
  };
}

function sorted(names: ReadonlySet<string>): string[] {
  return [...names].sort();
}

/** The names that most of the sets hold, most first. */
function frequent(sets: readonly ReadonlySet<string>[]): string[] {
  const counts = new Map<string, number>();
  for (const names of sets) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, NAMES_MAX)
    .map(([name]) => name);
}
