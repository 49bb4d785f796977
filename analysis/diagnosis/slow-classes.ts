/**
 * D5, slow classes: those whose mean response time is above that of all others by more than chance (Welch's test, one-sided),
 * the time that they cost beyond the mean, their share of all time, and signs of why. Definitions: analysis/README.md.
 */
import type { ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { SlowClasses, SlowClassRow } from '../../src/events/slow-classes.ts';
import type { UsualHour } from '../../src/events/seasons.ts';
import { HOUR_US, MINUTE_US } from '../../src/core/time.ts';
import { evidence } from '../evidence.ts';
import { shareOf } from '../share.ts';
import { AFTER, type FactsBeside, NOTHING_BESIDE, withSigns } from './slow-class-signs.ts';
import { defaultSlowClassesSettings, type SlowClassesSettings } from './slow-classes-settings.ts';
import { COMMIT_ADVICE, isCommit } from './slow-commit.ts';
import {
  addedMoments,
  momentsOf,
  NO_MOMENTS,
  type Moments,
  welchAbove,
} from '../statistics/welch.ts';
import { countPart, textPart, timePart, statementPart } from '../../src/events/sentence.ts';

const CLASSES_MAX = 30;
/** A class that changed and takes this share of the time is worth being woken for. */
const SHARE_WARNING = 0.25;

export function slowClassesOf(
  classes: readonly ClassFacts[],
  steps: readonly ClassStep[],
  settings: SlowClassesSettings = defaultSlowClassesSettings,
  beside: FactsBeside = NOTHING_BESIDE,
): SlowClasses {
  const answered = classes.filter((facts) => facts.answered > 0);
  const all = answered.map(momentsOf).reduce(addedMoments, NO_MOMENTS);
  if (all.n === 0) return { meanUs: null, classes: [], classesCount: 0 };
  const meanUs = all.sumUs / all.n;
  const rows = answered.flatMap((facts) => {
    const row = rowOf(facts, all, meanUs, settings);
    return row === undefined ? [] : [{ facts, row }];
  });
  const told = rows
    .sort((a, b) => b.row.shareOfTime - a.row.shareOfTime)
    .slice(0, CLASSES_MAX)
    .map(({ facts, row }) => {
      const signed = withSigns(row, facts, { ...beside, classes, steps }, settings);
      return { ...signed, usual: usualOf(signed, facts, beside) };
    });
  return { meanUs, classes: told, classesCount: rows.length };
}

function rowOf(
  facts: ClassFacts,
  all: Moments,
  meanUs: number,
  settings: SlowClassesSettings,
): SlowClassRow | undefined {
  const own = momentsOf(facts);
  const rest = {
    n: all.n - own.n,
    sumUs: all.sumUs - own.sumUs,
    squares: all.squares - own.squares,
  };
  const ownMeanUs = own.sumUs / own.n;
  const shareOfTime = shareOf(own.sumUs, all.sumUs) ?? 0;
  if (own.n < settings.answeredMin || rest.n < settings.answeredMin) return undefined;
  if (ownMeanUs <= meanUs || shareOfTime < settings.shareMin) return undefined;
  const pValue = welchAbove(own, rest);
  if (pValue >= settings.pValueMax) return undefined;
  return {
    fingerprint: facts.fingerprint,
    normalized: facts.normalized,
    tables: facts.tables,
    answered: own.n,
    meanUs: ownMeanUs,
    excessUs: own.n * (ownMeanUs - meanUs),
    shareOfTime,
    pValue,
    signs: [],
    changedUs: null,
    usual: null,
  };
}

const USUALLY: Readonly<Record<UsualHour['basis'], string>> = {
  'hour of the week': 'usual in this hour of the week',
  'hour of the day': 'usual in this hour of the day',
  'any hour': 'usual in the hours of the last day',
};

/** In hours like that of its change, or like the last one in which it ran. */
function usualOf(
  { fingerprint, changedUs }: SlowClassRow,
  facts: ClassFacts,
  { classSeasons }: FactsBeside,
): UsualHour | null {
  const atUs = changedUs ?? facts.lastUs;
  const hourUs = Math.floor(atUs / HOUR_US) * HOUR_US;
  const found = classSeasons.find(
    (one) => one.fingerprint === fingerprint && one.hourUs === hourUs,
  );
  return found === undefined
    ? null
    : { basis: found.basis, hours: found.hours, medianUs: found.medianUs };
}

/** What is slow every Monday at two is no news: it now takes less than twice what it takes in hours like this one. */
function isUsual({ usual }: SlowClassRow, afterUs: number, factor: number): boolean {
  return usual !== null && usual.basis !== 'any hour' && afterUs < factor * usual.medianUs;
}

/** Only what changed is news: what is slow every day stands in the list. */
export function slowClassFindings(
  { classes }: SlowClasses,
  { changeFactor }: SlowClassesSettings = defaultSlowClassesSettings,
): Finding[] {
  const changed = classes.flatMap((row) => {
    const { changedUs } = row;
    const change = row.signs.find(({ sign }) => sign === 'sudden_change');
    if (change === undefined || changedUs === null) return [];
    const afterUs = change.evidence.find(({ name }) => name === AFTER)?.value ?? Infinity;
    return isUsual(row, afterUs, changeFactor) ? [] : [{ ...row, changedUs, change }];
  });
  return changed.flatMap(({ change, ...row }) => {
    const together = changed.filter(
      ({ changedUs }) => Math.abs(changedUs - row.changedUs) <= MINUTE_US,
    ).length;
    return [
      {
        key: `slow-classes/sudden-change ${row.fingerprint}`,
        kind: 'slow-classes/sudden-change',
        ledger: 'D5',
        severity: row.shareOfTime >= SHARE_WARNING ? ('warning' as const) : ('notice' as const),
        node: null,
        role: null,
        sinceUs: row.changedUs,
        untilUs: null,
        summary: [
          ...(together === 1
            ? [textPart('One class alone takes longer since ')]
            : [
                textPart('One of '),
                countPart(together),
                textPart(' classes that take longer, while the others do not, since '),
              ]),
          timePart(row.changedUs),
          textPart(': '),
          statementPart(row.normalized, row.fingerprint),
        ],
        advice: isCommit(row.normalized)
          ? COMMIT_ADVICE
          : together === 1
            ? 'Compare its plan with the one before: look for a dropped index, old statistics of its tables, other values, or what it waits for.'
            : 'Look for what these classes share: a table, its indexes and its locks, or an application and its way to the database.',
        evidence: [
          ...change.evidence,
          ...(row.usual === null
            ? []
            : [evidence(USUALLY[row.usual.basis], row.usual.medianUs, 'us')]),
          evidence('share of all time', row.shareOfTime, 'share'),
        ],
        fingerprints: [row.fingerprint],
        sessions: [],
        sqlstates: [],
      },
    ];
  });
}
