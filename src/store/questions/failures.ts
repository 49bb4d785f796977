/**
 * Failures of a window, put together for all that is told of them: by code (errors.ts), and by code on each node, which is
 * where causes are looked for (error-diagnosis.ts). Table `failures` holds failed statements and refused logins only, so no
 * statement that went well is read. Refused logins have no statement, and no class.
 */
import type { ErrorCauseFacts } from '../../events/error-diagnosis.ts';
import type { ErrorStep } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, inWindow, moment, type Parameters, SERVER, us } from './ask.ts';

/** Codes of all nodes together, and codes on single nodes. */
const GROUPS_MAX = 500;
const CAUSES_MAX = 200;
const CLASSES_EACH = 5;
const CHANNELS_EACH = 10;
const NAMES_EACH = 20;
/** The cause of a follow-on error lies at most so long before it. */
const CAUSE_BEFORE_US = 3_600_000_000;

/** The class of statements that the server ignored, as their transaction had failed before (25P02). */
const ABORTED = 'tx_aborted';

/** The fingerprint of a refused login. */
const NO_STATEMENT = "toFixedString('', 16)";

/** Its server is '' for all nodes together. */
export type FailureKey = Pick<ErrorCauseFacts, 'server' | 'sqlstate' | 'errorClass'>;

/** Failures with one key. */
export interface FailureGroup
  extends FailureKey,
    Pick<
      ErrorCauseFacts,
      | 'count'
      | 'logins'
      | 'firstUs'
      | 'lastUs'
      | 'sessions'
      | 'channels'
      | 'clients'
      | 'applications'
    > {
  /** Of the first one. */
  readonly example: readonly [sessionId: string, client: string, message: string];
}

/** Those of one code on one node, and those that only followed from them, which are not in `count`. */
export type CauseGroup = FailureGroup & Pick<ErrorCauseFacts, 'followOn'>;

export type ClassCount = Pick<ErrorCauseFacts['classes'][number], 'fingerprint' | 'count'>;

export interface Failures {
  /** Of all nodes together, without logins; most first. */
  readonly codes: readonly (FailureGroup & { readonly lastMessage: string })[];
  /** Of each node; most first. */
  readonly causes: readonly CauseGroup[];
  /** The classes that failed most under a key, most first. */
  readonly classesOf: (key: FailureKey) => readonly ClassCount[];
  readonly steps: readonly Omit<ErrorStep, 'stepUs'>[];
}

export function keyOf({ server, sqlstate, errorClass }: FailureKey): string {
  return `${server} ${sqlstate} ${errorClass}`;
}

/** @throws MirrorSqlError */
export async function readFailures(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<Failures> {
  const [groups, { classesOf, steps }] = await Promise.all([
    readGroups(store, parameters),
    readCounts(store, stepUs, parameters),
  ]);
  const causes = groups.filter(({ server }) => server !== '');
  // In most hours none followed from another: then each is its own cause.
  const mayFollow =
    causes.length === GROUPS_MAX || causes.some(({ errorClass }) => errorClass === ABORTED);
  return {
    codes: groups.filter(({ server, login }) => server === '' && login === 0),
    causes: mayFollow
      ? await readCauses(store, parameters)
      : causes
          .slice(0, CAUSES_MAX)
          .map(({ login: _, lastMessage: __, ...cause }) => ({ ...cause, followOn: 0 })),
    classesOf,
    steps,
  };
}

const WHOSE = `uniqExact(session_id) AS sessions, topK(${CHANNELS_EACH})(session_id) AS channels,
  arraySort(groupUniqArray(${NAMES_EACH})(client_ip)) AS clients,
  arraySort(groupUniqArrayIf(${NAMES_EACH})(application, application != '')) AS applications,
  countIf(fingerprint = ${NO_STATEMENT}) AS logins, ${us('max(ts)')} AS lastUs`;
const EXAMPLE = '(session_id, client_ip, error_message)';

type GroupRow = Failures['codes'][number] & { readonly login: number };

/** Of all nodes together, and of each node; each as it failed, also those that only followed from another. */
function readGroups(store: Store, parameters: Parameters): Promise<GroupRow[]> {
  return ask<GroupRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, fingerprint = ${NO_STATEMENT} AS login,
      count() AS count, ${us('min(ts)')} AS firstUs, argMin(${EXAMPLE}, ts) AS example,
      argMax(error_message, ts) AS lastMessage, ${WHOSE}
    FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY GROUPING SETS ((sqlstate, errorClass, login), (server, sqlstate, errorClass))
    ORDER BY count DESC, server, sqlstate, errorClass LIMIT ${GROUPS_MAX} BY server = '', login`,
    parameters,
    { leading: true },
  );
}

/** Of a code in a step, and then without a class; or of a class. */
interface CountRow extends FailureKey {
  readonly class: string;
  readonly startUs: number;
  readonly count: number;
}

/** How many failed in each step, and of each class. */
async function readCounts(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<Pick<Failures, 'classesOf' | 'steps'>> {
  const rows = await ask<CountRow>(
    store,
    `SELECT ${SERVER} AS server, sqlstate, error_class AS errorClass, toStringCutToZero(fingerprint) AS class,
      intDiv(${us('ts')}, {stepUs:Int64}) * {stepUs:Int64} AS startUs, count() AS count
    FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE} AND fingerprint != ${NO_STATEMENT}
    GROUP BY GROUPING SETS ((sqlstate, startUs), (sqlstate, errorClass, fingerprint),
      (server, sqlstate, errorClass, fingerprint))
    ORDER BY startUs, sqlstate, count DESC, class LIMIT ${CLASSES_EACH} BY server, sqlstate, errorClass, startUs`,
    { ...parameters, stepUs },
  );
  const classes = new Map<string, ClassCount[]>();
  const steps: Omit<ErrorStep, 'stepUs'>[] = [];
  for (const { class: fingerprint, count, startUs, ...key } of rows) {
    const group = classes.get(keyOf(key));
    if (fingerprint === '') steps.push({ sqlstate: key.sqlstate, startUs, count });
    else if (group === undefined) classes.set(keyOf(key), [{ fingerprint, count }]);
    else group.push({ fingerprint, count });
  }
  return { classesOf: (key) => classes.get(keyOf(key)) ?? [], steps };
}

/**
 * Failures of each node, each under the code of its cause. A failure follows from another when it is of class tx_aborted
 * ("current transaction is aborted") and the same transaction failed before: its cause is the last such failure, which is
 * the one that put the transaction into that state, also where savepoints let it fail several times.
 */
function readCauses(store: Store, parameters: Parameters): Promise<CauseGroup[]> {
  return ask<CauseGroup>(
    store,
    `SELECT server, code AS sqlstate, class AS errorClass, countIf(NOT follows) AS count, countIf(follows) AS followOn,
      ${us('if(count > 0, minIf(ts, NOT follows), min(ts))')} AS firstUs, argMin(${EXAMPLE}, (follows, ts)) AS example, ${WHOSE}
    FROM (
      SELECT ${SERVER} AS server, own.error_class = '${ABORTED}' AND caused = 1 AS follows,
        if(follows, causeSqlstate, own.sqlstate) AS code, if(follows, causeClass, own.error_class) AS class,
        ts, session_id, client_ip, application, fingerprint, error_message
      FROM (SELECT * FROM failures WHERE ${inWindow('ts')} AND ${IN_SCOPE}) AS own
      ASOF LEFT JOIN (
        SELECT session_id, collector, transaction_id, sequence AS causeSequence, sqlstate AS causeSqlstate,
          error_class AS causeClass, 1 AS caused
        FROM failures
        WHERE ts >= fromUnixTimestamp64Micro({fromUs:Int64} - ${CAUSE_BEFORE_US}, 'UTC')
          AND ts < ${moment('toUs')} AND ${IN_SCOPE}
          AND error_class != '${ABORTED}' AND transaction_id > 0
      ) AS cause
      ON own.session_id = cause.session_id AND own.collector = cause.collector
        AND own.transaction_id = cause.transaction_id AND own.sequence > cause.causeSequence
    ) GROUP BY server, sqlstate, errorClass
    ORDER BY count + followOn DESC, server, sqlstate, errorClass LIMIT ${CAUSES_MAX}`,
    parameters,
  );
}
