/**
 * Dates, times and intervals in binary format as PostgreSQL prints them with DateStyle ISO and IntervalStyle postgres
 * (src/backend/utils/adt/datetime.c: EncodeDateOnly, EncodeDateTime, EncodeTimezone, EncodeInterval). A timestamp with
 * time zone is an instant: it is printed in UTC, whatever the zone of the session.
 */

/** Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from. */
const EPOCH_2000_DAYS = 10_957;
const DAY_US = 86_400_000_000n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT64_MIN = -INT64_MAX - 1n;
const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -INT32_MAX - 1;
/** 400 years repeat. */
const ERA_DAYS = 146_097;

/** @param days since 2000-01-01 */
export function dateText(days: number): string {
  if (days === INT32_MAX) return 'infinity';
  if (days === INT32_MIN) return '-infinity';
  const { text, beforeChrist } = dayOf(days + EPOCH_2000_DAYS);
  return beforeChrist ? `${text} BC` : text;
}

/** @param us since midnight */
export function timeText(us: bigint): string {
  const seconds = us / 1_000_000n;
  return clockText(seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n, us % 1_000_000n);
}

/** @param west of Greenwich, in seconds, as it is sent */
export function timeZonedText(us: bigint, west: number): string {
  return timeText(us) + zoneText(-west);
}

/**
 * @param us since 2000-01-01
 * @param zone what stands behind the time of day: '+00' for a timestamp with time zone
 */
export function timestampText(us: bigint, zone: string): string {
  if (us === INT64_MAX) return 'infinity';
  if (us === INT64_MIN) return '-infinity';
  let days = us / DAY_US;
  let rest = us % DAY_US;
  if (rest < 0n) {
    rest += DAY_US;
    days -= 1n;
  }
  const { text, beforeChrist } = dayOf(Number(days) + EPOCH_2000_DAYS);
  return `${text} ${timeText(rest)}${zone}${beforeChrist ? ' BC' : ''}`;
}

/** @param us @param days @param months the three parts of an interval, which may have different signs */
export function intervalText(us: bigint, days: number, months: number): string {
  if (us === INT64_MAX && days === INT32_MAX && months === INT32_MAX) return 'infinity';
  if (us === INT64_MIN && days === INT32_MIN && months === INT32_MIN) return '-infinity';
  let text = '';
  let afterNegative = false;
  const years = Math.trunc(months / 12);
  const parts = [
    [years, 'year'],
    [months - years * 12, 'mon'],
    [days, 'day'],
  ] as const;
  for (const [value, unit] of parts) {
    if (value === 0) continue;
    const sign = afterNegative && value > 0 ? '+' : '';
    text += `${text === '' ? '' : ' '}${sign}${value} ${unit}${value === 1 ? '' : 's'}`;
    afterNegative = value < 0;
  }
  if (us === 0n && text !== '') return text;
  const sign = us < 0n ? '-' : afterNegative ? '+' : '';
  return `${text === '' ? '' : `${text} `}${sign}${timeText(us < 0n ? -us : us)}`;
}

function clockText(hours: bigint, minutes: bigint, seconds: bigint, us: bigint): string {
  const fraction = us === 0n ? '' : `.${us.toString().padStart(6, '0').replace(/0+$/, '')}`;
  return `${pad(hours)}:${pad(minutes)}:${pad(seconds)}${fraction}`;
}

/** @param east of Greenwich, in seconds */
function zoneText(east: number): string {
  const size = Math.abs(east);
  const [hours, minutes, seconds] = [
    Math.floor(size / 3600),
    Math.floor(size / 60) % 60,
    size % 60,
  ];
  let text = `${east < 0 ? '-' : '+'}${pad(hours)}`;
  if (minutes !== 0 || seconds !== 0) text += `:${pad(minutes)}`;
  if (seconds !== 0) text += `:${pad(seconds)}`;
  return text;
}

/**
 * The Gregorian day, carried back before its invention as PostgreSQL does, of a count of days since 1970-01-01.
 * JavaScript's calendar ends at the year 275760, PostgreSQL's at 5874897. Formula: the year is counted from March, so
 * that the leap day is its last.
 */
function dayOf(days: number): { text: string; beforeChrist: boolean } {
  const fromMarch = days + 719_468; // From 0000-03-01.
  const era = Math.floor(fromMarch / ERA_DAYS);
  const dayOfEra = fromMarch - era * ERA_DAYS;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const told = year > 0 ? year : 1 - year;
  return { text: `${pad(told, 4)}-${pad(month)}-${pad(day)}`, beforeChrist: year <= 0 };
}

function pad(value: number | bigint, width = 2): string {
  return String(value).padStart(width, '0');
}
