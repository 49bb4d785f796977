/** What the text of a statement does not tell: what an EXECUTE or a FETCH runs, and how many sets of values a batch has. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readExecutions, readSlowest } from '../../src/store/questions/executions.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;
const WINDOW = { fromUs: START_US, toUs: START_US + 60_000_000 };
let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    const session = makeSession(1);
    const execute = { ...makeClass(1), kind: 'other', normalized: 'EXECUTE one(?)' } as const;
    const source = { ...makeClass(2), normalized: 'SELECT a FROM t WHERE id = $1' };
    const told = (durationUs: number, given: Parameters<typeof makeStatement>[1]) =>
      sink.statement(
        makeStatement(session, {
          tsUs: START_US + durationUs,
          sequence: durationUs,
          durationUs,
          statementClass: execute,
          ...given,
        }),
      );
    told(300, { sourceClass: source, source: source.normalized });
    told(200, { batchCount: 32 });
    told(100, {});
  });
}, 60_000);
afterAll(() => temporary.remove());

it('executions tell the statement behind them and the sets of a batch, and nothing where there is none', async () => {
  const expected = [
    {
      batchCount: null,
      source: {
        fingerprint: makeClass(2).fingerprint,
        normalized: 'SELECT a FROM t WHERE id = $1',
      },
    },
    { batchCount: 32, source: null },
    { batchCount: null, source: null },
  ];
  const { store } = temporary;
  expect(await readExecutions(store, WINDOW)).toMatchObject(expected);
  expect(await readSlowest(store, WINDOW, {}, 10)).toMatchObject(expected);
});
