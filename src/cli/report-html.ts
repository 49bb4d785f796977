/** The report as one HTML file: the built template with the report in it as data. It needs no network and no server. */
import { readFile } from 'node:fs/promises';
import { MirrorSqlError } from '../core/errors.ts';
import type { Report } from '../events/report.ts';
import { webDirectory } from '../server/web-files.ts';

/** Where the template keeps its data; the build leaves it as it stands in dashboards/web/report.html. */
const SLOT = '<script type="application/json" id="report">null</script>';

/**
 * The whole file, as text.
 * @throws MSQL_WEB_NOT_BUILT when the template was not built.
 */
export async function renderReportHtml(
  report: Report,
  directory: string | undefined = webDirectory(),
): Promise<string> {
  const template = directory === undefined ? '' : await readFile(`${directory}report.html`, 'utf8');
  const slot = template.indexOf(SLOT);
  if (slot === -1) throw new MirrorSqlError('MSQL_WEB_NOT_BUILT', 'the pages are not built');
  const data = SLOT.replace('null', () => embeddedJson(report));
  return template.slice(0, slot) + data + template.slice(slot + SLOT.length);
}

/**
 * JSON that may stand inside a script element: captured SQL may hold `</script>` or `<!--`, which end or bend the element
 * before any JSON is read (HTML standard, 4.12.1.3), so no `<` is left as it is.
 */
function embeddedJson(report: Report): string {
  return JSON.stringify(report).replaceAll('<', '\\u003c');
}
