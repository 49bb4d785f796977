/**
 * What D1 needs: the failures of a window by node and code (failures.ts), when each code was first seen, its counts by minute,
 * and what else happened then. To see the numbers: `mirrorsql query "SELECT sqlstate, error_class, count() FROM failures GROUP BY
 * ALL"`, and `mirrorsql query "SELECT t, sqlstate, sum(failures) FROM error_1m GROUP BY ALL ORDER BY t"`.
 */
import type { Window } from '../../events/facts.ts';
import type { ErrorDiagnosisFacts } from '../../events/error-diagnosis.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import {
  ask,
  IN_SCOPE,
  inWindow,
  moment,
  type Parameters,
  SECOND_IN_WINDOW,
  SERVER,
  us,
} from './ask.ts';
import { type Failures, type FailureKey, keyOf } from './failures.ts';
import { MINUTE_US, SECOND_US } from '../../core/time.ts';

/** Bursts are looked for in the end of a long window, and compared with as much before it. */
const JUDGED_MAX_US = 6 * 3_600_000_000;
const HISTORY_US = 6 * 3_600_000_000;

const NODES_MAX = 40;

/** Minutes of the judged part and of the history before it. */
const IN_MINUTES = `t >= ${moment('historyFromUs')} AND t < ${moment('toUs')}`;

/** query_canceled */
const CANCELLED = '57014';

type CancelRow = FailureKey & { readonly count: number };

/** What the store remembers of failures with one key. */
interface HistoryRow extends FailureKey {
  readonly firstSeenUs: number;
  readonly minutes: readonly [startSeconds: readonly number[], counts: readonly number[]];
}

/** @throws MirrorSqlError */
export async function readErrorDiagnosis(
  store: Store,
  window: Window,
  scoped: Parameters,
  asked: Promise<Failures>,
  descriptions: ClassDescriptions,
): Promise<ErrorDiagnosisFacts> {
  const judgedFromUs = Math.max(window.fromUs, window.toUs - JUDGED_MAX_US);
  const historyFromUs = Math.floor((judgedFromUs - HISTORY_US) / MINUTE_US) * MINUTE_US;
  const parameters = { ...scoped, historyFromUs };
  const { causes, classesOf } = await asked;
  // Most hours of most databases have none: the other questions are about them.
  if (causes.length === 0) return { historyFromUs, judgedFromUs, answers: [], causes: [] };
  const [described, cancels, histories, answers] = await Promise.all([
    descriptions.of(causes.flatMap((row) => classesOf(row).map(({ fingerprint }) => fingerprint))),
    causes.some(({ sqlstate }) => sqlstate === CANCELLED) ? readCancels(store, parameters) : [],
    readHistories(store, parameters),
    readAnswers(store, parameters),
  ]);
  const cancelsOf = new Map(cancels.map((row) => [keyOf(row), row.count]));
  const historyOf = new Map(histories.map((row) => [keyOf(row), row]));
  return {
    historyFromUs,
    judgedFromUs,
    answers,
    causes: causes.map(({ example: [sessionId, client, message], ...cause }) => {
      const { firstSeenUs = cause.firstUs, minutes: [starts, counts] = [[], []] } =
        historyOf.get(keyOf(cause)) ?? {};
      return {
        ...cause,
        cancelRequested: cancelsOf.get(keyOf(cause)) ?? 0,
        firstSeenUs: Math.min(cause.firstUs, firstSeenUs),
        classes: classesOf(cause).map(({ fingerprint, count }) => {
          const { normalized, tables } = described(fingerprint);
          return { fingerprint, normalized, tables, count };
        }),
        example: { tsUs: cause.firstUs, sessionId, client, message },
        minutes: starts.map((start, index) => ({
          startUs: start * SECOND_US,
          count: counts[index] ?? 0,
        })),
      };
    }),
  };
}

/** Cancelled statements (57014) during which a client asked for it, on a connection of its own. */
function readCancels(store: Store, parameters: Parameters): Promise<CancelRow[]> {
  return ask<CancelRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, errorClass, count() AS count FROM (
      SELECT session_id, collector, server_ip, server_port, sqlstate, error_class AS errorClass, ts,
        ts + toIntervalMicrosecond(duration_us) AS endTs
      FROM failures WHERE sqlstate = '${CANCELLED}' AND ${inWindow('ts')} AND ${IN_SCOPE}
    ) AS own
    ASOF INNER JOIN (
      SELECT target_session_id AS session_id, collector, ts AS askedTs FROM session_events
      WHERE type = 'cancel_request' AND target_session_id != '' AND ${inWindow('ts')}
    ) AS asked
    ON own.session_id = asked.session_id AND own.collector = asked.collector AND own.ts <= asked.askedTs
    WHERE asked.askedTs <= own.endTs GROUP BY server, sqlstate, errorClass`,
    parameters,
  );
}

/** Of all that was ever seen: `error_1m` is small, and outlasts the failures themselves. */
function readHistories(store: Store, parameters: Parameters): Promise<HistoryRow[]> {
  return ask<HistoryRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, ${us('min(first_ts)')} AS firstSeenUs,
      sumMapIf([toUnixTimestamp(t)], [failures], ${IN_MINUTES}) AS minutes
    FROM error_1m WHERE ${IN_SCOPE} GROUP BY server_ip, server_port, sqlstate, errorClass`,
    parameters,
  );
}

/** Of the busiest nodes. */
async function readAnswers(
  store: Store,
  parameters: Parameters,
): Promise<ErrorDiagnosisFacts['answers'][number][]> {
  const rows = await ask<{ server: string; starts: readonly number[]; counts: readonly number[] }>(
    store,
    `SELECT ${SERVER} AS server, groupArray(toUnixTimestamp(minute)) AS starts, groupArray(n) AS counts FROM (
      SELECT server_ip, server_port, toStartOfMinute(t) AS minute, sum(answers) AS n FROM activity_1s
      WHERE ${SECOND_IN_WINDOW.replace('{fromUs:Int64}', '{historyFromUs:Int64}')} AND ${IN_SCOPE}
      GROUP BY server_ip, server_port, minute HAVING n > 0 ORDER BY minute
    ) GROUP BY server_ip, server_port ORDER BY sum(n) DESC, server LIMIT ${NODES_MAX}`,
    parameters,
  );
  return rows
    .sort((a, b) => (a.server < b.server ? -1 : 1))
    .flatMap(({ server, starts, counts }) =>
      starts.map((start, index) => ({
        server,
        startUs: start * 1_000_000,
        count: counts[index] ?? 0,
      })),
    );
}
