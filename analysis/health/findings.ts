/** The states that are not well, as findings. */
import type { Finding, FindingSeverity } from '../../src/events/finding.ts';
import type { HealthInterval, HealthState, NodeRole } from '../../src/events/health.ts';
import { textPart, nodePart } from '../../src/events/sentence.ts';

interface Words {
  readonly ledger: string;
  readonly severity: FindingSeverity;
  /** Behind the name of the node, while it lasts and when it is over. */
  readonly says: string;
  readonly said: string;
  /** The same of an application, where the word means another thing to it. */
  readonly clientSays?: string;
  readonly clientSaid?: string;
  readonly advice: Readonly<Record<NodeRole, string>>;
}

const WORDS: Readonly<Partial<Record<HealthState, Words>>> = {
  down: {
    ledger: 'H2',
    severity: 'critical',
    says: ' is down',
    said: ' was down',
    clientSays: ' has no connection any more',
    clientSaid: ' had no connection',
    advice: {
      server: 'See whether the database process runs and its port listens, then its log.',
      client:
        'See whether the application was stopped on purpose; if it was not, whether it still reaches its database.',
    },
  },
  hang: {
    ledger: 'H1',
    severity: 'critical',
    says: ' hangs',
    said: ' hung',
    clientSays: ' hangs: its connections are open and it asks nothing',
    clientSaid: ' hung: its connections were open and it asked nothing',
    advice: {
      server:
        'Look at the oldest open transactions and at what they lock, then at the disk of the database and the network.',
      client:
        'Take a stack trace of the application: its connections are open and it asks nothing.',
    },
  },
  slow: {
    ledger: 'H5',
    severity: 'warning',
    says: ' is slow',
    said: ' was slow',
    advice: {
      server: 'Look at the classes with the most excess time in these minutes.',
      client:
        'Compare with the other applications on the same database: only this one slow is its own statements.',
    },
  },
  jitter: {
    ledger: 'H3',
    severity: 'notice',
    says: ' answers unevenly',
    said: ' answered unevenly',
    advice: {
      server:
        'Look for what comes and goes: checkpoints, batches, locks that are held for a second.',
      client:
        'Compare with the other applications: only this one uneven points to its own statements or its network.',
    },
  },
  sub_healthy: {
    ledger: 'H4',
    severity: 'notice',
    says: ' gets worse steadily',
    said: ' got worse steadily',
    clientSays: ' loses its connections steadily',
    clientSaid: ' lost its connections steadily',
    advice: {
      server:
        'Look for a table that grows without an index, or statements that wait more and more for each other.',
      client: 'See whether its connection pool loses connections that it does not make again.',
    },
  },
};

/** One finding for each stretch of a state that is not well. */
export function healthFindings(health: readonly HealthInterval[]): Finding[] {
  return health.flatMap(({ node, role, state, sinceUs, untilUs, evidence }) => {
    const words = WORDS[state];
    if (words === undefined) return [];
    return [
      {
        key: `state/${state} ${role} ${node}`,
        kind: `state/${state}`,
        ledger: words.ledger,
        severity: words.severity,
        node,
        role,
        sinceUs,
        untilUs,
        summary: [nodePart(node), textPart(`${saidOf(words, role, untilUs !== null)}.`)],
        advice: words.advice[role],
        evidence,
        fingerprints: [],
        sessions: [],
        sqlstates: [],
      },
    ];
  });
}

function saidOf(
  { says, said, clientSays, clientSaid }: Words,
  role: NodeRole,
  over: boolean,
): string {
  const [now, then] = role === 'client' ? [clientSays ?? says, clientSaid ?? said] : [says, said];
  return over ? then : now;
}
