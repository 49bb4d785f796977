/**
 * What the capture missed, and in one sentence what the report therefore does not know. Complete means that nothing
 * was lost, cut, refused, dropped or unreadable; a request without an answer is the database's matter, not a loss.
 */
import type { CaptureFacts, CollectorFacts } from '../../src/events/facts.ts';
import type {
  CaptureQuality,
  CollectorRow,
  MissedKind,
  MissedPeriod,
} from '../../src/events/report.ts';

const COMPLETE = 'Nothing is known to be missing from the capture.';
const UNKNOWN = 'What the capture missed is not known, because nothing is stored about it.';

/** The counts with their verdict. */
export function captureQuality(
  facts: CaptureFacts,
  periods: readonly MissedPeriod[] = [],
): CaptureQuality {
  const missing = missingOf(facts, new Set(periods.map(({ kind }) => kind)));
  const known = facts.packets > 0;
  return {
    ...facts,
    complete: known && missing.length === 0,
    verdict: `${missing.length > 0 ? sentenceOf(missing) : known ? COMPLETE : UNKNOWN}${doublingOf(facts)}`,
  };
}

/** What each collector missed, by name. */
export function collectorRows(
  collectors: readonly CollectorFacts[],
  periods: readonly MissedPeriod[] = [],
): CollectorRow[] {
  return collectors.map((facts) => {
    const own = periods.filter(({ collector }) => collector === facts.collector);
    const { complete, verdict } = captureQuality(
      { ...facts, connectionsDoubled: 0, connectionsLoadedTwice: 0, rowsRetired: 0 },
      own,
    );
    return { ...facts, complete, verdict };
  });
}

function missingOf(facts: CaptureFacts, kinds: ReadonlySet<MissedKind>): string[] {
  const missing: string[] = [];
  if (kinds.has('kernel_drops'))
    missing.push('the kernel dropped packets that were not read in time');
  if (kinds.has('rows_lost'))
    missing.push('what could not wait for the store any longer is absent');
  if (kinds.has('reduced'))
    missing.push('details were left out while the machine could not keep up');
  if (facts.lostBytes > 0 || facts.gaps > 0) {
    missing.push('bytes are missing, so some statements are absent or known only in part');
  } else if (facts.statementsWithFlaw > 0) {
    missing.push('some statements are known only in part');
  }
  if (facts.clientOnlySessions > 0) {
    missing.push(
      `only the client's half of ${connections(facts.clientOnlySessions)} is seen, so the statements there have no durations and no results`,
    );
  }
  if (facts.serverOnlySessions > 0) {
    missing.push(
      `only the server's half of ${connections(facts.serverOnlySessions)} is seen, so the statements there have no texts and no durations`,
    );
  }
  if (facts.encryptedSessions > 0) {
    missing.push('encrypted sessions are seen as connections only, without their statements');
  }
  if (facts.unmatchedAnswers > 0) {
    missing.push('some answers belong to requests from before the capture or to lost ones');
  }
  if (facts.framesRefused > 0) missing.push('some messages could not be understood');
  if (facts.droppedByLimit > 0)
    missing.push('some details were dropped because a limit was reached');
  if (facts.rowsRetired > 0) {
    missing.push('details of this time were stored and have been dropped by retention since');
  }
  return missing;
}

const connections = (count: number): string =>
  count === 1 ? '1 connection' : `${String(count)} connections`;

/** Too much is no loss, but must be known as well. */
function doublingOf({ connectionsDoubled, connectionsLoadedTwice }: CaptureFacts): string {
  const collectors =
    connectionsDoubled === 0
      ? ''
      : ' Connections that several collectors saw count once for each of them.';
  const captures =
    connectionsLoadedTwice === 0
      ? ''
      : ' Captures of the same traffic are stored: what several of them hold counts once for each.';
  return collectors + captures;
}

function sentenceOf(missing: readonly string[]): string {
  const text = missing.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
