import { expect, it } from 'vitest';
import { buildReport } from '../../../analysis/report.ts';
import { bigTransactions } from '../../../src/cli/text/big-transactions.ts';
import { pageOf } from '../../../src/cli/text/page.ts';
import { EXTENT } from '../../server/sample-hour.ts';
import { sampleFacts } from '../../server/sample-facts.ts';

it('names the database of each row only where there are several', () => {
  const facts = sampleFacts(EXTENT);
  const linesOf = (bigs: typeof facts.bigTransactions): string[] =>
    bigTransactions(pageOf(buildReport({ ...facts, bigTransactions: bigs }), 120, false));
  const one = linesOf(facts.bigTransactions);
  expect(one.join('\n')).toContain('statement');
  expect(one.join('\n')).not.toContain('database');
  const elsewhere = facts.bigTransactions.classes.map((row) => ({ ...row, server: '10.9.9.9:1' }));
  const two = linesOf({
    ...facts.bigTransactions,
    classes: [...facts.bigTransactions.classes, ...elsewhere],
  });
  expect(two.find((line) => line.includes('statement'))).toMatch(/database +statement/);
  expect(two.join('\n')).toMatch(/ 10\.9\.9\.9:1 +\w/);
});
