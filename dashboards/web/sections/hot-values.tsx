/** Values that stand out among those that executions are given. */
import type { HotValueRow, Report } from '../../../src/server/contract.ts';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Count, Duration, Share, Term } from '../parts/values.tsx';
import { Section } from './section.tsx';

const WORDS: Readonly<Record<HotValueRow['kind'], readonly [word: string, about: string]>> = {
  contended: ['contended', 'Three or more executions that write or lock waited on it at once'],
  single: ['single', 'Nearly all writes of the class go to it'],
  hot: ['hot', 'Far more executions have it than its like'],
  append: ['append', 'Integers rise with time: every new row is written at the same end'],
};

const COLUMNS: Column<HotValueRow>[] = [
  {
    key: 'kind',
    label: 'Is',
    cell: ({ kind }) => (
      <span class={kind === 'contended' ? 'bad' : undefined}>
        <Term about={WORDS[kind][1]}>{WORDS[kind][0]}</Term>
      </span>
    ),
  },
  {
    key: 'value',
    label: 'Value',
    about: 'Its place in the statement, and what may be shown of it',
    cell: ({ place, shown, hash }) => (
      <span class="mono" title={hash ?? undefined}>
        {place} {hash === null ? 'rises' : shown === '' ? hash : shown}
      </span>
    ),
  },
  { key: 'share', label: 'Share', numeric: true, cell: (row) => <Share value={row.share} /> },
  { key: 'calls', label: 'Calls', numeric: true, cell: (row) => <Count value={row.calls} /> },
  {
    key: 'distinct',
    label: 'Of',
    about: 'Different values in the minute that had most',
    numeric: true,
    minor: true,
    cell: (row) => <Count value={row.distinct} />,
  },
  {
    key: 'zipf',
    label: 'Zipf',
    about: "Exponent of Zipf's law: 0 all values alike, above 1 few values have nearly all",
    numeric: true,
    minor: true,
    cell: ({ zipf }) => zipf?.toFixed(2) ?? <span class="unknown">–</span>,
  },
  {
    key: 'waiting',
    label: 'At once',
    about: 'Most executions that waited on it at once, and how long three or more did',
    numeric: true,
    cell: ({ waitingMax, contendedUs }) =>
      waitingMax === 0 ? null : (
        <>
          <Count value={waitingMax} />, <Duration us={contendedUs} />
        </>
      ),
  },
  {
    key: 'statement',
    label: 'Statement',
    wide: true,
    cell: (row) => <SqlText text={row.normalized} />,
  },
];

export function HotValues({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  if (report.hotValues.length === 0) return null;
  return (
    <Section id="hot-values" title="Values" note="Parameters and literals that stand out">
      <Table
        caption="Values that stand out"
        columns={COLUMNS}
        rows={report.hotValues}
        rowKey={(row) => `${row.kind}${row.fingerprint}${row.server}${row.place}${row.hash ?? ''}`}
        shown={8}
        onOpen={(row) => onOpen(row.fingerprint)}
        empty=""
      />
    </Section>
  );
}
