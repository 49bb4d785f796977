import { describe, expect, it } from 'vitest';
import { openTransactionFindings } from '../../../analysis/diagnosis/open-transaction-findings.ts';
import { openTransactionsOf } from '../../../analysis/diagnosis/open-transactions.ts';
import { bucketOf } from '../../../src/core/histogram.ts';
import type {
  OpenTransactionFacts,
  OpenTransactionsFacts,
} from '../../../src/events/open-transactions.ts';
import type { TransactionTypeFacts } from '../../../src/events/transaction-types.ts';
import { sampleOpenTransactions } from '../../server/sample-transactions.ts';
import { NOTHING_OPEN } from '../fixtures.ts';

const SECOND = 1_000_000;
const AS_OF = 1_790_000_000 * SECOND;
const WINDOW = { fromUs: AS_OF - 600 * SECOND, toUs: AS_OF };
const SERVER = '10.20.8.5:5432';
const sample = sampleOpenTransactions(WINDOW);
const facts = { ...sample, gaveUp: [] };
const [held] = facts.open as [OpenTransactionFacts];
const [transfers] = facts.types as [TransactionTypeFacts];

const judged = (changes: Partial<OpenTransactionsFacts>) =>
  openTransactionsOf({ ...facts, ...changes }, WINDOW, 60 * SECOND);
const one = (changes: Partial<OpenTransactionFacts>, more: Partial<OpenTransactionsFacts> = {}) =>
  judged({ open: [{ ...held, ...changes }], ...more });
const aged = (seconds: number): Partial<OpenTransactionFacts> => ({
  sinceUs: AS_OF - seconds * SECOND,
  lastStatementUs: AS_OF - seconds * SECOND,
  lastAnswerUs: AS_OF - seconds * SECOND,
  endAskedUs: null,
});
const kinds = (report: ReturnType<typeof judged>) =>
  openTransactionFindings(report).map(({ kind, severity }) => `${severity} ${kind}`);

const table = { tables: ['items'], kind: 'select' as const, command: 'SELECT' };
const read = { ...table, fingerprint: 'a'.repeat(16), normalized: 'SELECT a FROM items' };
const alter = {
  ...table,
  fingerprint: 'b'.repeat(16),
  kind: 'ddl' as const,
  command: 'ALTER TABLE',
  normalized: 'ALTER TABLE items ADD COLUMN b text',
};

describe('an open transaction', () => {
  it('is told with its age, its type, what comes next and how it will end', () => {
    const { open, longCount } = judged({});
    expect(longCount).toBe(1);
    const [row] = open;
    expect(row).toMatchObject({
      ageUs: 420 * SECOND,
      thresholdUs: 30 * SECOND,
      long: true,
      lastText: 'UPDATE accounts SET balance = balance - ? WHERE id = ?',
      resembles: {
        type: 'bbbbbbbbbbbbbbb1',
        text: 'SELECT accounts, UPDATE accounts, INSERT entries',
        similarity: 1,
        share: 1,
      },
      // None changed ten thousand rows.
      bigProbability: 0,
    });
    expect(row?.next.map(({ text }) => text)).toEqual([
      'INSERT INTO entries VALUES (?+)',
      'ROLLBACK',
    ]);
    // 79,800 steps of 5 kinds; then 20,000 of 2 kinds three times.
    let insert = 19_800 / 80_005 + (5 / 80_005) * 0;
    insert = 19_800 / (79_800 + 5);
    for (let order = 1; order <= 3; order++) insert = (19_800 + 2 * insert) / 20_002;
    expect(row?.next[0]?.probability).toBeCloseTo(insert, 6);
    // 19,800 of 20,000 that stood there committed, and as many of all.
    expect(row).toMatchObject({ commitProbability: null, commitUsual: 0.99 });
  });

  it('has time left as others had that stayed at its point for as long', () => {
    const stayed = (us: number) => one({ answeredUs: AS_OF - us }).open[0]?.timeLeft;
    // Nearly all go on after 3 ms and end 2 ms later; a bucket is 9 % wide.
    const { lowUs = 0, medianUs = 0, highUs = 0 } = stayed(0) ?? {};
    for (const us of [lowUs, medianUs, highUs]) expect(Math.abs(us - 5_000)).toBeLessThan(300);
    // Fifteen stayed for 450 s; the middle of their bucket is 437 s.
    const rest = stayed(400 * SECOND)?.medianUs ?? 0;
    expect(rest).toBeGreaterThan(25 * SECOND);
    expect(rest).toBeLessThan(45 * SECOND);
    expect(stayed(600 * SECOND)).toBeNull();
    expect(one({ answeredUs: null }).open[0]?.timeLeft).toBeNull();
  });

  it('is judged by what it has been answered', () => {
    const answered = one({ answeredUs: AS_OF }).open[0]?.timeLeft;
    const asks = { sequence: [...held.sequence, 'f'.repeat(16)], unanswered: 1, answeredUs: AS_OF };
    expect(one(asks).open[0]?.timeLeft).toEqual(answered);
  });

  it('abstains where no guess is good enough, and while a statement works', () => {
    const scattered = ['1', '2', '3', '4'].map((digit) => ({
      server: SERVER,
      context: '',
      next: `000000000000000${digit}`,
      weight: 10,
    }));
    expect(one({ sequence: [] }, { steps: scattered }).open[0]?.next).toEqual([]);
    expect(one({ working: true }).open[0]?.next).toEqual([]);
    expect(one({ working: true }).open[0]?.commitUsual).toBe(0.99);
  });

  it('is like nothing where nothing known begins like it', () => {
    const [row] = one({ sequence: ['f'.repeat(16)] }).open;
    expect(row?.resembles).toBeNull();
    expect(row?.bigProbability).toBeNull();
    expect(one({ server: '10.0.0.9:5432' }).open[0]?.resembles).toBeNull();
  });

  it('is long by what its type usually takes', () => {
    const batch = { ...transfers, durations: new Map([[bucketOf(60 * SECOND), 500]]) };
    const report = one({}, { types: [batch] });
    expect(report.open[0]?.thresholdUs).toBeGreaterThan(590 * SECOND);
    expect(report.open[0]?.long).toBe(false);
    const seldom = { ...batch, transactions: 19 };
    expect(one({}, { types: [seldom] }).open[0]?.thresholdUs).toBe(30 * SECOND);
  });

  it('becomes big as often as others that changed as much', () => {
    const spread = new Map([
      [bucketOf(10), 900],
      [bucketOf(5_000), 40],
      [bucketOf(50_000), 160],
    ]);
    const types = [{ ...transfers, rowsSpread: spread }];
    const probability = (rowsAffected: number) =>
      one({ rowsAffected }, { types }).open[0]?.bigProbability;
    expect(probability(100)).toBe(0.8);
    expect(probability(20_000)).toBe(1);
    expect(probability(6_000)).toBe(1);
    const few = [{ ...transfers, rowsSpread: new Map([[bucketOf(50_000), 49]]) }];
    expect(one({ rowsAffected: 100 }, { types: few }).open[0]?.bigProbability).toBeNull();
  });

  it('names who waits for its tables, the longest first, and nobody who only reads', () => {
    const [row] = judged({}).open;
    expect(row?.waitingCount).toBe(2);
    expect(row?.waiting.map(({ sessionId }) => sessionId)).toEqual([
      'ccccccccccccccc2',
      'ccccccccccccccc3',
    ]);
  });
});

describe('statements that gave up waiting', () => {
  const [gaveUp] = sample.gaveUp as [OpenTransactionsFacts['gaveUp'][number]];
  const younger = { ...held, sessionId: 'c'.repeat(16), sinceUs: held.sinceUs + SECOND };
  const counts = (changes: Partial<OpenTransactionsFacts>) =>
    judged(changes).open.map(({ gaveUpCount }) => gaveUpCount);

  it('are told of the transaction that was probably waited for', () => {
    const [row] = judged(sample).open;
    expect(row?.gaveUpCount).toBe(4);
    expect(row?.gaveUp).toEqual([
      {
        client: '10.0.0.20',
        fingerprint: held.lastFingerprint,
        sqlstate: '55P03',
        count: 4,
        longestUs: 10 * SECOND,
        text: row?.lastText,
      },
    ]);
  });

  it('are told of the oldest of several, of none that did nothing to exclude them, and of none whose end may be lost', () => {
    const during = [0, 1];
    const both = { gaveUp: [{ ...gaveUp, during }] };
    expect(counts({ ...both, open: [held, younger] })).toEqual([4, 0]);
    expect(counts({ ...both, open: [younger, held] })).toEqual([0, 4]);
    expect(counts({ ...both, open: [{ ...held, torn: true }, younger] })).toEqual([0, 4]);
    const reads = { ...held, sequence: held.sequence.slice(0, 1) };
    expect(counts({ ...both, open: [reads, younger] })).toEqual([0, 4]);
    expect(counts({ ...both, open: [reads, { ...reads, sessionId: younger.sessionId }] })).toEqual([
      0, 0,
    ]);
    // Of what the text is not known nobody can say what it waits for.
    const unknown = { ...gaveUp, fingerprint: 'f'.repeat(16) };
    expect(counts({ gaveUp: [unknown] })).toEqual([0]);
  });

  it('are told of one that worked itself only where they say that they waited for a lock', () => {
    const works = (changes: Partial<OpenTransactionFacts>, forLock: boolean) =>
      one(changes, { gaveUp: [{ ...gaveUp, forLock }] }).open[0]?.gaveUpCount;
    expect(works({}, false)).toBe(4);
    expect(works({ working: true }, false)).toBe(0);
    expect(works({ working: true }, true)).toBe(4);
    // Its last answer came when more than half of its time was over.
    expect(works({ lastAnswerUs: AS_OF - 200 * SECOND }, false)).toBe(0);
  });

  it('are those behind an ALTER TABLE as well that waits for it, or gave up itself', () => {
    const reads = {
      ...gaveUp,
      fingerprint: read.fingerprint,
      sqlstate: '57014',
      forLock: false,
      count: 3,
    };
    const alters = { ...gaveUp, fingerprint: alter.fingerprint, count: 1 };
    const countOf = (groups: OpenTransactionsFacts['gaveUp'], waiting = held.waiting) =>
      one({ sequence: [read.fingerprint], waiting }, { classes: [read, alter], gaveUp: groups })
        .open[0]?.gaveUpCount;
    const [waits] = held.waiting as [OpenTransactionFacts['waiting'][number]];
    expect(countOf([reads])).toBe(0);
    expect(countOf([reads], [{ ...waits, fingerprint: alter.fingerprint }])).toBe(3);
    expect(countOf([reads, alters])).toBe(4);
    // It waits for another: then those behind it do.
    const elsewhere = { ...alters, during: [] };
    expect(countOf([reads, elsewhere])).toBe(0);
  });

  it('make a transaction worth telling that was not long', () => {
    const short = { ...held, ...aged(10), waiting: [], endUs: held.asOfUs };
    const ended = (changes: Partial<OpenTransactionsFacts>) =>
      judged({ open: [], ended: [short], ...changes });
    expect(ended({}).ended).toEqual([]);
    const kept = { ...short, waiting: held.waiting };
    expect(ended({ ended: [kept] }).ended).toHaveLength(1);
    // Where a server stands still all wait at once.
    expect(ended({ ended: [{ ...kept, lastAnswerUs: AS_OF - SECOND }] }).ended).toEqual([]);
    const told = ended({ gaveUp: sample.gaveUp });
    expect(told.ended).toMatchObject([{ ageUs: 10 * SECOND, long: false, gaveUpCount: 4 }]);
    expect(kinds(told)).toEqual(['warning open-transactions/blocking']);
  });

  it('are found once for many transactions of one client, that came one after the other', () => {
    const count = 5;
    const ended = Array.from({ length: count }, (_, index) => {
      const asOfUs = AS_OF - index * 60 * SECOND;
      const sinceUs = asOfUs - (10 + index) * SECOND;
      const clientPort = held.clientPort + index;
      return { ...held, clientPort, sinceUs, asOfUs, endUs: asOfUs, waiting: [] };
    });
    const told = (transactions: typeof ended) =>
      openTransactionFindings(
        judged({
          open: [],
          ended: transactions,
          gaveUp: transactions.map((_, index) => ({ ...gaveUp, during: [index], count: 2 })),
        }),
      );
    expect(told(ended.slice(1))).toHaveLength(count - 1);
    const [finding, ...others] = told(ended);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      kind: 'open-transactions/blocking',
      severity: 'warning',
      sinceUs: ended.at(-1)?.sinceUs,
      untilUs: AS_OF,
      sqlstates: ['55P03'],
      sessions: [held.sessionId],
    });
    const said = finding?.summary.map((part) => ('text' in part ? part.text : String(part.value)));
    expect(said?.join('')).toBe(
      `5 transactions that 10.20.1.11 (branch-office) had open for up to ${14 * SECOND} kept others waiting for up to ` +
        `${10 * SECOND}; 10 statements failed.`,
    );
    // Of different clients each is told.
    const apart = ended.map((one, index) => ({ ...one, client: `10.0.0.${String(index)}` }));
    expect(told(apart)).toHaveLength(count);
  });

  it('are found, as grave by themselves as channels that wait', () => {
    const [finding] = openTransactionFindings(one({ waiting: [] }, { gaveUp: sample.gaveUp }));
    expect(finding).toMatchObject({
      kind: 'open-transactions/blocking',
      severity: 'critical',
      sqlstates: ['55P03'],
      fingerprints: [held.lastFingerprint],
    });
    const said = finding?.summary.map((part) => ('text' in part ? part.text : String(part.value)));
    expect(said?.join('')).toBe(
      `4 statements of 10.0.0.20 failed after waiting up to ${10 * SECOND} on the tables of a transaction that ` +
        `10.20.1.11:50122 (branch-office) has open for ${420 * SECOND}, idle at that moment.`,
    );
    expect(finding?.evidence.map(({ name, value }) => [name, value])).toEqual([
      ['longest wait', 10 * SECOND],
      ['statements that gave up', 4],
      ['open for', 420 * SECOND],
      ['rows changed', 1],
      ['statements', 2],
    ]);
    const few = one({ waiting: [] }, { gaveUp: [{ ...gaveUp, count: 2 }] });
    expect(kinds(few)).toEqual(['warning open-transactions/blocking']);
  });
});

describe('the course of long transactions', () => {
  it('counts at the end of each step those that were older than half a minute', () => {
    const { course } = judged({
      long: [
        { sinceUs: AS_OF - 420 * SECOND, endUs: null, type: '' },
        { sinceUs: AS_OF - 590 * SECOND, endUs: AS_OF - 400 * SECOND, type: 'a'.repeat(16) },
      ],
    });
    const first = Math.floor(WINDOW.fromUs / (60 * SECOND)) * 60 * SECOND;
    expect(first).toBe(WINDOW.fromUs - 20 * SECOND);
    expect(course.map(({ startUs, longCount }) => [(startUs - first) / SECOND, longCount])).toEqual(
      [
        [0, 1],
        [60, 1],
        [120, 1],
        [180, 1],
        [240, 1],
        [300, 1],
        [360, 1],
        [420, 1],
        [480, 1],
        [540, 1],
        [600, 1],
      ],
    );
    expect(course[0]?.oldestType).toBe('a'.repeat(16));
    expect(course.at(-1)).toMatchObject({
      oldestSinceUs: AS_OF - 420 * SECOND,
      oldestType: null,
    });
  });
});

describe('what is found', () => {
  it('a channel that others wait for, with the numbers', () => {
    const [finding] = openTransactionFindings(judged({}));
    expect(finding).toMatchObject({
      key: `open-transactions/blocking session ${held.sessionId} ${String(held.sinceUs)}`,
      ledger: 'D3',
      severity: 'critical',
      node: SERVER,
      role: 'server',
      untilUs: null,
      sessions: ['ccccccccccccccc1', 'ccccccccccccccc2', 'ccccccccccccccc3'],
      fingerprints: ['aaaaaaaaaaaaaaa2'],
    });
    expect(finding?.evidence[0]).toEqual({
      name: 'longest wait',
      value: 45 * SECOND,
      unit: 'us',
      threshold: 30 * SECOND,
    });
  });

  it('says of which hosts those are that wait, as long as all of them are known', () => {
    const said = (changes: Partial<OpenTransactionsFacts>) =>
      openTransactionFindings(judged(changes))
        .flatMap(({ summary }) => summary)
        .map((part) => ('text' in part ? part.text : ''))
        .join('');
    expect(said({})).toContain(' channels of 10.0.0.20 waited up to ');
    const [waiter] = held.waiting as [OpenTransactionFacts['waiting'][number]];
    const waiting = Array.from({ length: 11 }, (_, index) => ({
      ...waiter,
      sessionId: `cccccccccccccc${String(10 + index)}`,
    }));
    expect(said({ open: [{ ...held, waiting }] })).toContain(' channels waited up to ');
  });

  it.each([
    ['nothing in a transaction of a moment', aged(0.01), []],
    ['nothing in one that is not long', aged(29), []],
    ['an idle one', aged(60), ['notice open-transactions/idle']],
    ['an old idle one with changes', aged(400), ['warning open-transactions/idle']],
    [
      'an old idle one without',
      { ...aged(400), rowsAffected: 0 },
      ['notice open-transactions/idle'],
    ],
    ['nothing in one that works', { ...aged(400), working: true }, []],
    ['nothing where that is not known', { ...aged(400), working: null }, []],
    ['nothing where bytes were lost', { ...aged(400), torn: true }, []],
  ])('%s', (_name, changes, expected) => {
    expect(kinds(one({ waiting: [], ...changes }))).toEqual(expected);
  });

  it('says how long one has been idle and what it changed, of one row as of many', () => {
    const said = (rowsAffected: number) =>
      openTransactionFindings(one({ waiting: [], ...aged(60), rowsAffected }))
        .flatMap(({ summary }) => summary)
        .map((part) => ('text' in part ? part.text : 'value' in part ? part.value : ''))
        .join('');
    const idle = ` has a transaction open for ${60 * SECOND} and has asked nothing for ${60 * SECOND}`;
    expect(said(1)).toContain(`${idle}, with 1 row changed.`);
    expect(said(7)).toContain(`${idle}, with 7 rows changed.`);
    expect(said(0)).toContain(`${idle}.`);
  });

  it('many idle ones together', () => {
    const open = Array.from({ length: 6 }, (_, index) => ({
      ...held,
      ...aged(60 + index),
      sessionId: `${'d'.repeat(15)}${String(index)}`,
      waiting: [],
    }));
    const findings = openTransactionFindings(judged({ open }));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      kind: 'open-transactions/many',
      ledger: 'P7',
      severity: 'warning',
      sinceUs: AS_OF - 65 * SECOND,
    });
    expect(findings[0]?.evidence.map(({ value }) => value)).toEqual([6, 65 * SECOND, 6]);
  });

  it('one of the window that others waited for, less loud now that it is over', () => {
    const over = { ...held, endUs: held.asOfUs, outcome: 'commit' as const };
    expect(kinds(judged({ open: [], ended: [over] }))).toEqual([
      'warning open-transactions/blocking',
    ]);
  });

  it('those behind an ALTER TABLE that waits for a transaction that only read, and none that came before it', () => {
    const other = { ...read, fingerprint: 'c'.repeat(16), tables: ['owners'] };
    const waits = (index: number, { fingerprint }: { readonly fingerprint: string }) => ({
      sessionId: `ccccccccccccccc${String(index)}`,
      client: `10.0.0.${String(index)}`,
      fingerprint,
      sinceUs: AS_OF - (100 - index) * SECOND,
    });
    const waiting = [waits(4, read), waits(3, other), waits(2, alter), waits(1, read)];
    const { open } = one(
      { sequence: [read.fingerprint], waiting },
      { classes: [read, other, alter] },
    );
    expect(open[0]?.waiting.map(({ sessionId }) => sessionId.at(-1))).toEqual(['2', '4']);
  });

  it('no rest before a COMMIT that itself took long, and its COMMIT where others waited for that', () => {
    const over = { ...held, ...aged(400), endUs: held.asOfUs, outcome: 'commit' as const };
    const ended = (changes: Partial<OpenTransactionFacts>) =>
      openTransactionFindings(judged({ open: [], ended: [{ ...over, ...changes }] }));
    const rested = ended({ waiting: [], endAskedUs: AS_OF - SECOND });
    expect(rested).toMatchObject([{ kind: 'open-transactions/idle' }]);
    expect(rested[0]?.evidence[0]).toMatchObject({ name: 'idle for', value: 399 * SECOND });
    expect(ended({ waiting: [], endAskedUs: AS_OF - 400 * SECOND })).toEqual([]);
    const [blocking] = ended({ endAskedUs: AS_OF - 390 * SECOND });
    const said = blocking?.summary.map((part) => ('text' in part ? part.text : String(part.value)));
    expect(said?.join('')).toContain(
      `, of which its end (COMMIT or ROLLBACK) took ${String(390 * SECOND)}.`,
    );
    expect(blocking?.advice).toContain('a synchronous standby');
  });

  it('who keeps a queue waiting, and none of those in it', () => {
    const suffers = { ...held, sessionId: 'ccccccccccccccc2', sinceUs: held.sinceUs + SECOND };
    const both = openTransactionFindings(judged({ open: [suffers, held] }));
    expect(both.map(({ kind, sessions }) => [kind, sessions[0]])).toEqual([
      ['open-transactions/blocking', held.sessionId],
    ]);
    // One that was open before the other waits for nobody that came later.
    const earlier = { ...suffers, sinceUs: held.sinceUs - SECOND };
    expect(openTransactionFindings(judged({ open: [earlier, held] }))).toHaveLength(2);
  });

  it('nothing in a window without any', () => {
    expect(openTransactionFindings(openTransactionsOf(NOTHING_OPEN, WINDOW, SECOND))).toEqual([]);
  });
});
