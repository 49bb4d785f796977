import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Collector, collect } from '../../collectors/collector.ts';
import type { ActivitySecond, EventSink } from '../../src/events/events.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { HealthInterval } from '../../src/events/health.ts';
import { CaptureWithHistory } from './capture-with-history.ts';
import { judge } from './judge.ts';
import { type Label, readLabel } from './label.ts';
import { observe } from './observe.ts';
import { KEPT_RECORDINGS } from './recordings.ts';
import { brokenPromises, falseStatesPerNodeDay, type Judged, scoresOf } from './score.ts';

const SECOND = 1_000_000;

const kept = existsSync(KEPT_RECORDINGS)
  ? readdirSync(KEPT_RECORDINGS)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
  : [];

const label: Label = {
  scenario: 'made-up',
  says: 'The database hangs for 20 s.',
  harmless: false,
  seed: 1,
  recorded: { fromUs: 0, toUs: 120 * SECOND },
  calm: { fromUs: 0, toUs: 60 * SECOND },
  fault: { fromUs: 70 * SECOND, toUs: 90 * SECOND },
  states: [
    {
      node: 'db',
      role: 'server',
      state: 'hang',
      demand: 'expected',
      fromUs: 70 * SECOND,
      toUs: 95 * SECOND,
    },
    {
      node: 'db',
      role: 'server',
      state: 'slow',
      demand: 'allowed',
      fromUs: 70 * SECOND,
      toUs: 180 * SECOND,
    },
  ],
  findings: [{ kinds: ['error-diagnosis/'], sqlstate: '23505', demand: 'expected' }],
};

function interval(
  state: HealthInterval['state'],
  sinceSeconds: number,
  node = 'db',
): HealthInterval {
  return {
    node,
    role: 'server',
    state,
    sinceUs: sinceSeconds * SECOND,
    untilUs: null,
    evidence: [],
    learning: false,
  };
}

function finding(kind: string, sqlstates: readonly string[] = []): Finding {
  return {
    key: kind,
    kind,
    ledger: 'D1',
    severity: 'warning',
    node: 'db',
    role: 'server',
    sinceUs: 0,
    untilUs: null,
    summary: [],
    advice: '',
    evidence: [],
    fingerprints: [],
    sessions: [],
    sqlstates,
  };
}

const outcomes = (health: HealthInterval[], findings: Finding[] = []): string[] =>
  judge({ health, findings }, label).map(({ what, outcome }) => `${outcome} ${what}`);

describe('a state', () => {
  it('is found with its delay when it began while it was true', () => {
    const [verdict] = judge({ health: [interval('hang', 76)], findings: [] }, label);
    expect(verdict).toMatchObject({ outcome: 'found', what: 'hang', delayUs: 6 * SECOND });
  });

  it('is missed where it is not told, told of another node, or began before or long after', () => {
    const missed = ['missed hang', 'false hang', 'missed error-diagnosis/23505'];
    expect(outcomes([])).toEqual(['missed hang', 'missed error-diagnosis/23505']);
    expect(outcomes([interval('hang', 76, 'other')])).toEqual(missed);
    expect(outcomes([interval('hang', 60)])).toEqual(missed);
    expect(outcomes([interval('hang', 100)])).toEqual(missed);
  });

  it('that is allowed is neither found nor false; that nobody expects is false', () => {
    const hang = interval('hang', 76);
    expect(outcomes([hang, interval('slow', 100)])).not.toContain('false slow');
    expect(outcomes([hang, interval('down', 80)])).toContain('false down');
    expect(outcomes([hang, interval('idle', 80), interval('healthy', 100)])).toEqual([
      'found hang',
      'missed error-diagnosis/23505',
    ]);
  });
});

describe('a finding', () => {
  it('is found by the beginning of its kind and by its code', () => {
    const told = (code: string): string[] =>
      outcomes([interval('hang', 76)], [finding('error-diagnosis/burst', [code])]);
    expect(told('23505')).toEqual(['found hang', 'found error-diagnosis/23505']);
    expect(told('40P01')).toEqual([
      'found hang',
      'missed error-diagnosis/23505',
      'false error-diagnosis/40P01',
    ]);
  });

  it('that blames who suffers is false', () => {
    const truth = { kinds: ['open-transactions/'], names: '10.0.0.3', demand: 'expected' } as const;
    const blames = (who: string): Finding => ({
      ...finding('open-transactions/blocking'),
      summary: [{ kind: 'node', text: who }],
    });
    const told = judge(
      { health: [], findings: [blames('10.0.0.3:4711'), blames('10.0.0.1:4712')] },
      { ...label, states: [], findings: [truth] },
    );
    expect(told.map(({ outcome }) => outcome)).toEqual(['found', 'false']);
  });

  it('about a state is judged as a state, and one that only informs never', () => {
    const findings = [
      finding('state/slow'),
      { ...finding('hot/append'), severity: 'info' as const },
    ];
    expect(outcomes([interval('hang', 76)], findings)).toEqual([
      'found hang',
      'missed error-diagnosis/23505',
    ]);
  });
});

describe('the score', () => {
  const judged = (health: HealthInterval[]): Judged => ({
    label,
    nodesCount: 1,
    verdicts: judge({ health, findings: [finding('error-diagnosis/new', ['23505'])] }, label),
  });

  it('counts precision, recall and delay of each state', () => {
    const [hang] = scoresOf(
      [judged([interval('hang', 76)]), judged([interval('hang', 74)]), judged([])],
      'state',
    );
    expect(hang).toMatchObject({ what: 'hang', found: 2, missed: 1, wrong: 0, precision: 1 });
    expect(hang?.recall).toBeCloseTo(2 / 3);
    expect(hang).toMatchObject({ delayMedianUs: 5 * SECOND, delayMaxUs: 6 * SECOND });
  });

  it('counts false states by the recorded time of nodes', () => {
    // One false state in two minutes of one node.
    const one = judged([interval('hang', 76), interval('jitter', 10)]);
    expect(falseStatesPerNodeDay([one])).toBe(720);
  });

  it('names each promise that is broken', () => {
    expect(brokenPromises([judged([interval('hang', 76)])])).toEqual([]);
    expect(brokenPromises([judged([interval('hang', 80)])])).toEqual([
      'hang was told only after 10.0 s',
    ]);
    expect(brokenPromises([judged([interval('hang', 76), interval('down', 80)])])).toEqual([
      'precision of states is 0.50, below 0.95',
      'down was missed 0 and told falsely 1 times',
    ]);
    expect(brokenPromises([judged([])])).toEqual([
      'recall of states is 0.00, below 0.95',
      'hang was missed 1 and told falsely 0 times',
    ]);
  });
});

describe('a recording with history', () => {
  const name = join(KEPT_RECORDINGS, kept[0] ?? '');

  it('is one traffic without a gap, its calm minute again and again', async () => {
    const truth = readLabel(`${name}.json`);
    const seconds = new Map<number, number>();
    const ignore = (): void => undefined;
    const sink: EventSink = {
      statement: ignore,
      transactionEnd: ignore,
      sessionEvent: ignore,
      activity: ({ secondUs, requests }: ActivitySecond) => {
        seconds.set(secondUs, (seconds.get(secondUs) ?? 0) + requests);
      },
    };
    const summary = await collect(
      new CaptureWithHistory(`${name}.pcap.gz`, truth, 3),
      new Collector(sink),
    );
    expect(summary).toMatchObject({ lostBytes: 0, gaps: 0, unmatchedAnswers: 0 });
    const { fromUs, toUs } = truth.calm;
    const minute = (turnsBefore: number): number[] =>
      Array.from(
        { length: (toUs - fromUs) / SECOND },
        (_, index) => seconds.get(fromUs - turnsBefore * (toUs - fromUs) + index * SECOND) ?? 0,
      );
    expect(minute(0).reduce((sum, count) => sum + count)).toBeGreaterThan(500);
    for (const turn of [1, 2, 3]) expect(minute(turn)).toEqual(minute(0));
  });
});

describe('the recordings that are part of the project', () => {
  it.each(kept)(
    'are judged as they are: %s',
    async (name) => {
      const { label: truth, report } = await observe(join(KEPT_RECORDINGS, name));
      const states = judge(report, truth).filter(({ about }) => about === 'state');
      expect(states.length).toBeGreaterThan(0);
      expect(states.filter(({ outcome }) => outcome !== 'found')).toEqual([]);
      expect(brokenPromises([{ label: truth, nodesCount: 3, verdicts: states }])).toEqual([]);
    },
    60_000,
  );
});
