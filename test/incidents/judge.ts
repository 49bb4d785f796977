/** Compares what analysis says of one recording with what is true of it. */
import type { Finding } from '../../src/events/finding.ts';
import type { HealthInterval } from '../../src/events/health.ts';
import type { Report } from '../../src/events/report.ts';
import type { FindingTruth, Label, StateTruth } from './label.ts';

/** Something that analysis should have said, or said without need. */
export interface Verdict {
  readonly scenario: string;
  readonly about: 'state' | 'finding';
  /** The state, or the kind of finding. */
  readonly what: string;
  /** Node, where there is one. */
  readonly where: string;
  /** `found` and `missed` of what was expected; `false` of what nobody expected or allowed. */
  readonly outcome: 'found' | 'missed' | 'false';
  /** From the beginning of the fault to the moment that the state was known; of what was found. */
  readonly delayUs: number | null;
}

/** What is told a little before the fault was: the lab's clock was read after the first packet of it. */
const EARLY_US = 1_000_000;
const WELL = new Set<string>(['healthy', 'idle']);

export function judge(report: Pick<Report, 'health' | 'findings'>, label: Label): Verdict[] {
  return [...judgeStates(report.health, label), ...judgeFindings(report.findings, label)];
}

function judgeStates(health: readonly HealthInterval[], label: Label): Verdict[] {
  const { scenario, states } = label;
  const told = health.filter(({ state }) => !WELL.has(state));
  const expected = states
    .filter(({ demand }) => demand === 'expected')
    .map((truth) => {
      const seen = told.find((interval) => confirms(interval, truth));
      return {
        scenario,
        about: 'state' as const,
        what: truth.state,
        where: truth.node,
        outcome: seen === undefined ? ('missed' as const) : ('found' as const),
        delayUs: seen === undefined ? null : Math.max(0, seen.sinceUs - truth.fromUs),
      };
    });
  const wrong = told
    .filter((interval) => !states.some((truth) => confirms(interval, truth)))
    .map(({ state, node }) => ({
      scenario,
      about: 'state' as const,
      what: state,
      where: node,
      outcome: 'false' as const,
      delayUs: null,
    }));
  return [...expected, ...wrong];
}

/** The state of that node, begun while it was true: one that had begun before came from something else. */
function confirms(interval: HealthInterval, truth: StateTruth): boolean {
  return (
    interval.node === truth.node &&
    interval.role === truth.role &&
    interval.state === truth.state &&
    interval.sinceUs >= truth.fromUs - EARLY_US &&
    interval.sinceUs <= truth.toUs
  );
}

/** States are told as findings too; they are judged as states. Those that only inform are nobody's alarm. */
function judgeFindings(
  findings: readonly Finding[],
  { scenario, findings: truths }: Label,
): Verdict[] {
  const told = findings.filter(({ kind }) => !kind.startsWith('state/'));
  const expected = truths
    .filter(({ demand }) => demand === 'expected')
    .map((truth) => {
      const seen = told.find((finding) => isOf(finding, truth));
      return {
        scenario,
        about: 'finding' as const,
        what: nameOf(seen?.kind ?? truth.kinds[0] ?? '', truth.sqlstate),
        where: seen?.node ?? '',
        outcome: seen === undefined ? ('missed' as const) : ('found' as const),
        delayUs: null,
      };
    });
  const wrong = told
    .filter(
      (finding) => finding.severity !== 'info' && !truths.some((truth) => isOf(finding, truth)),
    )
    .map(({ kind, node, sqlstates }) => ({
      scenario,
      about: 'finding' as const,
      what: nameOf(kind, sqlstates[0]),
      where: node ?? '',
      outcome: 'false' as const,
      delayUs: null,
    }));
  return [...expected, ...wrong];
}

function isOf({ kind, sqlstates, summary }: Finding, truth: FindingTruth): boolean {
  const { kinds, sqlstate, names } = truth;
  const named = summary.some((part) => part.kind === 'node' && part.text.startsWith(names ?? ''));
  return (
    (names === undefined || named) &&
    kinds.some((name) => kind === name || (name.endsWith('/') && kind.startsWith(name))) &&
    (sqlstate === undefined || sqlstates.includes(sqlstate))
  );
}

/** What is said of errors is another matter for each code. */
function nameOf(kind: string, sqlstate: string | undefined): string {
  return sqlstate === undefined ? kind : `${kind.replace(/[^/]*$/, '')}${sqlstate}`;
}
