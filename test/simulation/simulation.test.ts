/** A short run of the simulation; `npx tsx test/simulation/run.ts --seeds 20000` is the long one. */
import { describe, expect, it } from 'vitest';
import { checkWhole } from './check-whole.ts';
import { NO_FAULTS } from './faults.ts';
import { ONCE_FAILED } from './seeds.ts';
import { describePlan, shrink } from './shrink.ts';
import { type Outcome, planOf, simulate } from './simulation.ts';

const FIRST = 1_000_000;
const SEEDS = 120;

function mustPass(seed: number): Outcome {
  const outcome = simulate(planOf(seed));
  if (outcome.complaints.length > 0)
    expect.fail(`seed ${seed}: ${describePlan(shrink(planOf(seed)))}`);
  return outcome;
}

/** What must come up now and then, or the simulation does not look where it should. */
const MARKS: Readonly<Record<string, (outcome: Outcome) => boolean>> = {
  'a cancelled statement': of(({ status }) => status === 'cancelled'),
  'an unanswered statement': of(({ status }) => status === 'unanswered'),
  'a skipped statement': of(({ status }) => status === 'skipped'),
  'a portal fetched from in parts': of(({ work }) => work.length > 1),
  'a COPY in with data': of(
    ({ copyBytes, rowsAffected }) => (copyBytes ?? 0) > 0 && (rowsAffected ?? 0) > 0,
  ),
  'a COPY that was given up': of(({ message }) => message?.startsWith('COPY from stdin') === true),
  'a commit that failed': of(({ sqlstate }) => sqlstate === '23503'),
  'a statement in a failed block': of(({ sqlstate }) => sqlstate === '25P02'),
  'a name that nobody knows': of(({ sqlstate }) => sqlstate === '26000'),
  'a transaction that its connection did not survive': ({ scene }) =>
    scene.sessions.some(({ expected }) => expected.transactions.some((t) => t.disconnected)),
  'an encrypted session': ({ scene }) =>
    scene.sessions.some(({ expected }) => expected.login === 'encrypted'),
  'a refused login': ({ scene }) =>
    scene.sessions.some(({ expected }) => expected.login === 'failed'),
  'lost bytes': ({ scene }) => scene.summary.lostBytes > 0,
  'a search for a boundary': ({ scene }) => scene.summary.resyncs > 0,
  'repeated bytes': ({ scene }) => scene.summary.repeatedBytes > 0,
  'packets that were cut': ({ scene }) => scene.summary.cutPackets > 0,
};

type Expected = Outcome['scene']['sessions'][number]['expected']['statements'][number];

function of(holds: (statement: Expected) => boolean): (outcome: Outcome) => boolean {
  return ({ scene }) => scene.sessions.some(({ expected }) => expected.statements.some(holds));
}

describe('simulated sessions', () => {
  it(`are told as the model says, by ${SEEDS} seeds, with everything in them that should be`, () => {
    const unseen = new Set(Object.keys(MARKS));
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const outcome = mustPass(seed);
      for (const mark of unseen) if (MARKS[mark]?.(outcome) === true) unseen.delete(mark);
    }
    expect([...unseen]).toEqual([]);
  }, 120_000);

  it.each(Object.entries(ONCE_FAILED))('of seed %s, which failed once: %s', (seed) => {
    mustPass(Number(seed));
  });

  it('are the same for the same seed', () => {
    const [one, two] = [simulate(planOf(7)), simulate(planOf(7))];
    expect(one.hash).toBe(two.hash);
    expect(simulate(planOf(8)).hash).not.toBe(one.hash);
  });
});

describe('the checkers', () => {
  const whole = (): Outcome => simulate({ ...planOf(3), faults: NO_FAULTS });

  it('miss a statement that is not told', () => {
    const { scene } = whole();
    scene.told.statements.pop();
    expect(checkWhole(scene)).not.toEqual([]);
  });

  it('notice each figure that is wrong', () => {
    const { scene } = whole();
    const changes = [
      { status: 'error' },
      { rowsReturned: 77 },
      { text: 'SELECT 1' },
      { durationUs: 1 },
      { quality: ['gap_response'] },
    ];
    const place = scene.told.statements.findIndex(({ status }) => status === 'ok');
    const right = scene.told.statements[place];
    for (const change of changes) {
      if (right !== undefined) scene.told.statements[place] = { ...right, ...change };
      expect(checkWhole(scene), JSON.stringify(change)).not.toEqual([]);
    }
  });

  it('notice a transaction that nobody made', () => {
    const { scene } = whole();
    const [first] = scene.told.transactions;
    if (first !== undefined) scene.told.transactions.push({ ...first, transactionId: 999 });
    expect(checkWhole(scene)).not.toEqual([]);
  });
});
