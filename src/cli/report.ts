/** `mirrorsql report`: every monitor for a window, as text, JSON or one HTML file. */
import { writeFile } from 'node:fs/promises';
import pc from 'picocolors';
import { buildReport } from '../../analysis/report.ts';
import { cannotWrite, MirrorSqlError } from '../core/errors.ts';
import type { Report } from '../events/report.ts';
import { readExtent, readWindowFacts } from '../store/questions/window-facts.ts';
import { openStore } from '../store/store.ts';
import type { AnalysisOptions } from './configuration/analysis-settings.ts';
import { writeOutput } from './output.ts';
import { renderReportHtml } from './report-html.ts';
import { renderReportText } from './report-text.ts';
import { reportWindow } from './report-window.ts';
import { scopeOf } from './seen-by.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';

export interface ReportOptions extends StoreOptions, AnalysisOptions {
  /** ISO 8601, or back from the end of the data: -15m. */
  readonly from?: string;
  readonly to?: string;
  /** Only what this collector saw. */
  readonly seenBy?: string;
  readonly format?: string;
  /** A file instead of standard output. */
  readonly output?: string;
}

const FORMATS = ['text', 'json', 'html'] as const;
type Format = (typeof FORMATS)[number];

/** Where nobody says how wide the terminal is: a file, a pipe. */
const COLUMNS_DEFAULT = 100;

/** @throws MirrorSqlError */
export async function runReport(options: ReportOptions): Promise<void> {
  const name = options.format ?? 'text';
  const format = FORMATS.find((known) => known === name);
  if (format === undefined) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--format takes text, json or html, not ${name}`);
  }
  const report = await readReport(options);
  const text = await rendered(report, format, options.output === undefined);
  if (options.output === undefined) await writeOutput(text);
  else await writeToFile(options.output, text);
}

async function readReport(options: ReportOptions): Promise<Report> {
  const store = await openStore(storeSettings(options), { existing: true });
  try {
    const extent = await readExtent(store);
    if (extent === undefined) throw new MirrorSqlError('MSQL_STORE_EMPTY', 'the store is empty');
    const scope = await scopeOf(store, options.seenBy);
    const facts = await readWindowFacts(store, reportWindow(options, extent), scope);
    return buildReport(facts, options.analysis);
  } finally {
    await store.close();
  }
}

async function rendered(report: Report, format: Format, toTerminal: boolean): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case 'html':
      return await renderReportHtml(report);
    case 'text':
      return renderReportText(report, {
        columns: (toTerminal ? process.stdout.columns : undefined) ?? COLUMNS_DEFAULT,
        color: toTerminal && pc.isColorSupported,
      });
  }
}

async function writeToFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
