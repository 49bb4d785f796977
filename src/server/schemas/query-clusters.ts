/** Schema of clusters of queries (events/query-clusters.ts). */
import Type from 'typebox';
import { CLOSED, count, durationUs, fingerprint, orNull, share, text, timeUs } from './values.ts';

const figures = {
  calls: count('Executions'),
  answered: count('Executions that were answered'),
  meanUs: orNull(durationUs('Mean response time')),
  p95Us: orNull(durationUs('95 % of its executions are as fast')),
};

const columnSetSchema = Type.Object(
  {
    columns: Type.Array(Type.String(), { description: 'Columns that are asked for; * is all' }),
    predicateColumns: Type.Array(Type.String(), { description: 'Columns that choose the rows' }),
    classesCount: count('Classes of statements that ask so'),
    fingerprint,
    normalized: text('The class of them that took most time'),
    ...figures,
    shareOfTime: orNull(share('Of the response time of the cluster')),
    long: Type.Boolean({ description: 'Surely far slower than the other ways to ask' }),
  },
  CLOSED,
);

const growthSchema = Type.Object(
  {
    sinceUs: timeUs('First step'),
    factor: Type.Number({
      minimum: 1,
      description: 'At the end as many times as at the beginning',
    }),
    meanNowUs: durationUs('Mean at the end'),
    pValue: share('Probability of such a trend by chance'),
  },
  CLOSED,
);

const clusterSchema = Type.Object(
  {
    label: orNull(text('Of the rule that made it; null: alike by tables and columns')),
    tables: Type.Array(Type.String(), { description: 'The most frequent first' }),
    predicateColumns: Type.Array(Type.String(), { description: 'The most frequent first' }),
    classesCount: count('Classes of statements'),
    fingerprints: Type.Array(fingerprint, { description: 'Its heaviest classes' }),
    ...figures,
    shareOfTime: orNull(share('Of the response time of all statements')),
    columnSets: Type.Array(columnSetSchema, { description: 'The most time first, at most ten' }),
    columnSetsCount: count('All of them'),
    growth: orNull(growthSchema),
  },
  CLOSED,
);

export const queryClustersSchema = Type.Object(
  {
    clusters: Type.Array(clusterSchema, { description: 'The most time first, at most thirty' }),
    clustersCount: count('All of them'),
    classesLeftOut: count('Classes beyond the bounds, which are in no cluster'),
  },
  { ...CLOSED, description: 'F2: clusters of queries' },
);
