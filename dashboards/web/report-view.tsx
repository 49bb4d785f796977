/** A report, whole: the same view in the served page and in a report file. */
import type { NodeRow, Report, Window } from '../../src/server/contract.ts';
import { TimeLines } from './charts/time-lines.tsx';
import { NamesContext } from './parts/node-name.tsx';
import { BigTransactions } from './sections/big-transactions.tsx';
import { Capture } from './sections/capture.tsx';
import { Channels, Nodes } from './sections/channels.tsx';
import { ClassForecasts } from './sections/class-forecast.tsx';
import { Ddl } from './sections/ddl.tsx';
import { Errors } from './sections/errors.tsx';
import { Findings } from './sections/findings.tsx';
import { HotValues } from './sections/hot-values.tsx';
import { Health } from './sections/health.tsx';
import { Highlights } from './sections/highlights.tsx';
import { Incidents } from './sections/incidents.tsx';
import { KeyFigures } from './sections/key-figures.tsx';
import { NothingSeen, saysNothing } from './sections/nothing-seen.tsx';
import { OpenTransactions } from './sections/open-transactions.tsx';
import { LowTps } from './sections/low-tps.tsx';
import { QueryClusters } from './sections/query-clusters.tsx';
import { Replication } from './sections/replication.tsx';
import { Repetitions } from './sections/repetitions.tsx';
import { SlowClasses } from './sections/slow-classes.tsx';
import { Slowest, Statements } from './sections/statements.tsx';
import { Transactions } from './sections/transactions.tsx';

export interface ReportViewProps {
  readonly report: Report;
  readonly onOpen: (fingerprint: string) => void;
  /** Absent where no other window can be had. */
  readonly onZoom?: (window: Window) => void;
  readonly onNode?: (node: NodeRow) => void;
  /** As NothingSeen has them. */
  readonly onEverybody?: () => void;
  readonly onWhole?: () => void;
}

export function ReportView(props: ReportViewProps) {
  const { report, onOpen, onZoom, onNode, onEverybody, onWhole } = props;
  if (saysNothing(report)) {
    return (
      <main>
        <NothingSeen {...{ report, onEverybody, onWhole }} />
        <Capture report={report} onOpen={onOpen} />
      </main>
    );
  }
  return (
    <NamesContext.Provider value={report.names}>
      <main>
        <Highlights report={report} onOpen={onOpen} />
        <Incidents report={report} onOpen={onOpen} onZoom={onZoom} />
        <KeyFigures report={report} />
        <Health report={report} onZoom={onZoom} />
        <TimeLines report={report} onZoom={onZoom} />
        <LowTps report={report} />
        <Findings report={report} onOpen={onOpen} />
        <Statements report={report} onOpen={onOpen} />
        <SlowClasses report={report} onOpen={onOpen} />
        <Repetitions report={report} onOpen={onOpen} />
        <QueryClusters report={report} onOpen={onOpen} />
        <ClassForecasts report={report} onOpen={onOpen} />
        <HotValues report={report} onOpen={onOpen} />
        <Errors report={report} onOpen={onOpen} />
        <div class="columns">
          <Transactions report={report} />
          <Slowest report={report} onOpen={onOpen} />
        </div>
        <OpenTransactions report={report} />
        <BigTransactions report={report} onOpen={onOpen} />
        <Nodes report={report} onNode={onNode} />
        <Channels report={report} />
        <Replication report={report} />
        <Ddl report={report} />
        <Capture report={report} onOpen={onOpen} />
      </main>
    </NamesContext.Provider>
  );
}
