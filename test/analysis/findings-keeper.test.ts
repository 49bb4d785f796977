import { describe, expect, it } from 'vitest';
import { FindingsKeeper } from '../../analysis/findings-keeper.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { StoredFinding } from '../../src/events/judgement.ts';

const MINUTE = 60_000_000;

const finding = (fields: Partial<Finding>): Finding => ({
  ...{ key: 'errors/burst 23505', kind: 'errors/burst', ledger: 'D1', severity: 'notice' },
  ...{ node: null, role: null, sinceUs: 0, untilUs: null, summary: [], advice: '' },
  ...{ evidence: [], fingerprints: [], sessions: [], sqlstates: [] },
  ...fields,
});

/** A quarter of an hour that ends at a minute. */
const window = (minute: number) => ({ fromUs: (minute - 15) * MINUTE, toUs: minute * MINUTE });
const brief = ({ key, sinceUs, untilUs, seenUs }: StoredFinding) => [
  key,
  sinceUs / MINUTE,
  untilUs === null ? null : untilUs / MINUTE,
  seenUs / MINUTE,
];

describe('a finding that is kept', () => {
  it('has the beginning with which it was told first, however the window cuts it, and one end', () => {
    const keeper = new FindingsKeeper('east');
    const told: StoredFinding[] = [];
    for (let minute = 20; minute <= 60; minute++) {
      const { fromUs, toUs } = window(minute);
      const since = Math.max(18 * MINUTE, fromUs);
      const findings = minute <= 50 ? [finding({ sinceUs: since, untilUs: null })] : [];
      told.push(...keeper.take(findings, { fromUs, toUs }));
    }
    const key = 'errors/burst 23505';
    expect(told.map(brief)).toEqual([
      [key, 18, null, 20],
      [key, 18, null, 30],
      [key, 18, null, 40],
      [key, 18, null, 50],
      [key, 18, 50, 50],
    ]);
  });

  it('is another one after a hole, and another one in the same window when the first has ended', () => {
    const keeper = new FindingsKeeper('east');
    const two = [
      finding({ sinceUs: 1 * MINUTE, untilUs: 2 * MINUTE }),
      finding({ sinceUs: 9 * MINUTE, untilUs: 10 * MINUTE }),
    ];
    expect(keeper.take(two, window(15)).map(({ sinceUs }) => sinceUs / MINUTE)).toEqual([1, 9]);
    expect(keeper.take(two, window(15))).toEqual([]);
    const later = finding({ sinceUs: 40 * MINUTE });
    expect(keeper.take([later], window(41)).map(brief)).toEqual([[later.key, 40, null, 41]]);
  });

  it('is told when it becomes more severe', () => {
    const keeper = new FindingsKeeper('east');
    keeper.take([finding({})], window(15));
    expect(keeper.take([finding({})], window(16))).toEqual([]);
    expect(keeper.take([finding({ severity: 'critical' })], window(17))).toHaveLength(1);
  });

  it('goes on after a restart', () => {
    const keeper = new FindingsKeeper('east');
    const [told] = keeper.take([finding({ sinceUs: 5 * MINUTE })], window(15));
    const again = new FindingsKeeper('east', told === undefined ? [] : [told]);
    expect(again.take([finding({ sinceUs: 5 * MINUTE })], window(16))).toEqual([]);
    expect(again.take([], window(17)).map(brief)).toEqual([[told?.key, 5, 16, 16]]);
  });

  it('is forgotten when it is over, and of too many the oldest', () => {
    const keeper = new FindingsKeeper('east');
    const many = Array.from({ length: 1_500 }, (_, index) => finding({ key: `k${index}` }));
    expect(keeper.take(many, window(15))).toHaveLength(1_500);
    expect(keeper.take([], window(16))).toHaveLength(1_000);
    expect(keeper.take([], window(60))).toHaveLength(0);
  });
});
