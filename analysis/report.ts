/**
 * The report of a window: every monitor over the facts that the store answered. A pure function: the same facts give
 * the same report, whether the window is the last minute or one of last week; and total: an empty window is a report
 * with nothing in it.
 */
import type { WindowFacts } from '../src/events/facts.ts';
import type { HealthInterval } from '../src/events/health.ts';
import type { ErrorRow, Overview, Report, SeriesPoint } from '../src/events/report.ts';
import { diagnoseLowTps } from './diagnosis/low-tps.ts';
import { diagnoseErrors } from './diagnosis/error-diagnosis.ts';
import { bigTransactionsOf } from './diagnosis/big-transactions.ts';
import { openTransactionsOf } from './diagnosis/open-transactions.ts';
import { hotValueRows } from './diagnosis/hot-values.ts';
import { queryClustersOf } from './diagnosis/query-clusters.ts';
import { wholeSteps } from './diagnosis/whole-steps.ts';
import { repetitionRowsOf } from './diagnosis/repetitions.ts';
import { slowClassesOf } from './diagnosis/slow-classes.ts';
import { findingsOf } from './findings.ts';
import { classForecasts } from './forecast/class-forecast.ts';
import { highlightsOf, type ReportWithoutHighlights } from './highlights.ts';
import { healthOf, plainHealthOf } from './health/report.ts';
import { judgeMix } from './health/workload-mix.ts';
import { incidentsOf } from './incidents/incidents.ts';
import { captureQuality, collectorRows } from './monitors/capture-quality.ts';
import { rankedChannels } from './monitors/channels.ts';
import { ddlRows } from './monitors/ddl.ts';
import { missedPeriods } from './monitors/missed.ts';
import { nodeRows } from './monitors/nodes.ts';
import { replicationRows } from './monitors/replication.ts';
import { responseRateOf, unansweredOf } from './monitors/response-rate.ts';
import { responseTimesOf } from './monitors/response-time.ts';
import { rollbackRateOf } from './monitors/rollback-rate.ts';
import { seriesOf } from './monitors/series.ts';
import { rankedClasses } from './monitors/slow-statements.ts';
import { errorRows } from './monitors/sqlcodes.ts';
import { type ActivityTotals, totalsOf } from './monitors/totals.ts';
import { tpsOf } from './monitors/tps.ts';
import { transactionShapeRows } from './monitors/transactions.ts';
import { databaseYieldOf, yieldOf } from './monitors/yield.ts';
import { namesIn } from './node-names.ts';
import { type AnalysisSettings, defaultAnalysisSettings } from './settings.ts';
import { greatestOf, shareOf } from './share.ts';

/** Executions listed as the slowest. */
const SLOWEST_MAX = 20;

/** Periods of missed traffic that are listed. */
const MISSED_MAX = 100;

/** Everything that analysis finds in one window. `judged`: the states of its nodes, where they are known already. */
export function buildReport(
  facts: WindowFacts,
  settings: AnalysisSettings = defaultAnalysisSettings,
  judged?: readonly HealthInterval[],
): Report {
  const { window, extent, scope } = facts;
  const totals = totalsOf(facts.steps);
  const series = seriesOf(facts.steps, window, extent);
  const errors = errorRows(facts.errors, facts.errorSteps, totals.answers, series);
  const stepUs = facts.steps[0]?.stepUs ?? 0;
  const missed = missedPeriods(facts.missed);
  const states =
    judged ?? healthOf(facts.nodeSeconds, facts.healthWindow, window, settings, facts.seasons);
  const { health, findings: mixFindings } = judgeMix(states, facts.workloadMix);
  const diagnoses = diagnosesOf(facts, stepUs, settings);
  const channels = rankedChannels(facts.channels);
  const findings = findingsOf({ window, channels, health, mixFindings, ...diagnoses }, settings);
  const report: ReportWithoutHighlights = {
    formatVersion: 1,
    window,
    extent,
    scope,
    stepUs,
    overview: overviewOf(totals, facts, series, errors),
    series,
    names: namesIn(settings.nodeNames, facts.edges, facts.channels),
    nodes: nodeRows(facts, settings.nodeNames),
    ...rankedClasses(facts.classes, facts.classSteps, totals),
    slowest: [...facts.slowest]
      .sort((a, b) => (b.durationUs ?? -1) - (a.durationUs ?? -1) || a.tsUs - b.tsUs)
      .slice(0, SLOWEST_MAX),
    errors,
    transactionShapes: transactionShapeRows(facts.transactionShapes),
    channels,
    channelsCount: facts.channelsCount,
    ddl: ddlRows(facts.ddl),
    ddlCount: facts.ddlCount,
    sessionEvents: [...facts.sessionEvents].sort((a, b) => b.count - a.count),
    replication: replicationRows(facts.replication),
    health,
    plainHealth: plainHealthOf(facts.nodeSeconds, facts.healthWindow, window, settings),
    ...diagnoses,
    findings,
    incidents: incidentsOf(findings, { facts, missed }, settings.incidents),
    capture: captureQuality(facts.capture, missed),
    collectors: collectorRows(facts.collectors, missed),
    missed: missed.slice(0, MISSED_MAX),
    missedCount: missed.length,
  };
  return { ...report, highlights: highlightsOf(report, facts) };
}

/** What each diagnosis and forecast says of the window. */
function diagnosesOf(facts: WindowFacts, stepUs: number, settings: AnalysisSettings) {
  const { window, extent } = facts;
  const openTransactions = openTransactionsOf(facts.openTransactions, window, stepUs);
  return {
    errorDiagnosis: diagnoseErrors(facts.errorDiagnosis, openTransactions, window, settings.errors),
    lowTps: diagnoseLowTps(
      facts.lowTps,
      facts.errorDiagnosis.causes,
      window,
      extent,
      settings.throughput,
    ),
    openTransactions,
    bigTransactions: bigTransactionsOf(facts.bigTransactions, settings.bigTransactions),
    slowClasses: slowClassesOf(facts.classes, facts.classSteps, settings.classes, {
      ...facts,
      activity: facts.steps,
    }),
    repetitions: repetitionRowsOf(facts.repetitions, facts.edges, settings.classes),
    queryClusters: queryClustersOf(
      facts.classes,
      wholeSteps(facts.classSteps, facts.steps),
      settings.queryRules,
      settings.queries,
    ),
    classForecast: classForecasts(facts.classForecast, settings.forecast),
    hotValues: hotValueRows(facts.valuePlaces, settings.hotValues),
  };
}

function overviewOf(
  totals: ActivityTotals,
  facts: WindowFacts,
  series: readonly SeriesPoint[],
  errors: readonly ErrorRow[],
): Overview {
  return {
    requests: totals.requests,
    answers: totals.answers,
    normal: totals.normal,
    errors: totals.errors,
    unanswered: unansweredOf(totals),
    yield: yieldOf(totals),
    databaseYield: databaseYieldOf(totals.answers, errors),
    responseRate: responseRateOf(totals),
    abnormalShare: shareOf(totals.errors, totals.answers),
    transactions: totals.commits + totals.rollbacks,
    commits: totals.commits,
    rollbacks: totals.rollbacks,
    explicitRollbacks: totals.explicitRollbacks,
    implicitTransactions: totals.implicitTransactions,
    rollbackRate: rollbackRateOf(totals),
    tpsMean: tpsOf(totals, facts.window, facts.extent),
    tpsMax: greatestOf(series, (point) => point.tps),
    responseTime: responseTimesOf(totals),
    rowsReturned: totals.rowsReturned,
    rowsAffected: totals.rowsAffected,
    requestBytes: totals.requestBytes,
    responseBytes: totals.responseBytes,
    connectionsOpenMax: totals.connectionsOpenMax,
  };
}
