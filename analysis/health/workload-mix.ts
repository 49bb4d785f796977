/**
 * A database is slow, or gets worse, when its statements take longer; not when it is asked for other ones. Both raise the
 * mean response time. So it is also looked at with the mixture of classes as it was before:
 *   M' = sum over classes of w(c) RT(c), with w the shares of the executions before, RT the mean of each class now.
 * A class that is not asked for now is taken to be as it was; one that was not asked for before has no share. The other way
 * round the mixture of now is looked at with what each class took before, or in its first minute where it is new: a new
 * class that takes longer and longer is no other workload. When the classes make less than half of what was added, by
 * both, the workload has changed, and no state is told.
 */
import type { Finding } from '../../src/events/finding.ts';
import type { Evidence, HealthInterval } from '../../src/events/health.ts';
import { nodePart, textPart } from '../../src/events/sentence.ts';
import type { ClassCourse } from '../../src/events/workload-mix.ts';
import { HOUR_US, MINUTE_US } from '../../src/core/time.ts';
import { evidence } from '../evidence.ts';

/** What it was before: the hour that ends so long before the state was told; a state is told within two minutes. */
const TOLD_WITHIN_US = 2 * MINUTE_US;
const TREND_WITHIN_US = 10 * MINUTE_US;
const BEFORE_US = HOUR_US;
/** What it is now: so much from the state on. */
const NOW_US = 10 * MINUTE_US;
/** Fewer executions before are no mixture. */
const ANSWERS_MIN = 100;
/** Less of the rise at the usual mixture, and the mixture is what changed. */
const SHARE_OF_RISE = 0.5;

/** Means in microseconds: of both times as they were, of now with the mixture of before, and with the times of before. */
export interface MixShift {
  readonly beforeUs: number;
  readonly nowUs: number;
  readonly atUsualMixUs: number;
  readonly atUsualTimesUs: number;
}

export interface MixJudged {
  readonly health: HealthInterval[];
  readonly findings: Finding[];
}

/** The states without those that only another workload made, which are findings; the others say what the mixture made. */
export function judgeMix(
  health: readonly HealthInterval[],
  courses: readonly ClassCourse[],
): MixJudged {
  const findings: Finding[] = [];
  const judged = health.map((interval): HealthInterval => {
    const shift = shiftOf(interval, health, courses);
    if (shift === undefined) return interval;
    if (!isMixAlone(shift)) {
      return { ...interval, evidence: [...interval.evidence, atUsualMix(shift)] };
    }
    findings.push(findingOf(interval, shift));
    return { ...interval, state: 'healthy', evidence: [] };
  });
  return { health: joined(judged), findings };
}

function isMixAlone({ beforeUs, nowUs, atUsualMixUs, atUsualTimesUs }: MixShift): boolean {
  const half = SHARE_OF_RISE * (nowUs - beforeUs);
  return half > 0 && atUsualMixUs - beforeUs < half && nowUs - atUsualTimesUs < half;
}

/** Undefined where the state is another one, or too little is known of before or of now. */
function shiftOf(
  interval: HealthInterval,
  health: readonly HealthInterval[],
  courses: readonly ClassCourse[],
): MixShift | undefined {
  const { node, role, state, sinceUs, untilUs } = interval;
  if (role !== 'server' || (state !== 'slow' && state !== 'sub_healthy')) return undefined;
  const own = courses.filter((course) => course.node === node);
  const beforeToUs = sinceUs - (state === 'slow' ? TOLD_WITHIN_US : TREND_WITHIN_US);
  const unwell = health.filter(
    (one) => one.node === node && one.state !== 'healthy' && one.state !== 'idle',
  );
  const wasWell = (atUs: number): boolean =>
    atUs >= beforeToUs - BEFORE_US &&
    atUs + MINUTE_US <= beforeToUs &&
    !unwell.some((one) => one.sinceUs < atUs + MINUTE_US && (one.untilUs ?? Infinity) > atUs);
  const nowToUs = Math.min(untilUs ?? Infinity, sinceUs + NOW_US);
  const isNow = (atUs: number): boolean => atUs + MINUTE_US > sinceUs && atUs < nowToUs;
  return shiftBetween(
    own.map((course) => ({
      before: sumsOf(course, wasWell),
      first: sumsOf(course, (atUs) => atUs === course.minutesUs[0]),
      now: sumsOf(course, isNow),
    })),
  );
}

interface Sums {
  readonly answered: number;
  readonly durationUs: number;
}

/** Of all classes of a server. Undefined without enough executions before, and any now. */
export function shiftBetween(
  classes: readonly { readonly before: Sums; readonly first: Sums; readonly now: Sums }[],
): MixShift | undefined {
  let [beforeCount, beforeSumUs, nowCount, nowSumUs, mixedUs, timedUs] = [0, 0, 0, 0, 0, 0];
  for (const { before, first, now } of classes) {
    beforeCount += before.answered;
    beforeSumUs += before.durationUs;
    nowCount += now.answered;
    nowSumUs += now.durationUs;
    const like = before.answered > 0 ? before : first;
    if (like.answered > 0) timedUs += (now.answered * like.durationUs) / like.answered;
    if (before.answered === 0) continue;
    const meanUs = now.answered > 0 ? now.durationUs / now.answered : undefined;
    mixedUs += meanUs === undefined ? before.durationUs : before.answered * meanUs;
  }
  if (beforeCount < ANSWERS_MIN || nowCount === 0) return undefined;
  return {
    beforeUs: beforeSumUs / beforeCount,
    nowUs: nowSumUs / nowCount,
    atUsualMixUs: mixedUs / beforeCount,
    atUsualTimesUs: timedUs / nowCount,
  };
}

function sumsOf(course: ClassCourse, isIn: (atUs: number) => boolean): Sums {
  let [answered, durationUs] = [0, 0];
  for (const [index, atUs] of course.minutesUs.entries()) {
    if (!isIn(atUs)) continue;
    answered += course.answered[index] ?? 0;
    durationUs += course.durationSumsUs[index] ?? 0;
  }
  return { answered, durationUs };
}

/** Neighbours of one node in one state are one stretch. */
function joined(health: readonly HealthInterval[]): HealthInterval[] {
  const all: HealthInterval[] = [];
  for (const interval of health) {
    const last = all.at(-1);
    const goesOn =
      last?.node === interval.node && last.role === interval.role && last.state === interval.state;
    if (goesOn) all.splice(-1, 1, { ...last, untilUs: interval.untilUs });
    else all.push(interval);
  }
  return all;
}

function atUsualMix({ atUsualMixUs }: MixShift): Evidence {
  return evidence('mean response time at the usual mix of classes', atUsualMixUs, 'us');
}

function findingOf(interval: HealthInterval, shift: MixShift): Finding {
  const { node, role, state, sinceUs, untilUs } = interval;
  return {
    key: `workload-mix/changed ${role} ${node}`,
    kind: 'workload-mix/changed',
    ledger: state === 'slow' ? 'H5' : 'H4',
    severity: 'info',
    node,
    role,
    sinceUs,
    untilUs,
    summary: [
      nodePart(node),
      textPart(' is asked for other statements than before, which take longer; it is not slower.'),
    ],
    advice:
      'Look at which classes are new or asked for more often: their time is wanted by somebody.',
    evidence: [
      evidence('mean response time', shift.nowUs, 'us'),
      atUsualMix(shift),
      evidence(
        'mean response time if each class took what it took before',
        shift.atUsualTimesUs,
        'us',
      ),
      evidence('mean response time before', shift.beforeUs, 'us'),
    ],
    fingerprints: [],
    sessions: [],
    sqlstates: [],
  };
}
