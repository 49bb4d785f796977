/** F2: which queries are one cluster, what is asked for in it, and what is warned of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryClusterFindings } from '../../../analysis/diagnosis/query-cluster-findings.ts';
import { queryClustersOf } from '../../../analysis/diagnosis/query-clusters.ts';
import type { ClassFacts, ClassStep } from '../../../src/events/facts.ts';
import { classOf, START_US } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const WINDOW = { fromUs: START_US, toUs: START_US + 60 * MINUTE_US };

/** `SELECT columns FROM tables WHERE predicates`, with so many calls of `meanUs`. */
function queryOf(
  id: string,
  columns: readonly string[],
  tables: readonly string[],
  predicateColumns: readonly string[],
  given: { calls?: number; meanUs?: number } & Partial<ClassFacts> = {},
): ClassFacts {
  const { calls = 100, meanUs = 1_000, ...rest } = given;
  const where = predicateColumns.map((column) => `${column} = ?`).join(' AND ');
  const text = `SELECT ${columns.join(', ')} FROM ${tables.join(', ')} WHERE ${where}`;
  return classOf(id.padStart(16, '0'), text, calls, meanUs, {
    tables,
    projectionColumns: columns,
    predicateColumns,
    ...rest,
  });
}

const BY_ID = queryOf('a1', ['id', 'state'], ['orders'], ['id'], { calls: 300 });
const WIDE = queryOf('a2', ['o.*'], ['orders'], ['o.id'], { calls: 100, meanUs: 2_000 });
const BY_CUSTOMER = queryOf('b1', ['id', 'state'], ['orders'], ['customer_id'], { calls: 40 });
const ITEMS = queryOf('c1', ['name'], ['items'], ['id'], { calls: 60 });

describe('a cluster of queries', () => {
  it('asks the same tables by the same columns, for whatever columns, under any alias', () => {
    const { clusters, clustersCount } = queryClustersOf([BY_ID, WIDE, BY_CUSTOMER, ITEMS], []);
    expect(clustersCount).toBe(3);
    // 300 of 1 ms and 100 of 2 ms are 0.5 s of 0.6 s.
    expect(clusters[0]).toMatchObject({
      label: null,
      tables: ['orders'],
      predicateColumns: ['id'],
      classesCount: 2,
      fingerprints: [BY_ID.fingerprint, WIDE.fingerprint],
      calls: 400,
      meanUs: 1_250,
      columnSetsCount: 2,
      growth: null,
    });
    expect(clusters[0]?.shareOfTime).toBeCloseTo(5 / 6, 10);
    expect(clusters[0]?.columnSets).toMatchObject([
      {
        columns: ['id', 'state'],
        predicateColumns: ['id'],
        calls: 300,
        meanUs: 1_000,
        long: false,
      },
      { columns: ['*'], predicateColumns: ['id'], calls: 100, meanUs: 2_000, long: false },
    ]);
    expect(clusters[0]?.columnSets[0]?.shareOfTime).toBeCloseTo(0.6, 10);
    expect(
      clusters.slice(1).map(({ tables, predicateColumns }) => [tables, predicateColumns]),
    ).toEqual([
      [['items'], ['id']],
      [['orders'], ['customer_id']],
    ]);
  });

  it('is what a rule says, before what is alike; the first rule that holds decides', () => {
    const rules = [
      { label: 'money', text: 'BALANCE' },
      { label: 'lookups', tables: ['orders', 'items'], columns: ['id'] },
      { label: 'all orders', tables: ['orders'] },
    ];
    const schema = queryOf('d1', ['balance'], ['shop.orders'], ['id']);
    const { clusters } = queryClustersOf([BY_ID, WIDE, BY_CUSTOMER, ITEMS, schema], [], rules);
    expect(clusters.map(({ label, classesCount }) => [label, classesCount])).toEqual([
      ['lookups', 3],
      ['money', 1],
      ['all orders', 1],
    ]);
  });

  it('is of SELECTs that read a table', () => {
    const update = queryOf('e1', [], ['orders'], ['id'], { kind: 'update' });
    const clock = queryOf('e2', [], [], []);
    expect(queryClustersOf([update, clock], [])).toEqual({
      clusters: [],
      clustersCount: 0,
      classesLeftOut: 0,
    });
  });

  it('is one of a hundred that nothing is like, and of at most a thousand classes', () => {
    const many = Array.from({ length: 1_200 }, (_, index) =>
      queryOf(`f${String(index)}`, ['a'], [`t${String(index)}`], ['id']),
    );
    const result = queryClustersOf(many, []);
    expect(result.clusters).toHaveLength(30);
    expect(result).toMatchObject({ clustersCount: 100, classesLeftOut: 1_100 });
  });

  it('shares out every class exactly once, in whatever order they come', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const names = fc.uniqueArray(name, { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, names, names), { maxLength: 30 }), (given) => {
        const classes = given.map(([columns, tables, predicates], index) =>
          queryOf(index.toString(16), columns, ['t', ...tables], predicates),
        );
        const { clusters } = queryClustersOf(classes, []);
        const calls = clusters.reduce((sum, cluster) => sum + cluster.calls, 0);
        expect(calls).toBe(100 * classes.length);
      }),
    );
  });
});

describe('a way to ask', () => {
  const wide = (meanUs: number) => queryOf('a2', ['*'], ['orders'], ['id'], { meanUs });
  const longOf = (meanUs: number) =>
    queryClustersOf(
      [queryOf('a1', ['id'], ['orders'], ['id'], { meanUs: 10_000 }), wide(meanUs)],
      [],
    ).clusters[0]?.columnSets.map(({ long }) => long);

  it('is long from four times the others on, and told when it costs much', () => {
    expect(longOf(40_000)).toEqual([true, false]);
    expect(longOf(39_000)).toEqual([false, false]);
    const quick = queryOf('a1', ['id'], ['orders'], ['id'], { meanUs: 1_000 });
    expect(queryClustersOf([quick, wide(19_000)], []).clusters[0]?.columnSets[0]?.long).toBe(false);
    const clusters = queryClustersOf([quick, wide(30_000)], []);
    expect(queryClusterFindings(clusters, WINDOW)).toMatchObject([
      {
        key: `queries/long ${wide(0).fingerprint}`,
        ledger: 'F2',
        severity: 'info',
        evidence: [
          { name: 'mean', value: 30_000 },
          { name: 'mean of the others', value: 1_000 },
          { name: 'executions', value: 100 },
          { value: (30_000 - 1_000) / 31_000 },
        ],
      },
    ]);
  });

  it('is not told when it costs little beside everything else', () => {
    const quick = queryOf('a1', ['id'], ['orders'], ['id']);
    const all = queryOf('b1', ['x'], ['other'], ['y'], { calls: 100_000 });
    expect(queryClusterFindings(queryClustersOf([all, wide(30_000), quick], []), WINDOW)).toEqual(
      [],
    );
  });
});

describe('growth', () => {
  /** One class by minute. */
  const stepsOf = (facts: ClassFacts, us: readonly number[], answered = 10): ClassStep[] =>
    us.map((meanUs, index) => ({
      fingerprint: facts.fingerprint,
      startUs: START_US + index * MINUTE_US,
      stepUs: MINUTE_US,
      answered,
      durationSumUs: answered * meanUs,
    }));
  const noise = normal(uniform(7));
  const rising = Array.from(
    { length: 60 },
    (_, minute) => 30_000 * 1.02 ** minute * Math.exp(0.02 * noise()),
  );
  const growthOf = (classes: ClassFacts[], steps: ClassStep[]) =>
    queryClustersOf(classes, steps).clusters[0]?.growth;

  it('is told with its factor and where it stands at the end', () => {
    const growth = growthOf([BY_ID], stepsOf(BY_ID, rising));
    expect((growth?.factor ?? 0) / 1.02 ** 59).toBeCloseTo(1, 1);
    expect((growth?.meanNowUs ?? 0) / (30_000 * 1.02 ** 59)).toBeCloseTo(1, 1);
    expect(growth?.sinceUs).toBe(START_US);
    const clusters = queryClustersOf([BY_ID], stepsOf(BY_ID, rising));
    expect(queryClusterFindings(clusters, WINDOW)).toMatchObject([
      {
        kind: 'queries/grows',
        severity: 'notice',
        sinceUs: START_US,
        fingerprints: [BY_ID.fingerprint],
      },
    ]);
  });

  it('is none of few steps, of what is fast, or of little growth', () => {
    expect(growthOf([BY_ID], stepsOf(BY_ID, rising.slice(0, 19)))).toBeNull();
    expect(
      growthOf(
        [BY_ID],
        stepsOf(
          BY_ID,
          rising.map((us) => us / 10),
        ),
      ),
    ).toBeNull();
    const slight = rising.map((_, minute) => 30_000 * 1.006 ** minute);
    expect(growthOf([BY_ID], stepsOf(BY_ID, slight))).toBeNull();
  });

  it('is none where only the mixture changes', () => {
    const flat = (us: number) => new Array<number>(60).fill(us);
    const quick = stepsOf(BY_ID, flat(10_000)).map((step, minute) => ({
      ...step,
      answered: 120 - minute,
      durationSumUs: (120 - minute) * 10_000,
    }));
    const slow = stepsOf(WIDE, flat(90_000)).map((step, minute) => ({
      ...step,
      answered: 10 + minute,
      durationSumUs: (10 + minute) * 90_000,
    }));
    expect(growthOf([BY_ID, WIDE], [...quick, ...slow])).toBeNull();
  });

  it.each([0, 0.6, 0.9])(
    'is none of a cluster that wanders with autocorrelation %s: at most one in 300 hours',
    (phi) => {
      let found = 0;
      for (let seed = 1; seed <= 300; seed++) {
        const levels = autocorrelated(60, phi, normal(uniform(seed)));
        const steps = stepsOf(
          BY_ID,
          levels.map((level) => 40_000 * Math.exp(0.25 * level)),
        );
        if (growthOf([BY_ID], steps) !== null) found++;
      }
      expect(found).toBeLessThanOrEqual(1);
    },
  );
});
