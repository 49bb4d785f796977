/** What analysis stored while it watched the hour of sample-facts.ts. */
import type { Window } from '../../src/events/facts.ts';
import type { StoredFinding, StoredState } from '../../src/events/judgement.ts';

/** What analysis stored while it watched. */
export const storedSamples = {
  storedStates: (window: Window): Promise<StoredState[]> =>
    Promise.resolve([
      {
        ...{ node: '10.20.8.5:5432', role: 'server', state: 'slow', collector: 'east' },
        ...{ sinceUs: window.fromUs, untilUs: window.toUs, ended: false, learning: false },
        evidence: [
          { name: 'mean response time of a minute', value: 52_000, unit: 'us', threshold: 20_000 },
        ],
      } satisfies StoredState,
    ]),
  storedFindings: (window: Window): Promise<StoredFinding[]> =>
    Promise.resolve([
      {
        ...{ key: 'state/slow server 10.20.8.5:5432', kind: 'state/slow', ledger: 'H5' },
        ...{ severity: 'warning', node: '10.20.8.5:5432', role: 'server', collector: 'east' },
        ...{ sinceUs: window.fromUs, untilUs: null, seenUs: window.toUs },
        summary: [
          { kind: 'node', text: '10.20.8.5:5432' },
          { kind: 'text', text: ' is slow.' },
        ],
        advice: 'Look at the classes with the most excess time.',
        ...{ evidence: [], fingerprints: [], sessions: [], sqlstates: [] },
      } satisfies StoredFinding,
    ]),
};
