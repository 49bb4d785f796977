/** Uncommitted transactions: who, since when, what waits for them, and what they will do next. */
import type { OpenTransactionRow, Report } from '../../../src/server/contract.ts';
import { formatShare } from '../format.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count, Duration } from '../parts/values.tsx';
import { Section } from './section.tsx';

function isOpen({ endUs, asOfUs }: OpenTransactionRow): boolean {
  return endUs === null || endUs > asOfUs;
}

function stateOf(row: OpenTransactionRow): string {
  if (!isOpen(row)) return row.outcome === 'rollback' ? 'rolled back' : 'committed';
  return row.working === null ? 'not known' : row.working ? 'working' : 'idle';
}

function Left({ lowUs, medianUs, highUs }: NonNullable<OpenTransactionRow['timeLeft']>) {
  return (
    <div
      class="quiet"
      title="Half of those that stood here for as long ended by then; eight of ten within the band"
    >
      <Duration us={medianUs} /> left
      {lowUs !== highUs && (
        <>
          {' '}
          (<Duration us={lowUs} /> to <Duration us={highUs} />)
        </>
      )}
    </div>
  );
}

function Outlook({ row }: { row: OpenTransactionRow }) {
  return (
    <div class="outlook">
      {row.resembles !== null && (
        <div>
          like {row.resembles.text}{' '}
          <span class="quiet">({formatShare(row.resembles.similarity)})</span>
        </div>
      )}
      {row.next.map(({ text, probability }) => (
        <div key={text} title={text}>
          {formatShare(probability)} <SqlText text={text.slice(0, 80)} />
        </div>
      ))}
      {row.commitUsual !== null && (
        <div class="quiet">
          {row.commitProbability === null
            ? `${formatShare(row.commitUsual)} of all transactions commit`
            : `commits ${formatShare(row.commitProbability)} (${formatShare(row.commitUsual)} of all)`}
        </div>
      )}
      {row.timeLeft !== null && <Left {...row.timeLeft} />}
    </div>
  );
}

const columns: Column<OpenTransactionRow>[] = [
  {
    key: 'channel',
    label: 'Channel',
    cell: (row) => (
      <>
        <span class="mono">
          {row.client}:{row.clientPort}
        </span>
        <div class="quiet">{row.application ?? row.user ?? ''}</div>
      </>
    ),
  },
  {
    key: 'since',
    label: 'Since',
    cell: ({ sinceUs }) => <Clock us={sinceUs} />,
    order: ({ sinceUs }) => sinceUs,
  },
  {
    key: 'age',
    label: 'Open for',
    about: 'With a plus where it had not ended',
    numeric: true,
    cell: (row) => (
      <span class={row.long ? 'bad' : undefined}>
        <Duration us={row.ageUs} />
        {isOpen(row) ? ' +' : ''}
      </span>
    ),
    order: ({ ageUs }) => ageUs,
  },
  { key: 'state', label: 'State', cell: stateOf },
  {
    key: 'rows',
    label: 'Rows changed',
    numeric: true,
    cell: ({ rowsAffected }) => <Count value={rowsAffected} quietZero />,
    order: ({ rowsAffected }) => rowsAffected,
  },
  {
    key: 'statements',
    label: 'Statements',
    numeric: true,
    minor: true,
    cell: ({ statements }) => <Count value={statements} />,
    order: ({ statements }) => statements,
  },
  {
    key: 'waiting',
    label: 'Waiting',
    about:
      'Channels that waited on its tables for a second or more, and statements that failed after waiting too long',
    numeric: true,
    cell: ({ waitingCount, gaveUpCount }) => (
      <>
        <span class={waitingCount > 0 ? 'bad' : undefined}>
          <Count value={waitingCount} quietZero />
        </span>
        {gaveUpCount > 0 && (
          <div class="bad">
            <Count value={gaveUpCount} /> gave up
          </div>
        )}
      </>
    ),
    order: ({ waitingCount, gaveUpCount }) => waitingCount + gaveUpCount,
  },
  {
    key: 'last',
    label: 'Last statement',
    wide: true,
    cell: ({ lastText }) => (lastText === null ? '–' : <SqlText text={lastText.slice(0, 200)} />),
  },
  {
    key: 'next',
    label: 'Next',
    about:
      'The type that it is like, what most often came next, and how long others still took from there',
    cell: (row) => <Outlook row={row} />,
  },
];

export function OpenTransactions({ report }: { report: Report }) {
  const { open, ended, openCount, longCount } = report.openTransactions;
  const rows = [...open, ...ended];
  if (rows.length === 0) return null;
  return (
    <Section
      id="open-transactions"
      title="Uncommitted transactions"
      note={`${String(openCount)} open at the end of the window, ${String(longCount)} of them long`}
    >
      <Table
        caption="Transactions that are open, or were long"
        columns={columns}
        rows={rows}
        rowKey={(row) => `${row.sessionId}${String(row.sinceUs)}`}
        shown={6}
        empty=""
      />
    </Section>
  );
}
