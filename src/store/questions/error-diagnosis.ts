/**
 * What D1 needs: the failures of a window by node and code, each that only followed from another with its cause, and the
 * counts of each code by minute. Tables `failures` and `error_1m` hold failed statements and refused logins only, so no statement that went well
 * is read. To see the numbers: `mirrorsql query "SELECT sqlstate, error_class, count() FROM failures GROUP BY ALL"`, and
 * `mirrorsql query "SELECT t, sqlstate, sum(failures) FROM error_1m GROUP BY ALL ORDER BY t"`.
 *
 * A failure follows from another when it is of class tx_aborted (25P02: "current transaction is aborted") and the same
 * transaction failed before: its cause is the last such failure, which is the one that put the transaction into that
 * state, also where savepoints let it fail several times.
 */
import type { Window } from '../../events/facts.ts';
import type { ErrorCauseFacts, ErrorDiagnosisFacts } from '../../events/error-diagnosis.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { ask, IN_SCOPE, inWindow, type Parameters, SECOND_IN_WINDOW, SERVER, us } from './ask.ts';
import { MINUTE_US } from '../../core/time.ts';

/** Bursts are looked for in the end of a long window, and compared with as much before it. */
const JUDGED_MAX_US = 6 * 3_600_000_000;
const HISTORY_US = 6 * 3_600_000_000;
/** The cause of a follow-on error lies at most so long before it. */
const CAUSE_BEFORE_US = 3_600_000_000;

const CAUSES_MAX = 200;
const CLASSES_PER_CAUSE = 5;
const CHANNELS_PER_CAUSE = 10;
const NAMES_PER_CAUSE = 20;
const NODES_MAX = 40;

/** Both of them hold minutes of the judged part and of the history. */
const IN_MINUTES = `t >= fromUnixTimestamp64Micro({historyFromUs:Int64}, 'UTC')
  AND t < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC') AND ${IN_SCOPE}`;

/** query_canceled */
const CANCELLED = '57014';

/** The class of a refused login. */
const NO_STATEMENT = "toFixedString('', 16)";

/** Failures of the window, each under the code of its cause. */
const ATTRIBUTED = `SELECT ${SERVER} AS server, own.error_class = 'tx_aborted' AND caused = 1 AS follows,
    if(follows, causeSqlstate, own.sqlstate) AS code, if(follows, causeClass, own.error_class) AS class,
    ts, session_id, client_ip, application, fingerprint, error_message
  FROM (SELECT * FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE}) AS own
  ASOF LEFT JOIN (
    SELECT session_id, collector, transaction_id, sequence AS causeSequence, sqlstate AS causeSqlstate,
      error_class AS causeClass, 1 AS caused
    FROM failures
    WHERE ts >= fromUnixTimestamp64Micro({fromUs:Int64} - ${CAUSE_BEFORE_US}, 'UTC')
      AND ts < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC') AND ${IN_SCOPE}
      AND error_class != 'tx_aborted' AND transaction_id > 0
  ) AS cause
  ON own.session_id = cause.session_id AND own.collector = cause.collector
    AND own.transaction_id = cause.transaction_id AND own.sequence > cause.causeSequence`;

interface CauseKey {
  readonly server: string;
  readonly sqlstate: string;
  readonly errorClass: string;
}

interface CauseRow
  extends CauseKey,
    Pick<
      ErrorCauseFacts,
      | 'count'
      | 'followOn'
      | 'logins'
      | 'firstUs'
      | 'lastUs'
      | 'sessions'
      | 'channels'
      | 'clients'
      | 'applications'
    > {
  readonly exampleSession: string;
  readonly exampleClient: string;
  readonly exampleMessage: string;
}

type ClassRow = CauseKey & Pick<ErrorCauseFacts['classes'][number], 'fingerprint' | 'count'>;
type CancelRow = CauseKey & { readonly count: number };
type MinutesRow = CauseKey & {
  readonly minutes: readonly (readonly [startSeconds: number, count: number])[];
};
type FirstSeenRow = CauseKey & { readonly firstSeenUs: number };

/** @throws MirrorSqlError */
export async function readErrorDiagnosis(
  store: Store,
  window: Window,
  scoped: Parameters,
  descriptions: ClassDescriptions,
): Promise<ErrorDiagnosisFacts> {
  const judgedFromUs = Math.max(window.fromUs, window.toUs - JUDGED_MAX_US);
  const historyFromUs = Math.floor((judgedFromUs - HISTORY_US) / MINUTE_US) * MINUTE_US;
  const parameters = { ...scoped, historyFromUs };
  const causes = await readCauses(store, parameters);
  // Most hours of most databases have none: the other questions are about them.
  if (causes.length === 0) return { historyFromUs, judgedFromUs, answers: [], causes: [] };
  const [classes, cancels, minutes, firsts, answers] = await Promise.all([
    readClassesOfCauses(store, parameters),
    causes.some(({ sqlstate }) => sqlstate === CANCELLED) ? readCancels(store, parameters) : [],
    readMinutes(store, parameters),
    readFirstSeen(store, parameters),
    readAnswers(store, parameters),
  ]);
  const described = await descriptions.of(classes.map(({ fingerprint }) => fingerprint));
  const classesOf = byKey(classes);
  const cancelsOf = byKey(cancels);
  const minutesOf = byKey(minutes);
  const firstOf = byKey(firsts);
  return {
    historyFromUs,
    judgedFromUs,
    answers,
    causes: causes.map(({ exampleSession, exampleClient, exampleMessage, ...row }) => ({
      ...row,
      cancelRequested: cancelsOf.get(keyOf(row))?.[0]?.count ?? 0,
      firstSeenUs: Math.min(row.firstUs, firstOf.get(keyOf(row))?.[0]?.firstSeenUs ?? row.firstUs),
      classes: (classesOf.get(keyOf(row)) ?? []).map(({ fingerprint, count }) => {
        const { normalized, tables } = described(fingerprint);
        return { fingerprint, normalized, tables, count };
      }),
      example: {
        tsUs: row.firstUs,
        sessionId: exampleSession,
        client: exampleClient,
        message: exampleMessage,
      },
      minutes: (minutesOf.get(keyOf(row))?.[0]?.minutes ?? []).map(([startSeconds, count]) => ({
        startUs: startSeconds * 1_000_000,
        count,
      })),
    })),
  };
}

function keyOf({ server, sqlstate, errorClass }: CauseKey): string {
  return `${server} ${sqlstate} ${errorClass}`;
}

function byKey<Row extends CauseKey>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

function readCauses(store: Store, parameters: Parameters): Promise<CauseRow[]> {
  return ask<CauseRow>(
    store,
    `SELECT server, code AS sqlstate, class AS errorClass, countIf(NOT follows) AS count, countIf(follows) AS followOn,
      countIf(fingerprint = ${NO_STATEMENT}) AS logins,
      ${us('if(count > 0, minIf(ts, NOT follows), min(ts))')} AS firstUs, ${us('max(ts)')} AS lastUs,
      uniqExact(session_id) AS sessions, topK(${CHANNELS_PER_CAUSE})(session_id) AS channels,
      arraySort(groupUniqArray(${NAMES_PER_CAUSE})(client_ip)) AS clients,
      arraySort(groupUniqArrayIf(${NAMES_PER_CAUSE})(application, application != '')) AS applications,
      argMin(session_id, (follows, ts)) AS exampleSession, argMin(client_ip, (follows, ts)) AS exampleClient,
      argMin(error_message, (follows, ts)) AS exampleMessage
    FROM (${ATTRIBUTED}) GROUP BY server, sqlstate, errorClass
    ORDER BY count + followOn DESC, server, sqlstate, errorClass LIMIT ${CAUSES_MAX}`,
    parameters,
  );
}

function readClassesOfCauses(store: Store, parameters: Parameters): Promise<ClassRow[]> {
  return ask<ClassRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, fingerprint, count() AS count
    FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE} AND fingerprint != ${NO_STATEMENT}
    GROUP BY server, sqlstate, errorClass, fingerprint
    ORDER BY count DESC, fingerprint LIMIT ${CLASSES_PER_CAUSE} BY server, sqlstate, errorClass`,
    parameters,
  );
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

function readMinutes(store: Store, parameters: Parameters): Promise<MinutesRow[]> {
  return ask<MinutesRow>(
    store,
    `SELECT server, sqlstate, errorClass, arraySort(groupArray((start, n))) AS minutes FROM (
      SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, toUnixTimestamp(t) AS start, sum(failures) AS n
      FROM error_1m WHERE ${IN_MINUTES} GROUP BY server, sqlstate, errorClass, start
    ) GROUP BY server, sqlstate, errorClass`,
    parameters,
  );
}

function readFirstSeen(store: Store, parameters: Parameters): Promise<FirstSeenRow[]> {
  return ask<FirstSeenRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, ${us('min(first_ts)')} AS firstSeenUs
    FROM error_1m WHERE ${IN_SCOPE} GROUP BY server, sqlstate, errorClass`,
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
