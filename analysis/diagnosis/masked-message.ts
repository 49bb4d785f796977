/**
 * The message of an error without the values that it quotes. Servers put names of tables and constraints between double
 * quotes, which a reader needs, and in messages about data the offending value too (PostgreSQL: `invalid input syntax for
 * type integer: "..."`), which may be anybody's.
 */

/** Classes whose messages quote what was sent. */
const QUOTE_VALUES: ReadonlySet<string> = new Set([
  'bad_value',
  'data_truncation',
  'numeric_overflow',
  'syntax',
  'user_raised',
  'other',
]);

const LENGTH_MAX = 300;

export function maskedMessage(message: string, errorClass: string): string {
  const masked = QUOTE_VALUES.has(errorClass)
    ? // What is quoted and not closed was cut.
      message.replace(/"[^"]*("|$)/g, '"…"').replace(/'[^']*('|$)/g, "'…'")
    : message;
  return masked.length <= LENGTH_MAX ? masked : `${masked.slice(0, LENGTH_MAX)}…`;
}
