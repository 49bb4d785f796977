/** What single transactions did, and who waited while they were open: read from the events by session and time. */
import type { OpenTransactionFacts, WaitingFacts } from '../../events/open-transactions.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, moment, type Parameters, SERVER, us } from './ask.ts';

/** A transaction, without what its events tell. */
export interface Spell
  extends Omit<
    OpenTransactionFacts,
    | 'statements'
    | 'rowsAffected'
    | 'lastStatementUs'
    | 'lastAnswerUs'
    | 'endAskedUs'
    | 'lastFingerprint'
    | 'working'
    | 'sequence'
    | 'unanswered'
    | 'answeredUs'
    | 'waiting'
  > {
  /** Its client had a request without an answer: it may be of this session, and not be stored yet. */
  readonly mayWork: boolean;
}

export interface Course
  extends Pick<
    OpenTransactionFacts,
    | 'statements'
    | 'rowsAffected'
    | 'lastStatementUs'
    | 'lastAnswerUs'
    | 'endAskedUs'
    | 'lastFingerprint'
    | 'sequence'
    | 'unanswered'
    | 'answeredUs'
  > {
  readonly working: boolean;
}

/** Of a long transaction, so many of its first and as many of its last statements are read. */
const EACH_END_MAX = 100;
/** Whoever waits for less may be working. */
export const WAITING_LEAST_US = 1_000_000;
/** Applications and proxies give up before. */
const WAITING_MOST_US = 600_000_000;
const WAITING_ROWS_MAX = 2_000;
/** Whoever waited for a lock is often answered a little before the COMMIT that released it. */
export const RELEASED_BEFORE_US = 100_000;
/** Stands for the end of what was not answered. */
const NEVER_US = Number.MAX_SAFE_INTEGER;

/** Session ids are hex digits that we made ourselves. */
const quoted = (sessionId: string): string => `'${sessionId.replace(/[^0-9a-f]/g, '')}'`;

interface CourseRow {
  readonly spell: number;
  readonly statements: number;
  readonly rowsAffected: number;
  readonly busyUntilUs: number;
  /** Of statements other than BEGIN and its like; null, 0 and '' without any. */
  readonly lastStatementUs: number | null;
  readonly lastAnswerUs: number;
  /** Of BEGIN, COMMIT and their like; null without any. */
  readonly lastControlUs: number | null;
  readonly lastFingerprint: string;
  readonly fingerprints: readonly string[];
  readonly unanswered: number;
  /** 0: nothing, not even BEGIN. */
  readonly answeredUs: number;
}

/** In the order of `spells`. */
export async function readCourses(
  store: Store,
  spells: readonly Spell[],
  parameters: Parameters,
): Promise<Course[]> {
  // One condition a spell, so that the index on time and that on sessions hold for each.
  const conditions = spells.map(
    ({ sessionId, sinceUs, asOfUs }) =>
      `(session_id = ${quoted(sessionId)} AND ts >= ${moment(sinceUs)} AND ts < ${moment(asOfUs)})`,
  );
  const spell = `multiIf(${conditions.map((one, index) => `${one}, ${index}`).join(', ')}, ${spells.length})`;
  const asOf = `multiIf(${conditions.map((one, index) => `${one}, ${Math.round(spells[index]?.asOfUs ?? 0)}`).join(', ')}, 0)`;
  const inSpells = `(${conditions.join(' OR ')}) AND ${IN_SCOPE}`;
  const counted = "kind NOT IN ('transaction', 'empty') AND status != 'skipped'";
  const answeredAt = `if(status = 'unanswered', ${NEVER_US}, ${us('ts')} + toInt64(ifNull(duration_us, 0)))`;
  const sums = await ask<CourseRow>(
    store,
    `SELECT ${spell} AS spell, countIf(${counted}) AS statements, sum(ifNull(events.rows_affected, 0)) AS rowsAffected,
      max(${answeredAt}) AS busyUntilUs, countIf(${counted} AND ${answeredAt} > ${asOf}) AS unanswered,
      maxIf(${answeredAt}, ${counted} AND ${answeredAt} <= ${asOf}) AS lastAnsweredUs,
      if(lastAnsweredUs > 0, lastAnsweredUs, maxIf(${answeredAt}, kind = 'transaction' AND ${answeredAt} <= ${asOf})) AS answeredUs,
      maxIf(toNullable(${us('ts')}), ${counted}) AS lastStatementUs,
      maxIf(toNullable(${us('ts')}), kind = 'transaction' AND status != 'skipped') AS lastControlUs,
      argMaxIf(${answeredAt}, (ts, sequence), ${counted}) AS lastAnswerUs,
      argMaxIf(toString(fingerprint), (ts, sequence), ${counted}) AS lastFingerprint,
      arrayMap(one -> one.2, arraySort(groupArrayIf((events.sequence, toString(fingerprint)), ${counted}))) AS ran,
      if(length(ran) <= ${2 * EACH_END_MAX}, ran,
        arrayConcat(arraySlice(ran, 1, ${EACH_END_MAX}), arraySlice(ran, -${EACH_END_MAX}))) AS fingerprints
    FROM events WHERE ${inSpells} GROUP BY spell`,
    parameters,
  );
  const sumOf = new Map(sums.map((row) => [row.spell, row]));
  return spells.map(({ sinceUs, asOfUs, endUs }, index) => {
    const row = sumOf.get(index);
    const { lastStatementUs = null, lastAnswerUs = 0, lastFingerprint = '' } = row ?? {};
    const controlUs = row?.lastControlUs ?? 0;
    return {
      statements: row?.statements ?? 0,
      rowsAffected: row?.rowsAffected ?? 0,
      lastStatementUs,
      lastAnswerUs: lastStatementUs !== null && lastAnswerUs <= asOfUs ? lastAnswerUs : null,
      endAskedUs: endUs === asOfUs && controlUs > (lastStatementUs ?? sinceUs) ? controlUs : null,
      lastFingerprint: lastFingerprint === '' ? null : lastFingerprint,
      working: (row?.busyUntilUs ?? 0) > asOfUs,
      sequence: row?.fingerprints ?? [],
      unanswered: row?.unanswered ?? 0,
      answeredUs: (row?.answeredUs ?? 0) === 0 ? null : (row?.answeredUs ?? null),
    };
  });
}

interface WaitingRow extends WaitingFacts {
  readonly server: string;
  readonly untilUs: number;
}

/**
 * For each spell: requests of other sessions on its server that were sent after it began and still waited, for at least
 * a second, when it ended or was last looked at. Whether they waited for it, their tables and kinds must tell.
 */
export async function readWaiting(
  store: Store,
  spells: readonly Spell[],
  parameters: Parameters,
): Promise<WaitingFacts[][]> {
  const old = spells.filter(({ sinceUs, asOfUs }) => asOfUs - sinceUs >= WAITING_LEAST_US);
  if (old.length === 0) return spells.map(() => []);
  const earliest = ({ sinceUs, asOfUs }: Spell): number =>
    Math.max(sinceUs, asOfUs - WAITING_MOST_US);
  const periods = mergedPeriods(old.map((spell) => [earliest(spell), spell.asOfUs]));
  const rows = await ask<WaitingRow>(
    store,
    `SELECT session_id AS sessionId, client_ip AS client, toString(fingerprint) AS fingerprint, ${us('ts')} AS sinceUs, ${SERVER} AS server,
      if(duration_us IS NULL, ${NEVER_US}, ${us('ts')} + toInt64(assumeNotNull(duration_us))) AS untilUs
    FROM events
    WHERE (${periods.map(([fromUs, toUs]) => `(ts >= ${moment(fromUs)} AND ts < ${moment(toUs)})`).join(' OR ')})
      AND (duration_us >= ${WAITING_LEAST_US} OR status = 'unanswered') AND ${IN_SCOPE}
    ORDER BY duration_us DESC NULLS FIRST LIMIT ${WAITING_ROWS_MAX}`,
    parameters,
  );
  return spells.map((spell) =>
    rows
      .filter(
        ({ sessionId, server, sinceUs, untilUs }) =>
          sessionId !== spell.sessionId &&
          server === spell.server &&
          sinceUs >= earliest(spell) &&
          sinceUs <= spell.asOfUs - WAITING_LEAST_US + RELEASED_BEFORE_US &&
          untilUs >= spell.asOfUs - (spell.endUs === spell.asOfUs ? RELEASED_BEFORE_US : 0),
      )
      .map(({ sessionId, client, fingerprint, sinceUs }) => ({
        sessionId,
        client,
        fingerprint,
        sinceUs,
      })),
  );
}

function mergedPeriods(periods: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [fromUs, toUs] of [...periods].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && fromUs <= last[1]) last[1] = Math.max(last[1], toUs);
    else merged.push([fromUs, toUs]);
  }
  return merged;
}
