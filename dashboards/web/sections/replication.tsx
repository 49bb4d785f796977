/** Standbys and other receivers of WAL, each as it stood last, and base backups with how far they came. */
import type { ReplicationFacts, Report } from '../../../src/server/contract.ts';
import { formatBytes, formatLsn, formatShare } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Duration, Words } from '../parts/values.tsx';
import { Section } from './section.tsx';

function Position({ lsn }: { lsn: number | null }) {
  return lsn === null ? <span class="unknown">–</span> : <span class="mono">{formatLsn(lsn)}</span>;
}

function stateOf({ ended, backupBytesDone, backupBytesTotal }: ReplicationFacts): string {
  if (backupBytesDone === null) return ended ? 'ended' : 'streaming';
  const total = backupBytesTotal ?? 0;
  const share = total > 0 ? ` (${formatShare(Math.min(1, backupBytesDone / total))})` : '';
  return `${ended ? 'ended' : 'running'}, ${formatBytes(backupBytesDone)}${share}`;
}

const bytesOf = (bytes: number | null): string => (bytes === null ? '–' : formatBytes(bytes));

/** Named as pg_stat_replication names them. */
const positionColumns: Column<ReplicationFacts>[] = [
  {
    key: 'sent',
    label: 'Sent',
    numeric: true,
    minor: true,
    cell: (row) => <Position lsn={row.sentLsn} />,
  },
  {
    key: 'written',
    label: 'Written',
    numeric: true,
    minor: true,
    cell: (row) => <Position lsn={row.writeLsn} />,
  },
  {
    key: 'flushed',
    label: 'Flushed',
    numeric: true,
    minor: true,
    cell: (row) => <Position lsn={row.flushLsn} />,
  },
  {
    key: 'replayed',
    label: 'Replayed',
    numeric: true,
    cell: (row) => <Position lsn={row.replayLsn} />,
  },
];

const columns: Column<ReplicationFacts>[] = [
  {
    key: 'receiver',
    label: 'Receiver',
    cell: (row) => (
      <>
        <NodeName node={row.client} />{' '}
        <span class="quiet">
          <Words text={row.application} />
        </span>
      </>
    ),
  },
  { key: 'server', label: 'Server', cell: (row) => <NodeName node={row.server} /> },
  {
    key: 'mode',
    label: 'Mode',
    cell: (row) => (
      <span title={row.slot === null ? undefined : `slot ${row.slot}`}>
        <Words text={row.mode === null ? null : row.mode.replace('_', ' ')} />
      </span>
    ),
  },
  ...positionColumns,
  {
    key: 'behind',
    label: 'Behind',
    about: 'Sent and not yet replayed; the most of the window in the tooltip',
    numeric: true,
    cell: (row) => (
      <span title={`at most ${bytesOf(row.replayBehindMaxBytes)}`}>
        {bytesOf(row.replayBehindBytes)}
      </span>
    ),
    order: (row) => row.replayBehindBytes ?? -1,
  },
  {
    key: 'lag',
    label: 'Lag',
    about: 'Time from the sending of WAL to the answer that it was replayed',
    numeric: true,
    cell: (row) => <Duration us={row.replayLagUs} />,
    order: (row) => row.replayLagUs ?? -1,
  },
  {
    key: 'lag-max',
    label: 'At most',
    numeric: true,
    cell: (row) => <Duration us={row.replayLagMaxUs} />,
    order: (row) => row.replayLagMaxUs ?? -1,
  },
  { key: 'state', label: 'State', cell: stateOf },
];

export function Replication({ report }: { report: Report }) {
  const { replication } = report;
  if (replication.length === 0) return null;
  return (
    <Section id="replication" title="Replication">
      <Table
        caption="Replication streams and base backups"
        columns={columns}
        rows={replication}
        rowKey={(row) => `${row.sessionId}${String(row.firstUs)}`}
        shown={6}
        empty=""
      />
    </Section>
  );
}
