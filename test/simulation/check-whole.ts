/** Nothing was lost: what is told equals what the model expects, event for event. */
import type { RecordedStatement } from '../collectors/recording-sink.ts';
import {
  compareStatement,
  compareTimes,
  compareTransaction,
  compareTransactionTimes,
  compareWhole,
} from './compare.ts';
import { idsByConnection } from './identity.ts';
import type { SessionModel } from './session-model.ts';
import type { Scene } from './scene.ts';

export function checkWhole(scene: Scene): string[] {
  const ids = idsByConnection(scene);
  const complaints = scene.sessions.flatMap((session, connection) => {
    const id = ids.get(connection);
    const of = `connection ${connection}: `;
    return [
      ...statements(scene, session, connection, id),
      ...transactions(scene, session, connection, id),
      ...lifetime(scene, session, connection, ids),
    ].map((complaint) => of + complaint);
  });
  return [...complaints, ...counters(scene)];
}

function statements(
  { told, coverages, timed }: Scene,
  { expected }: SessionModel,
  connection: number,
  id: string | undefined,
): string[] {
  const coverage = coverages[connection];
  const mine = told.statements.filter(({ sessionId }) => sessionId === id);
  const complaints: string[] = [];
  const inParts = new Map(
    expected.statements.filter((e) => e.fetchedInParts).map((e) => [e.text ?? '', e]),
  );
  const queue = expected.statements.filter((e) => !e.fetchedInParts);
  for (const statement of mine) {
    const parted = inParts.get(statement.text ?? '?');
    if (parted !== undefined) inParts.delete(statement.text ?? '?');
    const should = parted ?? queue.shift();
    if (should === undefined) {
      complaints.push(`told and never done: ${brief(statement)}`);
      continue;
    }
    const differences = [
      ...compareStatement(statement, should),
      ...compareWhole(statement, should),
      ...(timed && coverage !== undefined ? compareTimes(statement, should, coverage) : []),
    ];
    for (const difference of differences)
      complaints.push(`${brief(statement)} (model: ${should.text ?? '?'}): ${difference}`);
  }
  for (const missing of [...queue, ...inParts.values()])
    complaints.push(`never told: ${missing.text ?? '?'} ${missing.status}`);
  return complaints;
}

export function brief({ text, command, status, sqlstate }: RecordedStatement): string {
  return `${(text ?? `<${command ?? '?'}>`).slice(0, 80)}: ${status} ${sqlstate ?? ''}`;
}

function transactions(
  { told, coverages, timed }: Scene,
  { expected }: SessionModel,
  connection: number,
  id: string | undefined,
): string[] {
  const coverage = coverages[connection];
  const mine = told.transactions.filter(({ sessionId }) => sessionId === id);
  const should = expected.transactions.filter(({ outcome }) => outcome !== undefined);
  const complaints = mine.flatMap((transaction) => {
    const { transactionId } = transaction;
    const model = should.find((candidate) => candidate.id === transactionId);
    if (model === undefined) return [`transaction ${transactionId} told and never ended`];
    const differences = [
      ...compareTransaction(transaction, model),
      ...(timed && coverage !== undefined
        ? compareTransactionTimes(transaction, model, coverage)
        : []),
    ];
    return differences.map((difference) => `transaction ${transactionId}: ${difference}`);
  });
  const toldIds = mine.map(({ transactionId }) => transactionId);
  for (const { id: own } of should)
    if (!toldIds.includes(own)) complaints.push(`transaction ${own} ended and was not told`);
  if (new Set(toldIds).size < toldIds.length) complaints.push('a transaction ended twice');
  return complaints;
}

/** Events of the session's beginning and end, and everything strange that was told of it. */
function lifetime(
  { plan, told, coverages, timed, sessions }: Scene,
  session: SessionModel,
  connection: number,
  ids: ReadonlyMap<number, string>,
): string[] {
  const { expected, dialogue } = session;
  const id = ids.get(connection);
  const mine = told.sessions.filter((event) => event.session.id === id);
  const types = mine.map(({ type }) => type).sort();
  const complaints: string[] = [];
  const wanted = wantedTypes(session);
  if (types.join() !== wanted.join())
    complaints.push(`told ${types.join(', ')}; expected ${wanted.join(', ')}`);
  for (const event of mine) {
    if (event.type === 'session_start') {
      const { user, database, application } = event.session;
      const told = [user, database, application, event.serverVersion];
      const should = [
        expected.user,
        expected.database,
        expected.application,
        expected.serverVersion,
      ];
      if (told.join() !== should.join()) complaints.push(`starts as ${told.join()}`);
      const { startup, ready } = expected;
      const coverage = coverages[connection];
      if (!timed || coverage === undefined || startup === undefined || ready === undefined)
        continue;
      const startUs = coverage.client.seenUs(startup.end - 1) ?? 0;
      const loginUs = (coverage.server.seenUs(ready.end - 1) ?? 0) - startUs;
      if (event.tsUs !== startUs || event.loginUs !== loginUs)
        complaints.push(`login at ${event.tsUs} in ${event.loginUs} us`);
    }
    if (event.type === 'login_failed' && event.error.sqlstate !== expected.sqlstate)
      complaints.push(`login failed with ${String(event.error.sqlstate)}`);
    if (event.type === 'cancel_request') {
      const target = targetOf(sessions, connection, ids);
      if (event.targetSessionId !== target)
        complaints.push(`cancels ${String(event.targetSessionId)}, meant ${String(target)}`);
    }
    if (event.type === 'session_end') {
      const reason = reasonOf(session);
      // Whose FIN came first is not to be seen when they have changed places.
      const unsure =
        plan.faults.reorder &&
        ['fin', 'server'].includes(reason) &&
        ['fin', 'server'].includes(event.reason);
      if (event.reason !== reason && !unsure)
        complaints.push(`ended by ${event.reason}, expected ${reason}`);
      const sent = dialogue.sent.client;
      if (event.requestBytes > sent) complaints.push(`requests of ${event.requestBytes} bytes`);
    }
  }
  return complaints;
}

/** The connections of its cancel requests come right behind a session's own. */
function targetOf(
  sessions: readonly SessionModel[],
  connection: number,
  ids: ReadonlyMap<number, string>,
): string | undefined {
  if (sessions[connection]?.hits !== true) return undefined;
  let target = connection;
  while (sessions[target]?.expected.login === 'cancel') target--;
  return ids.get(target);
}

function wantedTypes({ expected, dialogue }: SessionModel): string[] {
  if (dialogue.accepted !== 'yes') return [];
  switch (expected.login) {
    case 'ok': {
      const strange = expected.endedByServer && !expected.failedByShutDown ? ['anomaly'] : [];
      return [...strange, 'session_end', 'session_start'];
    }
    case 'failed':
      return ['login_failed', 'session_end'];
    case 'encrypted':
      return ['encrypted', 'session_end'];
    case 'cancel':
      return ['cancel_request'];
    case 'no':
      return [];
  }
}

function reasonOf({ expected, dialogue }: SessionModel): string {
  const { how, first } = dialogue.ending;
  if (expected.endedByServer || expected.login === 'failed') return 'server';
  if (expected.terminated) return 'terminate';
  if (how === 'open') return 'capture_end';
  if (how === 'reset') return 'reset';
  return first === 'server' ? 'server' : 'fin';
}

function counters({ summary, sessions }: Scene): string[] {
  const all = sessions.flatMap(({ expected }) => expected.statements);
  const unanswered = all.filter(({ status }) => status === 'unanswered').length;
  const should = {
    framesRefused: 0,
    gaps: 0,
    lostBytes: 0,
    resyncs: 0,
    unmatchedAnswers: 0,
    unansweredRequests: unanswered,
    cutPackets: 0,
  };
  const complaints = Object.entries(should)
    .filter(([name, count]) => summary[name as keyof typeof should] !== count)
    .map(
      ([name, count]) => `${name} is ${summary[name as keyof typeof should]}, expected ${count}`,
    );
  if (Object.keys(summary.droppedByLimit).length > 0) complaints.push('something was dropped');
  return complaints;
}
