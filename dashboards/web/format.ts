/** How numbers, durations and times are written, the same on every part of the page. Pure; tested without a browser. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Three significant digits, without an exponent and without trailing zeros after the point being lost: 5.20, 88.0, 412. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return grouped.format(value);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

const COUNT_UNITS: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** 12,345 in full below a hundred thousand; 268 k, 1.24 M above. */
export function formatCount(value: number): string {
  if (Math.abs(value) < 100_000) return grouped.format(value);
  const [size, unit] = COUNT_UNITS.find(([start]) => Math.abs(value) >= start) ?? [1, ''];
  return `${threeDigits(value / size)} ${unit}`;
}

/** A number on an axis says no more digits than it needs: 50, not 50.0; 0.5 s, not 0.50 s. */
export function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
}

/** Every digit, for a tooltip beside a shortened number. */
export function formatExact(value: number): string {
  return grouped.format(value);
}

/** A position in the WAL, as PostgreSQL prints it: 16/B374D848. */
export function formatLsn(lsn: number): string {
  const high = Math.floor(lsn / 2 ** 32);
  return `${high.toString(16)}/${(lsn >>> 0).toString(16)}`.toUpperCase();
}

/** A number a second, or a mean of counts. */
export function formatRate(value: number): string {
  if (value === 0) return '0';
  if (value >= 1000) return formatCount(value);
  return threeDigits(value);
}

/** 420 µs, 5.20 ms, 1.84 s, 4 min 12 s, 2 h 5 min. */
export function formatDuration(durationUs: number): string {
  if (durationUs < 999.5) return `${Math.round(durationUs)} µs`;
  if (durationUs < 999_500) return `${threeDigits(durationUs / 1e3)} ms`;
  if (durationUs < 59_950_000) return `${threeDigits(durationUs / 1e6)} s`;
  const seconds = Math.round(durationUs / 1e6);
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/** A share as percent. Only all is 100 % and only none is 0 %: what is nearly so says so. Ratios beyond 1 are whole percents. */
export function formatShare(share: number): string {
  if (share === 0) return '0 %';
  if (share === 1) return '100 %';
  if (share < 0.0001) return '< 0.01 %';
  if (share > 1) return `${formatExact(Math.round(share * 100))} %`;
  if (share > 0.9999) return '> 99.99 %';
  return `${(share * 100).toFixed(share >= 0.1 && share < 0.99 ? 1 : 2)} %`;
}

/** A relative change: `+38 %`, `−12 %`, and `×4.2` from double on. */
export function formatChange(change: number): string {
  if (change >= 1) return `×${(change + 1).toFixed(change < 9 ? 1 : 0)}`;
  const percent = Math.round(change * 100);
  return percent < 0 ? `−${String(-percent)} %` : `+${String(percent)} %`;
}

const BYTE_UNITS: readonly [number, string][] = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
];

export function formatBytes(bytes: number): string {
  const unit = BYTE_UNITS.find(([start]) => Math.abs(bytes) >= start * 0.9995);
  return unit === undefined
    ? `${Math.round(bytes)} B`
    : `${threeDigits(bytes / unit[0])} ${unit[1]}`;
}

export type Zone = 'utc' | 'local';

/** The parts of a time in a zone, each with two digits. */
function partsOf(timeUs: number, zone: Zone) {
  const time = new Date(Math.floor(timeUs / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const shifted =
    zone === 'utc' ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return {
    date: `${shifted.getUTCFullYear()}-${two(shifted.getUTCMonth() + 1)}-${two(shifted.getUTCDate())}`,
    clock: `${two(shifted.getUTCHours())}:${two(shifted.getUTCMinutes())}:${two(shifted.getUTCSeconds())}`,
    micros: String(((timeUs % 1e6) + 1e6) % 1e6).padStart(6, '0'),
  };
}

/** 09:41:20 */
export function formatClock(timeUs: number, zone: Zone): string {
  return partsOf(timeUs, zone).clock;
}

/** 09:41:20.123, for single events. */
export function formatClockExact(timeUs: number, zone: Zone): string {
  const { clock, micros } = partsOf(timeUs, zone);
  return `${clock}.${micros.slice(0, 3)}`;
}

/** 2026-11-20 09:41:20 */
export function formatTime(timeUs: number, zone: Zone): string {
  const { date, clock } = partsOf(timeUs, zone);
  return `${date} ${clock}`;
}

/** 2026-11-20 09:00:00 to 10:00:00: the date is not said twice. */
export function formatWindow(window: { fromUs: number; toUs: number }, zone: Zone): string {
  const from = partsOf(window.fromUs, zone);
  const to = partsOf(window.toUs, zone);
  const end = from.date === to.date ? to.clock : `${to.date} ${to.clock}`;
  return `${from.date} ${from.clock} – ${end}`;
}

/** The time that a text in the form of formatTime names, or undefined. */
export function timeFrom(text: string, zone: Zone): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z?)$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, date = '', clock = '', zulu = ''] = match;
  const timeMs = Date.parse(`${date}T${clock}${zone === 'utc' || zulu === 'Z' ? 'Z' : ''}`);
  return Number.isNaN(timeMs) ? undefined : timeMs * 1000;
}
