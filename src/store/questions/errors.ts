/** Failed statements by their code, and over time: from a table of their own, so that no statement that went well is read. */
import type { ErrorFacts, ErrorStep } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { ask, IN_SCOPE, inWindow, type Parameters, us } from './ask.ts';

const CODES_MAX = 500;
const CLASSES_PER_CODE = 5;
const CLIENTS_PER_CODE = 20;

/** Refused logins are among the failures, for their diagnosis; they are no statements. */
const FAILED = `${inWindow('ts')} AND ${IN_SCOPE} AND fingerprint != toFixedString('', 16)`;

interface ClassCount {
  readonly sqlstate: string;
  readonly errorClass: string;
  readonly fingerprint: string;
  readonly count: number;
}

export async function readErrors(
  store: Store,
  parameters: Parameters,
  descriptions: ClassDescriptions,
): Promise<ErrorFacts[]> {
  const [codes, classes] = await Promise.all([
    ask<Omit<ErrorFacts, 'classes'>>(
      store,
      `SELECT sqlstate, error_class AS errorClass, count() AS count, ${us('min(ts)')} AS firstUs, ${us('max(ts)')} AS lastUs,
        argMax(error_message, ts) AS sampleMessage, uniqExact(session_id) AS sessions,
        arraySort(groupUniqArray(${CLIENTS_PER_CODE})(client_ip)) AS clients
      FROM failures WHERE ${FAILED}
      GROUP BY sqlstate, errorClass ORDER BY count DESC, sqlstate LIMIT ${CODES_MAX}`,
      parameters,
    ),
    ask<ClassCount>(
      store,
      `SELECT sqlstate, error_class AS errorClass, fingerprint, count() AS count
      FROM failures WHERE ${FAILED}
      GROUP BY sqlstate, errorClass, fingerprint
      ORDER BY count DESC, fingerprint LIMIT ${CLASSES_PER_CODE} BY sqlstate, errorClass`,
      parameters,
    ),
  ]);
  const described = await descriptions.of(classes.map(({ fingerprint }) => fingerprint));
  return codes.map((code) => ({
    ...code,
    classes: classes
      .filter(
        ({ sqlstate, errorClass }) => sqlstate === code.sqlstate && errorClass === code.errorClass,
      )
      .map(({ fingerprint, count }) => ({
        fingerprint,
        normalized: described(fingerprint).normalized,
        count,
      })),
  }));
}

export async function readErrorSteps(
  store: Store,
  stepUs: number,
  parameters: Parameters,
): Promise<ErrorStep[]> {
  const rows = await ask<Omit<ErrorStep, 'stepUs'>>(
    store,
    `SELECT sqlstate, intDiv(${us('ts')}, {stepUs:Int64}) * {stepUs:Int64} AS startUs, count() AS count
    FROM failures WHERE ${FAILED} GROUP BY sqlstate, startUs ORDER BY startUs, sqlstate`,
    { ...parameters, stepUs },
  );
  return rows.map((row) => ({ ...row, stepUs }));
}
