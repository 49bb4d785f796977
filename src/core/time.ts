/** Time is an integer number of microseconds since 1970-01-01 UTC, in a `number` (exact for 285 years). */

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

/** `2026-11-21T02:30:13.123456Z` */
export function isoFromUs(timeUs: number): string {
  const seconds = Math.floor(timeUs / 1_000_000);
  const micros = timeUs - seconds * 1_000_000;
  const head = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${head}.${String(micros).padStart(6, '0')}Z`;
}

/**
 * The time that an ISO 8601 text names, microseconds kept; undefined when it is not such a text.
 * A text without a zone is UTC.
 */
export function usFromIso(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(
      text.trim(),
    );
  if (!match) return undefined;
  const [, date, clock = '00:00', fraction = '', zone = 'Z'] = match;
  const whole = Date.parse(`${date ?? ''}T${clock.length === 5 ? `${clock}:00` : clock}${zone}`);
  if (Number.isNaN(whole)) return undefined;
  return whole * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
