/** Connections, nodes, and what befell sessions. */
import type { ChannelFacts, NodeRow, Report } from '../../../src/server/contract.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration, Share, Words } from '../parts/values.tsx';
import { Section } from './section.tsx';

/** Between whom, and how it stands. */
const partyColumns: Column<ChannelFacts>[] = [
  {
    key: 'client',
    label: 'Client',
    cell: (row) => <NodeName node={row.client} port={row.clientPort} />,
  },
  { key: 'server', label: 'Server', cell: (row) => <NodeName node={row.server} /> },
  {
    key: 'who',
    label: 'User, database',
    minor: true,
    cell: (row) => (
      <span title={row.application ?? undefined}>
        <Words text={row.user} />{' '}
        <span class="quiet">
          <Words text={row.database} />
        </span>
      </span>
    ),
  },
  { key: 'state', label: 'State', cell: (row) => <ChannelState channel={row} /> },
];

/** What went over it. */
const trafficColumns: Column<ChannelFacts>[] = [
  {
    key: 'statements',
    label: 'Statements',
    numeric: true,
    cell: (row) => <Count value={row.statements} quietZero />,
    order: (row) => row.statements,
  },
  {
    key: 'errors',
    label: 'Errors',
    numeric: true,
    cell: (row) => (
      <span class={row.errors > 0 ? 'bad' : undefined}>
        <Count value={row.errors} quietZero />
      </span>
    ),
    order: (row) => row.errors,
  },
  {
    key: 'traffic',
    label: 'Traffic',
    about: 'Bytes of requests and answers',
    numeric: true,
    minor: true,
    cell: (row) => formatBytes(row.requestBytes + row.responseBytes),
    order: (row) => row.requestBytes + row.responseBytes,
  },
  {
    key: 'last',
    label: 'Last statement',
    wide: true,
    minor: true,
    cell: (row) =>
      row.lastNormalized === null ? (
        <span class="unknown">–</span>
      ) : (
        <SqlText text={row.lastNormalized.slice(0, 200)} />
      ),
  },
  {
    key: 'at',
    label: 'At',
    minor: true,
    cell: (row) => <Clock us={row.lastStatementUs} />,
    order: (row) => row.lastStatementUs ?? 0,
  },
];

/** As long as a transaction is called long without knowing its type (analysis/README.md, uncommitted transactions). */
const LONG_US = 30e6;

function OpenFor({ us }: { us: number }) {
  return us >= LONG_US ? (
    <b class="bad">
      <Duration us={us} />
    </b>
  ) : (
    <Duration us={us} />
  );
}

function channelColumns(endUs: number): Column<ChannelFacts>[] {
  // What happened to an open one after it was last heard of, nobody knows: as the first lines and findings count it.
  const untilUs = (row: ChannelFacts) => row.endUs ?? Math.min(row.lastSeenUs, endUs);
  return [
    ...partyColumns,
    {
      key: 'open',
      label: 'In transaction for',
      about: 'Age of the transaction that was left open, when the connection was last heard of',
      numeric: true,
      cell: (row) =>
        row.openTransactionSinceUs === null ? (
          <span class="unknown">–</span>
        ) : (
          <OpenFor us={Math.max(0, untilUs(row) - row.openTransactionSinceUs)} />
        ),
      order: (row) =>
        row.openTransactionSinceUs === null ? -1 : untilUs(row) - row.openTransactionSinceUs,
    },
    {
      key: 'age',
      label: 'Age',
      numeric: true,
      minor: true,
      cell: (row) => <Duration us={Math.max(0, untilUs(row) - row.startUs)} />,
      order: (row) => untilUs(row) - row.startUs,
    },
    ...trafficColumns,
  ];
}

const ENDS: Record<string, string> = {
  terminate: 'ended by client',
  fin: 'closed',
  reset: 'reset',
  server: 'ended by server',
  idle: 'silent',
  capture_end: 'open',
  replaced: 'replaced',
  limit: 'no longer followed',
};

function encryptionTitle(encryption: NonNullable<ChannelFacts['encryption']>): string {
  const { version, cipherSuite, serverName, reason, turns, turnMeanUs } = encryption;
  const parts = [version, cipherSuite, serverName, reason.replaceAll('_', ' ')];
  if (turnMeanUs !== null) parts.push(`${turns} turns, ${formatDuration(turnMeanUs)} each`);
  return parts.filter((part) => part !== null && part !== '').join(', ');
}

function ChannelState({ channel }: { channel: ChannelFacts }) {
  const end = channel.endReason === null ? 'open' : (ENDS[channel.endReason] ?? channel.endReason);
  return (
    <span>
      {end}
      {channel.encryption !== null && (
        <span class="tag" title={encryptionTitle(channel.encryption)}>
          encrypted
        </span>
      )}
      {channel.transactionStatus === 'E' && <span class="tag">failed transaction</span>}
      {channel.lostBytes > 0 && (
        <span
          class="tag"
          title={`Missing from the capture, in at least ${channel.lostPacketsMin} packets`}
        >
          {formatBytes(channel.lostBytes)} lost
        </span>
      )}
    </span>
  );
}

export function Channels({ report }: { report: Report }) {
  const { channels, channelsCount, window } = report;
  return (
    <Section
      id="channels"
      title="Connections"
      note={
        channels.length < channelsCount
          ? `${channels.length} of ${channelsCount}`
          : `${channelsCount} seen`
      }
    >
      <Table
        caption="Connections"
        columns={channelColumns(window.toUs)}
        rows={channels}
        rowKey={(row) => row.sessionId}
        shown={10}
        empty="No connection was seen in this window."
      />
      {report.sessionEvents.length > 0 && (
        <ul class="session-events">
          {report.sessionEvents.map((event) => (
            <li key={event.type}>
              <b>{formatCount(event.count)}</b> × {event.type.replaceAll('_', ' ')}
              <span class="quiet">
                {' '}
                <Clock us={event.firstUs} /> – <Clock us={event.lastUs} />
                {event.detail === '' ? '' : `, newest: ${event.detail}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const nodeColumns: Column<NodeRow>[] = [
  {
    key: 'node',
    label: 'Node',
    cell: (row) =>
      row.name === null ? (
        <b class="mono">{row.node}</b>
      ) : (
        <>
          <b>{row.name}</b> <span class="mono quiet">{row.node}</span>
        </>
      ),
  },
  {
    key: 'role',
    label: 'Role',
    cell: (row) => (row.role === 'server' ? 'database' : 'application'),
  },
  {
    key: 'who',
    label: 'Application, user',
    minor: true,
    cell: (row) => (
      <span title={[...row.applications, ...row.users].join(', ')}>
        <Words text={row.applications[0] ?? null} />{' '}
        <span class="quiet">
          <Words text={row.users[0] ?? null} />
        </span>
      </span>
    ),
  },
  {
    key: 'tps',
    label: 'TPS',
    about: 'Transactions ended per second',
    numeric: true,
    cell: (row) => formatRate(row.tps),
    order: (row) => row.tps,
  },
  {
    key: 'requests',
    label: 'Requests',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.requests} />,
    order: (row) => row.requests,
  },
  {
    key: 'mean',
    label: 'Mean',
    about: 'Mean response time',
    numeric: true,
    cell: (row) => <Duration us={row.responseTime.meanUs} />,
    order: (row) => row.responseTime.meanUs ?? -1,
  },
  {
    key: 'p95',
    label: 'p95',
    numeric: true,
    cell: (row) => <Duration us={row.responseTime.p95Us} />,
    order: (row) => row.responseTime.p95Us ?? -1,
  },
  {
    key: 'p99',
    label: 'p99',
    numeric: true,
    minor: true,
    cell: (row) => <Duration us={row.responseTime.p99Us} />,
    order: (row) => row.responseTime.p99Us ?? -1,
  },
  {
    key: 'yield',
    label: 'Yield',
    about: 'Normal answers of all answers',
    numeric: true,
    cell: (row) => <Share value={row.yield} />,
    order: (row) => row.yield ?? -1,
  },
  {
    key: 'rate',
    label: 'Answered',
    about: 'Response rate: requests that were answered',
    numeric: true,
    minor: true,
    cell: (row) => <Share value={row.responseRate} />,
    order: (row) => row.responseRate ?? -1,
  },
  {
    key: 'rollback',
    label: 'Rollbacks',
    numeric: true,
    minor: true,
    cell: (row) => <Share value={row.rollbackRate} />,
    order: (row) => row.rollbackRate ?? -1,
  },
  {
    key: 'errors',
    label: 'Errors',
    numeric: true,
    cell: (row) => (
      <span class={row.errors > 0 ? 'bad' : undefined}>
        <Count value={row.errors} quietZero />
      </span>
    ),
    order: (row) => row.errors,
  },
  {
    key: 'connections',
    label: 'Connections',
    about: 'Most open at once',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.connectionsOpenMax} />,
    order: (row) => row.connectionsOpenMax,
  },
];

export function Nodes({
  report,
  onNode,
}: {
  report: Report;
  onNode?: ((node: NodeRow) => void) | undefined;
}) {
  const { channels, channelsCount } = report;
  // A node all of whose connections are among the others shows a dash, which must not be taken for a name that is not known.
  const named =
    channelsCount > channels.length
      ? `; applications and users are those of ${formatCount(channels.length)} of the ${formatCount(channelsCount)} connections`
      : '';
  return (
    <Section id="nodes" title="Nodes" note={`application hosts and database endpoints${named}`}>
      <Table
        caption="Nodes"
        columns={nodeColumns}
        rows={report.nodes}
        rowKey={(row) => `${row.role}${row.node}`}
        shown={10}
        onOpen={onNode}
        empty="No node was seen in this window."
      />
    </Section>
  );
}
