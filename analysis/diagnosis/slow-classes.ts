/**
 * D5, slow classes: those whose mean response time is above that of all others by more than chance (Welch's test, one-sided),
 * the time that they cost beyond the mean, their share of all time, and signs of why. Definitions: analysis/README.md.
 */
import { bucketStartUs, type Histogram } from '../../src/core/histogram.ts';
import type { ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { Evidence } from '../../src/events/health.ts';
import type { SlowClasses, SlowClassRow } from '../../src/events/slow-classes.ts';
import { textSigns } from '../../src/sql/text-signs.ts';
import { shareOf, sumOf } from '../share.ts';
import { defaultSlowClassesSettings, type SlowClassesSettings } from './slow-classes-settings.ts';
import {
  addedMoments,
  momentsOf,
  NO_MOMENTS,
  type Moments,
  welchAbove,
} from '../statistics/welch.ts';
import { suddenChange } from './sudden-change.ts';
import { textPart, timePart, statementPart } from '../../src/events/sentence.ts';

const CLASSES_MAX = 30;
const BUCKETS_PER_OCTAVE = 8;
/** A class that changed and takes this share of the time is worth being woken for. */
const SHARE_WARNING = 0.25;
const WRITERS = new Set(['insert', 'update', 'delete', 'merge']);

export function slowClassesOf(
  classes: readonly ClassFacts[],
  steps: readonly ClassStep[],
  settings: SlowClassesSettings = defaultSlowClassesSettings,
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
    .map(({ facts, row }) => withSigns(row, facts, classes, steps, settings));
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

function withSigns(
  row: SlowClassRow,
  facts: ClassFacts,
  classes: readonly ClassFacts[],
  steps: readonly ClassStep[],
  settings: SlowClassesSettings,
): SlowClassRow {
  const signs: SlowClassRow['signs'][number][] = [];
  const bytes = facts.responseBytes / facts.answered;
  if (bytes >= settings.largeBytes) {
    const evidence = count('bytes of an average answer', Math.round(bytes), settings.largeBytes);
    signs.push({ sign: 'large_result', evidence: [evidence] });
  }
  const kinds = twoKinds(facts.durations, settings);
  if (kinds !== undefined) {
    if (!WRITERS.has(facts.kind)) signs.push({ sign: 'parameter_dependent', evidence: kinds });
    else if (isWrittenByOthers(facts, classes)) signs.push({ sign: 'lock_like', evidence: kinds });
  }
  const change = suddenChange(
    steps.filter(({ fingerprint }) => fingerprint === facts.fingerprint),
    steps.filter(({ fingerprint }) => fingerprint !== facts.fingerprint),
    settings,
  );
  if (change !== undefined) {
    signs.push({
      sign: 'sudden_change',
      evidence: [
        duration('response time before', change.beforeUs),
        duration('response time after', change.afterUs),
      ],
    });
  }
  const { noPredicate, selectStar } = textSigns(facts.normalized);
  if (noPredicate) signs.push({ sign: 'no_predicate', evidence: [] });
  if (selectStar) signs.push({ sign: 'select_star', evidence: [] });
  return { ...row, signs, changedUs: change?.atUs ?? null };
}

function count(name: string, value: number, threshold: number | null): Evidence {
  return { name, value, unit: 'count', threshold };
}

function duration(name: string, value: number): Evidence {
  return { name, value, unit: 'us', threshold: null };
}

/** A table of it is written by other classes too, or by several executions of its own. */
function isWrittenByOthers(facts: ClassFacts, classes: readonly ClassFacts[]): boolean {
  return classes.some(
    ({ fingerprint, kind, tables, calls }) =>
      WRITERS.has(kind) &&
      tables.some((table) => facts.tables.includes(table)) &&
      (fingerprint !== facts.fingerprint || calls > 1),
  );
}

/** Two peaks of the histogram, octave by octave, far apart, with a valley of at most a quarter of the lower one. */
function twoKinds(durations: Histogram, settings: SlowClassesSettings): Evidence[] | undefined {
  const octaves = new Map<number, number>();
  for (const [bucket, n] of durations) {
    const octave = Math.floor(bucket / BUCKETS_PER_OCTAVE);
    octaves.set(octave, (octaves.get(octave) ?? 0) + n);
  }
  const total = sumOf(octaves.values(), (n) => n);
  const apart = Math.ceil(Math.log2(settings.apartFactor));
  const of = (octave: number): number => octaves.get(octave) ?? 0;
  const peaks = [...octaves.keys()]
    .filter((octave) => of(octave) >= of(octave - 1) && of(octave) >= of(octave + 1))
    .filter((octave) => of(octave) >= settings.apartShare * total)
    .sort((a, b) => a - b);
  const [short] = peaks;
  const long = peaks.at(-1);
  if (short === undefined || long === undefined || long - short < apart) return undefined;
  const between = Array.from({ length: long - short - 1 }, (_, index) => of(short + 1 + index));
  if (Math.min(...between) > Math.min(of(short), of(long)) / 4) return undefined;
  const typical = (octave: number): number => bucketStartUs(octave * BUCKETS_PER_OCTAVE + 4);
  return [
    duration('short executions', Math.round(typical(short))),
    duration('long executions', Math.round(typical(long))),
  ];
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
