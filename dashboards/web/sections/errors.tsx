/** Errors by code: what each means, whose business it is, when it came, and which statements met it. */
import { Fragment } from 'preact';
import type { ErrorRow, Report } from '../../../src/server/contract.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { formatExact, formatShare } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count } from '../parts/values.tsx';
import { Section } from './section.tsx';

const CONCERNS = {
  application: 'application',
  database: 'database',
  operation: 'operation',
  follow_on: 'follow-on',
} as const;

/** How many, when, from where. */
const countColumns: Column<ErrorRow>[] = [
  {
    key: 'count',
    label: 'Count',
    numeric: true,
    cell: (row) => <Count value={row.count} />,
    order: (row) => row.count,
  },
  {
    key: 'share',
    label: 'Of answers',
    about: 'Share of all answers of the window',
    numeric: true,
    minor: true,
    cell: (row) => (row.shareOfAnswers === null ? '–' : formatShare(row.shareOfAnswers)),
  },
  {
    key: 'time',
    label: 'Over time',
    cell: (row) => <Sparkline counts={row.overTime} label={`${row.count} over the window`} />,
  },
  {
    key: 'seen',
    label: 'First, last',
    minor: true,
    cell: (row) => (
      <Fragment>
        <Clock us={row.firstUs} />
        <br />
        <Clock us={row.lastUs} />
      </Fragment>
    ),
    order: (row) => row.lastUs,
  },
  {
    key: 'clients',
    label: 'From',
    minor: true,
    cell: (row) => (
      <span class="mono" title={row.clients.join('\n')}>
        {row.clients.slice(0, 2).join(', ')}
        {row.clients.length > 2 && ` +${row.clients.length - 2}`}
      </span>
    ),
  },
];

function columnsOf(onOpen: (fingerprint: string) => void): Column<ErrorRow>[] {
  return [
    { key: 'code', label: 'Code', cell: (row) => <b class="mono">{row.sqlstate}</b> },
    {
      key: 'meaning',
      label: 'Root cause',
      cell: (row) => (
        <div class="cause root">
          <span>
            <b>{row.errorClass.replaceAll('_', ' ')}</b>
            <span class="tag">{CONCERNS[row.concern]}</span>
          </span>
          <span class="quiet">{row.meaning}</span>
        </div>
      ),
    },
    {
      key: 'met',
      label: 'Message, and the statements that met it most',
      wide: true,
      cell: (row) => (
        <div class="cause">
          <span class="said" title={row.sampleMessage}>
            {row.sampleMessage}
          </span>
          {row.classes.slice(0, 2).map(({ fingerprint, normalized, count }) => (
            <button
              key={fingerprint}
              type="button"
              class="statement-link"
              title={normalized}
              onClick={() => onOpen(fingerprint)}
            >
              <small>{formatExact(count)} ×</small> <SqlText text={normalized.slice(0, 200)} />
            </button>
          ))}
        </div>
      ),
    },
    ...countColumns,
  ];
}

export function Errors({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <Section id="errors" title="Errors" note="by code">
      <Table
        caption="Errors by code"
        columns={columnsOf(onOpen)}
        rows={report.errors}
        rowKey={(row) => `${row.sqlstate}${row.errorClass}`}
        sortedBy="count"
        shown={8}
        empty="No statement failed in this window."
      />
    </Section>
  );
}
