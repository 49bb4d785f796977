/** D1 as findings: one for each cause that somebody must look at, by the strongest reason there is. */
import type { ErrorCauseRow, ErrorDiagnosis } from '../../src/events/error-diagnosis.ts';
import type { Finding, FindingSeverity } from '../../src/events/finding.ts';
import type { Evidence } from '../../src/events/health.ts';
import { evidence } from '../evidence.ts';
import { errorAdvice } from '../../src/sql/error-advice.ts';
import { greatestBurst } from './error-diagnosis.ts';
import { defaultErrorDiagnosisSettings, type ErrorDiagnosisSettings } from './error-settings.ts';
import { wilsonLower } from '../statistics/wilson.ts';
import {
  type HighlightPart,
  textPart,
  countPart,
  sharePart,
  durationPart,
  timePart,
  nodePart,
  statementPart,
} from '../../src/events/sentence.ts';

type Reason = 'urgent' | 'burst' | 'new' | 'share';

/** A share of fewer answers is no share. */
const ANSWERS_MIN = 20;
const NAMED_MAX = 10;

export function errorFindings(
  { causes }: ErrorDiagnosis,
  settings: ErrorDiagnosisSettings = defaultErrorDiagnosisSettings,
): Finding[] {
  const { shareMax } = settings;
  return causes.flatMap((cause) => {
    const reason = reasonOf(cause, shareMax);
    return reason === undefined ? [] : [findingOf(cause, reason, shareMax)];
  });
}

function reasonOf(cause: ErrorCauseRow, shareMax: number): Reason | undefined {
  // What only follows is told with its cause; without one in sight it says that the capture began too late.
  if (cause.concern === 'follow_on') return undefined;
  if (errorAdvice(cause.errorClass).urgency !== undefined) return 'urgent';
  if (cause.bursts.length > 0) return 'burst';
  if (cause.isNew) return 'new';
  return isLargeShare(cause, shareMax) ? 'share' : undefined;
}

function isLargeShare({ count, shareOfAnswers }: ErrorCauseRow, shareMax: number): boolean {
  if (shareOfAnswers === null || shareOfAnswers === 0) return false;
  const answers = count / shareOfAnswers;
  return answers >= ANSWERS_MIN && wilsonLower(shareOfAnswers, answers) > shareMax;
}

function severityOf(cause: ErrorCauseRow, reason: Reason, shareMax: number): FindingSeverity {
  const { urgency } = errorAdvice(cause.errorClass);
  if (urgency === 'now') return 'critical';
  if (urgency === 'soon' || reason === 'share') return 'warning';
  if (reason === 'burst' && (isLargeShare(cause, shareMax) || cause.concern === 'database'))
    return 'warning';
  return 'notice';
}

function findingOf(cause: ErrorCauseRow, reason: Reason, shareMax: number): Finding {
  const burst = greatestBurst(cause.bursts);
  return {
    key: `error-diagnosis/${reason} server ${cause.server} ${cause.sqlstate} ${cause.errorClass}`,
    kind: `error-diagnosis/${reason}`,
    ledger: 'D1',
    severity: severityOf(cause, reason, shareMax),
    node: cause.server,
    role: 'server',
    sinceUs: reason === 'burst' ? (burst?.fromUs ?? cause.firstUs) : cause.firstUs,
    untilUs: reason === 'burst' ? (burst?.toUs ?? cause.lastUs) : cause.lastUs,
    summary: summaryOf(cause, reason),
    advice: cause.advice,
    evidence: evidenceOf(cause, shareMax),
    fingerprints: cause.classes.map(({ fingerprint }) => fingerprint).slice(0, NAMED_MAX),
    sessions: cause.channels.slice(0, NAMED_MAX),
    sqlstates: [cause.sqlstate],
  };
}

function summaryOf(cause: ErrorCauseRow, reason: Reason): HighlightPart[] {
  const burst = greatestBurst(cause.bursts);
  const parts: HighlightPart[] = [
    nodePart(cause.server),
    textPart(': '),
    countPart(reason === 'burst' ? (burst?.count ?? cause.count) : cause.count),
    textPart(` × ${cause.errorClass.replaceAll('_', ' ')} (${cause.sqlstate})`),
    ...(cause.logins === cause.count ? [textPart(' at login')] : []),
  ];
  if (reason === 'burst' && burst !== undefined) {
    parts.push(
      textPart(' in '),
      durationPart(burst.toUs - burst.fromUs),
      textPart(' from '),
      timePart(burst.fromUs),
    );
  }
  if (reason === 'new') parts.push(textPart(', never seen before'));
  if (reason === 'share' && cause.shareOfAnswers !== null) {
    parts.push(textPart(', '), sharePart(cause.shareOfAnswers), textPart(' of all answers'));
  }
  if (cause.followOn > 0) {
    parts.push(
      textPart(', and '),
      countPart(cause.followOn),
      textPart(' more that followed from them'),
    );
  }
  const [first] = cause.classes;
  if (first !== undefined && first.normalized !== '')
    parts.push(textPart('; most often '), statementPart(first.normalized, first.fingerprint));
  parts.push(textPart('.'));
  return parts;
}

function evidenceOf(cause: ErrorCauseRow, shareMax: number): Evidence[] {
  const burst = greatestBurst(cause.bursts);
  const counted = (name: string, value: number, threshold: number | null = null): Evidence =>
    evidence(name, value, 'count', threshold);
  return [
    ...(cause.count > cause.logins
      ? [counted('failed statements', cause.count - cause.logins)]
      : []),
    ...(cause.logins > 0 ? [counted('refused logins', cause.logins)] : []),
    ...(cause.followOn > 0 ? [counted('statements ignored after them', cause.followOn)] : []),
    ...(burst === undefined
      ? []
      : [
          counted('failures in the fullest minute', burst.minuteCount, burst.threshold),
          counted('failures in a usual minute', Number(burst.usualPerMinute.toFixed(2))),
        ]),
    ...(cause.shareOfAnswers === null
      ? []
      : [evidence('share of the answers', cause.shareOfAnswers, 'share', shareMax)]),
    counted('connections', cause.sessions),
    ...(cause.errorClass === 'cancelled'
      ? [counted('cancelled by a request of a client', cause.cancelRequested)]
      : []),
  ];
}
