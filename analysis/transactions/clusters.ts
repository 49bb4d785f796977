/**
 * Types of transactions that are almost the same, by leader clustering: the most frequent type leads, and a rarer one
 * joins the first leader that it is like: Jaccard similarity of their pairs of neighbours at least 0.8, or an edit
 * distance of at most 0.2. An index of pairs finds the leaders to compare with, so that the similarity is exact where
 * MinHash would only estimate it (Broder 1997: with 64 permutations to within 0.05).
 */
import { editDistance } from './edit-distance.ts';

export interface ClusterSettings {
  /** Four of five pairs of neighbours in common: one more optional statement in a long transaction. */
  readonly jaccardLeast: number;
  /** One statement of five may differ; short transactions have too few pairs for the other measure. */
  readonly editDistanceMost: number;
  /** As many applications as one report can speak of have; rarer types lead no cluster. */
  readonly leadersMax: number;
}

export const defaultClusterSettings: ClusterSettings = {
  jaccardLeast: 0.8,
  editDistanceMost: 0.2,
  leadersMax: 1_000,
};

interface Sequence {
  readonly type: string;
  readonly statements: readonly string[];
}

/** Leaders that share the most pairs are compared by edit distance; the others share too little to be like it. */
const COMPARED_MAX = 8;

/** @param types the most frequent first @returns the leader's type, by type */
export function clusterTypes(
  types: readonly Sequence[],
  settings: ClusterSettings = defaultClusterSettings,
): Map<string, string> {
  const leaderOf = new Map<string, string>();
  const leaders: (Sequence & { readonly pairsCount: number })[] = [];
  const byPair = new Map<string, number[]>();
  for (const { type, statements } of types) {
    if (leaderOf.has(type)) continue;
    const pairs = pairsOf(statements);
    const leader = likeliest(statements, pairs);
    if (leader !== undefined) {
      leaderOf.set(type, leader);
      continue;
    }
    leaderOf.set(type, type);
    if (leaders.length >= settings.leadersMax) continue;
    for (const pair of pairs) byPair.set(pair, [...(byPair.get(pair) ?? []), leaders.length]);
    leaders.push({ type, statements, pairsCount: pairs.size });
  }
  return leaderOf;

  function likeliest(
    statements: readonly string[],
    pairs: ReadonlySet<string>,
  ): string | undefined {
    const shared = new Map<number, number>();
    for (const pair of pairs)
      for (const index of byPair.get(pair) ?? []) shared.set(index, (shared.get(index) ?? 0) + 1);
    const nearest = [...shared]
      .flatMap(([index, common]) => {
        const leader = leaders[index];
        return leader === undefined
          ? []
          : [{ leader, jaccard: common / (pairs.size + leader.pairsCount - common) }];
      })
      .sort((a, b) => b.jaccard - a.jaccard)
      .slice(0, COMPARED_MAX);
    return nearest.find(
      ({ leader, jaccard }) =>
        jaccard >= settings.jaccardLeast ||
        editDistance(statements, leader.statements) <= settings.editDistanceMost,
    )?.leader.type;
  }
}

/** Neighbours, the beginning and the end being neighbours too. */
function pairsOf(statements: readonly string[]): Set<string> {
  const all = ['^', ...statements, '$'];
  return new Set(all.slice(1).map((statement, index) => `${all[index] ?? ''} ${statement}`));
}
