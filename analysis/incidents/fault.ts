/** Whose fault an incident was, as far as the evidence goes, in words that say how far it does. */
import type { Explanation, Fault } from '../../src/events/explanation.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { Incident } from '../../src/events/incidents.ts';
import type { Report } from '../../src/events/report.ts';
import {
  type HighlightPart,
  countPart,
  nodePart,
  textPart,
  timePart,
} from '../../src/events/sentence.ts';
import { MINUTE_US } from '../../src/core/time.ts';
import { longestWaits } from './longest-waits.ts';
import { isCommit } from '../diagnosis/slow-commit.ts';

const CLIENTS_NAMED = 3;

/** Low TPS that is told of a database and is not its doing: whose it is. */
export const LOW_TPS_OF_OTHERS: ReadonlyMap<string, readonly [Fault, string]> = new Map([
  [
    'low-tps/application',
    [
      'application',
      'Applications ask less, which may be their own affair or that of who uses them; what they ask is answered as usual.',
    ],
  ],
  [
    'low-tps/workload_change',
    [
      'unknown',
      'The database does as much as ever, in fewer transactions: a new release or other users, and perhaps nobody’s fault.',
    ],
  ],
  [
    'low-tps/capture',
    [
      'unknown',
      'The capture lost so much that fewer transactions need not have ended: nothing can be said of the database or the applications.',
    ],
  ],
]);

/** Of what would wake nobody only few kinds say whose doing it was. */
export function faultNoticed(report: Report, all: readonly Finding[]): Explanation['fault'] {
  const [noticed] = all;
  const said = (who: Fault, ...parts: (HighlightPart | string)[]) => ({
    who,
    parts: asParts(parts),
  });
  if (noticed === undefined) return said('nobody', 'Nothing happened that would be anybody’s.');
  const error = errorOf(report, noticed);
  if (error !== undefined) return said(...error);
  const others = LOW_TPS_OF_OTHERS.get(noticed.kind);
  if (others !== undefined) return said(...others);
  if (noticed.kind.startsWith('open-transactions/'))
    return said(
      'application',
      'Whoever opened the transaction ends it; nobody was seen to wait for it.',
    );
  return unwell(all, said);
}

/** Of several nodes that were not well at once, what they share is nearer at hand than each of them. */
function unwell(
  all: readonly Finding[],
  said: (who: Fault, ...parts: (HighlightPart | string)[]) => Explanation['fault'],
): Explanation['fault'] {
  const states = all.filter(({ kind, node }) => kind.startsWith('state/') && node !== null);
  const nodes = new Map(states.map((one) => [`${String(one.role)} ${String(one.node)}`, one]));
  const [only] = nodes.values();
  if (only === undefined || only.node === null)
    return said('unknown', 'No node was unwell: what was noticed need not be a fault at all.');
  if (nodes.size > 1)
    return said(
      'between',
      countPart(nodes.size),
      ' nodes were not well at the same time: look at what they share, the network between them, the database or its machine.',
    );
  return only.role === 'server'
    ? said('database', 'The database ', nodePart(only.node), ', the only node that was not well.')
    : said(
        'application',
        'The application ',
        nodePart(only.node),
        ', the only node that was not well.',
      );
}

function asParts(parts: readonly (HighlightPart | string)[]): HighlightPart[] {
  return parts.map((part) => (typeof part === 'string' ? textPart(part) : part));
}

/** @param findings of the incident, the first cause first */
export function faultOf(
  report: Report,
  incident: Incident,
  findings: readonly Finding[],
): Explanation['fault'] {
  const { firstCause, nodes } = incident;
  const { finding } = firstCause;
  const hints = hintsOf(incident);
  const said = (who: Fault, ...parts: (HighlightPart | string)[]) => ({
    who,
    parts: [...asParts(parts), ...hints],
  });
  if (finding.kind.startsWith('open-transactions/')) {
    const holder = report.channels.find(({ sessionId }) => sessionId === finding.sessions[0]);
    const who = holder === undefined ? [] : [' ', nodePart(holder.client)];
    const did =
      finding.kind === 'open-transactions/blocking'
        ? ': it kept a transaction open, and others waited on the tables of it.'
        : ': it kept a transaction open, and all else began after that.';
    return said(
      'application',
      'The application',
      ...who,
      did,
      ' Locks do not show on the wire: that others waited for them is likely, not seen.',
    );
  }
  if (finding.kind === 'low-tps/network' && finding.node !== null)
    return said(
      'between',
      'The way to the database ',
      nodePart(finding.node),
      ', or its whole machine: every answer is late by about as much, also those that wait for nobody. The statements themselves are not to blame.',
    );
  const others = LOW_TPS_OF_OTHERS.get(finding.kind);
  if (others !== undefined) return said(...others);
  const error = errorOf(report, finding);
  if (error !== undefined) return said(...error);
  if (finding.role === 'server' && finding.node !== null)
    return said(
      'database',
      'The database ',
      nodePart(finding.node),
      ' as far as the wire tells: it was first, and its applications went on asking. Why it did is in its own log.',
      ...longestWaits(report, incident, finding.node),
    );
  const away = turnedAway(report, finding);
  if (away !== undefined) return said(...away);
  const applications = nodes.filter(({ role }) => role === 'client').length;
  if (finding.role === 'client' && finding.node !== null && applications === 1)
    return said(
      'application',
      'The application ',
      nodePart(finding.node),
      ': nothing was found at the databases that it talks to before it.',
    );
  if (applications > 1)
    return said(
      'between',
      countPart(applications),
      finding.kind === 'state/down'
        ? ' applications lost all connections, and no database was found unwell before: somebody stopped them all, or look at what they share, the network or a pooler.'
        : ' applications and no database were first: look at what lies between them, the network or a pooler.',
    );
  if (finding.kind === 'slow-classes/sudden-change')
    return said(...suddenChange(report, incident, findings));
  return said('unknown', 'The evidence does not say.');
}

/** Of a class that takes longer from one moment on, on no node in particular. */
function suddenChange(
  report: Report,
  incident: Incident,
  findings: readonly Finding[],
): [Fault, string] {
  if (findings.filter(({ kind }) => kind === 'slow-classes/sudden-change').length > 1)
    return [
      'unknown',
      'Some classes take longer and the others do not: hardly the machine as a whole, but what they share. That is a table, its indexes and locks, or an application and its way to the database.',
    ];
  if (mayBeTheWay(report, incident))
    return [
      'unknown',
      'One class takes longer, and the shortest answers of its application as well: its plan, its data, the values that it is given, a lock that it waits for, or the way of this application alone.',
    ];
  if (incident.firstCause.finding.summary.some(namesCommit))
    return [
      'database',
      'It is the COMMIT that takes longer: no statement and no plan, but what a commit waits for in the database, which is its log on the disk, a synchronous standby, or checks and triggers that are deferred to it.',
    ];
  return [
    'unknown',
    'One class alone takes longer: hardly the network or the machine as a whole, but its plan, its data, the values that it is given, or a lock that it waits for.',
  ];
}

function namesCommit(part: HighlightPart): boolean {
  return part.kind === 'statement' && isCommit(part.text);
}

/** Low TPS leaves it open whether it is the network. */
function mayBeTheWay({ lowTps, window }: Report, { sinceUs, untilUs }: Incident): boolean {
  return lowTps.episodes.some(
    ({ verdict, orElse, fromUs, toUs }) =>
      [verdict, ...orElse].includes('NETWORK') &&
      fromUs < (untilUs ?? window.toUs) &&
      (toUs ?? window.toUs) > sinceUs,
  );
}

/** An error says itself what it is, and whom it met. */
function errorOf(
  { errorDiagnosis }: Report,
  { kind, node, sqlstates }: Finding,
): [Fault, ...(HighlightPart | string)[]] | undefined {
  if (!kind.startsWith('error-diagnosis/') || node === null) return undefined;
  const cause = errorDiagnosis.causes.find(
    ({ server, sqlstate }) => server === node && sqlstates.includes(sqlstate),
  );
  if (cause === undefined) return undefined;
  const { concern, meaning, clients, applications } = cause;
  const named = clients.slice(0, CLIENTS_NAMED);
  const more = clients.length - named.length;
  return [
    concern === 'database' || concern === 'application' ? concern : 'unknown',
    nodePart(node),
    ` says itself what it is: ${meaning}. It says so to `,
    ...named.flatMap((client, at) => [...(at === 0 ? [] : [', ']), nodePart(client)]),
    ...(more > 0 ? [' and ', countPart(more), ' more'] : []),
    applications.length === 0 ? '.' : ` (${applications.slice(0, CLIENTS_NAMED).join(', ')}).`,
  ];
}

/** An application without connections whose logins are refused has not gone: who is right does not show. */
function turnedAway(
  { errorDiagnosis }: Report,
  { kind, role, node, sinceUs, untilUs }: Finding,
): [Fault, ...(HighlightPart | string)[]] | undefined {
  if (kind !== 'state/down' || role !== 'client' || node === null) return undefined;
  const cause = errorDiagnosis.causes.find(
    ({ logins, clients, firstUs, lastUs }) =>
      logins > 0 && clients.includes(node) && firstUs < (untilUs ?? Infinity) && lastUs > sinceUs,
  );
  if (cause === undefined) return undefined;
  return [
    'unknown',
    'The application ',
    nodePart(node),
    ' tries to log in, and ',
    nodePart(cause.server),
    ` refuses it (${cause.sqlstate}): ${cause.meaning}. Whether the server has another rule or password than before, or the application says another, is in the log of the server.`,
  ];
}

/** As long as this after its onset, which may be known to the minute only, a change is still one at the same time. */
const TOGETHER_US = MINUTE_US;

/** What came shortly before, told as what it is: a coincidence until somebody shows more. */
function hintsOf({ context, timeline, firstCause }: Incident): HighlightPart[] {
  const open = context.find(({ kind }) => kind === 'transaction_open');
  const earlier = [...context].reverse().find(({ kind }) => kind === 'ddl');
  const together = timeline.find(
    ({ kind, atUs }) => kind === 'ddl' && atUs <= firstCause.onsetUs + TOGETHER_US,
  );
  const change = together ?? earlier;
  return [
    ...(open === undefined
      ? []
      : [
          textPart(' It may have waited for this: '),
          timePart(open.atUs),
          textPart(' '),
          ...open.parts,
        ]),
    ...(change === undefined
      ? []
      : [
          textPart(
            change === together
              ? ' At the same time, which proves nothing: '
              : ' Shortly before, which proves nothing: ',
          ),
          timePart(change.atUs),
          textPart(' '),
          ...change.parts,
        ]),
  ];
}
