/** Schema of lists whose rows are asked for one by one (events/repetitions.ts). */
import Type from 'typebox';
import { CLOSED, count, durationUs, fingerprint, share, text, timeUs } from './values.ts';

export const repetitionSchema = Type.Object(
  {
    client: text('The host that asks'),
    server: text('The database, as address:port'),
    leadingFingerprint: fingerprint,
    leadingNormalized: text('The statement that gives the list'),
    fingerprint,
    normalized: text('The statement that is run for each of its rows'),
    runs: count('Runs of five executions and more behind the list'),
    matchedRuns: count('Of them: with as many executions as rows; the rest is of these'),
    executions: count('Executions'),
    executionsMax: count('Of the longest run'),
    durationSumUs: durationUs('Response times of the executions'),
    elapsedSumUs: durationUs('From the first request of each run to its last answer'),
    firstUs: timeUs('The first minute with such a run'),
    lastUs: timeUs('The end of the last one'),
    lengthMean: Type.Number({ minimum: 0, description: 'Executions of an average run' }),
    shareOfRequests: share('Of the requests of the host at this database'),
    shareOfTime: share('Of its response time there'),
  },
  { ...CLOSED, description: 'N+1' },
);
