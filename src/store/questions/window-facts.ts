/** Everything that the report of a window needs, asked at once. */
import { MirrorSqlError } from '../../core/errors.ts';
import type { Extent, Scope, Window, WindowFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { readActivity } from './activity.ts';
import { ask, type Parameters, parametersOf, us } from './ask.ts';
import { readCapture } from './capture-quality.ts';
import { readChannels, readSessionEvents } from './channels.ts';
import { readClassSeasons } from './class-seasons.ts';
import { ClassDescriptions } from './class-descriptions.ts';
import { type ClassSums, describeClasses, readClassSteps, readClassSums } from './classes.ts';
import { readDeliveries } from './deliveries.ts';
import { readErrorDiagnosis } from './error-diagnosis.ts';
import { readErrors } from './errors.ts';
import { readDdl, readSlowest } from './executions.ts';
import { type Failures, readFailures } from './failures.ts';
import { healthWindowOf, readNodeSeconds } from './node-seconds.ts';
import { readLowTps } from './low-tps.ts';
import { readMissed } from './missed.ts';
import { readClassForecast } from './class-forecast.ts';
import { readHotValues } from './hot-values.ts';
import { readRepetitions } from './repetitions.ts';
import { readReplication } from './replication.ts';
import { readBigTransactions } from './big-transactions.ts';
import { readOpenTransactions } from './open-transactions.ts';
import { readSeasons } from './seasons.ts';
import { classStepUsFor, stepUsFor } from './steps.ts';
import { readWorkloadMix } from './workload-mix.ts';
import { readTransactionShapes } from './transactions.ts';
import { waitsOf } from './waited-for.ts';

/** Requests younger than this at the end of the data cannot be judged unanswered (ActivitySecond.requestsAnswered). */
const ANSWER_WITHIN_US = 10_000_000;
const SLOWEST_COUNT = 20;

export interface FactsAsked {
  /** Whether the seconds of nodes are asked for: not by one who knows the states already. */
  readonly health?: boolean;
}

/** @throws MirrorSqlError MSQL_STORE_EMPTY when nothing is stored at all. */
export async function readWindowFacts(
  store: Store,
  window: Window,
  scope: Scope = {},
  { health = true }: FactsAsked = {},
): Promise<WindowFacts> {
  const extent = await readExtent(store);
  if (extent === undefined) throw new MirrorSqlError('MSQL_STORE_EMPTY', 'the store is empty');
  const stepUs = stepUsFor(window);
  const parameters = {
    ...parametersOf(window, scope),
    judgedUntilSeconds: Math.floor((extent.toUs - ANSWER_WITHIN_US) / 1_000_000),
  };
  const healthWindow = healthWindowOf(window, extent);
  const sums = readClassSums(store, window, parameters);
  const descriptions = new ClassDescriptions(store, sums);
  const failures = readFailures(store, stepUs, parameters);
  const [
    activity,
    classes,
    errors,
    channels,
    transactionShapes,
    ddl,
    sessionEvents,
    replication,
    captures,
    nodeSeconds,
    seasons,
    workloadMix,
    missed,
    slowest,
    diagnoses,
  ] = await Promise.all([
    readActivity(store, stepUs, parameters),
    readClassesAndSteps(store, window, scope, parameters, sums, descriptions),
    readErrors(failures, stepUs, descriptions),
    readChannels(store, parameters, descriptions),
    readTransactionShapes(store, parameters, descriptions),
    readDdl(store, parameters),
    readSessionEvents(store, parameters),
    readReplication(store, parameters),
    readCapture(store, window, parameters),
    health ? readNodeSeconds(store, healthWindow, parameters) : [],
    health ? readSeasons(store, healthWindow, scope) : [],
    readWorkloadMix(store, healthWindow, parameters),
    readMissed(store, stepUs, parameters),
    readSlowest(store, window, scope, SLOWEST_COUNT),
    readDiagnosisFacts(store, window, extent, scope, failures, sums, descriptions),
  ]);
  return {
    window,
    scope,
    extent,
    ...activity,
    ...errors,
    channels,
    transactionShapes,
    sessionEvents,
    replication,
    healthWindow,
    nodeSeconds,
    seasons,
    workloadMix,
    missed,
    slowest,
    ...diagnoses,
    ...captures,
    ...classes,
    ...ddl,
  };
}

async function readClassesAndSteps(
  store: Store,
  window: Window,
  scope: Scope,
  parameters: Parameters,
  asked: Promise<readonly ClassSums[]>,
  descriptions: ClassDescriptions,
): Promise<Pick<WindowFacts, 'classes' | 'classSteps' | 'classSeasons' | 'deliveries'>> {
  const stepUs = classStepUsFor(window);
  const sums = await asked;
  const fingerprints = sums.map(({ fingerprint }) => fingerprint);
  const [classes, classSteps, classSeasons, deliveries] = await Promise.all([
    describeClasses(sums, descriptions),
    readClassSteps(store, window, stepUs, parameters, fingerprints),
    readClassSeasons(store, window, scope, fingerprints),
    readDeliveries(store, sums, parameters),
  ]);
  return { classes, classSteps, classSeasons, deliveries };
}

type DiagnosisFacts = Pick<
  WindowFacts,
  | 'classForecast'
  | 'errorDiagnosis'
  | 'openTransactions'
  | 'bigTransactions'
  | 'lowTps'
  | 'valuePlaces'
  | 'repetitions'
>;

/** What the diagnoses and forecasts read beside the monitors. */
async function readDiagnosisFacts(
  store: Store,
  window: Window,
  extent: NonNullable<Extent>,
  scope: Scope,
  failures: Promise<Failures>,
  sums: Promise<readonly ClassSums[]>,
  descriptions: ClassDescriptions,
): Promise<DiagnosisFacts> {
  const parameters = parametersOf(window, scope);
  const [
    classForecast,
    errorDiagnosis,
    openTransactions,
    bigTransactions,
    lowTps,
    valuePlaces,
    repetitions,
  ] = await Promise.all([
    readClassForecast(store, window, extent, scope, descriptions),
    readErrorDiagnosis(store, window, parameters, failures, descriptions),
    readOpenTransactions(store, window, extent, parameters, waitsOf(failures, sums), descriptions),
    readBigTransactions(store, window, parameters, descriptions),
    readLowTps(store, window, parameters),
    readHotValues(store, window, scope, descriptions),
    readRepetitions(store, parameters, descriptions),
  ]);
  return {
    classForecast,
    errorDiagnosis,
    openTransactions,
    bigTransactions,
    lowTps,
    valuePlaces,
    repetitions,
  };
}

/**
 * From when to when the store has anything; undefined when it is empty. What is stored was counted in its second, and that
 * table is ordered by time: so this, which is asked before every other question, reads no single statements, unless
 * there is nothing else.
 * @throws MirrorSqlError
 */
export async function readExtent(store: Store): Promise<Extent> {
  const extent = await extentOf(
    store,
    `SELECT count() AS rows, toInt64(toUnixTimestamp(min(t))) * 1000000 AS first,
      (toInt64(toUnixTimestamp(max(t))) + 1) * 1000000 AS last FROM activity_1s HAVING rows > 0
    UNION ALL
    SELECT count() AS rows, ${us('any(first)')} AS first, ${us('any(last)')} + 1 AS last
    FROM (SELECT start_ts AS first FROM sessions ORDER BY first LIMIT 1) AS oldest
      CROSS JOIN (SELECT end_ts AS last FROM sessions ORDER BY last DESC LIMIT 1) AS newest HAVING rows > 0`,
  );
  if (extent !== undefined) return extent;
  return extentOf(
    store,
    `SELECT count() AS rows, ${us('min(ts)')} AS first, ${us('max(ts)')} + 1 AS last FROM events HAVING rows > 0`,
  );
}

async function extentOf(store: Store, parts: string): Promise<Extent> {
  const [row] = await ask<{ rows: number; fromUs: number; toUs: number }>(
    store,
    `SELECT sum(rows) AS rows, min(first) AS fromUs, max(last) AS toUs FROM (${parts})`,
    {},
  );
  if (row === undefined || row.rows === 0) return undefined;
  return { fromUs: row.fromUs, toUs: row.toUs };
}
