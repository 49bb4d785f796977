/** Quantities as a person reads them: three significant digits, a unit, and "–" for what is not known. */
import { SECOND_US, MINUTE_US, HOUR_US, DAY_US, isoFromUs } from './time.ts';

/** Stands for a value that is not known or does not exist. */
export const ABSENT = '–';

/** `1,234,567`. Intl would do the same, and cost as much start-up time as decoding 20,000 packets. */
export function countText(value: number | null): string {
  if (value === null) return ABSENT;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 gap`, `3 gaps` */
export function counted(value: number, one: string, many: string): string {
  return `${countText(value)} ${value === 1 ? one : many}`;
}

/** `850 µs`, `1.23 ms`, `35.0 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h` */
export function durationText(us: number | null): string {
  if (us === null) return ABSENT;
  if (us < 999.5) return `${Math.round(us)} µs`;
  if (us < 999_500) return `${threeDigits(us / 1000)} ms`;
  if (us < 99.95 * SECOND_US) return `${threeDigits(us / SECOND_US)} s`;
  if (us < HOUR_US - SECOND_US / 2) return twoUnits(us, MINUTE_US, 'min', SECOND_US, 's');
  if (us < DAY_US - MINUTE_US / 2) return twoUnits(us, HOUR_US, 'h', MINUTE_US, 'min');
  return twoUnits(us, DAY_US, 'd', HOUR_US, 'h');
}

/** The same for a sentence, where `10 s` reads better than the `10.0 s` of a column. */
export function durationWords(us: number): string {
  return durationText(us).replace(/\.0+ /, ' ');
}

function twoUnits(us: number, bigUs: number, big: string, smallUs: number, small: string): string {
  const smalls = Math.round(us / smallUs);
  const each = bigUs / smallUs;
  const rest = smalls % each;
  const bigs = `${Math.floor(smalls / each)} ${big}`;
  return rest === 0 ? bigs : `${bigs} ${rest} ${small}`;
}

/** `512 B`, `1.23 kB`, `45.6 MB`; a kilobyte is 1000 bytes. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return ABSENT;
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${units[unit] ?? ''}`;
}

/** `12.3`, `120`, `0.25`: a rate per second. */
export function rateText(value: number | null): string {
  if (value === null) return ABSENT;
  if (value === 0) return '0';
  return value < 999.5 ? threeDigits(value) : countText(value);
}

/** `41 %`, `2.8 %`, `99.97 %`. Never rounded to 0 or to 100: "all" and "none" must be true. */
export function shareText(share: number | null): string {
  if (share === null) return ABSENT;
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.01) return '<0.01 %';
  if (percent > 100) return `${countText(Math.round(percent))} %`;
  if (percent > 99.99) return '>99.99 %';
  if (percent < 0.1 || percent > 99.9) return `${percent.toFixed(2)} %`;
  if (percent < 9.95 || percent > 90) return `${percent.toFixed(1)} %`;
  return `${Math.round(percent)} %`;
}

/** `+38 %`, `−12 %`, `×4.2` */
export function changeText(change: number): string {
  if (change >= 1.995) return `×${threeDigits(change + 1)}`;
  const percent = Math.round(change * 100);
  return percent < 0 ? `−${-percent} %` : `+${percent} %`;
}

/** `14:03:20`, with the day in front when asked. UTC, as everywhere. */
export function clockText(timeUs: number, withDay: boolean): string {
  const iso = isoFromUs(Math.floor(timeUs));
  return withDay ? `${iso.slice(5, 10)} ${iso.slice(11, 19)}` : iso.slice(11, 19);
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}
