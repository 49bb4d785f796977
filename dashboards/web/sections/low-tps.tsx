/** When TPS was low, whose doing it was, and what each application lost. */
import type { LowTpsEpisode, Report } from '../../../src/server/contract.ts';
import { formatShare } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration, Share } from '../parts/values.tsx';
import { Section } from './section.tsx';

const words = (name: string): string => name.toLowerCase().replaceAll('_', ' ');

/** Whose doing it was, and who lost. */
const WHOSE: Column<LowTpsEpisode>[] = [
  {
    key: 'verdict',
    label: 'Verdict',
    wide: true,
    cell: ({ verdict, orElse, because, confidence }) => (
      <div class="cause">
        <span>
          <b class={verdict === 'DATABASE' || verdict === 'NETWORK' ? 'bad' : undefined}>
            {[verdict, ...orElse].map(words).join(' or ')}
          </b>{' '}
          <span class="quiet">explains {formatShare(confidence)} of the loss</span>
        </span>
        <span class="quiet">{because}</span>
      </div>
    ),
  },
  {
    key: 'plain',
    label: 'Plain rule',
    about: 'TPS and yield both low is the database, TPS alone is not',
    minor: true,
    cell: ({ plainRule }) => (
      <>
        {plainRule.databaseIsToBlame ? 'database' : 'not the database'}
        <br />
        <span class="quiet">
          yield <Share value={plainRule.yield} />
        </span>
      </>
    ),
  },
  {
    key: 'lost',
    label: 'Lost by',
    minor: true,
    cell: ({ clients }) => (
      <>
        {clients
          .filter(({ shareOfDrop }) => shareOfDrop > 0)
          .slice(0, 3)
          .map(({ client, shareOfDrop, sign }) => (
            <div key={client}>
              {client === '' ? 'others' : <NodeName node={client} />}{' '}
              <span class="quiet">
                {formatShare(Math.min(1, shareOfDrop))}
                {sign === 'none' ? '' : `, ${words(sign)}`}
              </span>
            </div>
          ))}
      </>
    ),
  },
];

function columnsOf(endUs: number): Column<LowTpsEpisode>[] {
  return [
    { key: 'node', label: 'Database', cell: ({ server }) => <NodeName node={server} /> },
    {
      key: 'since',
      label: 'Since',
      cell: ({ fromUs }) => <Clock us={fromUs} />,
      order: ({ fromUs }) => fromUs,
    },
    {
      key: 'for',
      label: 'For',
      about: 'How long; with a plus where it had not ended',
      numeric: true,
      cell: ({ fromUs, toUs }) => (
        <>
          <Duration us={(toUs ?? endUs) - fromUs} />
          {toUs === null ? ' +' : ''}
        </>
      ),
    },
    {
      key: 'tps',
      label: 'TPS',
      about: 'Meanwhile, and usually',
      numeric: true,
      cell: ({ tps, usualTps }) => (
        <>
          <Count value={Math.round(tps)} />{' '}
          <span class="quiet">
            of <Count value={Math.round(usualTps)} />
          </span>
        </>
      ),
    },
    ...WHOSE,
  ];
}

export function LowTps({ report }: { report: Report }) {
  const { episodes } = report.lowTps;
  if (episodes.length === 0) return null;
  return (
    <Section id="low-tps" title="Low TPS" note="whose doing it was">
      <Table
        caption="Stretches of low TPS"
        columns={columnsOf(report.window.toUs)}
        rows={episodes}
        rowKey={({ server, fromUs }) => `${server}${String(fromUs)}`}
        shown={6}
        empty=""
      />
    </Section>
  );
}
