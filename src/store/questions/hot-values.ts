/**
 * The places of classes whose values are worth a look, each with its most frequent values. From the rollup: `SELECT
 * value_hash, any(shown), sum(calls) FROM value_1m WHERE fingerprint = '...' AND place = '$1' GROUP BY value_hash ORDER BY
 * 3 DESC` shows the same; the row whose hash is all zeros stands for all values.
 */
import type { Scope, Window } from '../../events/facts.ts';
import type { ValueFacts, ValuePlaceFacts } from '../../events/hot-values.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { ALL_VALUES } from '../tables/values-table.ts';
import { ask, IN_SCOPE, MINUTE_IN_WINDOW, type Parameters, parametersOf, SERVER } from './ask.ts';

/** Places with fewer executions tell nothing, unless executions waited there. */
const CALLS_MIN = 100;
const PLACES_MAX = 200;
const VALUES_MAX = 32;

/** Minutes that overlap the window; which client sent a value is not kept. */
const ROWS = `${MINUTE_IN_WINDOW} AND ${IN_SCOPE}`;

type PlaceRow = Omit<ValuePlaceFacts, 'values' | 'normalized' | 'kind' | 'tables'>;
type ValueRow = ValueFacts & Pick<PlaceRow, 'fingerprint' | 'server' | 'place'>;

/** Most calls first; empty when asked of a client. @throws MirrorSqlError */
export async function readHotValues(
  store: Store,
  window: Window,
  scope: Scope,
  descriptions: ClassDescriptions,
): Promise<ValuePlaceFacts[]> {
  if ((scope.client ?? '') !== '') return [];
  const parameters = parametersOf(window, scope);
  const places = await ask<PlaceRow>(
    store,
    `SELECT fingerprint, ${SERVER} AS server, place,
      sumIf(value_1m.calls, value_hash = '${ALL_VALUES}') AS calls, sum(looked_at) AS looked,
      sum(leading_wildcards) AS leadingWildcards,
      max(distinct_values) AS distinct, max(order_permille) / 1000 AS order,
      toInt64(toUnixTimestamp(min(t))) * 1000000 AS firstUs,
      (toInt64(toUnixTimestamp(max(t))) + 60) * 1000000 AS lastUs
    FROM value_1m WHERE ${ROWS}
    GROUP BY fingerprint, server, place HAVING calls >= ${CALLS_MIN} OR max(contended_us) > 0 OR leadingWildcards > 0
    ORDER BY max(contended_us) > 0 DESC, calls DESC, fingerprint, server, place LIMIT ${PLACES_MAX}`,
    parameters,
  );
  if (places.length === 0) return [];
  const fingerprints = [...new Set(places.map(({ fingerprint }) => fingerprint))];
  const [described, values] = await Promise.all([
    descriptions.of(fingerprints),
    readValues(store, { ...parameters, fingerprints }),
  ]);
  const byPlace = new Map<string, ValueFacts[]>();
  for (const row of values) {
    const { hash, shown, calls, waitingMax, contendedUs } = row;
    const known = byPlace.get(keyOf(row)) ?? [];
    known.push({ hash, shown, calls, waitingMax, contendedUs });
    byPlace.set(keyOf(row), known);
  }
  const inOrder = (a: PlaceRow, b: PlaceRow): number =>
    b.calls - a.calls || (keyOf(a) < keyOf(b) ? -1 : 1);
  return places.sort(inOrder).map((place) => {
    const { normalized, kind, tables } = described(place.fingerprint);
    return {
      ...place,
      normalized,
      kind,
      tables,
      values: (byPlace.get(keyOf(place)) ?? []).sort((a, b) => b.calls - a.calls),
    };
  });
}

function readValues(store: Store, parameters: Parameters): Promise<ValueRow[]> {
  return ask<ValueRow>(
    store,
    `SELECT fingerprint, ${SERVER} AS server, place, value_hash AS hash, max(value_1m.shown) AS shown,
      sum(value_1m.calls) AS calls, max(waiting_max) AS waitingMax, sum(contended_us) AS contendedUs
    FROM value_1m WHERE ${ROWS} AND value_hash != '${ALL_VALUES}'
      AND fingerprint IN {fingerprints:Array(String)}
    GROUP BY fingerprint, server, place, hash
    ORDER BY contendedUs > 0 DESC, calls DESC, hash LIMIT ${VALUES_MAX} BY fingerprint, server, place`,
    parameters,
  );
}

function keyOf({
  fingerprint,
  server,
  place,
}: Pick<PlaceRow, 'fingerprint' | 'server' | 'place'>): string {
  return `${fingerprint} ${server} ${place}`;
}
