/** All findings of a window in one list: what each analyzer says, the most severe first. */
import { FINDING_SEVERITIES, type Finding } from '../src/events/finding.ts';
import type { Report } from '../src/events/report.ts';
import { forecastFindings } from './forecast/class-forecast.ts';
import { healthFindings } from './health/findings.ts';

/** More than anybody reads in one window; the least severe and latest are cut. */
const FINDINGS_MAX = 200;

/** @returns at most 200, the most severe first, among equals the earliest */
export function findingsOf({
  health,
  classForecast,
}: Pick<Report, 'health' | 'classForecast'>): Finding[] {
  return [...healthFindings(health), ...forecastFindings(classForecast)]
    .sort(
      (a, b) =>
        FINDING_SEVERITIES.indexOf(b.severity) - FINDING_SEVERITIES.indexOf(a.severity) ||
        a.sinceUs - b.sinceUs ||
        (a.key < b.key ? -1 : 1),
    )
    .slice(0, FINDINGS_MAX);
}
