/**
 * The places of classes whose values are worth a look, each with its most frequent values. From the rollup: `SELECT
 * value_hash, any(shown), sum(calls) FROM value_1m WHERE fingerprint = '...' AND place = '$1' GROUP BY value_hash ORDER BY
 * 3 DESC` shows the same; the row whose hash is all zeros stands for all values.
 */
import type { Scope, Window } from '../../events/facts.ts';
import type { ValueFacts, ValuePlaceFacts } from '../../events/hot-values.ts';
import type { Store } from '../store.ts';
import { ALL_VALUES } from '../tables/values-table.ts';
import { ask, IN_SCOPE, MINUTE_IN_WINDOW, parametersOf, SERVER } from './ask.ts';

/** Places with fewer executions tell nothing, unless executions waited there. */
const CALLS_MIN = 100;
const PLACES_MAX = 200;
const VALUES_MAX = 32;

/** Minutes that overlap the window; which client sent a value is not kept. */
const ROWS = `${MINUTE_IN_WINDOW} AND ${IN_SCOPE}`;

type PlaceRow = Omit<ValuePlaceFacts, 'values'>;
type ValueRow = ValueFacts & Pick<PlaceRow, 'fingerprint' | 'server' | 'place'>;

/** Most calls first; empty when asked of a client. @throws MirrorSqlError */
export async function readHotValues(
  store: Store,
  window: Window,
  scope: Scope,
): Promise<ValuePlaceFacts[]> {
  if ((scope.client ?? '') !== '') return [];
  const parameters = parametersOf(window, scope);
  const places = await ask<PlaceRow>(
    store,
    `SELECT busiest.*, described.normalized AS normalized, described.kind AS kind, described.tables AS tables
    FROM (
      SELECT fingerprint, ${SERVER} AS server, place,
        sumIf(value_1m.calls, value_hash = '${ALL_VALUES}') AS calls, sum(looked_at) AS looked,
        sum(leading_wildcards) AS leadingWildcards,
        max(distinct_values) AS distinct, max(order_permille) / 1000 AS order,
        toInt64(toUnixTimestamp(min(t))) * 1000000 AS firstUs,
        (toInt64(toUnixTimestamp(max(t))) + 60) * 1000000 AS lastUs
      FROM value_1m WHERE ${ROWS}
      GROUP BY fingerprint, server, place HAVING calls >= ${CALLS_MIN} OR max(contended_us) > 0 OR leadingWildcards > 0
      ORDER BY max(contended_us) > 0 DESC, calls DESC, fingerprint, server, place LIMIT ${PLACES_MAX}
    ) AS busiest
    ANY LEFT JOIN (SELECT * FROM classes FINAL) AS described ON busiest.fingerprint = described.fingerprint
    ORDER BY calls DESC, fingerprint, server, place`,
    parameters,
  );
  if (places.length === 0) return [];
  const values = await ask<ValueRow>(
    store,
    `SELECT fingerprint, ${SERVER} AS server, place, value_hash AS hash, max(value_1m.shown) AS shown,
      sum(value_1m.calls) AS calls, max(waiting_max) AS waitingMax, sum(contended_us) AS contendedUs
    FROM value_1m WHERE ${ROWS} AND value_hash != '${ALL_VALUES}'
      AND fingerprint IN {fingerprints:Array(String)}
    GROUP BY fingerprint, server, place, hash
    ORDER BY contendedUs > 0 DESC, calls DESC, hash LIMIT ${VALUES_MAX} BY fingerprint, server, place`,
    { ...parameters, fingerprints: [...new Set(places.map(({ fingerprint }) => fingerprint))] },
  );
  const key = ({
    fingerprint,
    server,
    place,
  }: Pick<PlaceRow, 'fingerprint' | 'server' | 'place'>) => `${fingerprint} ${server} ${place}`;
  const byPlace = new Map<string, ValueFacts[]>();
  for (const row of values) {
    const { hash, shown, calls, waitingMax, contendedUs } = row;
    const known = byPlace.get(key(row)) ?? [];
    known.push({ hash, shown, calls, waitingMax, contendedUs });
    byPlace.set(key(row), known);
  }
  return places.map((place) => ({
    ...place,
    values: (byPlace.get(key(place)) ?? []).sort((a, b) => b.calls - a.calls),
  }));
}
