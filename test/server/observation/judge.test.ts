import { describe, expect, it } from 'vitest';
import { type Figures, judge, verdict } from '../../../src/server/observation/judge.ts';
import { figuresWith, healthy, NOW_US } from './figures-of.ts';

const away = {
  code: 'MSQL_STORE_UNREACHABLE',
  message: 'the store does not answer (ECONNREFUSED)',
  hint: 'check that it runs',
};

/** Each ill figure, the area that must say so, and words that it must say. */
const ILL: readonly (readonly [Figures, string, string])[] = [
  [
    figuresWith({ capture: { kernelDropsLately: 36, packetsLately: 3564 } }),
    'capture',
    '36 in the last minute (1.0 %)',
  ],
  [figuresWith({ capture: { lagUs: 3_000_000 } }), 'capture', '3 s behind'],
  [
    figuresWith({ capture: { lastPacketUs: NOW_US - 600_000_000 } }),
    'capture',
    'no packet has come for 10 min',
  ],
  [figuresWith({ capture: { lastPacketUs: null } }), 'capture', 'no packet has come for 1 h'],
  [figuresWith({ storing: { error: away, failedTries: 3 } }), 'storing', 'ECONNREFUSED'],
  [
    figuresWith({ storing: { rowsGivenUp: 9, rowsGivenUpLately: 9 } }),
    'storing',
    'rows are lost: 9',
  ],
  [figuresWith({ storing: { oldestWaitingSinceUs: NOW_US - 31_000_000 } }), 'storing', 'slow'],
  [figuresWith({ store: { answers: false, error: 'gone' } }), 'store', 'does not answer: gone'],
  [figuresWith({ store: { diskFreeBytes: 1e9 } }), 'store', '1.00 GB left'],
  [figuresWith({ store: { diskFreeBytes: 40e9 } }), 'store', 'nearly full'],
  [figuresWith({ decoding: { lostBytesLately: 6e6 } }), 'decoding', '1.2 % of the bytes'],
  [
    figuresWith({ decoding: { droppedByLimitLately: 4 } }),
    'decoding',
    'limits of memory were reached 4 times',
  ],
  [figuresWith({ machine: { residentBytes: 13e9 } }), 'machine', 'memory runs out'],
  [
    figuresWith({ machine: { residentBytes: 5e9, engineResidentBytes: 8.5e9 } }),
    'machine',
    "memory runs out: 5.00 GB and 8.50 GB (store's engine) of 16.0 GB",
  ],
  [figuresWith({ machine: { eventLoopP99Us: 200_000 } }), 'machine', 'overloaded'],
];

describe('the judgement', () => {
  it('finds nothing in a healthy monitor, and says what it does', () => {
    const findings = judge(healthy);
    expect(findings.map(({ area, well }) => [area, well])).toEqual([
      ['capture', true],
      ['storing', true],
      ['store', true],
      ['decoding', true],
      ['machine', true],
    ]);
    expect(findings.every(({ advice }) => advice === null)).toBe(true);
    expect(verdict(findings, 'it serves')).toBe('MirrorSQL is well: it serves.');
  });

  it.each(ILL.map(([figures, area, words]) => ({ figures, area, words })))(
    'of $area says: $words',
    ({ figures, area, words }) => {
      const ill = judge(figures).filter(({ well }) => !well);
      expect(ill.map((finding) => finding.area)).toEqual([area]);
      expect(ill[0]?.says).toContain(words);
      expect(ill[0]?.advice).not.toBeNull();
      expect(verdict(ill, 'it serves')).toBe(`MirrorSQL is not well: ${ill[0]?.says ?? ''}.`);
    },
  );

  it('does not take old drops for new ones, but tells them', () => {
    const [capture] = judge(figuresWith({ capture: { kernelDrops: 7 } }));
    expect(capture?.well).toBe(true);
    expect(capture?.says).toContain('none dropped lately');
    expect(capture?.more).toContain('7 packets dropped since the start');
  });

  it('says how long the disk will do while the store is away', () => {
    const storing = judge(
      figuresWith({
        storing: {
          error: away,
          failedTries: 3,
          bytesWaiting: 147_483_648,
          bytesWaitingPerSecond: 1_000_000,
        },
      }),
    ).find(({ area }) => area === 'storing');
    expect(storing?.more).toContain(
      'nothing is lost until 2.15 GB wait, in 33 min 20 s at this rate',
    );
  });

  it('does not wait for packets of a file that was played to its end', () => {
    const ended = figuresWith({ capture: { ended: true, backend: 'file', lastPacketUs: 0 } });
    expect(judge(ended)[0]?.well).toBe(true);
  });

  it('judges a server that only serves by its store and its machine', () => {
    const findings = judge({ ...healthy, capture: null, decoding: null, storing: null });
    expect(findings.map(({ area }) => area)).toEqual(['store', 'machine']);
  });
});
