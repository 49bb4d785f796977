/**
 * The report as text for a terminal: first what stands out, then the figures behind it, at the end what the capture
 * missed. No line is wider than the terminal, nothing depends on colour, and nothing captured reaches the terminal
 * unmade (text/cell.ts).
 */
import type { Report } from '../events/report.ts';
import { classForecast } from './text/class-forecast.ts';
import { bigTransactions } from './text/big-transactions.ts';
import { captureQuality, collectors, missed } from './text/capture-quality.ts';
import { channels, nodes, schemaChanges, sessionEvents, transactions } from './text/connections.ts';
import { errorDiagnosis } from './text/error-diagnosis.ts';
import { errors } from './text/errors.ts';
import { headline } from './text/headline.ts';
import { hotValues } from './text/hot-values.ts';
import { health } from './text/health.ts';
import { incidents } from './text/incidents.ts';
import { openTransactions } from './text/open-transactions.ts';
import { lowTps } from './text/low-tps.ts';
import { pageOf } from './text/page.ts';
import { queryClusters } from './text/query-clusters.ts';
import { replication } from './text/replication.ts';
import { repetitions } from './text/repetitions.ts';
import { slowClasses } from './text/slow-classes.ts';
import { statements } from './text/statements.ts';
import { traffic } from './text/traffic.ts';

export interface TextOptions {
  /** Cells of a line; held within 60 to 200. */
  readonly columns: number;
  readonly color: boolean;
}

/** The whole report, with a line feed at its end. */
export function renderReportText(report: Report, { columns, color }: TextOptions): string {
  const page = pageOf(report, columns, color);
  const lines = [
    headline,
    incidents,
    health,
    traffic,
    lowTps,
    statements,
    slowClasses,
    repetitions,
    queryClusters,
    classForecast,
    hotValues,
    errors,
    errorDiagnosis,
    transactions,
    openTransactions,
    bigTransactions,
    channels,
    schemaChanges,
    replication,
    nodes,
    sessionEvents,
    captureQuality,
    missed,
    collectors,
  ].flatMap((render) => render(page));
  return `${lines.join('\n')}\n`;
}
