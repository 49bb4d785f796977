/** `mirrorsql detect`: scores a series from a file, value by value, for how unusual it is after those before it. */
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { ConformalDetector } from '../../analysis/detector/conformal-detector.ts';
import { cannotRead, MirrorSqlError, systemCode } from '../core/errors.ts';
import { writeOutput } from './output.ts';

/** Scores beyond this are listed by the text format. */
const LISTED_FROM = 0.9965;
const LISTED_MAX = 50;
/** The parser's messages quote the file. */
const REASON_MAX = 120;

interface Scored {
  readonly timestamp: string;
  readonly value: string;
  readonly score: number;
}

/**
 * Prints {"scores": [...]}, one from 0 to 1 a row, each computed from its row and earlier ones only; or, as text, the
 * rows that stand out.
 *
 * @param file a CSV whose first line names the columns timestamp and value, or any two columns, the second being the value;
 *   '-' for standard input
 * @throws MirrorSqlError when it cannot be read
 */
export async function runDetect(
  file: string,
  options: { readonly format?: string },
): Promise<void> {
  const format = options.format ?? 'text';
  if (format !== 'text' && format !== 'json')
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--format takes text or json, not ${format}`);
  const scored = await scoreFile(file);
  await writeOutput(
    format === 'json'
      ? `${JSON.stringify({ scores: scored.map(({ score }) => score) })}\n`
      : textOf(scored),
  );
}

async function scoreFile(file: string): Promise<Scored[]> {
  const detector = new ConformalDetector();
  const scored: Scored[] = [];
  const name = file === '-' ? 'standard input' : file;
  try {
    const source = file === '-' ? process.stdin : createReadStream(file);
    const rows = parse({ columns: columnsOf, trim: true, bom: true, skip_empty_lines: true });
    source.on('error', (error: Error) => rows.destroy(error));
    source.pipe(rows);
    for await (const row of rows as AsyncIterable<Record<string, string>>) {
      const { timestamp = '', value = '' } = row;
      // An empty field is a value that is missing, not 0.
      const number = value === '' ? Number.NaN : Number(value);
      if (value !== '' && Number.isNaN(number))
        throw new MirrorSqlError(
          'MSQL_SERIES_FORMAT',
          `${name}: row ${String(scored.length + 1)}: ${JSON.stringify(value.slice(0, 40))} is not a number`,
        );
      scored.push({ timestamp, value, score: detector.score(number) });
    }
  } catch (error) {
    if (error instanceof MirrorSqlError) throw error;
    if (systemCode(error) !== undefined && !(error instanceof CsvError))
      throw cannotRead('MSQL_SERIES_READ', name, error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new MirrorSqlError('MSQL_SERIES_FORMAT', `${name}: ${reason.slice(0, REASON_MAX)}`);
  }
  if (scored.length === 0) throw new MirrorSqlError('MSQL_SERIES_FORMAT', `${name}: no rows`);
  return scored;
}

/** By name; of two columns without the name, the second: `time,cpu_percent` leaves no doubt. */
function columnsOf(header: readonly string[]): string[] {
  const names = header.map((name) => name.toLowerCase());
  if (names.includes('value')) return names;
  const [, second = ''] = names;
  // Numbers in the first line: it is the first row of a file without names.
  if (names.length === 2 && second !== '' && Number.isNaN(Number(second)))
    return ['timestamp', 'value'];
  throw new Error(`its first line names no column value, but ${header.join(', ').slice(0, 80)}`);
}

function textOf(scored: readonly Scored[]): string {
  const found = scored.filter(({ score }) => score >= LISTED_FROM);
  const shown = found.slice(0, LISTED_MAX);
  const lines = shown.map(
    ({ timestamp, value, score }) => `${timestamp}  ${value}  score ${score.toFixed(4)}`,
  );
  const rest = found.length - shown.length;
  if (rest > 0) lines.push(`and ${String(rest)} more`);
  return `${String(scored.length)} values, ${String(found.length)} stand out\n${lines.map((line) => `${line}\n`).join('')}`;
}
