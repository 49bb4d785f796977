/**
 * F1: values that stand out. A value is hot when its share is far above what one of so many should have, contended when
 * executions that write or lock waited on it at once, single when nearly all writes go to it; and a place whose integers
 * rise with time makes every insert write at the same end of an index.
 */
import type { Evidence } from '../../src/events/health.ts';
import type { Finding } from '../../src/events/finding.ts';
import type {
  HotValueKind,
  HotValueRow,
  ValueFacts,
  ValuePlaceFacts,
} from '../../src/events/hot-values.ts';
import { evidence } from '../evidence.ts';
import {
  countPart,
  type HighlightPart,
  nodePart,
  sharePart,
  statementPart,
  textPart,
} from '../../src/events/sentence.ts';

export interface HotValueSettings {
  /** Fewer executions say nothing about shares. */
  readonly callsMin: number;
  /** A hot value has more than this, however many others there are: below a tenth it does not decide the load. */
  readonly shareMin: number;
  /** And more than so many times what each of the different values would have: a place with few values has no hot one. */
  readonly timesFair: number;
  /** Nearly all writes: one in twenty may be something else. */
  readonly singleShareMin: number;
  /** Three at once, for so long: shorter queues come and go with every checkpoint. */
  readonly contendedUsMin: number;
  /** Concurrent inserts of a sequence come a little out of order. */
  readonly orderMin: number;
  /** More nobody reads. */
  readonly rowsMax: number;
}

export const defaultHotValueSettings: HotValueSettings = {
  callsMin: 100,
  shareMin: 0.1,
  timesFair: 20,
  singleShareMin: 0.95,
  contendedUsMin: 3_000_000,
  orderMin: 0.95,
  rowsMax: 30,
};

const KINDS: readonly HotValueKind[] = ['contended', 'single', 'hot', 'append'];
const WRITES: ReadonlySet<string> = new Set(['update', 'delete', 'merge']);

/** At most `rowsMax`: contended values first, then single, hot and appended ones, each by calls. */
export function hotValueRows(
  places: readonly ValuePlaceFacts[],
  settings: HotValueSettings = defaultHotValueSettings,
): HotValueRow[] {
  const byClass = new Map<string, ValuePlaceFacts[]>();
  for (const place of places) {
    const key = `${place.fingerprint} ${place.server}`;
    const known = byClass.get(key);
    if (known === undefined) byClass.set(key, [place]);
    else known.push(place);
  }
  return [...byClass.values()]
    .flatMap((ofClass) => rowsOf(ofClass, settings))
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.calls - a.calls)
    .slice(0, settings.rowsMax);
}

/** All places of one class on one server. */
function rowsOf(places: readonly ValuePlaceFacts[], settings: HotValueSettings): HotValueRow[] {
  const rows: HotValueRow[] = [];
  const choosing = places.filter(chooses);
  // Of several places that choose rows together, the one with the most values tells which; the others say it of all.
  const key = choosing.reduce<ValuePlaceFacts | undefined>(
    (most, place) => (most === undefined || place.distinct > most.distinct ? place : most),
    undefined,
  );
  for (const value of key?.values ?? []) {
    if (key !== undefined && value.contendedUs >= settings.contendedUsMin)
      rows.push(rowOf('contended', key, value));
  }
  const told = new Set(rows.map(({ hash }) => hash));
  for (const place of places) {
    const [first] = place.values;
    if (place.calls < settings.callsMin) continue;
    if (place.kind === 'insert' && place.order > settings.orderMin)
      rows.push(rowOf('append', place, undefined));
    if (first === undefined || told.has(first.hash)) continue;
    const single = place === key && WRITES.has(place.kind) && choosing.every(isSingle(settings));
    if (single) rows.push(rowOf('single', place, first));
    else if (isHot(place, first, settings)) rows.push(rowOf('hot', place, first));
  }
  return rows;
}

function shareOfFirst({ values, calls }: ValuePlaceFacts): number {
  return calls === 0 ? 0 : (values[0]?.calls ?? 0) / calls;
}

function isSingle({ singleShareMin }: HotValueSettings): (place: ValuePlaceFacts) => boolean {
  return (place) => shareOfFirst(place) >= singleShareMin;
}

function isHot(
  place: ValuePlaceFacts,
  first: ValueFacts,
  { shareMin, timesFair }: HotValueSettings,
): boolean {
  return first.calls / place.calls > Math.max(shareMin, timesFair / Math.max(1, place.distinct));
}

/**
 * Does the value of this place choose rows? In an INSERT each may be a key; elsewhere those between WHERE and LIMIT. The
 * n-th parameter is taken for the n-th literal of the text, as nearly all applications number them.
 */
function chooses({ kind, normalized, place }: ValuePlaceFacts): boolean {
  if (kind === 'insert') return true;
  const where = normalized.search(/\bWHERE\b/);
  if (where < 0) return false;
  const limit = normalized.search(/\b(?:LIMIT|OFFSET|FETCH)\b/);
  const number = Number(place.slice(1));
  const before = literalsIn(normalized.slice(0, where));
  return number > before && (limit < where || number <= literalsIn(normalized.slice(0, limit)));
}

function literalsIn(normalized: string): number {
  return normalized.split('?').length - 1;
}

function rowOf(
  kind: HotValueKind,
  place: ValuePlaceFacts,
  value: ValueFacts | undefined,
): HotValueRow {
  return {
    kind,
    fingerprint: place.fingerprint,
    normalized: place.normalized,
    server: place.server,
    place: place.place,
    calls: place.calls,
    looked: place.looked,
    distinct: place.distinct,
    hash: value?.hash ?? null,
    shown: value?.shown ?? '',
    share: value === undefined || place.calls === 0 ? null : Math.min(1, value.calls / place.calls),
    waitingMax: value?.waitingMax ?? 0,
    contendedUs: value?.contendedUs ?? 0,
    zipf: zipfOf(place.values.map(({ calls }) => calls)),
    firstUs: place.firstUs,
    lastUs: place.lastUs,
  };
}

const ZIPF_VALUES_MIN = 5;
const ZIPF_MAX = 5;

/**
 * The exponent s of Zipf's law, p(r) ~ r^-s, that makes the counts of the ranks 1 to k most probable, given that one of
 * these k values came (A. Clauset, C. R. Shalizi, M. E. J. Newman, SIAM Review 51 (2009) 661, truncated to k): the root
 * of a falling function, by halving.
 */
export function zipfOf(counts: readonly number[]): number | null {
  const ranked = counts.filter((count) => count > 0).sort((a, b) => b - a);
  if (ranked.length < ZIPF_VALUES_MIN) return null;
  const all = ranked.reduce((sum, count) => sum + count, 0);
  const seen = ranked.reduce((sum, count, index) => sum + count * Math.log(index + 1), 0) / all;
  const expected = (s: number): number => {
    let weights = 0;
    let logs = 0;
    for (let rank = 1; rank <= ranked.length; rank++) {
      const weight = rank ** -s;
      weights += weight;
      logs += weight * Math.log(rank);
    }
    return logs / weights;
  };
  let low = 0;
  let high = ZIPF_MAX;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (expected(middle) > seen) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** What a DBA should know: contention is a warning, a hot value that is written a notice, all else is for who looks. */
export function hotValueFindings(
  rows: readonly HotValueRow[],
  settings: HotValueSettings = defaultHotValueSettings,
): Finding[] {
  return rows.flatMap((row) => {
    const words = WORDS[row.kind];
    if (words === undefined) return [];
    const statement = statementPart(row.normalized, row.fingerprint);
    return [
      {
        key: `hot/${row.kind} ${row.server} ${row.fingerprint} ${row.place} ${row.hash ?? ''}`,
        kind: `hot/${row.kind}`,
        ledger: 'F1',
        severity: words.severity,
        node: row.server,
        role: 'server' as const,
        sinceUs: row.firstUs,
        untilUs: row.lastUs,
        summary: [
          nodePart(row.server),
          textPart(': '),
          ...words.says(row),
          statement,
          textPart('.'),
        ],
        advice:
          words.adviceToWrites !== undefined && WRITING.test(row.normalized)
            ? words.adviceToWrites
            : words.advice,
        evidence: evidenceOf(row, settings),
        fingerprints: [row.fingerprint],
        sessions: [],
        sqlstates: [],
      },
    ];
  });
}

interface Words {
  readonly severity: Finding['severity'];
  readonly says: (row: HotValueRow) => HighlightPart[];
  readonly advice: string;
  /** Where it is another for what writes. */
  readonly adviceToWrites?: string;
}

const WRITING = /^(INSERT|UPDATE|DELETE|MERGE)\b/i;

function nameOf({ place, shown, hash }: HotValueRow): string {
  // Of short values the length is all that is shown.
  const [, length] = /^\((\d+)\)$/.exec(shown) ?? [];
  if (length !== undefined)
    return `value (${length} ${length === '1' ? 'character' : 'characters'} long) of ${place}`;
  return `value ${shown === '' ? (hash ?? '') : shown} of ${place}`;
}

const WORDS: Readonly<Partial<Record<HotValueKind, Words>>> = {
  contended: {
    severity: 'warning',
    says: (row) => [
      textPart('Up to '),
      countPart(row.waitingMax),
      textPart(` executions waited at once on one row or key, ${nameOf(row)} in `),
    ],
    advice:
      'Shorten the transactions that lock this row, spread it over several rows, or queue the work elsewhere.',
  },
  single: {
    severity: 'notice',
    says: (row) => [
      sharePart(row.share ?? 0),
      textPart(` of the writes go to one ${nameOf(row)} in `),
    ],
    advice: 'Every such write waits for the one before: spread the row, or gather the writes.',
  },
  hot: {
    severity: 'info',
    says: (row) => [
      sharePart(row.share ?? 0),
      textPart(` of the executions have one ${nameOf(row)} in `),
    ],
    advice: 'Cache what is read for this value, or see why it is asked for so often.',
    adviceToWrites:
      'See why so many writes concern this value: what it stands for becomes a queue before anything else does.',
  },
};

function evidenceOf(row: HotValueRow, settings: HotValueSettings): Evidence[] {
  const calls = evidence('executions', row.calls, 'count');
  const share = evidence(
    'share of them with the value',
    row.share ?? 0,
    'share',
    settings.shareMin,
  );
  if (row.kind !== 'contended') {
    return [share, calls, evidence('different values in a minute', row.distinct, 'count')];
  }
  return [
    evidence('time with three or more at once', row.contendedUs, 'us', settings.contendedUsMin),
    evidence('most executions under way at once', row.waitingMax, 'count', 3),
    share,
    calls,
  ];
}
