/** F2, clusters of queries: which tables are asked, by which columns, for which columns, how often and how fast. */

/** One way to ask: the columns that are asked for, and those that choose the rows. */
export interface QueryColumnSet {
  /** Names without those of their tables, by alphabet; `*` is all. Empty where nothing of a table is asked for, as by count(*). */
  readonly columns: readonly string[];
  readonly predicateColumns: readonly string[];
  /** Classes of statements that ask so, and the one of them that took most time. */
  readonly classesCount: number;
  readonly fingerprint: string;
  readonly normalized: string;
  readonly calls: number;
  readonly answered: number;
  readonly meanUs: number | null;
  readonly p95Us: number | null;
  /** Of the response time of the cluster. */
  readonly shareOfTime: number | null;
  /** Its mean is surely and far above that of the cluster's other ways to ask. */
  readonly long: boolean;
}

/** The cluster's response time rises, whatever the mixture of its classes. */
export interface QueryGrowth {
  readonly sinceUs: number;
  /** At the end as many times as at the beginning. */
  readonly factor: number;
  readonly meanNowUs: number;
  /** Probability of such a trend by chance, at least 1e-7. */
  readonly pValue: number;
}

export interface QueryClusterRow {
  /** Of the rule that made it; null of those that are alike by tables and columns. */
  readonly label: string | null;
  /** Of all its classes, the most frequent first, at most twelve of each. */
  readonly tables: readonly string[];
  readonly predicateColumns: readonly string[];
  readonly classesCount: number;
  /** Its heaviest classes, at most ten. */
  readonly fingerprints: readonly string[];
  readonly calls: number;
  readonly answered: number;
  readonly meanUs: number | null;
  readonly p95Us: number | null;
  /** Of the response time of all statements. */
  readonly shareOfTime: number | null;
  /** The most time first, at most ten. */
  readonly columnSets: readonly QueryColumnSet[];
  readonly columnSetsCount: number;
  readonly growth: QueryGrowth | null;
}

export interface QueryClusters {
  /** The most time first, at most thirty. */
  readonly clusters: readonly QueryClusterRow[];
  readonly clustersCount: number;
  /** Classes beyond the bounds, which are in no cluster. */
  readonly classesLeftOut: number;
}
