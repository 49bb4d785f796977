/** The books of every run: bytes that came in are decoded or counted, and the seconds add up to the events. */
import type { ActivitySecond } from '../../src/events/events.ts';
import type { Side } from './dialogue.ts';
import { isWhole } from './faults.ts';
import type { Scene } from './scene.ts';

export function checkAccounts(scene: Scene): string[] {
  return [...bytes(scene), ...lost(scene), ...seconds(scene)];
}

function bytes({ summary, coverages }: Scene): string[] {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  const complaints: string[] = [];
  if (payloadBytes !== decodedBytes + encryptedBytes + foreignBytes + repeatedBytes)
    complaints.push(`${payloadBytes} bytes of payload are not accounted for`);
  const captured = coverages.reduce(
    (sum, { client, server }) => sum + client.sizeBytes + server.sizeBytes,
    0,
  );
  if (captured !== payloadBytes) complaints.push(`${captured} bytes came, ${payloadBytes} counted`);
  return complaints;
}

/** Every hole between what was seen is told with its size; a hole at the end only when something tells of it. */
function lost({ plan, summary, coverages, sessions }: Scene): string[] {
  let least = 0;
  let most = 0;
  coverages.forEach((both, connection) => {
    for (const side of ['client', 'server'] as Side[]) {
      const coverage = both[side];
      const sent = sessions[connection]?.dialogue.sent[side] ?? 0;
      const from = coverage.synchronised ? 0 : coverage.first;
      if (coverage.isEmpty && !coverage.synchronised) continue;
      least += coverage.missing(Math.min(from, coverage.last), coverage.last);
      // A repetition may come when its hole has been given up.
      const begins = both.client.synchronised || both.server.synchronised ? 0 : from;
      most += coverage.missing(Math.min(begins, sent), sent, false);
    }
  });
  // What the snap length cut off is lost even when a repetition brings it.
  if (plan.faults.snapLength > 0) most = Number.POSITIVE_INFINITY;
  if (summary.lostBytes < least || summary.lostBytes > most)
    return [`${summary.lostBytes} bytes told as lost, ${least} to ${most} are`];
  return [];
}

function seconds({ told, summary, plan }: Scene): string[] {
  const sum = (count: (second: ActivitySecond) => number): number =>
    told.seconds.reduce((total, second) => total + count(second), 0);
  const complaints: string[] = [];
  const equal = (name: string, counted: number, events: number): void => {
    if (counted !== events) complaints.push(`seconds count ${counted} ${name}, events ${events}`);
  };
  const { statements, transactions } = told;
  const ends = (outcome: string): number =>
    transactions.filter((t) => t.outcome === outcome).length;
  equal(
    'commits',
    sum((s) => s.commits),
    ends('commit'),
  );
  equal(
    'rollbacks',
    sum((s) => s.rollbacks),
    ends('rollback'),
  );
  equal(
    'implicit transactions',
    sum((s) => s.implicitTransactions),
    transactions.filter((t) => t.implicit).length,
  );
  equal(
    'errors',
    sum((s) => s.errors),
    statements.filter((s) => s.status === 'error' || s.status === 'cancelled').length,
  );
  // Whether an Execute fetches further is not to be seen when its Bind was lost.
  const requests = sum((s) => s.requests);
  if (isWhole(plan.faults) || requests < statements.length)
    equal('requests', requests, statements.length);
  equal(
    'rows returned',
    sum((s) => s.rowsReturned),
    statements.reduce((t, s) => t + (s.rowsReturned ?? 0), 0),
  );
  equal(
    'rows affected',
    sum((s) => s.rowsAffected),
    statements.reduce((t, s) => t + (s.rowsAffected ?? 0), 0),
  );
  const statusSum = Object.values(summary.statements).reduce((t, n) => t + n, 0);
  if (statusSum !== statements.length) complaints.push(`${statusSum} statements by status`);
  if (sum((s) => s.answers) !== sum((s) => s.normal) + sum((s) => s.errors))
    complaints.push('answers');
  if (isWhole(plan.faults) && sum((s) => s.lostBytes) !== 0)
    complaints.push('lost bytes in seconds');
  for (const row of [...statements, ...transactions])
    for (const [name, value] of Object.entries(row))
      if (typeof value === 'number' && (!Number.isSafeInteger(value) || value < 0))
        complaints.push(`an event says ${name} = ${value}`);
  return complaints;
}
