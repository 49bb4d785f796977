/** What the plain definitions of H1 to H5 say of the nodes, for those who want to compare. */
import { STATE_WORDS } from '../charts/state-strip.tsx';
import type { Report } from '../../../src/server/contract.ts';
import { EvidenceList } from './evidence.tsx';
import { NodeName } from './node-name.tsx';
import { Clock, Duration } from './values.tsx';

const SHOWN = 20;

export function PlainHealth({ report }: { report: Report }) {
  const { plainHealth, window } = report;
  if (plainHealth.length === 0) return null;
  return (
    <details>
      <summary class="quiet">By the plain definitions, without hysteresis</summary>
      <ul class="session-events">
        {plainHealth.slice(0, SHOWN).map(({ role, node, state, sinceUs, untilUs, evidence }) => (
          <li key={`${role}${node}${String(sinceUs)}`}>
            <NodeName node={node} /> <b>{STATE_WORDS[state]}</b> from <Clock us={sinceUs} /> for{' '}
            <Duration us={(untilUs ?? window.toUs) - sinceUs} />:{' '}
            <EvidenceList evidence={evidence} />
          </li>
        ))}
      </ul>
    </details>
  );
}
