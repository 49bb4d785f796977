/**
 * How well the next statement of a transaction is guessed: TPC-C's transactions on a real server, in turns recorded
 * to learn from and to be scored, as the machine has other things to do too. The former are stored, and what the store has
 * counted of them is all that is known; the latter are decoded and scored, statement by statement. Run: npx tsx test/truth/next-statement.ts [transactions of a client]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTransactionsOf } from '../../analysis/diagnosis/open-transactions.ts';
import { NextStatementModel } from '../../analysis/transactions/next-statement.ts';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import type { EventSink, StatementEvent, TransactionEnd } from '../../src/events/events.ts';
import type {
  OpenTransactionFacts,
  OpenTransactionRow,
} from '../../src/events/open-transactions.ts';
import type { Session } from '../../src/events/session.ts';
import type {
  StatementStepFacts,
  StepTimesFacts,
  TransactionTypeFacts,
} from '../../src/events/transaction-types.ts';
import { parametersOf } from '../../src/store/questions/ask.ts';
import {
  learntUntil,
  readStatementSteps,
  readStepTimes,
  readTransactionTypes,
} from '../../src/store/questions/transaction-types.ts';
import { readExtent } from '../../src/store/questions/window-facts.ts';
import { NOTHING_OPEN } from '../analysis/fixtures.ts';
import { startPostgres } from '../lab/postgres-server.ts';
import { startRecording } from '../lab/recorder.ts';
import { storeRecording } from '../lab/stored-recording.ts';
import { playTpcc, TPCC_SCHEMA } from '../lab/tpcc.ts';
import { temporaryStore } from '../store/temporary-store.ts';

const CLIENTS = 4;
/** To learn from and to be scored: so many of each, in turns. */
const TURNS = 4;

interface Ran {
  readonly outcome: 'commit' | 'rollback';
  readonly startUs: number;
  readonly endUs: number;
  readonly fingerprints: readonly string[];
  /** When BEGIN and each statement was answered. */
  readonly answeredUs: readonly number[];
}

/** Transactions with BEGIN as they ran. */
class Ledger implements EventSink {
  readonly ran: Ran[] = [];
  readonly #open = new Map<Session, { fingerprints: string[]; answeredUs: number[] }>();

  statement({ session, statementClass, tsUs, durationUs }: StatementEvent): void {
    let open = this.#open.get(session);
    if (open === undefined || statementClass?.command === 'BEGIN') {
      open = { fingerprints: [], answeredUs: [tsUs + durationUs] };
      this.#open.set(session, open);
    }
    if (statementClass === undefined || statementClass.kind === 'transaction') return;
    open.fingerprints.push(statementClass.fingerprint);
    open.answeredUs.push(tsUs + durationUs);
  }

  transactionEnd({ session, implicit, outcome, startUs, endUs }: TransactionEnd): void {
    const open = this.#open.get(session);
    this.#open.delete(session);
    if (open !== undefined && !implicit) this.ran.push({ outcome, startUs, endUs, ...open });
  }

  sessionEvent(): void {
    // Nothing to learn from it.
  }

  activity(): void {
    // Nothing to learn from it.
  }
}

export interface TimeLeftScore {
  /** Of the transactions, those that lasted longer than told: half, were it exact. */
  readonly longerShare: number;
  /** That ended within the band told: eight of ten, were it exact. */
  readonly inBandShare: number;
  readonly told: number;
  readonly count: number;
}

export interface Score {
  readonly learntTransactions: number;
  readonly transactions: number;
  /** Guesses inside transactions, behind the first statement; with the first statement. */
  readonly guesses: number;
  readonly top1: number;
  readonly top3: number;
  readonly top1WithFirst: number;
  /** Guesses at the end of a transaction, COMMIT or ROLLBACK, are among them. */
  readonly orderZeroTop1: number;
  readonly abstained: number;
  /** Of the guesses that were told, by decile of their probability: mean probability, share that came true, count. */
  readonly calibration: readonly (readonly [told: number, came: number, count: number])[];
  readonly commit: {
    readonly brier: number;
    readonly brierOfShare: number;
    readonly meanTold: number;
    readonly share: number;
    /** Where its own point says more than the share of all. */
    readonly own: number;
    readonly ownBrier: number;
    readonly ownBrierOfShare: number;
  };
  /** Just behind an answer, where a transaction has come further than its age tells. */
  readonly timeLeft: TimeLeftScore;
  /** At moments of the clock, at which somebody looks: what the report tells of. */
  readonly timeLeftByClock: TimeLeftScore;
  readonly types: number;
  /** Mean duration of the scored transactions over that of the learnt ones: the machine does other things too. */
  readonly slower: number;
}

export async function scoreNextStatement(transactionsPerClient: number): Promise<Score> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-tpcc-'));
  const server = await startPostgres();
  const temporary = await temporaryStore();
  const { store } = temporary;
  try {
    for (const sql of TPCC_SCHEMA) await server.query('postgres', sql);
    const scored: Ran[] = [];
    for (let part = 0; part < 2 * TURNS; part++) {
      const file = join(directory, `part-${part}.pcap`);
      const recording = await startRecording({ file, filter: `tcp port ${server.port}` });
      const learns = part % 2 === 0;
      await playTpcc(server, {
        clients: CLIENTS,
        transactions: Math.ceil(transactionsPerClient / TURNS / (learns ? 1 : 2)),
        seed: part,
      });
      await recording.stop();
      if (learns) await storeRecording(store, file, server.port);
      else scored.push(...(await ranIn(file, server.port)));
    }
    const extent = await readExtent(store);
    if (extent === undefined) throw new Error('nothing was stored');
    const learnt = learntUntil(extent.toUs);
    const parameters = parametersOf(extent, {});
    const name = `127.0.0.1:${server.port}`;
    const types = await readTransactionTypes(store, learnt, parameters);
    const steps = await readStatementSteps(store, learnt, [name], parameters);
    const sequences = scored.flatMap(({ fingerprints }) =>
      fingerprints.map((_, index) => fingerprints.slice(Math.max(0, index - 3), index + 1)),
    );
    const times = await readStepTimes(store, learnt, [name], sequences, parameters);
    return score(scored, { types, steps, stepTimes: times }, name);
  } finally {
    await server.stop();
    await temporary.remove();
    await rm(directory, { recursive: true, force: true });
  }
}

async function ranIn(file: string, port: number): Promise<readonly Ran[]> {
  const ledger = new Ledger();
  const source = await openCapture(file);
  try {
    await collect(source, new Collector(ledger, { ports: new Map([[port, 'postgres']]) }));
  } finally {
    await source.close();
  }
  return ledger.ran;
}

interface Usual {
  readonly types: readonly TransactionTypeFacts[];
  readonly steps: readonly StatementStepFacts[];
  readonly stepTimes: readonly StepTimesFacts[];
}

interface Moment {
  readonly facts: OpenTransactionFacts;
  readonly ran: Ran;
}

/** Every so many moments are judged as the report would; the others only guess. */
const JUDGED_EVERY = 7;

function score(ran: readonly Ran[], usual: Usual, server: string): Score {
  const { types, steps } = usual;
  const model = new NextStatementModel(steps);
  const orderZero = new NextStatementModel(steps, 0);
  const counts = { guesses: 0, top1: 0, top3: 0, first: 0, firstTop1: 0, zero: 0, abstained: 0 };
  const deciles = Array.from({ length: 10 }, () => ({ told: 0, came: 0, count: 0 }));
  const moments: Moment[] = [];
  let moment = 0;
  for (const one of ran) {
    for (let at = 0; at <= one.fingerprints.length; at++) {
      const sequence = one.fingerprints.slice(0, at);
      const next = one.fingerprints[at] ?? one.outcome;
      const guesses = model.guesses(sequence);
      const right = guesses[0]?.next === next;
      if (at === 0) {
        counts.first++;
        if (right) counts.firstTop1++;
        continue;
      }
      counts.guesses++;
      if (right) counts.top1++;
      if (guesses.slice(0, 3).some((guess) => guess.next === next)) counts.top3++;
      if (orderZero.guesses(sequence)[0]?.next === next) counts.zero++;
      if ((guesses[0]?.probability ?? 0) < 0.3) counts.abstained++;
      for (const { next: guessed, probability } of guesses.slice(0, 3)) {
        const decile = deciles[Math.min(9, Math.floor(probability * 10))];
        if (decile === undefined) continue;
        decile.told += probability;
        decile.count++;
        if (guessed === next) decile.came++;
      }
      if (moment++ % JUDGED_EVERY === 0)
        moments.push({ facts: momentOf(one, at, server), ran: one });
    }
  }
  const all = counts.guesses;
  return {
    learntTransactions: types.reduce((sum, { transactions }) => sum + transactions, 0),
    types: types.length,
    slower:
      ran.reduce((sum, { startUs, endUs }) => sum + endUs - startUs, 0) /
      ran.length /
      (types.reduce((sum, { durationSumUs }) => sum + durationSumUs, 0) /
        types.reduce((sum, { transactions }) => sum + transactions, 0)),
    transactions: ran.length,
    guesses: all,
    top1: counts.top1 / all,
    top3: counts.top3 / all,
    top1WithFirst: (counts.top1 + counts.firstTop1) / (all + counts.first),
    orderZeroTop1: counts.zero / all,
    abstained: counts.abstained / all,
    calibration: deciles.map(({ told, came, count }) => [told / count, came / count, count]),
    ...outlookScore(moments, usual),
    timeLeftByClock: timeLeftScore(clockMoments(ran, moments.length, server), usual),
  };
}

function momentOf(ran: Ran, at: number, server: string): OpenTransactionFacts {
  return {
    sessionId: '',
    client: '127.0.0.1',
    clientPort: 0,
    server,
    user: null,
    database: null,
    application: null,
    torn: false,
    sinceUs: ran.startUs,
    asOfUs: ran.answeredUs[at] ?? ran.startUs,
    endUs: ran.endUs,
    outcome: ran.outcome,
    statements: at,
    rowsAffected: 0,
    lastStatementUs: null,
    lastAnswerUs: null,
    endAskedUs: null,
    lastFingerprint: null,
    working: false,
    sequence: ran.fingerprints.slice(0, at),
    unanswered: 0,
    answeredUs: ran.answeredUs[at] ?? ran.startUs,
    waiting: [],
  };
}

/** About so many, one every so many microseconds of the time that transactions were open. */
function clockMoments(ran: readonly Ran[], about: number, server: string): Moment[] {
  const openUs = ran.reduce((sum, { startUs, endUs }) => sum + endUs - startUs, 0);
  const everyUs = openUs / about;
  let dueUs = everyUs / 2;
  return ran.flatMap((one) => {
    const found: Moment[] = [];
    for (; dueUs < one.endUs - one.startUs; dueUs += everyUs) {
      const asOfUs = one.startUs + dueUs;
      const answered = one.answeredUs.filter((us) => us <= asOfUs).length;
      // BEGIN and one statement at least: of what did nothing yet nothing is told.
      if (answered > 1)
        found.push({ facts: { ...momentOf(one, answered - 1, server), asOfUs }, ran: one });
    }
    dueUs -= one.endUs - one.startUs;
    return found;
  });
}

function timeLeftScore(moments: readonly Moment[], usual: Usual): TimeLeftScore {
  let [told, longer, inBand] = [0, 0, 0];
  for (const [index, { timeLeft, asOfUs }] of rowsOf(moments, usual).entries()) {
    const ran = moments[index]?.ran;
    if (ran === undefined || timeLeft === null) continue;
    const leftUs = ran.endUs - asOfUs;
    told++;
    if (leftUs > timeLeft.medianUs) longer++;
    if (leftUs >= timeLeft.lowUs && leftUs <= timeLeft.highUs) inBand++;
  }
  const count = moments.length;
  return { longerShare: longer / told, inBandShare: inBand / told, told, count };
}

function rowsOf(moments: readonly Moment[], usual: Usual): readonly OpenTransactionRow[] {
  const open = moments.map(({ facts }) => facts);
  const facts = { ...NOTHING_OPEN, ...usual, open };
  return openTransactionsOf(facts, { fromUs: 0, toUs: 0 }, 0).open;
}

function outlookScore(
  moments: readonly Moment[],
  usual: Usual,
): Pick<Score, 'commit' | 'timeLeft'> {
  const rows = rowsOf(moments, usual);
  const share = moments.filter(({ ran }) => ran.outcome === 'commit').length / moments.length;
  let [brier, brierOfShare, meanTold, own, ownBrier, ownBrierOfShare] = [0, 0, 0, 0, 0, 0];
  for (const [index, row] of rows.entries()) {
    const ran = moments[index]?.ran;
    if (ran === undefined) continue;
    const commits = ran.outcome === 'commit' ? 1 : 0;
    const told = row.commitProbability ?? row.commitUsual ?? 0.5;
    const usualError = ((row.commitUsual ?? 0.5) - commits) ** 2;
    brier += (told - commits) ** 2;
    brierOfShare += usualError;
    meanTold += told;
    if (row.commitProbability === null) continue;
    own++;
    ownBrier += (told - commits) ** 2;
    ownBrierOfShare += usualError;
  }
  const count = moments.length;
  return {
    commit: {
      brier: brier / count,
      brierOfShare: brierOfShare / count,
      meanTold: meanTold / count,
      share,
      own,
      ownBrier: ownBrier / own,
      ownBrierOfShare: ownBrierOfShare / own,
    },
    timeLeft: timeLeftScore(moments, usual),
  };
}

function printed(score: Score): string {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  const { commit, timeLeft, timeLeftByClock: byClock } = score;
  return [
    `learnt from      ${score.learntTransactions} transactions of ${score.types} types; scored on ${score.transactions}`,
    `next statement   top-1 ${percent(score.top1)}, top-3 ${percent(score.top3)} of ${score.guesses} inside transactions`,
    `                 top-1 ${percent(score.top1WithFirst)} with the first statement of each`,
    `order 0          top-1 ${percent(score.orderZeroTop1)}: lift ${(score.top1 / score.orderZeroTop1).toFixed(1)}`,
    `abstained        ${percent(score.abstained)}`,
    'calibration      told    came    count',
    ...score.calibration
      .filter(([, , count]) => count > 0)
      .map(
        ([told, came, count]) =>
          `                 ${percent(told).padStart(7)} ${percent(came).padStart(7)} ${count}`,
      ),
    `commits          told ${percent(commit.meanTold)} on the mean, did ${percent(commit.share)}; Brier ${commit.brier.toFixed(5)}, of the share of all known ${commit.brierOfShare.toFixed(5)}`,
    commit.own === 0
      ? '                 nowhere does the place tell more than the share of all, which is told as that'
      : `                 at ${commit.own} moments more than the share of all was told: Brier ${commit.ownBrier.toFixed(5)} instead of ${commit.ownBrierOfShare.toFixed(5)}`,
    `time left        at ${leftText(byClock, 'moments of the clock')}`,
    `                 at ${leftText(timeLeft, 'moments just behind an answer')}; all took ${score.slower.toFixed(2)} times as long as those learnt from`,
  ].join('\n');
}

function leftText({ told, count, longerShare, inBandShare }: TimeLeftScore, which: string): string {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  return `${told} of ${count} ${which}: ${percent(longerShare)} lasted longer (exact: 50 %), ${percent(inBandShare)} ended within the band (80 %)`;
}

if (process.argv[1]?.endsWith('next-statement.ts') === true)
  console.log(printed(await scoreNextStatement(Number(process.argv[2] ?? 1_000))));
