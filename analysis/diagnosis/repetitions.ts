/**
 * N+1: a SELECT gives a list, and the session asks for each of its rows by itself, with a round trip each. Told where the
 * number of executions follows the number of rows; a loop over a list of the application's own does not. Definitions: analysis/README.md.
 */
import type { EdgeFacts } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { Evidence } from '../../src/events/health.ts';
import type { RepetitionFacts, RepetitionRow } from '../../src/events/repetitions.ts';
import {
  countPart,
  durationPart,
  nodePart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';
import { evidence } from '../evidence.ts';
import { shareOf } from '../share.ts';
import { defaultSlowClassesSettings, type SlowClassesSettings } from './slow-classes-settings.ts';

const FINDINGS_MAX = 10;

/** Those that are worth telling, most time first. @param edges by which shares are reckoned */
export function repetitionRowsOf(
  facts: readonly RepetitionFacts[],
  edges: readonly EdgeFacts[],
  settings: SlowClassesSettings = defaultSlowClassesSettings,
): RepetitionRow[] {
  return facts.flatMap((pair) => {
    const edge = edges.find(
      ({ client, server }) => client === pair.client && server === pair.server,
    );
    const row: RepetitionRow = {
      ...pair,
      lengthMean: pair.executions / Math.max(1, pair.matchedRuns),
      shareOfRequests: atMostAll(pair.executions, edge?.totals.requests),
      shareOfTime: atMostAll(pair.durationSumUs, edge?.totals.durationSumUs),
    };
    const told =
      row.matchedRuns >= settings.repetitionRunsMin &&
      row.matchedRuns >= settings.repetitionMatchedShare * row.runs &&
      row.lengthMean >= settings.repetitionLengthMin &&
      Math.max(row.shareOfRequests, row.shareOfTime) >= settings.repetitionShareMin;
    return told ? [row] : [];
  });
}

/** Runs are told by the minute, so a window that cuts one knows fewer requests than they had. */
function atMostAll(part: number, all: number | undefined): number {
  return Math.min(1, shareOf(part, all ?? 0) ?? 0);
}

/** A notice each: it costs the same every day, and somebody can end it. */
export function repetitionFindings(
  rows: readonly RepetitionRow[],
  settings: SlowClassesSettings = defaultSlowClassesSettings,
): Finding[] {
  return rows.slice(0, FINDINGS_MAX).map((row) => ({
    key: `slow-classes/n-plus-one ${row.leadingFingerprint} ${row.fingerprint} ${row.client} ${row.server}`,
    kind: 'slow-classes/n-plus-one',
    ledger: 'D5',
    severity: 'notice',
    node: row.client,
    role: 'client',
    sinceUs: row.firstUs,
    untilUs: null,
    summary: [
      nodePart(row.client),
      textPart(' reads a list and then each of its rows by itself, '),
      countPart(Math.round(row.lengthMean)),
      textPart(' requests and '),
      durationPart(row.elapsedSumUs / row.matchedRuns),
      textPart(' each time: '),
      statementPart(row.normalized, row.fingerprint),
    ],
    advice:
      'Read all of them with one query: a join with the list, or the values of its rows in an IN list (= ANY).',
    evidence: evidenceOf(row, settings),
    fingerprints: [row.fingerprint, row.leadingFingerprint],
    sessions: [],
    sqlstates: [],
  }));
}

function evidenceOf(row: RepetitionRow, settings: SlowClassesSettings): Evidence[] {
  return [
    evidence(
      'times with as many requests as rows',
      row.matchedRuns,
      'count',
      settings.repetitionRunsMin,
    ),
    evidence('of all runs behind that list', row.runs, 'count'),
    evidence('requests of an average time', row.lengthMean, 'count', settings.repetitionLengthMin),
    evidence('most requests', row.executionsMax, 'count'),
    evidence(
      "share of the host's requests",
      row.shareOfRequests,
      'share',
      settings.repetitionShareMin,
    ),
    evidence(
      "share of the host's response time",
      row.shareOfTime,
      'share',
      settings.repetitionShareMin,
    ),
    evidence('time of the runs', row.elapsedSumUs, 'us'),
  ];
}
