/** All findings of a window in one list: what each analyzer says, the most severe first. */
import { FINDING_SEVERITIES, type Finding } from '../src/events/finding.ts';
import type { Report } from '../src/events/report.ts';
import { hotValueFindings } from './diagnosis/hot-values.ts';
import { forecastFindings } from './forecast/class-forecast.ts';
import { errorFindings } from './diagnosis/error-findings.ts';
import { bigTransactionFindings } from './diagnosis/big-transaction-findings.ts';
import { openTransactionFindings } from './diagnosis/open-transaction-findings.ts';
import { queryClusterFindings } from './diagnosis/query-cluster-findings.ts';
import { repetitionFindings } from './diagnosis/repetitions.ts';
import { slowClassFindings } from './diagnosis/slow-classes.ts';
import { lowTpsFindings } from './diagnosis/low-tps-findings.ts';
import { healthFindings } from './health/findings.ts';
import { heldTransactionFindings } from './incidents/held-transactions.ts';
import { type AnalysisSettings, defaultAnalysisSettings } from './settings.ts';

/** More than anybody reads in one window; the least severe and latest are cut. */
const FINDINGS_MAX = 200;

/** The rows of every analyzer that has findings. */
type Rows = Pick<
  Report,
  | 'window'
  | 'health'
  | 'channels'
  | 'classForecast'
  | 'errorDiagnosis'
  | 'openTransactions'
  | 'bigTransactions'
  | 'lowTps'
  | 'hotValues'
  | 'slowClasses'
  | 'queryClusters'
  | 'repetitions'
> & {
  /** States that only another workload made (health/workload-mix.ts). */
  readonly mixFindings: readonly Finding[];
};

/** @returns at most 200, the most severe first, among equals the earliest */
export function findingsOf(
  rows: Rows,
  settings: AnalysisSettings = defaultAnalysisSettings,
): Finding[] {
  const open = openTransactionFindings(rows.openTransactions, settings.openTransactions);
  const told = new Set(open.flatMap(({ sessions }) => sessions.slice(0, 1)));
  return [
    ...healthFindings(rows.health),
    ...rows.mixFindings,
    ...heldTransactionFindings(rows.health, rows.channels, told),
    ...forecastFindings(rows.classForecast, settings.forecast),
    ...lowTpsFindings(rows.lowTps),
    ...slowClassFindings(rows.slowClasses),
    ...repetitionFindings(rows.repetitions, settings.classes),
    ...queryClusterFindings(rows.queryClusters, rows.window, settings.queries),
    ...errorFindings(rows.errorDiagnosis, settings.errors),
    ...open,
    ...bigTransactionFindings(
      rows.bigTransactions,
      rows.window,
      settings.bigTransactions.alertShare,
    ),
    ...hotValueFindings(rows.hotValues, settings.hotValues),
  ]
    .sort(
      (a, b) =>
        FINDING_SEVERITIES.indexOf(b.severity) - FINDING_SEVERITIES.indexOf(a.severity) ||
        a.sinceUs - b.sinceUs ||
        (a.key < b.key ? -1 : 1),
    )
    .slice(0, FINDINGS_MAX);
}
