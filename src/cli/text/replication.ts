/** Standbys and other receivers of WAL, each as it stood last, and base backups with how far they came. */
import type { ReplicationFacts } from '../../events/facts.ts';
import { lsnText } from '../../events/replication.ts';
import { printable } from './cell.ts';
import { type Page, moreLines, section } from './page.ts';
import { ABSENT, bytesText, durationText, shareText } from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';

const STREAMS_MAX = 12;
const right = { align: 'right' } as const;

export function replication(page: Page): string[] {
  const { report, paint } = page;
  const rows = report.replication.slice(0, STREAMS_MAX);
  if (rows.length === 0) return [];
  const columns: Column<ReplicationFacts>[] = [
    {
      title: 'receiver',
      cell: (row) =>
        row.application === null ? page.node(row.client) : printable(row.application),
      flexible: true,
    },
    { title: 'server', cell: (row) => page.node(row.server), from: 100 },
    { title: 'mode', cell: (row) => printable((row.mode ?? ABSENT).replace('_', ' ')) },
    { title: 'replayed', cell: positionText, from: 78, ...right },
    { title: 'behind', cell: (row) => bytesText(row.replayBehindBytes), ...right },
    { title: 'at most', cell: (row) => bytesText(row.replayBehindMaxBytes), from: 110, ...right },
    { title: 'lag', cell: (row) => durationText(row.replayLagUs), ...right },
    { title: 'at most', cell: (row) => durationText(row.replayLagMaxUs), ...right },
    { title: 'state', cell: stateText },
  ];
  return section(page, 'Replication', '', [
    ...tableLines(rows, columns, page.inner, paint.dim),
    ...moreLines(page, report.replication.length, rows.length, 'streams'),
  ]);
}

function positionText({ replayLsn, flushLsn }: ReplicationFacts): string {
  return lsnText(replayLsn ?? flushLsn ?? -1) ?? ABSENT;
}

function stateText(row: ReplicationFacts): string {
  if (row.backupBytesDone === null) return row.ended ? 'ended' : 'streaming';
  const total = row.backupBytesTotal ?? 0;
  const share = total > 0 ? ` (${shareText(Math.min(1, row.backupBytesDone / total))})` : '';
  return `${row.ended ? 'ended' : 'running'}, ${bytesText(row.backupBytesDone)}${share}`;
}
