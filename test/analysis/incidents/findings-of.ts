/** Findings by hand, as analyzers make them. */
import type { Finding } from '../../../src/events/finding.ts';
import { START_US } from '../fixtures.ts';
import { SECOND_US } from '../../../src/core/time.ts';

/** Seconds since the start of the fixtures' window, as a time. */
export const at = (seconds: number) => START_US + seconds * SECOND_US;

export function findingOf(given: Partial<Finding> = {}): Finding {
  const kind = given.kind ?? 'errors/burst';
  const node = given.node === undefined ? '10.0.0.1:5432' : given.node;
  const role = node === null ? null : (given.role ?? (node.includes(':') ? 'server' : 'client'));
  return {
    key: `${kind} ${String(role)} ${String(node)}`,
    kind,
    ledger: 'D1',
    severity: 'warning',
    sinceUs: at(60.5),
    untilUs: at(90.5),
    summary: [
      ...(node === null ? [] : [{ kind: 'node' as const, text: node }]),
      { kind: 'text', text: ' is not well.' },
    ],
    advice: 'Look at it.',
    evidence: [],
    fingerprints: [],
    sessions: [],
    sqlstates: [],
    ...given,
    node,
    role,
  };
}
