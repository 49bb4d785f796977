/** One told statement against the one that the model expects: what differs, in words. */
import type { RecordedStatement, RecordedTransaction } from '../collectors/recording-sink.ts';
import type { Coverages } from './capture.ts';
import type { Message } from './dialogue.ts';
import type { ExpectedStatement, ExpectedTransaction } from './expected.ts';

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

class Differences {
  readonly found: string[] = [];

  equal(name: string, told: unknown, expected: unknown): void {
    if (!same(told, expected))
      this.found.push(`${name} ${JSON.stringify(told)}, expected ${JSON.stringify(expected)}`);
  }

  oneOf(name: string, told: unknown, expected: readonly unknown[]): void {
    if (!expected.some((value) => same(told, value)))
      this.found.push(
        `${name} ${JSON.stringify(told)}, expected one of ${JSON.stringify(expected)}`,
      );
  }

  between(name: string, told: number | undefined, low: number, high: number): void {
    if (told === undefined || told < low || told > high)
      this.found.push(`${name} ${String(told)}, expected ${low} to ${high}`);
  }
}

/** Everything but times, ids and what the session knew before. */
export function compareStatement(told: RecordedStatement, expected: ExpectedStatement): string[] {
  const differences = new Differences();
  differences.equal('text', told.text, expected.text);
  differences.equal('command', told.command, expected.command);
  differences.equal('statement name', told.statementName, expected.statementName);
  differences.equal('portal name', told.portalName, expected.portalName);
  differences.equal('status', told.status, expected.status);
  differences.equal('SQLSTATE', told.sqlstate, expected.sqlstate);
  differences.equal('message', told.message, expected.message);
  const none = expected.rowsReturned === 0 ? [0, undefined] : [expected.rowsReturned];
  differences.oneOf('rows returned', told.rowsReturned, none);
  differences.equal('rows affected', told.rowsAffected, expected.rowsAffected);
  if (expected.status === 'ok') {
    differences.equal('COPY bytes', told.copyBytes, expected.copyBytes);
    differences.equal('COPY rows', told.copyRows, expected.copyRows);
  }
  if (expected.text !== undefined) {
    const parameters = expected.parameters ?? [];
    differences.equal('parameters', told.parameters ?? [], parameters);
  }
  return differences.found;
}

/** What is only certain when nothing at all is missing. */
export function compareWhole(told: RecordedStatement, expected: ExpectedStatement): string[] {
  const differences = new Differences();
  const quality = [
    ...(expected.goesOn ? ['gap_response'] : []),
    ...(expected.text === undefined ? ['unknown_statement'] : []),
  ];
  differences.equal('quality', told.quality, quality);
  if (expected.status !== 'unanswered')
    differences.equal('transaction', told.transactionId, expected.transaction?.id);
  const { status, fetchedInParts: parts } = expected;
  if (expected.closesRound && !parts)
    differences.equal('transaction status', told.transactionStatus, expected.transactionStatus);
  // A step of its own (Close, Parse alone) is told with the statement behind it.
  if (expected.requestBytes !== undefined && told.requestBytes < expected.requestBytes)
    differences.equal('bytes of the request', told.requestBytes, expected.requestBytes);
  if (status === 'ok' && !parts && expected.responseBytes !== undefined)
    differences.equal('bytes of the answer', told.responseBytes, expected.responseBytes);
  return differences.found;
}

/** Times, by when the packets that carried each message were captured. */
export function compareTimes(
  told: RecordedStatement,
  { work, request }: ExpectedStatement,
  coverages: Coverages,
): string[] {
  const differences = new Differences();
  const endOf = (message: Message): number =>
    coverages[message.side].seenUs(message.end - 1) ?? Number.NaN;
  const beginOf = (message: Message): number =>
    coverages[message.side].seenUs(message.start) ?? Number.NaN;
  const [first] = work;
  const requests = first === undefined ? [request] : first.requests;
  const times = requests.map(endOf);
  differences.oneOf('time', told.tsUs, times);
  if (first === undefined) return differences.found;
  let shortest = 0;
  let longest = 0;
  for (const part of work) {
    const starts = part.requests.map((message) =>
      Math.max(endOf(message), part.after === undefined ? 0 : endOf(part.after)),
    );
    // A failure that was seen before its request was complete took no time.
    shortest += Math.max(0, endOf(part.last) - Math.max(...starts));
    longest += Math.max(0, endOf(part.last) - Math.min(...starts));
  }
  differences.between('duration', told.durationUs, shortest, longest);
  const after = first.after === undefined ? 0 : endOf(first.after);
  const starts = times.map((time) => Math.max(time, after));
  const low = Math.max(0, beginOf(first.first) - Math.max(...starts));
  const high = Math.max(0, endOf(first.first) - Math.min(...starts));
  differences.between('first row', told.firstRowUs, low, high);
  return differences.found;
}

export function compareTransaction(
  told: RecordedTransaction,
  expected: ExpectedTransaction,
): string[] {
  const differences = new Differences();
  differences.equal('outcome', told.outcome, expected.outcome);
  differences.equal('implicit', told.implicit, !expected.explicit);
  differences.equal('statements', told.statements, expected.statements);
  differences.equal('rows affected', told.rowsAffected, expected.rowsAffected);
  return differences.found;
}

export function compareTransactionTimes(
  told: RecordedTransaction,
  { start, ends }: ExpectedTransaction,
  coverages: Coverages,
): string[] {
  const differences = new Differences();
  const times = coverages[start.side];
  differences.between(
    'start',
    told.startUs,
    times.seenUs(start.start) ?? Number.NaN,
    times.seenUs(start.end - 1) ?? Number.NaN,
  );
  if (ends !== undefined) {
    const [low, high] = ends.map((message) => coverages.server.seenUs(message.end - 1));
    differences.between('end', told.endUs, low ?? Number.NaN, high ?? Number.NaN);
  }
  return differences.found;
}
