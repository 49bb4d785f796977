/** The status as text for a terminal: the verdict, then each area with a mark, what it says, since when, what to do. */
import pc from 'picocolors';
import { clockText, durationWords } from '../core/quantities.ts';
import type { Finding, StatusAnswer } from '../server/status-schema.ts';
import { hanging, printable, widthOf, wrapped } from './text/cell.ts';
import { DAY_US } from '../core/time.ts';

export interface StatusTextOptions {
  /** Cells of a line; held within 60 to 120. */
  readonly columns: number;
  readonly color: boolean;
}

const WIDTH_MIN = 60;
const WIDTH_MAX = 120;

export function renderStatus(status: StatusAnswer, options: StatusTextOptions): string {
  const paint = pc.createColors(options.color);
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, options.columns));
  const { well, verdict, startedUs, atUs, version } = status;
  const head = wrapped(printable(verdict), width).map((line) =>
    paint.bold(well ? paint.green(line) : paint.red(line)),
  );
  const running =
    startedUs === null
      ? []
      : [paint.dim(`${status.role} ${version}, running for ${durationWords(atUs - startedUs)}`)];
  const areaWidth = Math.max(...status.findings.map(({ area }) => area.length));
  const findings = status.findings.flatMap((finding) => {
    const indent = ' '.repeat(areaWidth + 4);
    const inner = width - indent.length;
    const mark = finding.well ? paint.green('✓') : paint.red('✗');
    const [first = '', ...rest] = wrapped(printable(finding.says), inner);
    return [
      `${mark} ${paint.bold(finding.area.padEnd(areaWidth))}  ${first}`,
      ...rest.map((line) => indent + line),
      ...details(finding, status).flatMap((text) =>
        wrapped(text, inner).map((line) => indent + paint.dim(line)),
      ),
      ...(finding.advice === null ? [] : hanging('→  ', printable(finding.advice), inner)).map(
        (line) => indent + paint.yellow(line),
      ),
    ];
  });
  return `${[...head, ...running, '', ...findings].join('\n')}\n`;
}

function details(finding: Finding, { atUs, role }: StatusAnswer): string[] {
  const more = finding.more.map(printable).filter((text) => widthOf(text) > 0);
  if (finding.well || role === 'store') return more;
  const sinceUs = Math.min(finding.sinceUs, atUs);
  const clock = clockText(sinceUs, atUs - sinceUs >= DAY_US);
  return [`since ${clock} UTC (${durationWords(atUs - sinceUs)})`, ...more];
}
