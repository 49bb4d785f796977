/** Which window a report is about: what `--from` and `--to` say, and what they leave out. */
import { MirrorSqlError } from '../core/errors.ts';
import { isoFromUs, usFromIso } from '../core/time.ts';
import type { Window } from '../events/facts.ts';

/** Without `--from`, at most this much before the end: what happened lately, not the average of a month. */
const LENGTH_DEFAULT_US = 3_600_000_000;

const UNITS_US: Readonly<Record<string, number>> = {
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/**
 * The window of a report. Times are ISO 8601 (UTC without a zone), or a length such as `-15m` or `-2h` that is counted
 * back from the end of the data. Left out: up to the end of the data, and from its start or the last hour of it.
 * @throws MirrorSqlError MSQL_CLI_USAGE for a text that is no time, and for an empty window
 */
export function reportWindow(
  times: { readonly from?: string | undefined; readonly to?: string | undefined },
  extent: Window,
): Window {
  const toUs = times.to === undefined ? extent.toUs : timeOf('--to', times.to, extent);
  const fromUs =
    times.from === undefined
      ? Math.max(extent.fromUs, toUs - LENGTH_DEFAULT_US)
      : timeOf('--from', times.from, extent);
  if (fromUs >= toUs) {
    const end = times.to === undefined ? `the end of the data, ${isoFromUs(toUs)}` : '--to';
    throw new MirrorSqlError('MSQL_CLI_USAGE', `the window is empty: --from is not before ${end}`);
  }
  return { fromUs, toUs };
}

/**
 * The time that an option names: ISO 8601, or a length back from the end of the data.
 * @throws MirrorSqlError MSQL_CLI_USAGE
 */
export function timeOf(option: string, text: string, extent: Window): number {
  const [, amount, unit = ''] = /^-(\d{1,9})([smhd])$/.exec(text.trim()) ?? [];
  const unitUs = UNITS_US[unit];
  const timeUs =
    amount !== undefined && unitUs !== undefined
      ? extent.toUs - Number(amount) * unitUs
      : usFromIso(text);
  if (timeUs === undefined || timeUs < 0) {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      `${option} is not a time: give ISO 8601 such as 2026-11-21T02:30:00Z, or -15m, -2h, -1d back from the end of the data`,
    );
  }
  return timeUs;
}
