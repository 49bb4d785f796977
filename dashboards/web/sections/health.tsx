/** The states of the nodes: what was not well, from when to when, and the numbers that say so. */
import type { Evidence, HealthInterval, Report } from '../../../src/server/contract.ts';
import { NodeName } from '../parts/node-name.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration, Share } from '../parts/values.tsx';
import { Section } from './section.tsx';

const WORDS: Readonly<Record<HealthInterval['state'], string>> = {
  unknown: 'unknown',
  down: 'down',
  hang: 'hang',
  slow: 'slow',
  jitter: 'jitter',
  sub_healthy: 'sub-healthy',
  idle: 'idle',
  healthy: 'healthy',
};

function Quantity({ value, unit }: { value: number; unit: Evidence['unit'] }) {
  if (unit === 'us') return <Duration us={value} />;
  if (unit === 'share') return <Share value={value} />;
  if (unit === 'count') return <Count value={value} />;
  return (
    <>
      <Count value={value} />
      /s
    </>
  );
}

function Because({ evidence }: { evidence: readonly Evidence[] }) {
  return (
    <>
      {evidence.map(({ name, value, unit, threshold }, index) => (
        <span key={name}>
          {index > 0 ? '; ' : ''}
          {name} <Quantity value={value} unit={unit} />
          {threshold === null ? null : (
            <span class="quiet">
              {' '}
              (threshold <Quantity value={threshold} unit={unit} />)
            </span>
          )}
        </span>
      ))}
    </>
  );
}

function columnsOf(endUs: number): Column<HealthInterval>[] {
  return [
    {
      key: 'state',
      label: 'State',
      cell: ({ state }) => (
        <span class={state === 'down' || state === 'hang' ? 'bad' : undefined}>{WORDS[state]}</span>
      ),
    },
    { key: 'node', label: 'Node', cell: ({ node }) => <NodeName node={node} /> },
    {
      key: 'role',
      label: 'Role',
      minor: true,
      cell: ({ role }) => (role === 'server' ? 'database' : 'application'),
    },
    {
      key: 'since',
      label: 'Since',
      cell: ({ sinceUs }) => <Clock us={sinceUs} />,
      order: ({ sinceUs }) => sinceUs,
    },
    {
      key: 'for',
      label: 'For',
      about: 'How long; with a plus where it had not ended',
      numeric: true,
      cell: ({ sinceUs, untilUs }) => (
        <>
          <Duration us={(untilUs ?? endUs) - sinceUs} />
          {untilUs === null ? ' +' : ''}
        </>
      ),
      order: ({ sinceUs, untilUs }) => (untilUs ?? endUs) - sinceUs,
    },
    {
      key: 'because',
      label: 'Because',
      wide: true,
      cell: ({ evidence }) => <Because evidence={evidence} />,
    },
  ];
}

export function Health({ report }: { report: Report }) {
  const ill = report.health.filter(({ state }) => state !== 'healthy' && state !== 'idle');
  const nodes = new Set(report.health.map(({ role, node }) => `${role} ${node}`)).size;
  const learning = report.health.some((one) => one.learning);
  return (
    <Section
      id="health"
      title="Health"
      note={
        learning
          ? `${String(nodes)} nodes; some known for less than half an hour, judged by fixed thresholds`
          : `${String(nodes)} nodes`
      }
    >
      <Table
        caption="States of nodes"
        columns={columnsOf(report.window.toUs)}
        rows={ill}
        rowKey={(row) => `${row.role}${row.node}${String(row.sinceUs)}`}
        shown={8}
        empty={
          nodes === 0 ? 'No node was seen in this window.' : 'Every node was healthy all the time.'
        }
      />
    </Section>
  );
}
