/**
 * Bytes were lost: nothing may be invented and nothing may go uncounted. What is told without a mark equals what the
 * model expects; what is marked does not contradict it; and what was asked in whole is told, whatever became of it.
 */
import { Quality } from '../../src/events/quality.ts';
import type { RecordedStatement, RecordedTransaction } from '../collectors/recording-sink.ts';
import type { Coverages } from './capture.ts';
import { brief } from './check-whole.ts';
import { compareStatement, compareTransaction } from './compare.ts';
import type { Message } from './dialogue.ts';
import type { ExpectedSession, ExpectedStatement, ExpectedTransaction } from './expected.ts';
import { idsByConnection } from './identity.ts';
import type { Scene } from './scene.ts';
import type { SessionModel } from './session-model.ts';
import { DEFERRED_FAILURE } from './transaction-model.ts';

export function checkLossy(scene: Scene): string[] {
  const ids = idsByConnection(scene);
  return scene.sessions.flatMap((session, connection) => {
    const id = ids.get(connection);
    const coverages = scene.coverages[connection];
    if (id === undefined || coverages === undefined) return [];
    return [
      ...statements(scene, session, id, coverages),
      ...transactions(scene, session, id),
      ...lifetime(scene, session, id),
    ].map((complaint) => `connection ${connection}: ${complaint}`);
  });
}

function statements(
  scene: Scene,
  { expected, dialogue }: SessionModel,
  id: string,
  { client, server }: Coverages,
): string[] {
  const complaints: string[] = [];
  const left = new Set(expected.statements);
  const seen = new Set<ExpectedStatement>();
  const unanswered = new Set<Message>();
  const elsewhere = new Elsewhere(client);
  const mine = scene.told.statements.filter(({ sessionId }) => sessionId === id);
  for (const told of mine) {
    const name = `${brief(told)} [${told.quality.join()}]`;
    if (told.text === undefined) {
      if (told.quality.length === 0) complaints.push(`${name}: no text and no mark`);
      if (!isKnown(told, expected.statements)) complaints.push(`${name}: nobody did that`);
      if (!isGuess(told) && !expected.statements.some((one) => contradicts(told, one).length === 0))
        complaints.push(`${name}: nobody was given that`);
      elsewhere.add(told);
      continue;
    }
    // Of what was only prepared nothing but its failure is told.
    const candidates = [...left].filter(
      (one) => isText(told, one) && (one.executed || told.status === 'error'),
    );
    const own = best(candidates, told, client);
    if (own === undefined || !cameThen(own, told, client)) elsewhere.add(told);
    if (own === undefined) {
      // An answer that was joined by a guess may be given to what was answered, or only prepared.
      if (isGuess(told) && expected.texts.has(told.text)) {
        for (const { request } of partsOf(told, left, client)) unanswered.add(request);
        continue;
      }
      if (isInferred(told, scene)) continue;
      const passedOver = told.status === 'skipped' && isGuess(told);
      if (passedOver && expected.texts.has(told.text.split(SEPARATOR)[0] ?? '')) {
        // A string that looks as if it was passed over is told as one.
        const asked = [...left].filter((one) => cameThen(one, told, client));
        for (const one of asked) unanswered.add(one.request);
        continue;
      }
      complaints.push(`${name}: told and never done, or told twice`);
      continue;
    }
    // Without the answers nobody sees that an Execute goes on with a portal.
    if (!own.fetchedInParts) left.delete(own);
    seen.add(own);
    // Nothing behind its request was seen of the server: more cannot be known.
    const silent = !own.work.some(({ last }) => server.last >= last.end);
    if (told.status === 'unanswered') {
      unanswered.add(own.request);
      if (silent) continue;
    }
    const against =
      told.quality.length === 0 ? compareStatement(told, own) : contradicts(told, own);
    complaints.push(...against.map((difference) => `${name}: ${difference}`));
  }
  complaints.push(...tooMany(mine, expected, client));
  const asked = client.synchronised && client.missing(0, dialogue.sent.client, false) === 0;
  if (asked && scene.plan.faults.startsLate === 0)
    for (const missing of left)
      if (
        missing.text !== undefined &&
        missing.executed &&
        // Refused as one string, told in parts when nobody saw that.
        missing.sqlstate !== '42601' &&
        !seen.has(missing) &&
        !unanswered.has(missing.request) &&
        !elsewhere.takes(missing)
      )
        complaints.push(`asked in whole and never told: ${missing.text.slice(0, 80)}`);
  return complaints;
}

/** A string that seems to have been refused, or passed over, is told as one: it stands for all that was asked with it. */
function partsOf(
  told: RecordedStatement,
  left: ReadonlySet<ExpectedStatement>,
  client: Coverages['client'],
): ExpectedStatement[] {
  const { text, sqlstate, status } = told;
  if (text === undefined || (sqlstate !== '42601' && status !== 'skipped')) return [];
  return [...left].filter(
    (one) => one.text !== undefined && text.includes(one.text) && cameThen(one, told, client),
  );
}

const SEPARATOR = /\s*;/;

/** One execution may be told as asked and, joined to nothing, as answered; no more often. */
function tooMany(
  mine: readonly RecordedStatement[],
  { statements, texts, endedByServer, failedByShutDown }: ExpectedSession,
  client: Coverages['client'],
): string[] {
  // A Parse, which is no execution, is told when an error is joined to it by a guess.
  const prepared = new Set<string>();
  for (const told of mine) {
    const { text, status, tsUs } = told;
    if (text === undefined || status !== 'error' || !isGuess(told) || !texts.has(text)) continue;
    const executed = statements.some((one) => one.text === text && cameThen(one, told, client));
    if (!executed) prepared.add(`${tsUs} ${text}`);
  }
  const most = statements.reduce((sum, one) => sum + eventsMax(one), prepared.size);
  // An error of which only the beginning was seen may be the server's farewell, which answers nothing.
  const unread = mine.filter((told) => told.status === 'error' && !told.sqlstate && isGuess(told));
  const farewells = endedByServer && !failedByShutDown ? Math.min(1, unread.length) : 0;
  const asked = mine.filter(({ text }) => text !== undefined).length;
  const open: readonly string[] = ['unknown', 'unanswered', 'skipped'];
  const answered = mine.filter(({ status }) => !open.includes(status)).length;
  return [
    ...(asked > most ? [`${asked} statements told as asked, at most ${most} were`] : []),
    ...(answered > most + farewells
      ? [`${answered} statements told as answered, at most ${most} were`]
      : []),
  ];
}

/**
 * A portal may be told once for each fetch, when it is not seen that they are of one; a refused string in its parts; and
 * a commit that failed apart from the statement before it.
 */
function eventsMax({ work, sqlstate, text }: ExpectedStatement): number {
  const parts = sqlstate === '42601' ? (text ?? '').split(SEPARATOR).length : 1;
  return Math.max(work.length, parts, sqlstate === DEFERRED_FAILURE.sqlstate ? 2 : 1);
}

/** Statements told without their text, or by a guess under another one: each stands for one that was asked then. */
class Elsewhere {
  readonly #client: Coverages['client'];
  readonly #times: number[] = [];

  constructor(client: Coverages['client']) {
    this.#client = client;
  }

  add(told: RecordedStatement): void {
    if (isGuess(told) || told.text === undefined) this.#times.push(told.tsUs);
  }

  takes(missing: ExpectedStatement): boolean {
    const place = this.#times.findIndex((tsUs) => cameThen(missing, { tsUs }, this.#client));
    if (place < 0) return false;
    this.#times.splice(place, 1);
    return true;
  }
}

/** The text that stands under that name in another session: told as inferred, and may be wrong where names are shared. */
function isInferred(told: RecordedStatement, { sessions }: Scene): boolean {
  const { text, statementName, quality } = told;
  if (text === undefined || statementName === undefined) return false;
  return quality.includes('inferred') && sessions.some(({ expected }) => expected.texts.has(text));
}

function isText(told: RecordedStatement, { text, sqlstate }: ExpectedStatement): boolean {
  if (text === undefined || told.text === undefined) return false;
  if (told.text === text) return true;
  // A string that was refused as one, which nobody saw: its first statement stands for it.
  const refused = sqlstate === '42601' && told.status === 'unanswered';
  return (refused || told.quality.includes('truncated')) && text.startsWith(told.text);
}

/** Of several executions of one text, the one whose request came then. */
function best(
  candidates: readonly ExpectedStatement[],
  told: RecordedStatement,
  client: Coverages['client'],
): ExpectedStatement | undefined {
  return candidates.find((candidate) => cameThen(candidate, told, client)) ?? candidates[0];
}

function cameThen(
  { request, work }: ExpectedStatement,
  { tsUs }: Pick<RecordedStatement, 'tsUs'>,
  client: Coverages['client'],
): boolean {
  return [request, ...work.flatMap(({ requests }) => requests)].some(
    // A packet that came early waits for those in front of it.
    ({ end }) => client.seenUs(end - 1) === tsUs || client.seenInOrderUs(end - 1) === tsUs,
  );
}

/** A statement without its text: its tag is one that somebody was given. */
function isKnown(told: RecordedStatement, all: readonly ExpectedStatement[]): boolean {
  const { command, sqlstate } = told;
  if (sqlstate !== undefined && !all.some((one) => one.sqlstate === sqlstate)) return false;
  if (command === undefined) return true;
  return all.some((one) => {
    const tags: readonly (string | undefined)[] = [
      one.command,
      // The tag says more than the first word, or something else.
      one.command === 'LOCK' ? 'LOCK TABLE' : undefined,
      one.command === 'CREATE TABLE' ? 'SELECT' : undefined,
      one.command === 'COMMIT' || one.command === 'PREPARE TRANSACTION' ? 'ROLLBACK' : undefined,
      one.command === 'COMMIT' ? 'COMMIT PREPARED' : undefined,
      one.command === 'ROLLBACK' ? 'ROLLBACK PREPARED' : undefined,
      one.command === 'DEALLOCATE' ? 'DEALLOCATE ALL' : undefined,
      one.command === 'DISCARD' ? 'DISCARD ALL' : undefined,
    ];
    return tags.includes(command);
  });
}

/**
 * What a marked event says against what happened; unsaid is never against it. Behind a gap answers are joined to
 * requests by a guess, which the mark says.
 */
function contradicts(told: RecordedStatement, own: ExpectedStatement): string[] {
  if (isGuess(told)) return [];
  const found: string[] = [];
  const open = told.status === 'unknown' || told.status === 'unanswered';
  if (!open && told.status !== own.status) found.push(`status ${told.status}, was ${own.status}`);
  if (told.sqlstate !== undefined && told.sqlstate !== own.sqlstate)
    found.push(`SQLSTATE ${told.sqlstate}, was ${String(own.sqlstate)}`);
  if ((told.rowsReturned ?? 0) > (own.rowsReturned ?? 0))
    found.push(`${String(told.rowsReturned)} rows returned, were ${String(own.rowsReturned)}`);
  if (told.rowsAffected !== undefined && told.rowsAffected !== own.rowsAffected)
    found.push(`${told.rowsAffected} rows affected, were ${String(own.rowsAffected)}`);
  return found;
}

function isGuess({ quality }: RecordedStatement | RecordedTransaction): boolean {
  return quality.some((mark) => GUESSED.has(mark));
}

const GUESSED: ReadonlySet<string> = new Set([
  'gap_request',
  'gap_response',
  'mid_stream',
  'one_way',
]);

function transactions({ told }: Scene, { expected }: SessionModel, id: string): string[] {
  const left = new Set(expected.transactions);
  const complaints: string[] = [];
  for (const one of told.transactions.filter(({ sessionId }) => sessionId === id)) {
    if (isGuess(one)) continue;
    const own = [...left].find((candidate) => isSame(one, candidate));
    if (own !== undefined) left.delete(own);
    else complaints.push(`transaction ${JSON.stringify(one)} is not one of those that ended`);
  }
  return complaints;
}

function isSame(told: RecordedTransaction, expected: ExpectedTransaction): boolean {
  return compareTransaction(told, expected).length === 0;
}

function lifetime({ told }: Scene, { expected }: SessionModel, id: string): string[] {
  const complaints: string[] = [];
  const mine = told.sessions.filter(({ session }) => session.id === id);
  const isInferred = mine.some(
    (event) => event.type === 'session_end' && (event.quality & Quality.Inferred) !== 0,
  );
  for (const { session } of mine.slice(-1)) {
    // From other sessions of the client: told with a mark.
    if (isInferred) break;
    if (session.user !== undefined && session.user !== expected.user)
      complaints.push(`user ${session.user}`);
    if (session.database !== undefined && session.database !== expected.database)
      complaints.push(`database ${session.database}`);
  }
  const ends = mine.filter(({ type }) => type === 'session_end').length;
  const starts = mine.filter(({ type }) => type === 'session_start').length;
  if (starts > 1 || ends > 1) complaints.push(`${starts} starts and ${ends} ends`);
  return complaints;
}
