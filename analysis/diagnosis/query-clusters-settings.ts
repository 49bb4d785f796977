/** How F2 clusters queries and from when on it warns; each with the reason of its default. */

/** Queries that a rule takes: all that is given must hold. The first rule that holds decides. */
export interface QueryRule {
  readonly label: string;
  /** It reads one of these tables, written as in the statements, with or without the schema. */
  readonly tables?: readonly string[];
  /** One of these columns chooses its rows. */
  readonly columns?: readonly string[];
  /** Its normalised text holds this, in capitals or small letters. */
  readonly text?: string;
}

export interface QueryClustersSettings {
  /** Alike from this on: the same tables and predicates may ask for other columns (0.85), other predicates may not (0.65). */
  readonly similarityMin: number;
  /** What tables, predicates and columns that are asked for count in that, together 1: access paths depend on the first two. */
  readonly tablesWeight: number;
  readonly predicatesWeight: number;
  /** Executions of a way to ask, and of the others, that are compared: below 30 a mean is not known well (Welch). */
  readonly answeredMin: number;
  /** One-sided: of a thousand that are like the others, one is told. */
  readonly pValueMax: number;
  /** Long: so many times the mean of the cluster's other ways to ask: twice is what a few more columns cost, ... */
  readonly longFactor: number;
  /** ... and so long: below, nobody waits. Holds for growth as well. */
  readonly floorUs: number;
  /** Growing: so many times as long at the end as at the beginning, the same as a sub-healthy node needs and more. */
  readonly growthFactor: number;
  /** Of the trend, corrected for autocorrelation: all clusters of a window are tested. */
  readonly growthPValueMax: number;
  /** Steps with enough executions that a trend needs. */
  readonly growthStepsMin: number;
  /** Executions of a step. */
  readonly stepAnsweredMin: number;
  /** A way to ask is a finding when it costs this share of all response time beyond the others' mean. */
  readonly excessShareMin: number;
  /** A growing cluster is a finding from this share of all response time on. */
  readonly growthShareMin: number;
}

export const defaultQueryClustersSettings: QueryClustersSettings = {
  similarityMin: 0.7,
  tablesWeight: 0.5,
  predicatesWeight: 0.35,
  answeredMin: 30,
  pValueMax: 0.001,
  longFactor: 4,
  floorUs: 20_000,
  growthFactor: 1.5,
  growthPValueMax: 0.001,
  growthStepsMin: 20,
  stepAnsweredMin: 5,
  excessShareMin: 0.05,
  growthShareMin: 0.05,
};
