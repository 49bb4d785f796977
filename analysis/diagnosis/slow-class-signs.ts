/** The signs of D5: what can be seen of why a class is slow. Definitions: analysis/README.md. */
import { bucketStartUs, type Histogram } from '../../src/core/histogram.ts';
import type { ActivityStep, ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { Evidence } from '../../src/events/health.ts';
import type { ValuePlaceFacts } from '../../src/events/hot-values.ts';
import type { ClassSeasonFacts } from '../../src/events/seasons.ts';
import type { DeliveryFacts, SlowClassRow } from '../../src/events/slow-classes.ts';
import { textSigns } from '../../src/sql/text-signs.ts';
import { evidence } from '../evidence.ts';
import { sumOf } from '../share.ts';
import { queueBound } from './queue-bound.ts';
import type { SlowClassesSettings } from './slow-classes-settings.ts';
import { suddenChange } from './sudden-change.ts';

const BUCKETS_PER_OCTAVE = 8;
const WRITERS = new Set(['insert', 'update', 'delete', 'merge']);
const PATTERN = /\bI?LIKE\b/;

/** The evidence of a sudden change that says what the class takes since then. */
export const AFTER = 'response time after';

type Sign = SlowClassRow['signs'][number];

/** What signs need beside the classes themselves. */
export interface FactsBeside {
  /** All statements, in the steps of the classes. */
  readonly activity: readonly ActivityStep[];
  readonly deliveries: readonly DeliveryFacts[];
  readonly valuePlaces: readonly ValuePlaceFacts[];
  readonly classSeasons: readonly ClassSeasonFacts[];
}

export const NOTHING_BESIDE: FactsBeside = {
  activity: [],
  deliveries: [],
  valuePlaces: [],
  classSeasons: [],
};

interface SignFacts extends FactsBeside {
  readonly classes: readonly ClassFacts[];
  readonly steps: readonly ClassStep[];
}

/** The row with all signs that its class shows. */
export function withSigns(
  row: SlowClassRow,
  facts: ClassFacts,
  all: SignFacts,
  settings: SlowClassesSettings,
): SlowClassRow {
  const signs: Sign[] = [];
  const { classes, steps } = all;
  const bytes = facts.responseBytes / facts.answered;
  if (bytes >= settings.largeBytes) {
    const size = Math.round(bytes);
    signs.push({
      sign: 'large_result',
      evidence: [evidence('bytes of an average answer', size, 'count', settings.largeBytes)],
    });
  }
  const kinds = twoKinds(facts.durations, settings);
  if (kinds !== undefined) {
    if (!WRITERS.has(facts.kind)) signs.push({ sign: 'parameter_dependent', evidence: kinds });
    else if (isWrittenByOthers(facts, classes)) signs.push({ sign: 'lock_like', evidence: kinds });
  }
  const own = steps.filter(({ fingerprint }) => fingerprint === facts.fingerprint);
  const change = suddenChange(
    own,
    steps.filter(({ fingerprint }) => fingerprint !== facts.fingerprint),
    settings,
  );
  if (change !== undefined) {
    signs.push({
      sign: 'sudden_change',
      evidence: [
        evidence('response time before', change.beforeUs, 'us'),
        evidence(AFTER, change.afterUs, 'us'),
      ],
    });
  }
  const fetch = slowFetch(facts, all.deliveries, settings);
  if (fetch !== undefined) signs.push({ sign: 'slow_fetch', evidence: fetch });
  const queue = queueBound(own, all.activity, settings);
  if (queue !== undefined) signs.push({ sign: 'queue_bound', evidence: queue });
  const wildcard = leadingWildcard(facts, all.valuePlaces, settings);
  if (wildcard !== undefined) signs.push({ sign: 'leading_wildcard', evidence: wildcard });
  const { noPredicate, selectStar } = textSigns(facts.normalized);
  if (noPredicate) signs.push({ sign: 'no_predicate', evidence: [] });
  if (selectStar) signs.push({ sign: 'select_star', evidence: [] });
  return { ...row, signs, changedUs: change?.atUs ?? null };
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
    evidence('short executions', Math.round(typical(short)), 'us'),
    evidence('long executions', Math.round(typical(long)), 'us'),
  ];
}

/** Large answers whose rows take long to arrive when the first is there, slower than a server or a network brings them. */
function slowFetch(
  { fingerprint }: ClassFacts,
  deliveries: readonly DeliveryFacts[],
  settings: SlowClassesSettings,
): Evidence[] | undefined {
  const seen = deliveries.find((delivery) => delivery.fingerprint === fingerprint);
  if (seen === undefined || seen.executions < settings.fetchExecutionsMin) return undefined;
  const { executions, firstSumUs, deliverySumUs, bytes } = seen;
  const deliveryUs = deliverySumUs / executions;
  const share = deliverySumUs / (firstSumUs + deliverySumUs);
  const bytesPerSecond = (bytes / deliverySumUs) * 1_000_000;
  const slow =
    bytes / executions >= settings.largeBytes &&
    deliveryUs >= settings.fetchFloorUs &&
    share >= settings.fetchShare &&
    bytesPerSecond <= settings.fetchBytesPerSecondMax;
  if (!slow) return undefined;
  return [
    evidence('until the first byte of the answer', Math.round(firstSumUs / executions), 'us'),
    evidence('from then until the last', Math.round(deliveryUs), 'us'),
    evidence(
      'bytes in that time',
      Math.round(bytesPerSecond),
      'per_second',
      settings.fetchBytesPerSecondMax,
    ),
    evidence('executions looked at', executions, 'count'),
  ];
}

/** In the text that was seen first, or in the values that executions were given. */
function leadingWildcard(
  { fingerprint, normalized, leadingWildcard: inText }: ClassFacts,
  places: readonly ValuePlaceFacts[],
  settings: SlowClassesSettings,
): Evidence[] | undefined {
  if (!PATTERN.test(normalized)) return undefined;
  const given = places
    .filter((place) => place.fingerprint === fingerprint && place.looked > 0)
    .map(({ leadingWildcards, looked }) => ({ leadingWildcards, looked }))
    .sort((a, b) => b.leadingWildcards / b.looked - a.leadingWildcards / a.looked)
    .find(({ leadingWildcards, looked }) => leadingWildcards >= settings.wildcardShare * looked);
  if (given !== undefined) {
    return [
      evidence('values that begin with %', given.leadingWildcards, 'count'),
      evidence('of so many looked at', given.looked, 'count'),
    ];
  }
  return inText ? [] : undefined;
}
