/**
 * D3 and P7: transactions that are open at the end of a window, and those that were open long in it: who, since when,
 * what they changed, who waits for them; which known type each is like, what it will do next, whether it will commit and
 * when. Definitions and defaults: analysis/README.md.
 */
import { quantileUs } from '../../src/core/histogram.ts';
import { BIG } from '../../src/events/big-transactions.ts';
import type { Window } from '../../src/events/facts.ts';
import {
  answeredStatements,
  type GaveUpFacts,
  LONG_TRANSACTION_US,
  type NextStatement,
  type OpenTransactionFacts,
  type OpenTransactionPoint,
  type OpenTransactionRow,
  type OpenTransactions,
  type OpenTransactionsFacts,
  type TimeLeft,
} from '../../src/events/open-transactions.ts';
import { grouped, shareOf, sumOf } from '../share.ts';
import { KnownTypes, type Resemblance } from '../transactions/known-types.ts';
import { locksWholeTables, mayWaitFor } from '../transactions/lock-conflicts.ts';
import { COMMIT, NextStatementModel, ROLLBACK } from '../transactions/next-statement.ts';
import { StepOutlook } from '../transactions/step-outlook.ts';
import { countBeyond } from '../transactions/survival.ts';
import type { ClassText } from '../../src/events/transaction-types.ts';
import { type ClassTexts, classTexts } from '../transactions/type-names.ts';
import { rested } from './open-transaction-words.ts';

export interface OpenTransactionsSettings {
  /** Long for a type: ten times what all but one in a hundred of it took. A batch of twenty minutes is not long at thirty. */
  readonly longFactor: number;
  /** So many of its type must be known for that; of fewer a 99th percentile says nothing. */
  readonly typeLeast: number;
  /** No guess is told that is more likely wrong than one in three. */
  readonly guessLeast: number;
  readonly guessesMax: number;
  /** Transactions that stayed as long at the same point: of fewer a median and a band say little. */
  readonly survivorsLeast: number;
  /** For the probability of becoming big. */
  readonly bigLeast: number;
  readonly waitingMax: number;
}

export const defaultOpenTransactionsSettings: OpenTransactionsSettings = {
  longFactor: 10,
  typeLeast: 20,
  guessLeast: 0.3,
  guessesMax: 3,
  survivorsLeast: 10,
  bigLeast: 50,
  waitingMax: 10,
};

export function openTransactionsOf(
  facts: OpenTransactionsFacts,
  window: Window,
  stepUs: number,
  settings: OpenTransactionsSettings = defaultOpenTransactionsSettings,
): OpenTransactions {
  const texts = classTexts(facts.classes);
  const types = new KnownTypes(facts.types, texts);
  const models = byServer(facts.steps, (steps) => new NextStatementModel(steps));
  const outlooks = byServer(facts.stepTimes, (times) => new StepOutlook(times));
  const gaveUpFor = gaveUpByHolder(facts, texts);
  const rowOf = (one: OpenTransactionFacts, open: boolean): OpenTransactionRow => {
    const resemblance = types.resembling(one.sequence, one.server);
    const ageUs = one.asOfUs - one.sinceUs;
    const thresholdUs = thresholdOf(resemblance, settings);
    const model = open && one.working !== true ? models.get(one.server) : undefined;
    const { sequence, waiting, unanswered, answeredUs, ...rest } = one;
    const usual = open ? usualCommits(facts.types, one.server) : null;
    const outlook = open ? outlooks.get(one.server) : undefined;
    const others = waitersOf(one, texts);
    const gaveUp = gaveUpFor.get(one) ?? [];
    return {
      ...rest,
      ageUs,
      thresholdUs,
      long: ageUs > thresholdUs,
      lastText: textOf(one.lastFingerprint, texts),
      resembles: resemblance?.resembles ?? null,
      next: model === undefined ? [] : guessesOf(model, sequence, texts, settings),
      commitProbability: outlook?.commitShare(answeredStatements(one), usual ?? 0) ?? null,
      commitUsual: usual,
      timeLeft: outlook === undefined ? null : timeLeft(outlook, one, settings),
      bigProbability: open ? bigProbability(resemblance, one.rowsAffected, settings) : null,
      waitingCount: new Set(others.map(({ sessionId }) => sessionId)).size,
      waiting: others.slice(0, settings.waitingMax).map((other) => ({
        ...other,
        text: textOf(other.fingerprint, texts) ?? '',
      })),
      gaveUpCount: sumOf(gaveUp, ({ count }) => count),
      gaveUp: gaveUp.map(({ during: _, forLock: __, ...group }) => ({
        ...group,
        text: textOf(group.fingerprint, texts) ?? '',
      })),
    };
  };
  const open = facts.open.map((one) => rowOf(one, true));
  return {
    asOfUs: facts.asOfUs,
    openCount: facts.openCount,
    longCount: open.filter(({ long }) => long).length,
    open,
    endedCount: facts.endedCount,
    ended: facts.ended.map((one) => rowOf(one, false)).filter(isTold),
    course: courseOf(facts, window, stepUs),
  };
}

/** Of those that were not long only what others waited for. Where a server stands still all wait, and nobody for another. */
function isTold(row: OpenTransactionRow): boolean {
  const { ageUs, waitingCount, gaveUpCount } = row;
  return ageUs >= LONG_TRANSACTION_US || gaveUpCount > 0 || (waitingCount > 0 && rested(row));
}

function byServer<Row extends { readonly server: string }, Model>(
  rows: readonly Row[],
  modelOf: (rows: readonly Row[]) => Model,
): Map<string, Model> {
  return new Map(
    [...grouped(rows, ({ server }) => server)].map(([server, of]) => [server, modelOf(of)]),
  );
}

/** The share of the known transactions of a server that commit. */
function usualCommits(types: OpenTransactionsFacts['types'], server: string): number | null {
  const known = types.filter((type) => type.server === server);
  const transactions = sumOf(known, (type) => type.transactions);
  return shareOf(transactions - sumOf(known, ({ rollbacks }) => rollbacks), transactions);
}

function textOf(fingerprint: string | null, texts: ClassTexts): string | null {
  return fingerprint === null ? null : (texts.get(fingerprint)?.normalized ?? null);
}

function thresholdOf(
  resemblance: Resemblance | undefined,
  settings: OpenTransactionsSettings,
): number {
  if (resemblance === undefined || resemblance.transactions < settings.typeLeast)
    return LONG_TRANSACTION_US;
  const usual = quantileUs(resemblance.durations, 0.99) ?? 0;
  return Math.max(LONG_TRANSACTION_US, settings.longFactor * usual);
}

function guessesOf(
  model: NextStatementModel,
  sequence: readonly string[],
  texts: ClassTexts,
  { guessLeast, guessesMax }: OpenTransactionsSettings,
): NextStatement[] {
  const guesses = model.guesses(sequence);
  if ((guesses[0]?.probability ?? 0) < guessLeast) return [];
  return guesses.slice(0, guessesMax).map(({ next, probability }) => {
    if (next === COMMIT || next === ROLLBACK)
      return { fingerprint: null, text: next.toUpperCase(), probability };
    const text = textOf(next, texts) ?? 'a statement whose text is not stored';
    return { fingerprint: next, text, probability };
  });
}

function timeLeft(
  outlook: StepOutlook,
  one: OpenTransactionFacts,
  { survivorsLeast }: OpenTransactionsSettings,
): TimeLeft | null {
  if (one.answeredUs === null) return null;
  const stayedUs = one.asOfUs - one.answeredUs;
  return outlook.timeLeft(answeredStatements(one), stayedUs, survivorsLeast) ?? null;
}

/** Of those that changed as many rows, the part that became big at last. */
function bigProbability(
  resemblance: Resemblance | undefined,
  rowsAffected: number,
  { bigLeast }: OpenTransactionsSettings,
): number | null {
  if (rowsAffected > BIG.rows) return 1;
  if (resemblance === undefined) return null;
  const asMany = countBeyond(resemblance.rowsSpread, rowsAffected);
  if (asMany < bigLeast) return null;
  return Math.min(1, countBeyond(resemblance.rowsSpread, BIG.rows) / asMany);
}

/**
 * Those that may wait for what it has run, and those behind them: locks of tables are queued for in turn (PostgreSQL manual,
 * "Explicit Locking"), so that reading waits behind an ALTER TABLE that itself waits for a transaction that only read.
 */
function waitersOf({ waiting, sequence }: OpenTransactionFacts, texts: ClassTexts) {
  const ahead = textsOf(sequence, texts);
  return [...waiting]
    .sort((a, b) => a.sinceUs - b.sinceUs)
    .filter(({ fingerprint }) => {
      const text = texts.get(fingerprint);
      if (text === undefined || !mayWaitFor(text, ahead)) return false;
      if (locksWholeTables(text) && !ahead.includes(text)) ahead.push(text);
      return true;
    });
}

/**
 * What failed since it had waited too long, by the one it probably waited for: of those that were open then and are in its way,
 * the oldest. One whose end may have been lost is none; and of one that worked itself nobody knows that more than a statement
 * that took too long waited for it.
 */
function gaveUpByHolder(
  facts: OpenTransactionsFacts,
  texts: ClassTexts,
): Map<OpenTransactionFacts, GaveUpFacts[]> {
  const { open, ended, gaveUp } = facts;
  const spells = [...open, ...ended];
  const ahead = spells.map((spell, place) =>
    aheadOf(
      spell,
      gaveUp.filter(({ during }) => during.includes(place)),
      texts,
    ),
  );
  const byHolder = new Map<OpenTransactionFacts, GaveUpFacts[]>();
  for (const group of gaveUp) {
    const text = texts.get(group.fingerprint);
    if (text === undefined) continue;
    const [holder] = group.during
      .filter((place) => mayWaitFor(text, ahead[place] ?? []))
      .flatMap((place) => spells[place] ?? [])
      .filter((spell) => !spell.torn && (group.forLock || rested(spell)))
      .sort((a, b) => a.sinceUs - b.sinceUs);
    if (holder !== undefined) byHolder.set(holder, [...(byHolder.get(holder) ?? []), group]);
  }
  return byHolder;
}

/** What it has run, and what wants whole tables for itself and waits for it or gave up: others queue behind that. */
function aheadOf(
  spell: OpenTransactionFacts,
  gaveUp: readonly GaveUpFacts[],
  texts: ClassTexts,
): ClassText[] {
  const own = textsOf(spell.sequence, texts);
  const others = [...spell.waiting, ...gaveUp].map(({ fingerprint }) => fingerprint);
  const queued = textsOf(others, texts).filter(
    (text) => locksWholeTables(text) && mayWaitFor(text, own),
  );
  return [...own, ...queued];
}

/** Of each that is known, once. */
function textsOf(fingerprints: readonly string[], texts: ClassTexts): ClassText[] {
  return [...new Set(fingerprints)].flatMap((fingerprint) => texts.get(fingerprint) ?? []);
}

/** How many were longer than LONG_TRANSACTION_US at the end of each step. */
function courseOf(
  { long, asOfUs }: OpenTransactionsFacts,
  { fromUs }: Window,
  stepUs: number,
): OpenTransactionPoint[] {
  if (stepUs <= 0 || long.length === 0) return [];
  const points: OpenTransactionPoint[] = [];
  const bySince = [...long].sort((a, b) => a.sinceUs - b.sinceUs);
  for (let startUs = Math.floor(fromUs / stepUs) * stepUs; startUs < asOfUs; startUs += stepUs) {
    const endUs = Math.min(startUs + stepUs, asOfUs);
    const open = bySince.filter(
      (one) =>
        one.sinceUs + LONG_TRANSACTION_US <= endUs && (one.endUs === null || one.endUs >= endUs),
    );
    const [oldest] = open;
    if (oldest === undefined) continue;
    points.push({
      startUs,
      longCount: open.length,
      oldestSinceUs: oldest.sinceUs,
      oldestType: oldest.type === '' ? null : oldest.type,
    });
  }
  return points;
}
