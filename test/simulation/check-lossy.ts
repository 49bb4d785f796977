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
import type { ExpectedStatement, ExpectedTransaction } from './expected.ts';
import { idsByConnection } from './identity.ts';
import type { Scene } from './scene.ts';
import type { SessionModel } from './session-model.ts';

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
  const mine = scene.told.statements.filter(({ sessionId }) => sessionId === id);
  for (const told of mine) {
    const name = `${brief(told)} [${told.quality.join()}]`;
    if (told.text === undefined) {
      if (told.quality.length === 0) complaints.push(`${name}: no text and no mark`);
      if (!isKnown(told, expected.statements)) complaints.push(`${name}: nobody did that`);
      continue;
    }
    const candidates = [...left].filter((candidate) => isText(told, candidate));
    const own = best(candidates, told, client);
    if (own === undefined) {
      // An answer that was joined by a guess may be given to what was answered, or only prepared.
      if (isGuess(told) && expected.texts.has(told.text)) continue;
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
  const asked = client.synchronised && client.missing(0, dialogue.sent.client, false) === 0;
  if (asked && scene.plan.faults.startsLate === 0)
    for (const missing of left)
      if (
        missing.text !== undefined &&
        missing.executed &&
        // Refused as one string, told in parts when nobody saw that.
        missing.sqlstate !== '42601' &&
        !seen.has(missing) &&
        !unanswered.has(missing.request)
      )
        complaints.push(`asked in whole and never told: ${missing.text.slice(0, 80)}`);
  return complaints;
}

function isText(told: RecordedStatement, { text }: ExpectedStatement): boolean {
  if (text === undefined || told.text === undefined) return false;
  return told.text === text || (told.quality.includes('truncated') && text.startsWith(told.text));
}

/** Of several executions of one text, the one whose request came then. */
function best(
  candidates: readonly ExpectedStatement[],
  told: RecordedStatement,
  client: Coverages['client'],
): ExpectedStatement | undefined {
  const then = candidates.find(({ request, work }) =>
    [request, ...work.flatMap(({ requests }) => requests)].some(
      ({ end }) => client.seenUs(end - 1) === told.tsUs,
    ),
  );
  return then ?? candidates[0];
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

function isGuess({ quality }: RecordedStatement): boolean {
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
    if (one.quality.length > 0) continue;
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
