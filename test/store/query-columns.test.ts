/** What the store keeps of what queries ask for, and hands to analysis with their counts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { queryClustersOf } from '../../analysis/diagnosis/query-clusters.ts';
import { loadDescriber } from '../../src/sql/describe.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;
const TEXTS = [
  "SELECT o.id, o.total FROM orders o WHERE o.customer LIKE '%berg'",
  'SELECT * FROM orders WHERE customer LIKE $1',
  'UPDATE orders SET total = 1 WHERE id = 2',
];
let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(
    temporary,
    (sink) => {
      const session = makeSession(1);
      for (const [index, text] of TEXTS.entries()) {
        const kind = text.startsWith('SELECT') ? 'select' : 'update';
        const statementClass = { ...makeClass(index + 1), kind, normalized: text } as const;
        const bytes = new TextEncoder().encode(text);
        for (let call = 0; call <= index; call++)
          sink.statement(
            makeStatement(session, {
              tsUs: START_US + call,
              statementClass,
              text: bytes,
              durationUs: 1_000,
            }),
          );
      }
    },
    { describe: await loadDescriber() },
  );
}, 60_000);
afterAll(() => temporary.remove());

it('keeps columns that are asked for apart from those that choose, and sees a leading wildcard', async () => {
  const window = { fromUs: START_US, toUs: START_US + 60_000_000 };
  const { classes, classSteps } = await readWindowFacts(temporary.store, window);
  const byText = new Map(classes.map((facts) => [facts.normalized, facts]));
  expect(byText.get(TEXTS[0] ?? '')).toMatchObject({
    tables: ['orders'],
    projectionColumns: ['o.id', 'o.total'],
    predicateColumns: ['o.customer'],
    leadingWildcard: true,
  });
  expect(byText.get(TEXTS[1] ?? '')).toMatchObject({
    projectionColumns: ['*'],
    predicateColumns: ['customer'],
    leadingWildcard: false,
  });
  expect(byText.get(TEXTS[2] ?? '')).toMatchObject({
    projectionColumns: [],
    predicateColumns: ['id'],
  });
  expect(queryClustersOf(classes, classSteps).clusters).toMatchObject([
    {
      tables: ['orders'],
      predicateColumns: ['customer'],
      calls: 3,
      meanUs: 1_000,
      columnSets: [
        { columns: ['*'], calls: 2 },
        { columns: ['id', 'total'], calls: 1 },
      ],
    },
  ]);
});
