/**
 * D5, slow classes: those whose mean response time is above that of all others by more than chance (Welch's test, one-sided),
 * the time that they cost beyond the mean, their share of all time, and signs of why. Definitions: analysis/README.md.
 */
import type { ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { SlowClasses, SlowClassRow } from '../../src/events/slow-classes.ts';
import { shareOf } from '../share.ts';
import { type FactsBeside, NOTHING_BESIDE, withSigns } from './slow-class-signs.ts';
import { defaultSlowClassesSettings, type SlowClassesSettings } from './slow-classes-settings.ts';
import {
  addedMoments,
  momentsOf,
  NO_MOMENTS,
  type Moments,
  welchAbove,
} from '../statistics/welch.ts';
import { textPart, timePart, statementPart } from '../../src/events/sentence.ts';

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
    .map(({ facts, row }) => withSigns(row, facts, { ...beside, classes, steps }, settings));
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
  };
}

/** Only what changed is news: what is slow every day stands in the list. */
export function slowClassFindings({ classes }: SlowClasses): Finding[] {
  return classes.flatMap((row) => {
    const change = row.signs.find(({ sign }) => sign === 'sudden_change');
    if (change === undefined || row.changedUs === null) return [];
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
          textPart('One class alone takes longer since '),
          timePart(row.changedUs),
          textPart(': '),
          statementPart(row.normalized, row.fingerprint),
        ],
        advice:
          'Compare its plan with the one before: look for a dropped index, old statistics of its tables, or other values.',
        evidence: [
          ...change.evidence,
          {
            name: 'share of all time',
            value: row.shareOfTime,
            unit: 'share' as const,
            threshold: null,
          },
        ],
        fingerprints: [row.fingerprint],
        sessions: [],
        sqlstates: [],
      },
    ];
  });
}
