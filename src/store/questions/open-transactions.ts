/**
 * D3, P7: transactions that were open at the end of a window (or of what is known of it), and those that were open long
 * in it. A transaction that was open at a moment of the past is one that began before and ended behind it; one that
 * never ended is in its session's row. With `mirrorsql query`:
 * `SELECT * FROM transactions WHERE start_ts < T AND ts >= T AND NOT implicit`,
 * `SELECT * FROM sessions FINAL WHERE transaction_start_ts < T AND end_reason = 'capture_end'`.
 */
import type { Extent, Window } from '../../events/facts.ts';
import {
  answeredStatements,
  type GaveUpFacts,
  LONG_TRANSACTION_US,
  type OpenTransactionFacts,
  type OpenTransactionsFacts,
} from '../../events/open-transactions.ts';
import {
  FINGERPRINT_SIZE,
  type StatementStepFacts,
  type TransactionTypeFacts,
} from '../../events/transaction-types.ts';
import type { Store } from '../store.ts';
import { ask, IN_SCOPE, moment, openSessions, type Parameters, SERVER, us } from './ask.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { readCourses, readWaiting, type Spell } from './open-transaction-details.ts';
import {
  learntUntil,
  readStatementSteps,
  readStepTimes,
  readTransactionTypes,
} from './transaction-types.ts';
import { HELD_LEAST_US, readGaveUp, waitedFor, type Waits } from './waited-for.ts';

const OPEN_MAX = 50;
const ENDED_MAX = 20;
/** Their keys travel in a question's address. */
const UNENDED_MAX = 2_000;
/** Of them three are told; their order may differ with what came before. */
const FOLLOWERS_MAX = 20;
const LONG_MAX = 5_000;
/** Of those that were not long. */
const SHORT_MAX = 2_000;
/** Younger ones are counted only: what they do next they have done before anybody reads of it. */
const TOLD_FROM_US = 1_000_000;
/** What was open at the end of a window of the past is looked for so far behind it. */
const LOOKED_BEHIND_US = 86_400_000_000;

/** A request that is older and has no answer is rare. */
const UNANSWERED_LOOKED_BACK_US = 600_000_000;

const WHO = `session_id AS sessionId, client_ip AS client, client_port AS clientPort, ${SERVER} AS server,
  user, database, application`;

/** Bytes of a request or an answer are missing: a COMMIT may have been among them. */
const TORN = 'bitAnd(quality, 3) != 0 AS torn';

/** @throws MirrorSqlError */
export async function readOpenTransactions(
  store: Store,
  window: Window,
  extent: NonNullable<Extent>,
  parameters: Parameters,
  waits: Promise<Waits>,
  descriptions: ClassDescriptions,
): Promise<OpenTransactionsFacts> {
  const asOfUs = Math.round(Math.min(window.toUs, extent.toUs));
  const asked = {
    ...parameters,
    asOfUs,
    behindUs: asOfUs + LOOKED_BEHIND_US,
    longUs: LONG_TRANSACTION_US,
  };
  const [later, { unended, unendedCount }, long, held] = await Promise.all([
    readEndedLater(store, asked),
    readUnended(store, asOfUs, asked),
    readLong(store, asked),
    waits.then((any) => (any.gaveUp || any.slow ? readWaitedFor(store, any, asked) : [])),
  ]);
  const laterCount = later.length < OPEN_MAX ? later.length : await countEndedLater(store, asked);
  const open = [...later, ...unended]
    .filter(({ sinceUs }) => asOfUs - sinceUs >= TOLD_FROM_US)
    .sort((a, b) => a.sinceUs - b.sinceUs)
    .slice(0, OPEN_MAX);
  const allEnded = long.filter(({ endUs }) => endUs !== null && endUs < asOfUs);
  const ended = [...allEnded.slice(0, ENDED_MAX), ...held];
  const spells: Spell[] = [...open, ...ended];
  const facts = {
    asOfUs,
    openCount: laterCount + unendedCount,
    endedCount: allEnded.length,
    long: [
      ...long.map(({ sinceUs, endUs, type }) => ({ sinceUs, endUs, type })),
      ...unended
        .filter(({ sinceUs }) => asOfUs - sinceUs >= LONG_TRANSACTION_US)
        .map(({ sinceUs }) => ({ sinceUs, endUs: null, type: '' })),
    ],
  };
  if (spells.length === 0) return { ...facts, ...NOTHING_OPEN };
  const gaveUp = waits.then((any) => (any.gaveUp ? readGaveUp(store, spells, asked) : []));
  const details = await readDetails(store, spells, open.length, gaveUp, asked, descriptions);
  return { ...facts, ...details };
}

/** @param openCount the first ones of `spells`, which are open; the others have ended */
async function readDetails(
  store: Store,
  spells: readonly Spell[],
  openCount: number,
  gaveUpAsked: Promise<readonly GaveUpFacts[]>,
  parameters: Parameters & { readonly asOfUs: number },
  descriptions: ClassDescriptions,
): Promise<Pick<OpenTransactionsFacts, keyof typeof NOTHING_OPEN>> {
  const learnt = learntUntil(parameters.asOfUs);
  const servers = [...new Set(spells.slice(0, openCount).map(({ server }) => server))];
  const [courses, waiting, gaveUp, types, steps] = await Promise.all([
    readCourses(store, spells, parameters),
    readWaiting(store, spells, parameters),
    gaveUpAsked,
    readTransactionTypes(store, learnt, parameters),
    servers.length === 0 ? [] : readStatementSteps(store, learnt, servers, parameters),
  ]);
  const whole = spells.map(({ mayWork, ...spell }, index) => {
    const { working, ...course } = courses[index] ?? NO_COURSE;
    return {
      ...spell,
      ...course,
      working: working || !mayWork ? working : null,
      waiting: waiting[index] ?? [],
    };
  });
  const open = whole.slice(0, openCount);
  const [classes, stepTimes] = await Promise.all([
    descriptions.texts([
      ...textsOf(whole, types),
      ...gaveUp.map(({ fingerprint }) => fingerprint),
      ...followersOf(whole, steps),
    ]),
    readStepTimes(store, learnt, servers, open.map(answeredStatements), parameters),
  ]);
  return { open, ended: whole.slice(openCount), gaveUp, types, steps, stepTimes, classes };
}

const NOTHING_OPEN = {
  open: [],
  ended: [],
  gaveUp: [],
  types: [],
  steps: [],
  stepTimes: [],
  classes: [],
} as const;

function textsOf(
  spells: readonly OpenTransactionFacts[],
  types: readonly TransactionTypeFacts[],
): string[] {
  return [
    ...spells.flatMap(({ sequence, waiting }) => [
      ...sequence,
      ...waiting.map(({ fingerprint }) => fingerprint),
    ]),
    ...types.flatMap(({ statements }) => statements),
  ];
}

/** Statements that came most often behind the last one of each: those that may be guessed to come next. */
function followersOf(
  spells: readonly OpenTransactionFacts[],
  steps: readonly StatementStepFacts[],
): string[] {
  const lasts = new Set(spells.map(({ sequence }) => sequence.at(-1) ?? ''));
  const followers = new Map<string, Set<string>>();
  // The most frequent steps come first.
  for (const { context, next } of steps) {
    const last = context.slice(-FINGERPRINT_SIZE);
    if (!lasts.has(last)) continue;
    const own = followers.get(last) ?? new Set();
    if (own.size < FOLLOWERS_MAX) followers.set(last, own.add(next));
  }
  return [...followers.values()].flatMap((own) => [...own]);
}

const NO_COURSE = {
  statements: 0,
  rowsAffected: 0,
  lastStatementUs: null,
  lastAnswerUs: null,
  endAskedUs: null,
  lastFingerprint: null,
  working: false,
  sequence: [],
  unanswered: 0,
  answeredUs: null,
};

const ENDED_LATER = `NOT implicit AND start_ts < ${moment('asOfUs')} AND ts >= ${moment('asOfUs')}
  AND ts < ${moment('behindUs')} AND ${IN_SCOPE}`;

interface SpellRow extends Omit<Spell, 'user' | 'database' | 'application' | 'torn' | 'mayWork'> {
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly torn: 0 | 1;
}

function spellOf(row: SpellRow): Spell {
  return {
    ...row,
    user: row.user === '' ? null : row.user,
    database: row.database === '' ? null : row.database,
    application: row.application === '' ? null : row.application,
    torn: row.torn === 1,
    mayWork: false,
  };
}

async function readEndedLater(store: Store, parameters: Parameters): Promise<Spell[]> {
  const rows = await ask<SpellRow>(
    store,
    `SELECT ${WHO}, ${us('start_ts')} AS sinceUs, {asOfUs:Int64} AS asOfUs, ${us('ts')} AS endUs,
      toString(outcome) AS outcome, ${TORN}
    FROM transactions WHERE ${ENDED_LATER} ORDER BY start_ts, session_id LIMIT ${OPEN_MAX}`,
    parameters,
  );
  return rows.map(spellOf);
}

async function countEndedLater(store: Store, parameters: Parameters): Promise<number> {
  const [row] = await ask<{ count: number }>(
    store,
    `SELECT count() AS count FROM transactions WHERE ${ENDED_LATER}`,
    parameters,
  );
  return row?.count ?? 0;
}

/**
 * Of sessions that were seen in the window and whose transaction was open when they were last seen: the oldest, and how many
 * there are. Of more than are read nobody looks whether they have ended since.
 */
async function readUnended(
  store: Store,
  asOfUs: number,
  parameters: Parameters,
): Promise<{ readonly unended: Spell[]; readonly unendedCount: number }> {
  const rows = await ask<SpellRow & { readonly total: number }>(
    store,
    `SELECT ${WHO}, ${us('assumeNotNull(transaction_start_ts)')} AS sinceUs,
      least({asOfUs:Int64}, ${us('end_ts')}) AS asOfUs, NULL AS endUs, NULL AS outcome, ${TORN}, count() OVER () AS total
    FROM ${openSessions()}
    ARRAY JOIN if(transaction_start_ts < ${moment('asOfUs')} AND transaction_status IN ('T', 'E')
      AND end_reason = 'capture_end', [1], []) AS unended
    ORDER BY transaction_start_ts, session_id LIMIT ${UNENDED_MAX}`,
    parameters,
  );
  if (rows.length === 0) return { unended: [], unendedCount: 0 };
  // A live session's row may be older than the end of its transaction.
  const ended = await ask<{ key: string }>(
    store,
    `SELECT concat(session_id, ' ', toString(${us('start_ts')})) AS key FROM transactions
    WHERE ts >= ${moment('earliestUs')} AND start_ts >= ${moment('earliestUs')} AND start_ts < ${moment('asOfUs')}
      AND key IN {keys:Array(String)}`,
    {
      asOfUs,
      earliestUs: Math.min(...rows.map(({ sinceUs }) => sinceUs)),
      keys: rows.map(({ sessionId, sinceUs }) => `${sessionId} ${String(sinceUs)}`),
    },
  );
  const over = new Set(ended.map(({ key }) => key));
  const spells = rows
    .filter(({ sessionId, sinceUs }) => !over.has(`${sessionId} ${String(sinceUs)}`))
    .map(({ total: _, ...row }) => spellOf(row));
  const busy = await readBusyEdges(store, asOfUs, spells, parameters);
  return {
    unended: spells.map((spell) => ({
      ...spell,
      mayWork: busy.has(`${spell.client} ${spell.server}`),
    })),
    unendedCount: (rows[0]?.total ?? 0) - rows.length + spells.length,
  };
}

/**
 * Clients with more requests that waited for their answers when they were last seen than are stored as unanswered: as
 * long as one captures, a request is stored when it is answered.
 */
async function readBusyEdges(
  store: Store,
  asOfUs: number,
  spells: readonly Spell[],
  parameters: Parameters,
): Promise<Set<string>> {
  if (spells.length === 0) return new Set();
  const edge = `concat(client_ip, ' ', ${SERVER})`;
  const asked = {
    ...parameters,
    seenUs: Math.min(asOfUs, ...spells.map((one) => one.asOfUs)) - 2_000_000,
    sentUs: asOfUs - UNANSWERED_LOOKED_BACK_US,
    clients: [...new Set(spells.map(({ client }) => client))],
  };
  const rows = await ask<{ edge: string }>(
    store,
    `SELECT edge FROM (
      SELECT ${edge} AS edge, max(outstanding) AS waited, 0 AS told FROM activity_1s
      WHERE t >= toDateTime(intDiv({seenUs:Int64}, 1000000), 'UTC') AND t <= toDateTime(intDiv({asOfUs:Int64}, 1000000), 'UTC')
        AND client_ip IN {clients:Array(String)} AND ${IN_SCOPE} GROUP BY edge
      UNION ALL
      SELECT ${edge} AS edge, 0 AS waited, count() AS told FROM events
      WHERE ts >= ${moment('sentUs')} AND ts < ${moment('asOfUs')} AND status = 'unanswered'
        AND client_ip IN {clients:Array(String)} AND ${IN_SCOPE} GROUP BY edge
    ) GROUP BY edge HAVING sum(waited) > sum(told)`,
    asked,
  );
  return new Set(rows.map(({ edge: busy }) => busy));
}

const LONG_IN_WINDOW = `NOT implicit AND duration_us >= {longUs:UInt64} AND ts >= ${moment('fromUs')} AND ${IN_SCOPE}`;

/** Columns of a spell that ended when its transaction did. */
const ENDED = `${WHO}, ${us('start_ts')} AS sinceUs, ${us('ts')} AS asOfUs, ${us('ts')} AS endUs,
      toString(outcome) AS outcome, ${TORN}`;

/** What others may have waited for, and was not long: of many the longest are looked at. */
async function readWaitedFor(store: Store, waits: Waits, parameters: Parameters): Promise<Spell[]> {
  const rows = await ask<SpellRow>(
    store,
    `SELECT ${ENDED} FROM transactions
    WHERE NOT implicit AND duration_us >= ${HELD_LEAST_US} AND duration_us < {longUs:UInt64}
      AND ts >= ${moment('fromUs')} AND ts < ${moment('asOfUs')} AND ${IN_SCOPE}
    ORDER BY duration_us DESC, session_id LIMIT ${SHORT_MAX}`,
    parameters,
  );
  return waitedFor(store, rows.map(spellOf), waits, parameters);
}

/** The longest first. */
async function readLong(
  store: Store,
  parameters: Parameters,
): Promise<(Spell & { readonly type: string })[]> {
  const rows = await ask<SpellRow & { readonly type: string }>(
    store,
    `SELECT ${ENDED}, toString(type) AS type
    FROM transactions
    WHERE ${LONG_IN_WINDOW} AND ts < ${moment('behindUs')} AND start_ts < ${moment('asOfUs')}
    ORDER BY duration_us DESC, session_id LIMIT ${LONG_MAX}`,
    parameters,
  );
  return rows.map((row) => ({ ...spellOf(row), type: row.type }));
}
