/**
 * Transactions by shape: those with the same statements in the same order are one shape. By the time that they held
 * (count times mean duration), most first, since that is how long their locks stood in others' way.
 */
import type { TransactionShapeFacts } from '../../src/events/facts.ts';
import type { TransactionShapeRow } from '../../src/events/report.ts';

const LISTED_MAX = 20;

/** The shapes that hold transactions open longest in all. */
export function transactionShapeRows(
  shapes: readonly TransactionShapeFacts[],
): TransactionShapeRow[] {
  return [...shapes]
    .sort((a, b) => b.durationSumUs - a.durationSumUs || (a.shape < b.shape ? -1 : 1))
    .slice(0, LISTED_MAX)
    .map(({ durationSumUs, ...facts }) => ({
      ...facts,
      durationMeanUs: facts.count > 0 ? durationSumUs / facts.count : 0,
    }));
}
