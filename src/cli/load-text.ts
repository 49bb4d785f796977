/** What `load` says of one capture when it is done. */
import type { MirrorSqlError } from '../core/errors.ts';
import { counted } from '../core/quantities.ts';
import { isoFromUs } from '../core/time.ts';
import type { CaptureSummary } from '../events/capture-summary.ts';
import type { RowCounts, WriterCounts } from '../store/writer.ts';
import { missing, remarks } from './capture-summary-text.ts';

export interface LoadOutcome {
  readonly file: string;
  /** Undefined when the load was broken off. */
  readonly summary: CaptureSummary | undefined;
  readonly counts: WriterCounts;
  /** Its connections that the store holds of another capture as well. */
  readonly doubledConnections: number;
  /** Tables that knew the load already, and have dropped what they knew of it. */
  readonly retired: readonly string[];
  readonly failure: MirrorSqlError | undefined;
  /** Sealed on the disk and not stored. */
  readonly segmentsWaiting: number;
  readonly directory: string;
}

const NOUNS: readonly (readonly [keyof RowCounts, string, string])[] = [
  ['events', 'statement', 'statements'],
  ['transactions', 'transaction with BEGIN', 'transactions with BEGIN'],
  ['sessions', 'session', 'sessions'],
  ['session_events', 'session event', 'session events'],
  ['replication', 'state of replication', 'states of replication'],
  ['classes', 'statement class', 'statement classes'],
  ['transaction_types', 'type of transactions', 'types of transactions'],
  ['activity_1s', 'row of activity', 'rows of activity'],
];

export function loadText(outcome: LoadOutcome): string {
  const { summary, counts } = outcome;
  const lines = [outcome.file === '-' ? 'standard input' : outcome.file];
  const line = (name: string, value: string): void => {
    lines.push(`  ${name.padEnd(13)}${value}`);
  };
  if (summary?.firstPacketUs !== undefined && summary.lastPacketUs !== undefined) {
    line('time', `${isoFromUs(summary.firstPacketUs)} to ${isoFromUs(summary.lastPacketUs)}`);
  }
  const stored = named(counts.stored);
  const known = named(counts.known);
  if (stored !== '' || known === '')
    line(
      'stored',
      stored || (outcome.failure ? 'nothing' : 'nothing: no database traffic was found'),
    );
  if (known !== '') {
    const since =
      counts.knownSinceSeconds === undefined
        ? ''
        : ` (since ${isoFromUs(counts.knownSinceSeconds * 1_000_000).slice(0, 19)}Z)`;
    line('not doubled', `was in the store already${since}: ${known}`);
  }
  if (outcome.retired.length > 0) {
    line(
      'dropped',
      `retention has dropped it from ${outcome.retired.join(', ')} since, and it is not stored again, as summaries still count it; --data DIR loads it into another store`,
    );
  }
  if (outcome.doubledConnections > 0) {
    line(
      'doubled',
      `${counted(outcome.doubledConnections, 'connection is', 'connections are')} stored from another capture of this time as well: the statements there count twice; --data DIR loads one of the two into another store`,
    );
  }
  if (summary !== undefined) {
    line('missing', missing(summary));
    for (const [name, value] of remarks(summary)) line(name, value);
  }
  if (summary?.captureTruncated === true) {
    line('warning', 'the capture ends in the middle of a packet; all before it is stored');
  }
  if (outcome.failure !== undefined)
    line('incomplete', 'the load broke off; what is counted above is stored');
  if (outcome.segmentsWaiting > 0) {
    line(
      'waiting',
      `${outcome.segmentsWaiting} segments in ${outcome.directory}/segments; the next load stores them`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function named(counts: RowCounts): string {
  return NOUNS.filter(([table]) => (counts[table] ?? 0) > 0)
    .map(([table, one, many]) => counted(counts[table] ?? 0, one, many))
    .join(', ');
}
