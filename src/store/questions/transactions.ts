/** Transactions that ended in the window, by their shape, with one example each. */
import type { TransactionShapeFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { ask, IN_SCOPE, inWindow, type Parameters, us } from './ask.ts';

const SHAPES_MAX = 50;
const EXAMPLE_STATEMENTS_MAX = 8;

interface ShapeRow extends Omit<TransactionShapeFacts, 'example'> {
  readonly sessionId: string;
  readonly transactionId: number | null;
  readonly startUs: number;
  readonly endUs: number;
}

export async function readTransactionShapes(
  store: Store,
  parameters: Parameters,
  descriptions: ClassDescriptions,
): Promise<TransactionShapeFacts[]> {
  const shapes = await ask<ShapeRow>(
    store,
    `SELECT shape, count() AS count, countIf(outcome = 'rollback') AS rollbacks, avg(statements) AS statementsMean,
      sum(transactions.rows_affected) AS rowsAffected, sum(duration_us) AS durationSumUs, max(duration_us) AS durationMaxUs,
      argMax(session_id, ts) AS sessionId, argMax(transaction_id, ts) AS transactionId,
      ${us('argMax(start_ts, ts)')} AS startUs, ${us('max(ts)')} AS endUs
    FROM transactions WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY shape ORDER BY durationSumUs DESC, shape LIMIT ${SHAPES_MAX}`,
    parameters,
  );
  const examples = await readExamples(store, shapes, descriptions);
  return shapes.map(({ sessionId, transactionId, startUs: _start, endUs: _end, ...facts }) => ({
    ...facts,
    example: examples.get(`${sessionId}/${transactionId ?? ''}`) ?? [],
  }));
}

/** Normalised texts of the named transactions, by `session/transaction`. */
async function readExamples(
  store: Store,
  shapes: readonly ShapeRow[],
  descriptions: ClassDescriptions,
): Promise<Map<string, string[]>> {
  const examples = new Map<string, string[]>();
  const named = shapes.filter((shape) => shape.transactionId !== null);
  if (named.length === 0) return examples;
  const rows = await ask<{ key: string; fingerprint: string; command: string }>(
    store,
    `SELECT concat(session_id, '/', toString(assumeNotNull(transaction_id))) AS key, fingerprint, toString(command) AS command
    FROM events
    WHERE ${inWindow('ts')} AND session_id IN {sessions:Array(String)} AND transaction_id IS NOT NULL
      AND key IN {keys:Array(String)}
    ORDER BY session_id, sequence LIMIT ${EXAMPLE_STATEMENTS_MAX} BY key`,
    {
      fromUs: Math.min(...named.map((shape) => shape.startUs)),
      toUs: Math.max(...named.map((shape) => shape.endUs)) + 1,
      sessions: named.map((shape) => shape.sessionId),
      keys: named.map((shape) => `${shape.sessionId}/${shape.transactionId ?? ''}`),
    },
  );
  const described = await descriptions.of(rows.map(({ fingerprint }) => fingerprint));
  for (const { key, fingerprint, command } of rows) {
    const { normalized } = described(fingerprint);
    examples.set(key, [...(examples.get(key) ?? []), normalized === '' ? command : normalized]);
  }
  return examples;
}
