/** What every analyzer found, with its numbers and what to do. Shown only where there is something. */
import type { Finding, Report } from '../../../src/server/contract.ts';
import { EvidenceList } from '../parts/evidence.tsx';
import { Sentence } from '../parts/sentence.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Duration } from '../parts/values.tsx';
import { Section } from './section.tsx';

const MARKS = { critical: '▲', warning: '▲', notice: '◆', info: '●' } as const;

function columnsOf(
  endUs: number,
  onOpen: (fingerprint: string) => void,
): readonly Column<Finding>[] {
  return [
    {
      key: 'severity',
      label: 'Severity',
      cell: ({ severity }) => (
        <span class={`severity ${severity}`}>
          <span class="mark" aria-hidden="true">
            {MARKS[severity]}
          </span>{' '}
          {severity}
        </span>
      ),
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
      minor: true,
      cell: ({ sinceUs, untilUs }) => {
        const lastedUs = Math.max(0, (untilUs ?? endUs) - sinceUs);
        // What is known only now, such as a forecast, has not lasted.
        if (untilUs === null && lastedUs === 0) return 'now';
        return (
          <>
            <Duration us={lastedUs} />
            {untilUs === null ? ' +' : ''}
          </>
        );
      },
      order: ({ sinceUs, untilUs }) => (untilUs ?? endUs) - sinceUs,
    },
    {
      key: 'what',
      label: 'What, why, and what to do',
      wide: true,
      cell: ({ summary, evidence, advice }) => (
        <span class="cause finding">
          <Sentence parts={summary} onOpen={onOpen} />
          {evidence.length > 0 && (
            <span class="said">
              <EvidenceList evidence={evidence} />
            </span>
          )}
          <span class="quiet">{advice}</span>
        </span>
      ),
    },
    {
      key: 'kind',
      label: 'Kind',
      minor: true,
      cell: ({ kind, ledger }) => (
        <>
          <span class="mono">{kind}</span> <span class="quiet">{ledger}</span>
        </>
      ),
    },
  ];
}

export function Findings({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const { findings, window } = report;
  if (findings.length === 0) return null;
  return (
    <Section id="findings" title="Findings" note={String(findings.length)}>
      <Table
        caption="Findings"
        columns={columnsOf(window.toUs, onOpen)}
        rows={findings}
        rowKey={({ key, sinceUs }) => `${key} ${String(sinceUs)}`}
        shown={6}
        empty="Nothing was found."
      />
    </Section>
  );
}
