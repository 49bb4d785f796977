import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import { renderReportHtml } from '../../src/cli/report-html.ts';
import { sampleFacts } from '../server/sample-facts.ts';

let directory: string;
beforeEach(() => {
  directory = `${mkdtempSync(join(tmpdir(), 'mirrorsql-report-'))}/`;
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const report = buildReport(sampleFacts());

it('puts the report into the template as data that cannot leave its element', async () => {
  const slot = '<script type="application/json" id="report">null</script>';
  writeFileSync(`${directory}report.html`, `<p>before</p>${slot}<p>after $&</p>`);
  const html = await renderReportHtml(report, directory);
  const [, data = ''] =
    /^<p>before<\/p><script type="application\/json" id="report">(.*)<\/script><p>after \$&<\/p>$/s.exec(
      html,
    ) ?? [];
  expect(data).not.toContain('<');
  expect(JSON.parse(data)).toEqual(JSON.parse(JSON.stringify(report)));
});

it('says that the pages are not built when the template has no place for the data', async () => {
  writeFileSync(`${directory}report.html`, '<p>something else</p>');
  await expect(renderReportHtml(report, directory)).rejects.toMatchObject({
    code: 'MSQL_WEB_NOT_BUILT',
  });
});
