/** `mirrorsql serve`: the API and the pages over an existing store, until it is told to stop. */
import { LISTEN_DEFAULT, type Listening, startServer } from '../server/listen.ts';
import { Metrics } from '../server/metrics/metrics.ts';
import { SelfObservation } from '../server/observation/self-observation.ts';
import { storeFigures } from '../server/observation/store-figures.ts';
import { webDirectory } from '../server/web-files.ts';
import { readExtent, readWindowFacts } from '../store/questions/window-facts.ts';
import { readStoredFindings, readStoredStates } from '../store/questions/judgements.ts';
import { readExecutions } from '../store/questions/executions.ts';
import { limits } from '../store/limits.ts';
import { openStore, type Store } from '../store/store.ts';
import type { AnalysisOptions } from './configuration/analysis-settings.ts';
import { type StoreOptions, storePlace, storeSettings } from './store-settings.ts';

export interface ServingOptions extends AnalysisOptions {
  /** HOST:PORT */
  readonly listen?: string | undefined;
}

/** Watches this process and the store it uses. */
export function observe(store: Store, options: StoreOptions): SelfObservation {
  const place = storePlace(storeSettings(options));
  // A store that is a server has no engine here.
  const engine = store.readsSegments ? () => store.engineResidentBytes?.() : undefined;
  return new SelfObservation(new Metrics(), () => storeFigures(store, place), engine);
}

/** Serves `store` on `listen` (HOST:PORT) and leaves the store open when it closes. */
export function startServing(
  store: Store,
  { listen = LISTEN_DEFAULT, analysis }: ServingOptions,
  observation?: SelfObservation,
): Promise<Listening> {
  return startServer(
    {
      facts: {
        extent: () => readExtent(store),
        windowFacts: (window, scope) => readWindowFacts(store, window, scope),
        executions: (window, filter) => readExecutions(store, window, filter),
        storedStates: (window, collector) => readStoredStates(store, window, collector),
        storedFindings: (window, collector) => readStoredFindings(store, window, collector),
      },
      webDirectory: webDirectory(),
      observation,
      analysis,
      onDefect: (error) => {
        console.error(error);
      },
    },
    listen,
  );
}

/** Prints where it serves and runs until SIGINT or SIGTERM; a second signal ends the process at once. */
export async function runServe(options: StoreOptions & ServingOptions): Promise<void> {
  const store = await openStore(storeSettings(options), {
    existing: true,
    answerWithinMs: limits.answerMsMax,
  });
  const observation = observe(store, options);
  try {
    const listening = await startServing(store, options, observation);
    try {
      console.log(`MirrorSQL serves on ${listening.url} (Ctrl-C ends it)`);
      await stopSignal();
    } finally {
      await listening.close();
    }
  } finally {
    observation.close();
    await store.close();
  }
}

/** Resolves at SIGINT or SIGTERM. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      // Without our listeners the next signal has its usual effect, should closing take too long.
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
