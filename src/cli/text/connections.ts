/** Transactions, channels (R3), schema changes (R4), nodes, and the rarer events of connections. */
import type {
  ChannelFacts,
  DdlFacts,
  EncryptionFacts,
  SessionEventFacts,
} from '../../events/facts.ts';
import type { NodeRow, TransactionShapeRow } from '../../events/report.ts';
import { printable } from './cell.ts';
import { statementText } from './headline.ts';
import { type Page, moreLines, section } from './page.ts';
import {
  ABSENT,
  bytesText,
  counted,
  countText,
  durationText,
  rateText,
  shareText,
} from '../../core/quantities.ts';
import { type Column, tableLines } from './table.ts';

const SHAPES_MAX = 5;
const CHANNELS_MAX = 10;
const DDL_MAX = 10;
const NODES_MAX = 12;

const right = { align: 'right' } as const;

export function transactions(page: Page): string[] {
  const { overview, transactionShapes } = page.report;
  if (overview.transactions === 0) return [];
  const columns: Column<TransactionShapeRow>[] = [
    { title: 'count', cell: (row) => countText(row.count), ...right },
    { title: 'rolled back', cell: (row) => countText(row.rollbacks), ...right },
    { title: 'mean', cell: (row) => durationText(row.durationMeanUs), ...right },
    { title: 'max', cell: (row) => durationText(row.durationMaxUs), ...right },
    { title: 'rows', cell: (row) => countText(row.rowsAffected), from: 90, ...right },
    {
      title: 'statements',
      cell: exampleText,
      flexible: true,
    },
  ];
  const rows = transactionShapes.slice(0, SHAPES_MAX);
  const remark = [
    `${countText(overview.commits)} committed`,
    `${countText(overview.rollbacks)} rolled back`,
    `${countText(overview.implicitTransactions)} of both without BEGIN`,
  ].join(', ');
  const lines = rows.length > 0 ? tableLines(rows, columns, page.inner, page.paint.dim) : [];
  return section(page, 'Transactions', remark, [
    ...lines,
    ...moreLines(page, transactionShapes.length, SHAPES_MAX, 'shapes in --format json'),
  ]);
}

/** The store keeps the first eight statements of an example: a longer one goes on. */
const EXAMPLE_STATEMENTS = 8;

function exampleText({ example }: TransactionShapeRow): string {
  const more = example.length >= EXAMPLE_STATEMENTS ? ['…'] : [];
  return [...example.map(statementText), ...more].join(' · ');
}

export function channels(page: Page): string[] {
  const { report, paint } = page;
  const rows = report.channels.slice(0, CHANNELS_MAX);
  if (rows.length === 0) return [];
  const columns: Column<ChannelFacts>[] = [
    {
      title: 'state',
      cell: (row) => stateText(row),
      tint: (cell, row) => (row.openTransactionSinceUs === null ? cell : paint.yellow(cell)),
    },
    { title: 'client', cell: (row) => `${page.node(row.client)}:${row.clientPort}` },
    { title: 'user@database', cell: whoText },
    { title: 'application', cell: (row) => printable(row.application ?? ABSENT), from: 130 },
    { title: 'age', cell: (row) => durationText(ageUs(row)), from: 112, ...right },
    { title: 'statements', cell: (row) => countText(row.statements), from: 110, ...right },
    {
      title: 'errors',
      cell: (row) => (row.errors > 0 ? countText(row.errors) : ''),
      from: 120,
      ...right,
    },
    {
      title: 'traffic',
      cell: (row) => bytesText(row.requestBytes + row.responseBytes),
      from: 104,
      ...right,
    },
    {
      title: 'last statement',
      cell: (row) =>
        row.encryption !== null
          ? encryptionText(row.encryption)
          : statementText(row.lastNormalized ?? row.lastCommand ?? ''),
      flexible: true,
    },
  ];
  return section(
    page,
    'Channels',
    `${counted(report.channelsCount, 'connection', 'connections')} in the window`,
    [
      ...tableLines(rows, columns, page.inner, paint.dim),
      ...moreLines(page, report.channelsCount, rows.length, 'connections'),
    ],
  );
}

/** The handshake and the times of the turns are in `--format json` and on the page. */
function encryptionText({ turns }: EncryptionFacts): string {
  return turns === 0 ? '(encrypted)' : `(encrypted, ${counted(turns, 'turn', 'turns')})`;
}

function stateText(row: ChannelFacts): string {
  if (row.openTransactionSinceUs !== null) {
    const heldUs = Math.max(0, row.lastSeenUs - row.openTransactionSinceUs);
    return `${row.transactionStatus === 'E' ? 'failed' : 'in'} txn ${durationText(heldUs)}`;
  }
  if (row.endUs === null) return row.encrypted ? 'encrypted' : 'idle';
  return `ended: ${printable(row.endReason ?? ABSENT)}`;
}

function ageUs(row: ChannelFacts): number {
  return Math.max(0, row.lastSeenUs - row.startUs);
}

function whoText({ user, database }: { user: string | null; database: string | null }): string {
  if (user === null && database === null) return ABSENT;
  return `${printable(user ?? ABSENT)}@${printable(database ?? ABSENT)}`;
}

export function schemaChanges(page: Page): string[] {
  const { report, paint } = page;
  const rows = report.ddl.slice(-DDL_MAX);
  if (rows.length === 0) return [];
  const columns: Column<DdlFacts>[] = [
    { title: 'at', cell: (row) => page.clock(row.tsUs) },
    { title: 'took', cell: (row) => durationText(row.durationUs), ...right },
    {
      title: 'status',
      cell: (row) => printable(row.status),
      tint: (cell, row) => (row.status === 'ok' ? cell : paint.red(cell)),
    },
    { title: 'user@database', cell: whoText },
    { title: 'client', cell: (row) => page.node(row.client), from: 90 },
    { title: 'statement', cell: (row) => statementText(row.statement), flexible: true },
  ];
  return section(page, 'Schema changes', '', [
    ...tableLines(rows, columns, page.inner, paint.dim),
    ...moreLines(page, report.ddlCount, rows.length, 'before these'),
  ]);
}

/** Columns of the terminal that leave room for the names of applications and users. */
const WHO_FROM = 140;

export function nodes(page: Page): string[] {
  const { report, paint } = page;
  const rows = report.nodes.slice(0, NODES_MAX);
  if (rows.length === 0) return [];
  const columns: Column<NodeRow>[] = [
    ...(rows.some(({ name }) => name !== null)
      ? [{ title: 'name', cell: (row: NodeRow) => printable(row.name ?? ABSENT) }]
      : []),
    { title: 'node', cell: (row) => printable(row.node) },
    { title: 'role', cell: (row) => (row.role === 'server' ? 'database' : 'application') },
    {
      title: 'who',
      cell: (row) => printable([...row.applications, ...row.users].join(', ')) || ABSENT,
      from: WHO_FROM,
      flexible: true,
    },
    { title: 'requests', cell: (row) => countText(row.requests), ...right },
    { title: 'answered', cell: (row) => shareText(row.responseRate), from: 90, ...right },
    { title: 'yield', cell: (row) => shareText(row.yield), ...right },
    { title: 'TPS', cell: (row) => rateText(row.tps), ...right },
    { title: 'rollbacks', cell: (row) => shareText(row.rollbackRate), from: 104, ...right },
    { title: 'mean', cell: (row) => durationText(row.responseTime.meanUs), ...right },
    { title: 'p95', cell: (row) => durationText(row.responseTime.p95Us), from: 96, ...right },
    { title: 'max', cell: (row) => durationText(row.responseTime.maxUs), from: 78, ...right },
    { title: 'connections', cell: (row) => countText(row.connectionsOpenMax), from: 112, ...right },
  ];
  const { channels, channelsCount } = report;
  // A node all of whose connections are among the others has a dash, which must not be taken for a name that is not known.
  const remark =
    page.inner >= WHO_FROM && channelsCount > channels.length
      ? `who: of ${countText(channels.length)} of the ${countText(channelsCount)} connections`
      : '';
  return section(page, 'Nodes', remark, [
    ...tableLines(rows, columns, page.inner, paint.dim),
    ...moreLines(page, report.nodes.length, NODES_MAX, 'nodes'),
  ]);
}

export function sessionEvents(page: Page): string[] {
  const rows = page.report.sessionEvents;
  if (rows.length === 0) return [];
  const columns: Column<SessionEventFacts>[] = [
    { title: 'count', cell: (row) => countText(row.count), ...right },
    { title: 'what', cell: (row) => printable(row.type.replaceAll('_', ' ')) },
    { title: 'first', cell: (row) => page.clock(row.firstUs) },
    { title: 'last', cell: (row) => page.clock(row.lastUs) },
    { title: 'the newest says', cell: (row) => printable(row.detail) || ABSENT, flexible: true },
  ];
  return section(
    page,
    'Connection events',
    '',
    tableLines(rows, columns, page.inner, page.paint.dim),
  );
}
