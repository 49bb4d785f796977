/** Facts of D1 for tests: one cause with what is given, and those that fit the errors of a made-up window. */
import type { ErrorCauseFacts, ErrorDiagnosisFacts } from '../../../src/events/error-diagnosis.ts';
import type { ErrorFacts, ErrorStep, Window } from '../../../src/events/facts.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const HISTORY_MINUTES = 360;

export function causeOf(given: Partial<ErrorCauseFacts> = {}): ErrorCauseFacts {
  return {
    server: '10.20.0.5:5432',
    sqlstate: '23505',
    errorClass: 'duplicate_key',
    count: 1,
    followOn: 0,
    logins: 0,
    cancelRequested: 0,
    firstUs: 0,
    lastUs: 0,
    firstSeenUs: 0,
    sessions: 1,
    channels: [],
    clients: [],
    applications: [],
    classes: [],
    example: { tsUs: 0, sessionId: '00000000000000a1', client: '10.20.1.17', message: '' },
    minutes: [],
    ...given,
  };
}

/** The causes behind `errors`: what follows on is added to the first, all codes were seen long before, 600 answers a minute. */
export function causesOf(
  server: string,
  errors: readonly ErrorFacts[],
  steps: readonly ErrorStep[],
  window: Window,
): ErrorDiagnosisFacts {
  const fromUs = Math.floor(window.fromUs / MINUTE_US) * MINUTE_US;
  const historyFromUs = fromUs - HISTORY_MINUTES * MINUTE_US;
  const minutesCount = (window.toUs - historyFromUs) / MINUTE_US;
  const followOn = errors.find(({ errorClass }) => errorClass === 'tx_aborted')?.count ?? 0;
  return {
    historyFromUs,
    judgedFromUs: window.fromUs,
    answers: Array.from({ length: Math.ceil(minutesCount) }, (_, index) => ({
      server,
      startUs: historyFromUs + index * MINUTE_US,
      count: 600,
    })),
    causes: errors
      .filter(({ errorClass }) => errorClass !== 'tx_aborted')
      .map((error, index) =>
        causeOf({
          server,
          sqlstate: error.sqlstate,
          errorClass: error.errorClass,
          count: error.count,
          followOn: index === 0 ? followOn : 0,
          firstUs: error.firstUs,
          lastUs: error.lastUs,
          firstSeenUs: historyFromUs,
          sessions: error.sessions,
          channels: ['00000000000000a1'],
          clients: error.clients,
          classes: error.classes.map((one) => ({ ...one, tables: ['orders'] })),
          example: {
            tsUs: error.firstUs,
            sessionId: '00000000000000a1',
            client: error.clients[0] ?? '',
            message: error.sampleMessage,
          },
          minutes: minutesOf(steps.filter(({ sqlstate }) => sqlstate === error.sqlstate)),
        }),
      ),
  };
}

function minutesOf(steps: readonly ErrorStep[]): ErrorCauseFacts['minutes'] {
  const counts = new Map<number, number>();
  for (const { startUs, count } of steps) {
    const minute = Math.floor(startUs / MINUTE_US) * MINUTE_US;
    counts.set(minute, (counts.get(minute) ?? 0) + count);
  }
  return [...counts].map(([startUs, count]) => ({ startUs, count }));
}
