/** Evaluates a live capture every few seconds until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnalysisSettings } from '../../../analysis/settings.ts';
import type { MirrorSqlError } from '../../core/errors.ts';
import { storeError } from '../../store/store-error.ts';
import type { EventualStore } from '../../store/eventual-store.ts';
import { Evaluation } from './evaluation.ts';

const EVERY_MS = 10_000;

/**
 * Resolves when `signal` has ended it and the last seconds are judged.
 * @param failed told of each failure while the store is open; what failed is tried again
 */
export async function keepEvaluating(
  store: EventualStore,
  settings: AnalysisSettings,
  failed: (error: MirrorSqlError) => void,
  signal: AbortSignal,
): Promise<void> {
  let evaluation = new Evaluation(store, settings);
  for (;;) {
    await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (store.isOpen) {
      try {
        await evaluation.advance(signal.aborted);
      } catch (error) {
        // It may have been half way: what is stored says where to go on.
        evaluation = new Evaluation(store, settings);
        const failure = storeError(error);
        // Before the first second is stored there is nothing to judge.
        if (failure.code !== 'MSQL_STORE_EMPTY') failed(failure);
      }
    }
    if (signal.aborted) return;
  }
}
