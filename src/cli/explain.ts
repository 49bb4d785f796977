/** `mirrorsql explain --at T`: the story of the minutes around a moment, as text or JSON. */
import pc from 'picocolors';
import { chosenFor, explanationOf } from '../../analysis/incidents/explain.ts';
import { buildReport } from '../../analysis/report.ts';
import { MirrorSqlError } from '../core/errors.ts';
import { MINUTE_US, isoFromUs } from '../core/time.ts';
import type { Explanation, FiguresOf } from '../events/explanation.ts';
import type { Window } from '../events/facts.ts';
import type { Report } from '../events/report.ts';
import { evidenceSql, figuresSql, readFigures } from '../store/questions/figures.ts';
import { readExtent, readWindowFacts } from '../store/questions/window-facts.ts';
import { openStore, type Store } from '../store/store.ts';
import type { AnalysisOptions } from './configuration/analysis-settings.ts';
import { writeOutput } from './output.ts';
import { timeOf } from './report-window.ts';
import { scopeOf } from './seen-by.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';
import { renderExplanation } from './text/explanation.ts';

export interface ExplainOptions extends StoreOptions, AnalysisOptions {
  readonly at?: string;
  readonly minutes?: string;
  readonly seenBy?: string;
  readonly format?: string;
}

const MINUTES_DEFAULT = '10';
const MINUTES_MAX = 180;
/** Where nobody says how wide the terminal is: a file, a pipe. */
const COLUMNS_DEFAULT = 100;

/** @throws MirrorSqlError */
export async function runExplain(options: ExplainOptions): Promise<void> {
  const format = options.format ?? 'text';
  if (format !== 'text' && format !== 'json')
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--format takes text or json, not ${format}`);
  const minutes = Number(options.minutes ?? MINUTES_DEFAULT);
  if (!(minutes >= 1 && minutes <= MINUTES_MAX))
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--minutes takes 1 to ${MINUTES_MAX}`);
  const store = await openStore(storeSettings(options), { existing: true });
  try {
    const { explanation, report } = await explain(store, options, minutes);
    await writeOutput(
      format === 'json'
        ? `${JSON.stringify(explanation, undefined, 2)}\n`
        : renderExplanation(explanation, report, {
            columns: process.stdout.isTTY ? process.stdout.columns : COLUMNS_DEFAULT,
            color: pc.isColorSupported,
          }),
    );
  } finally {
    await store.close();
  }
}

async function explain(
  store: Store,
  options: ExplainOptions,
  minutes: number,
): Promise<{ explanation: Explanation; report: Report }> {
  const extent = await readExtent(store);
  if (extent === undefined) throw new MirrorSqlError('MSQL_STORE_EMPTY', 'the store is empty');
  const atUs = timeOf('--at', options.at ?? '', extent);
  const scope = await scopeOf(store, options.seenBy);
  const facts = await readWindowFacts(store, aroundTime(atUs, minutes, extent), scope);
  const report = buildReport(facts, options.analysis);
  const chosen = chosenFor(report, atUs);
  const figures = async (window: Window): Promise<FiguresOf> => {
    const sql = figuresSql(window, { ...scope, server: chosen.server }, extent.toUs);
    return { window, sql, figures: await readFigures(store, sql) };
  };
  const explanation = explanationOf(report, atUs, chosen, {
    before: chosen.before === null ? null : await figures(chosen.before),
    during: await figures(chosen.during),
    sqlOf: (finding) => evidenceSql(finding, finding.untilUs ?? report.window.toUs),
  });
  return { explanation, report };
}

/** The minutes around the moment, as far as there is data. */
function aroundTime(atUs: number, minutes: number, extent: Window): Window {
  const fromUs = Math.max(extent.fromUs, atUs - minutes * MINUTE_US);
  const toUs = Math.min(extent.toUs, atUs + minutes * MINUTE_US);
  if (fromUs < toUs) return { fromUs, toUs };
  throw new MirrorSqlError(
    'MSQL_CLI_USAGE',
    `nothing is stored around --at ${isoFromUs(atUs)}: there is data from ${isoFromUs(extent.fromUs)} to ${isoFromUs(extent.toUs)}`,
  );
}
