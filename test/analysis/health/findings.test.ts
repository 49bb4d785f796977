/** What is said of a state that is not well. */
import { describe, expect, it } from 'vitest';
import { healthFindings } from '../../../analysis/health/findings.ts';
import type { HealthState, NodeRole } from '../../../src/events/health.ts';

function said(role: NodeRole, state: HealthState, untilUs: number | null = null): string[] {
  const interval = { role, state, sinceUs: 1, untilUs, evidence: [], learning: false };
  return healthFindings([{ ...interval, node: 'n' }]).map(({ summary }) =>
    summary.map((part) => ('text' in part ? part.text : '')).join(''),
  );
}

describe('a state as a finding', () => {
  it('is told in the words of the role: an application without connections need not be down', () => {
    expect(said('server', 'down')).toEqual(['n is down.']);
    expect(said('client', 'down')).toEqual(['n has no connection any more.']);
    expect(said('client', 'down', 9)).toEqual(['n had no connection.']);
    expect(said('server', 'hang', 9)).toEqual(['n hung.']);
    expect(said('client', 'hang')).toEqual([
      'n hangs: its connections are open and it asks nothing.',
    ]);
    expect(said('server', 'sub_healthy')).toEqual(['n gets worse steadily.']);
    expect(said('client', 'sub_healthy', 9)).toEqual(['n lost its connections steadily.']);
    expect(said('client', 'slow')).toEqual(said('server', 'slow'));
  });

  it('is none where a node is well, or nobody knows', () => {
    for (const state of ['healthy', 'idle', 'unknown'] as const)
      expect(said('server', state)).toEqual([]);
  });
});
