/**
 * What happened beside the findings: changes of structure, failed logins, transactions left open, connections that went
 * all at once and came back, shutdowns that a server announced, replication, and what the capture missed.
 */
import type { NodeSeconds } from '../../src/events/node-seconds.ts';
import type { IncidentNode, TimelineEntry, TimelineKind } from '../../src/events/incidents.ts';
import type { MissedPeriod } from '../../src/events/report.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import { transactionAgeUs } from '../monitors/channels.ts';
import type { IncidentSettings } from './settings.ts';
import {
  type HighlightPart,
  textPart,
  countedParts,
  countPart,
  durationPart,
  nodePart,
} from '../../src/events/sentence.ts';

/** Characters of a statement or a message in a line. */
const TEXT_MAX = 160;
/** What PostgreSQL says when it ends sessions or takes none (manual, appendix A, class 57P). */
const SHUTDOWNS: ReadonlyMap<string, string> = new Map([
  ['57P01', 'it ended the session, told to by an administrator or because its main process ended'],
  ['57P02', 'a server process crashed and all sessions were ended'],
  ['57P03', 'the server was starting up, shutting down or recovering'],
]);

export function entry(
  atUs: number,
  kind: TimelineKind,
  about: string | null,
  ...parts: (HighlightPart | string)[]
): TimelineEntry {
  return {
    atUs,
    kind,
    severity: null,
    node: about,
    parts: parts.map((part) => (typeof part === 'string' ? textPart(part) : part)),
  };
}

/** Everything of the window that concerns the nodes, or no node in particular; not in order. */
export function signsOf(
  facts: WindowFacts,
  missed: readonly MissedPeriod[],
  nodes: readonly IncidentNode[],
  settings: IncidentSettings,
): TimelineEntry[] {
  const names = new Set(nodes.map((one) => one.node));
  const servers = nodes.flatMap(({ role, node }) =>
    role === 'server'
      ? facts.nodeSeconds.filter((one) => one.role === 'server' && one.node === node)
      : [],
  );
  return [
    ...schemaChanges(facts, names),
    ...failedLogins(facts),
    ...shutdowns(facts),
    ...replication(facts, names),
    ...servers.flatMap((server) => connectionsLost(server, settings)),
    ...missed.map(({ fromUs, toUs, parts }) =>
      entry(
        fromUs,
        'capture_loss',
        null,
        'The capture missed something for ',
        durationPart(toUs - fromUs),
        ': ',
        ...parts,
        '.',
      ),
    ),
  ];
}

function schemaChanges({ ddl }: WindowFacts, names: ReadonlySet<string>): TimelineEntry[] {
  return ddl
    .filter(({ server, client }) => names.has(server) || names.has(client))
    .map(({ tsUs, statement, status, user, client, server }) =>
      entry(
        tsUs,
        'ddl',
        server,
        `${user === null ? 'Somebody' : oneLine(user)} on `,
        nodePart(client),
        ` changed the structure: ${oneLine(statement)}${status === 'ok' ? '' : ` (${status})`}`,
      ),
    );
}

function failedLogins({ sessionEvents }: WindowFacts): TimelineEntry[] {
  return sessionEvents
    .filter(({ type }) => type === 'login_failed')
    .map(({ firstUs, lastUs, count: failed, detail }) =>
      entry(
        firstUs,
        'logins_failed',
        null,
        ...countedParts(failed, ' login failed', ' logins failed'),
        ...(lastUs > firstUs ? [' within ', durationPart(lastUs - firstUs)] : []),
        detail === '' ? '.' : `; the newest: ${oneLine(detail)}`,
      ),
    );
}

function shutdowns({ errors }: WindowFacts): TimelineEntry[] {
  return errors.flatMap(({ sqlstate, firstUs, count: times }) => {
    const meaning = SHUTDOWNS.get(sqlstate);
    return meaning === undefined
      ? []
      : [
          entry(
            firstUs,
            'shutdown_said',
            null,
            `A server said ${sqlstate}, `,
            ...countedParts(times, ' time: ', ' times: '),
            `${meaning}.`,
          ),
        ];
  });
}

function replication(
  { replication: streams, window }: WindowFacts,
  names: ReadonlySet<string>,
): TimelineEntry[] {
  return streams
    .filter(({ server, client }) => names.has(server) || names.has(client))
    .flatMap(({ server, client, firstUs, lastUs, ended, mode }) => {
      const what = mode === 'base_backup' ? 'base backup' : 'replication';
      const between = (kind: TimelineKind, atUs: number, verb: string) =>
        entry(
          atUs,
          kind,
          server,
          `The ${what} from `,
          nodePart(server),
          ' to ',
          nodePart(client),
          verb,
        );
      return [
        ...(firstUs > window.fromUs ? [between('replication_began', firstUs, ' began.')] : []),
        ...(ended ? [between('replication_ended', lastUs, ' ended.')] : []),
      ];
    });
}

/** Nearly all connections of a database closed within two seconds, and when it took connections again. */
function connectionsLost(
  { node: server, count, columns }: NodeSeconds,
  { connectionsLostMin, connectionsLeftShareMax }: IncidentSettings,
): TimelineEntry[] {
  const { startUs, connectionsOpen, connectionsOpened, connectionsClosed, answers } = columns;
  const entries: TimelineEntry[] = [];
  let lostUs: number | undefined;
  for (let index = 0; index < count; index++) {
    const atUs = startUs[index] ?? 0;
    if (lostUs === undefined) {
      const closed = (connectionsClosed[index] ?? 0) + (connectionsClosed[index - 1] ?? 0);
      if (closed < connectionsLostMin) continue;
      const open = connectionsOpen[index] ?? 0;
      const had = Math.max(connectionsOpen[index - 1] ?? 0, connectionsOpen[index - 2] ?? 0);
      if (open > connectionsLeftShareMax * had || had < connectionsLostMin) continue;
      lostUs = atUs;
      const parts = [' lost ', countPart(had - open), ' of ', countPart(had)];
      entries.push(
        entry(
          lostUs,
          'connections_lost',
          server,
          nodePart(server),
          ...parts,
          ' connections at once.',
        ),
      );
    } else if ((connectionsOpened[index] ?? 0) > 0 && (answers[index] ?? 0) > 0) {
      const downUs = atUs - lostUs;
      const parts = [' takes connections again, after ', durationPart(downUs)];
      entries.push(entry(atUs, 'connections_back', server, nodePart(server), ...parts, '.'));
      lostUs = undefined;
    }
  }
  return entries;
}

/**
 * Transactions of the databases that were open when it began, though nobody found them out yet.
 * @param told sessions that a finding speaks of
 */
export function openTransactions(
  { channels }: WindowFacts,
  sinceUs: number,
  servers: ReadonlySet<string>,
  told: ReadonlySet<string>,
  { openTransactionMinUs }: IncidentSettings,
): TimelineEntry[] {
  return channels.flatMap((channel) => {
    const { sessionId, server, client, openTransactionSinceUs: openUs, lastCommand } = channel;
    const ageUs = transactionAgeUs(channel);
    if (openUs === null || ageUs === null || ageUs < openTransactionMinUs) return [];
    // A single statement that waits stands in no transaction of its own making.
    const made = channel.transactionStatus === 'T' || channel.transactionStatus === 'E';
    const open = made && openUs <= sinceUs && openUs + ageUs > sinceUs;
    if (!open || !servers.has(server) || told.has(sessionId)) return [];
    const after = lastCommand === null ? '' : `; its last statement was ${oneLine(lastCommand)}`;
    const parts = [nodePart(client), ' began a transaction on ', nodePart(server)];
    return [entry(openUs, 'transaction_open', server, ...parts, ` that stayed open${after}.`)];
  });
}

/** Captured text as one line of bounded length. */
export function oneLine(captured: string): string {
  const line = captured
    .slice(0, 4 * TEXT_MAX)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX - 1)}…`;
}
