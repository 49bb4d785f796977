/** Entry of a report file: the report stands in the page as JSON. */
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import type { Report } from '../../src/server/contract.ts';
import { formatDuration, formatWindow } from './format.ts';
import { Drawer } from './parts/drawer.tsx';
import { ThemeContext, useTheme, useZone, ZoneContext } from './preferences.ts';
import { ReportView } from './report-view.tsx';
import { ClassDetails } from './sections/class-details.tsx';
import { classesOf } from './sections/statements.tsx';
import { TopBar } from './sections/top-bar.tsx';

function ReportFile({ report }: { report: Report }) {
  const [theme, setTheme] = useTheme();
  const [zone, setZone] = useZone();
  const [opened, setOpened] = useState<string>();
  const onOpen = useCallback((fingerprint: string) => setOpened(fingerprint), []);
  const row = classesOf(report).find(({ fingerprint }) => fingerprint === opened);
  const { window, scope } = report;
  return (
    <ThemeContext.Provider value={theme}>
      <ZoneContext.Provider value={zone}>
        <TopBar report={report} theme={theme} zone={zone} onTheme={setTheme} onZone={setZone}>
          <span class="file-window">
            {formatWindow(window, zone)}{' '}
            <span class="quiet">{formatDuration(window.toUs - window.fromUs)}</span>
            {scope.client !== undefined && ` from ${scope.client}`}
            {scope.server !== undefined && ` to ${scope.server}`}
            {scope.collector !== undefined && ` as ${scope.collector} saw it`}
          </span>
        </TopBar>
        <ReportView report={report} onOpen={onOpen} />
        {row !== undefined && (
          <Drawer title={row.command} onClose={() => setOpened(undefined)}>
            <ClassDetails
              report={report}
              row={row}
              executions={report.slowest.filter(({ fingerprint }) => fingerprint === opened)}
              executionsTitle="Among the slowest executions"
            />
          </Drawer>
        )}
      </ZoneContext.Provider>
    </ThemeContext.Provider>
  );
}

const page = document.getElementById('page');
const report = JSON.parse(
  document.getElementById('report')?.textContent ?? 'null',
) as Report | null;
if (page !== null && report !== null) render(<ReportFile report={report} />, page);
