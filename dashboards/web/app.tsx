/** The served page: picks a window and a scope, asks the server, shows the report. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { ClassAnswer, NodeRow, Report, Window } from '../../src/server/contract.ts';
import { WHOLE, windowOf } from './address.ts';
import { ApiError, readClass } from './api.ts';
import { Drawer } from './parts/drawer.tsx';
import { ThemeContext, useTheme, useZone, ZoneContext } from './preferences.ts';
import { ReportView } from './report-view.tsx';
import { ClassDetails } from './sections/class-details.tsx';
import { TopBar } from './sections/top-bar.tsx';
import { WindowPicker } from './sections/window-picker.tsx';
import { useAddress } from './use-address.ts';
import { useReport } from './use-report.ts';

const EVERYBODY = { collector: undefined, client: undefined, server: undefined };

export function App() {
  const [theme, setTheme] = useTheme();
  const [zone, setZone] = useZone();
  const { address, depth, change } = useAddress();
  const { extent, report, nodes, loading, awaited, error, retry } = useReport(address);
  const onOpen = useCallback((opened: string) => change({ opened }), [change]);
  const onZoom = useCallback(
    ({ fromUs, toUs }: Window) => change({ span: { kind: 'fixed', fromUs, toUs } }),
    [change],
  );
  const onNode = useCallback((row: NodeRow) => change({ [row.role]: row.node }), [change]);
  return (
    <ThemeContext.Provider value={theme}>
      <ZoneContext.Provider value={zone}>
        <TopBar report={report} theme={theme} zone={zone} onTheme={setTheme} onZone={setZone}>
          {extent !== null && extent !== undefined && (
            <WindowPicker
              address={address}
              window={windowOf(address.span, extent)}
              extent={extent}
              nodes={nodes}
              collectors={
                report?.collectors
                  .map(({ collector }) => collector)
                  .filter((name) => name !== '') ?? []
              }
              canGoBack={depth > 0}
              onBack={() => history.back()}
              onChange={change}
            />
          )}
        </TopBar>
        <div
          class={loading ? 'progress running' : 'progress'}
          role="status"
          aria-label={loading ? 'Loading' : ''}
        />
        {error !== undefined && (
          <Failure error={error} onRetry={retry} stale={report !== undefined} />
        )}
        {extent === null && <EmptyStore />}
        {report === undefined && error === undefined && extent !== null && <Skeleton />}
        {report !== undefined && extent !== null && (
          <div class={error !== undefined ? 'stale' : awaited ? 'awaited' : 'fresh'}>
            <ReportView
              report={report}
              onOpen={onOpen}
              onZoom={onZoom}
              onNode={onNode}
              onEverybody={() => change(EVERYBODY)}
              onWhole={() => change({ ...EVERYBODY, span: WHOLE.span })}
            />
          </div>
        )}
        {report !== undefined && address.opened !== undefined && (
          <OpenedClass
            key={address.opened}
            fingerprint={address.opened}
            report={report}
            onClose={() => change({ opened: undefined })}
          />
        )}
      </ZoneContext.Provider>
    </ThemeContext.Provider>
  );
}

function OpenedClass({
  fingerprint,
  report,
  onClose,
}: {
  fingerprint: string;
  report: Report;
  onClose: () => void;
}) {
  const [answer, setAnswer] = useState<ClassAnswer>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    const aborter = new AbortController();
    const { collector, client, server } = report.scope;
    const asked = { ...report.window, collector, client, server };
    readClass(fingerprint, asked, aborter.signal).then(setAnswer, (fault: unknown) => {
      if (fault instanceof ApiError) setError(fault);
    });
    return () => aborter.abort();
  }, [fingerprint, report]);
  return (
    <Drawer title={answer?.class.command ?? 'Statement'} onClose={onClose}>
      {error !== undefined && (
        <p class="empty">
          {error.absent
            ? 'This statement was not seen in the window that is shown: choose a longer one.'
            : `${error.message} ${error.hint}`}
        </p>
      )}
      {answer === undefined && error === undefined && <p class="empty">Loading</p>}
      {answer !== undefined && (
        <ClassDetails
          report={report}
          row={answer.class}
          series={answer.series}
          executions={answer.executions}
          executionsTitle="Slowest executions"
        />
      )}
    </Drawer>
  );
}

function Failure({
  error,
  onRetry,
  stale,
}: {
  error: ApiError;
  onRetry: () => void;
  stale: boolean;
}) {
  return (
    <div class="failure" role="alert">
      <b>{error.message}</b> {error.hint} {!error.lasting && 'This page asks again by itself.'}{' '}
      {stale && 'What is shown below is from before.'}
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

function EmptyStore() {
  return (
    <main class="message">
      <h1>Nothing is stored yet</h1>
      <p>
        Load a capture of database traffic, or watch an interface, and this page fills by itself:
      </p>
      <pre class="sql full">mirrorsql load capture.pcap{'\n'}mirrorsql monitor -i eth0</pre>
      <p class="quiet">
        Where a monitor runs already, <span class="mono">mirrorsql status</span> says whether it
        sees database traffic.
      </p>
    </main>
  );
}

function Skeleton() {
  return (
    <main aria-busy="true" aria-label="Loading">
      <p class="patience">Reading what is stored. A long window can take some seconds.</p>
      <div class="skeleton low" />
      <div class="skeleton row" />
      <div class="charts">
        {Array.from({ length: 6 }, (_, index) => (
          <div key={index} class="skeleton chart-size" />
        ))}
      </div>
      <div class="skeleton tall" />
    </main>
  );
}
