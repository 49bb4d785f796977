/** What the capture missed, and what this page therefore does not know. Never left out. */
import type {
  CaptureQuality,
  CollectorRow,
  MissedPeriod,
  Report,
} from '../../../src/server/contract.ts';
import { formatBytes, formatCount, formatExact } from '../format.ts';
import { type Column, Table } from '../parts/table.tsx';
import { Sentence } from '../parts/sentence.tsx';
import { Clock, Duration } from '../parts/values.tsx';
import { Section } from './section.tsx';

type Flaw = readonly [label: string, value: (capture: CaptureQuality) => number, about: string];

const FLAWS: readonly Flaw[] = [
  ['bytes lost', (capture) => capture.lostBytes, 'known to be missing from byte streams'],
  ['gaps', (capture) => capture.gaps, 'holes in byte streams'],
  [
    'statements seen in part',
    (capture) => capture.statementsWithFlaw,
    'told with a mark of what is missing',
  ],
  ['requests unanswered', (capture) => capture.unanswered, 'no answer was seen'],
  ['answers unmatched', (capture) => capture.unmatchedAnswers, 'their request was not seen'],
  ['messages refused', (capture) => capture.framesRefused, 'could not be understood'],
  ['dropped by a limit', (capture) => capture.droppedByLimit, 'memory is bounded'],
  ['rows dropped by retention', (capture) => capture.rowsRetired, 'stored once, and too old now'],
  ['sessions encrypted', (capture) => capture.encryptedSessions, 'cannot be read'],
];

const COLLECTOR_COLUMNS: readonly Column<CollectorRow>[] = [
  { key: 'collector', label: 'Collector', wide: true, cell: (row) => row.collector || 'no name' },
  {
    key: 'packets',
    label: 'Packets',
    numeric: true,
    cell: (row) => formatCount(row.packets),
    order: (row) => row.packets,
  },
  {
    key: 'lost',
    label: 'Lost',
    about: 'Bytes known to be missing from byte streams',
    numeric: true,
    cell: (row) => formatBytes(row.lostBytes),
    order: (row) => row.lostBytes,
  },
  {
    key: 'dropped',
    label: 'Dropped',
    about: 'Because a limit was reached',
    numeric: true,
    cell: (row) => formatExact(row.droppedByLimit),
    order: (row) => row.droppedByLimit,
  },
  {
    key: 'verdict',
    label: 'Not known from it',
    wide: true,
    minor: true,
    cell: (row) => row.verdict,
  },
];

const missedColumns = (onOpen: (fingerprint: string) => void): Column<MissedPeriod>[] => [
  {
    key: 'from',
    label: 'From',
    cell: (row) => <Clock us={row.fromUs} />,
    order: (row) => row.fromUs,
  },
  {
    key: 'for',
    label: 'For',
    numeric: true,
    cell: (row) => <Duration us={row.toUs - row.fromUs} />,
    order: (row) => row.toUs - row.fromUs,
  },
  {
    key: 'what',
    label: 'What',
    wide: true,
    cell: (row) => <Sentence parts={row.parts} onOpen={onOpen} />,
  },
  { key: 'collector', label: 'Collector', minor: true, cell: (row) => row.collector },
];

export function Capture({
  report: { capture, collectors, missed },
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <Section
      id="capture"
      title="What the capture missed"
      note={`${formatCount(capture.packets)} packets, ${formatBytes(capture.bytes)} read`}
    >
      <p class={capture.complete ? 'verdict' : 'verdict incomplete'}>{capture.verdict}</p>
      <dl class="flaws">
        {FLAWS.map(([label, value, about]) => (
          <div key={label} class={value(capture) > 0 ? 'flaw' : 'flaw none'}>
            <dd>
              {label === 'bytes lost' ? formatBytes(value(capture)) : formatExact(value(capture))}
            </dd>
            <dt title={about}>{label}</dt>
          </div>
        ))}
      </dl>
      {missed.length > 0 && (
        <Table
          caption="What was missed, when"
          columns={missedColumns(onOpen)}
          rows={missed}
          rowKey={(row) => `${row.fromUs} ${row.kind} ${row.collector}`}
          empty="Nothing was missed."
        />
      )}
      {collectors.length > 1 && (
        <Table
          caption="What each collector missed"
          columns={COLLECTOR_COLUMNS}
          rows={collectors}
          rowKey={(row) => row.collector}
          empty="No collector has stored anything."
        />
      )}
    </Section>
  );
}
