/**
 * D1, abnormal SQLCODE classification: failures grouped by their cause, each with what it means, whose business it is and
 * what to do; what is new, what comes in a burst, what nobody may sleep through. Definitions: analysis/README.md.
 */
import type {
  ErrorBurst,
  ErrorCauseFacts,
  ErrorCauseRow,
  ErrorDiagnosis,
  ErrorDiagnosisFacts,
  ErrorHolder,
} from '../../src/events/error-diagnosis.ts';
import type { Window } from '../../src/events/facts.ts';
import type { OpenTransactionRow, OpenTransactions } from '../../src/events/open-transactions.ts';
import { errorAdvice } from '../../src/sql/error-advice.ts';
import { errorMeaning } from '../../src/sql/error-classes.ts';
import { shareOf, sumOf } from '../share.ts';
import { burstsOf } from './error-bursts.ts';
import { defaultErrorDiagnosisSettings, type ErrorDiagnosisSettings } from './error-settings.ts';
import { maskedMessage } from './masked-message.ts';

/** Told one by one. */
const CAUSES_MAX = 50;
const TABLES_MAX = 10;
const HOLDERS_MAX = 3;
/** Where the transaction is known that was waited for. */
const HELD_ADVICE =
  'See what the application that kept a transaction open on these tables does before it commits: others wait until then.';

/** @param transactions what failed after waiting is told with the transaction that it waited for */
export function diagnoseErrors(
  facts: ErrorDiagnosisFacts,
  transactions: Pick<OpenTransactions, 'open' | 'ended'>,
  window: Window,
  settings: ErrorDiagnosisSettings = defaultErrorDiagnosisSettings,
): ErrorDiagnosis {
  const { causes } = facts;
  const failures = sumOf(causes, (cause) => cause.count + cause.followOn);
  const answers = answersByNode(facts);
  const unclassified = sumOf(
    causes.filter(({ errorClass }) => errorClass === 'other'),
    (cause) => cause.count + cause.followOn,
  );
  const waitedFor = [...transactions.open, ...transactions.ended].filter(
    ({ gaveUpCount }) => gaveUpCount > 0,
  );
  const rows = causes.map((cause) => {
    const row = rowOf(cause, answers.get(cause.server) ?? [], failures, facts, window, settings);
    const holders = holdersOf(cause, waitedFor);
    return holders.length === 0 ? { ...row, holders } : { ...row, holders, advice: HELD_ADVICE };
  });
  const learning = causes.some(
    ({ server, lastUs }) =>
      historyLength(answers.get(server) ?? [], minuteOf(lastUs)) < settings.historyMinutesMin,
  );
  return {
    failures,
    logins: sumOf(causes, ({ logins }) => logins),
    followOn: sumOf(causes, ({ followOn }) => followOn),
    codes: new Set(
      causes.filter(({ errorClass }) => errorClass !== 'tx_aborted').map((cause) => cause.sqlstate),
    ).size,
    unclassified,
    unclassifiedShare: shareOf(unclassified, failures),
    learning,
    causes: rows.slice(0, CAUSES_MAX),
    causesCount: rows.length,
  };
}

type Answers = ErrorDiagnosisFacts['answers'];

function answersByNode({ answers }: ErrorDiagnosisFacts): Map<string, Answers> {
  const nodes = new Map<string, Answers[number][]>();
  for (const minute of answers) {
    const node = nodes.get(minute.server);
    if (node === undefined) nodes.set(minute.server, [minute]);
    else node.push(minute);
  }
  return nodes;
}

/** Minutes before `untilUs` in which the node answered. */
function historyLength(answers: Answers, untilUs: number): number {
  return answers.filter(({ startUs }) => startUs < untilUs).length;
}

function rowOf(
  { minutes, ...cause }: ErrorCauseFacts,
  answers: Answers,
  failures: number,
  { judgedFromUs }: ErrorDiagnosisFacts,
  window: Window,
  settings: ErrorDiagnosisSettings,
): Omit<ErrorCauseRow, 'holders'> {
  const judged = answers.filter(({ startUs }) => startUs >= minuteOf(judgedFromUs));
  const judgedFailures = sumOf(
    minutes.filter(({ startUs }) => startUs >= minuteOf(judgedFromUs)),
    ({ count }) => count,
  );
  const { meaning, concern } = errorMeaning(cause.errorClass);
  const known = historyLength(answers, cause.firstSeenUs) >= settings.historyMinutesMin;
  return {
    ...cause,
    example: {
      ...cause.example,
      message: maskedMessage(cause.example.message, cause.errorClass),
    },
    meaning,
    // Without the client's request in sight, a cancelled statement was cancelled by somebody else.
    concern: isCancel(cause) && cause.cancelRequested === 0 ? 'operation' : concern,
    advice: errorAdvice(cause.errorClass).advice,
    shareOfFailures: shareOf(cause.count + cause.followOn, failures) ?? 0,
    shareOfAnswers:
      cause.logins > 0
        ? null
        : shareOf(
            judgedFailures,
            sumOf(judged, ({ count }) => count),
          ),
    tables: [...new Set(cause.classes.flatMap(({ tables }) => tables))].slice(0, TABLES_MAX),
    isNew: known && cause.firstSeenUs >= window.fromUs && cause.count >= settings.newMin,
    bursts: burstsOf(minutes, answers, judgedFromUs, settings),
  };
}

function holdersOf(
  { server, sqlstate }: ErrorCauseFacts,
  waitedFor: readonly OpenTransactionRow[],
): ErrorHolder[] {
  return waitedFor
    .filter((row) => row.server === server)
    .map(({ sessionId, client, clientPort, application, user, sinceUs, endUs, gaveUp }) => ({
      sessionId,
      client,
      clientPort,
      name: application ?? user,
      sinceUs,
      endUs,
      count: sumOf(
        gaveUp.filter((group) => group.sqlstate === sqlstate),
        ({ count }) => count,
      ),
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.sinceUs - b.sinceUs)
    .slice(0, HOLDERS_MAX);
}

function isCancel({ errorClass }: Pick<ErrorCauseFacts, 'errorClass'>): boolean {
  return errorClass === 'cancelled';
}

function minuteOf(timeUs: number): number {
  return Math.floor(timeUs / 60_000_000) * 60_000_000;
}

/** The burst with the most failures. */
export function greatestBurst(bursts: readonly ErrorBurst[]): ErrorBurst | undefined {
  return [...bursts].sort((a, b) => b.count - a.count)[0];
}
