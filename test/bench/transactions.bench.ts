/**
 * What open and big transactions cost: an hour at 1400 statements a second, made from a seed, is stored; then both
 * questions and their analysis are asked, for the whole hour and for a window of the past. Also what counting sequences costs
 * for a statement. Run: npx tsx test/bench/transactions.bench.ts [seconds of traffic]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigTransactionsOf } from '../../analysis/diagnosis/big-transactions.ts';
import { openTransactionsOf } from '../../analysis/diagnosis/open-transactions.ts';
import type { EventSink } from '../../src/events/events.ts';
import { parametersOf } from '../../src/store/questions/ask.ts';
import { ClassDescriptions } from '../../src/store/questions/class-descriptions.ts';
import { readBigTransactions } from '../../src/store/questions/big-transactions.ts';
import { readOpenTransactions } from '../../src/store/questions/open-transactions.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore } from '../../src/store/store.ts';
import { newSequence, TransactionSequences } from '../../src/store/transaction-sequences.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import {
  makeClass,
  makeSession,
  makeStatement,
  makeTransactionEnd,
  randomFrom,
} from '../store/synthetic.ts';
import { SECOND_US } from '../../src/core/time.ts';

const START_US = 497_222 * 3_600 * SECOND_US;
const STATEMENTS_A_SECOND = 1_400;
const SESSIONS = 100;
/** Classes of the head of each of five types; the first has a loop over four more. */
const HEADS = [6, 8, 3, 7, 2];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Transactions of five types on a hundred sessions, one in a thousand of ten times the length. */
class Traffic {
  readonly #random = randomFrom(7);
  readonly #classes = Array.from({ length: 50 }, (_, index) => makeClass(index));
  readonly #sessions = Array.from({ length: SESSIONS }, (_, index) => makeSession(index));
  readonly #event = makeStatement(makeSession(0));
  readonly #end: Writable<ReturnType<typeof makeTransactionEnd>> = makeTransactionEnd(
    makeSession(0),
  );
  #transactionId = 0;

  /** @returns how many statements it told */
  second(sink: Pick<EventSink, 'statement' | 'transactionEnd'>, startUs: number): number {
    let told = 0;
    while (told < STATEMENTS_A_SECOND) told += this.#transaction(sink, startUs);
    return told;
  }

  #transaction(sink: Pick<EventSink, 'statement' | 'transactionEnd'>, startUs: number): number {
    const type = Math.floor(this.#random() * HEADS.length);
    const lines = type === 0 ? 5 + Math.floor(this.#random() * 11) : 0;
    const count = (HEADS[type] ?? 0) + 4 * lines;
    const long = this.#random() < 0.001;
    const stepUs = long ? 60_000 : 2_000;
    const session = this.#sessions[this.#transactionId % SESSIONS] ?? makeSession(0);
    this.#transactionId++;
    const beganUs = startUs + Math.floor(this.#random() * SECOND_US);
    const event = this.#event;
    event.session = session;
    event.transactionId = this.#transactionId;
    event.durationUs = 900;
    for (let index = 0; index < count; index++) {
      const head = HEADS[type] ?? 0;
      const place = index < head ? type * 8 + index : 42 + ((index - head) % 4);
      event.statementClass = this.#classes[place];
      event.tsUs = beganUs + index * stepUs;
      event.sequence++;
      event.rowsAffected = index % 3 === 0 ? 1 : -1;
      sink.statement(event);
    }
    const end = this.#end;
    end.session = session;
    end.transactionId = this.#transactionId;
    end.startUs = beganUs;
    end.endUs = beganUs + count * stepUs;
    end.statements = count;
    end.rowsAffected = Math.ceil(count / 3);
    sink.transactionEnd(end);
    return count;
  }
}

function costOfCounting(): string {
  const sequences = new TransactionSequences({ type: () => undefined, step: () => undefined });
  const open = new Map<unknown, ReturnType<typeof newSequence>>();
  const of = (session: unknown) => {
    let one = open.get(session);
    if (one === undefined) open.set(session, (one = newSequence()));
    return one;
  };
  const traffic = new Traffic();
  const nothing = { statement() {}, transactionEnd() {} };
  const counting = {
    statement: (event: Parameters<EventSink['statement']>[0]) =>
      sequences.statement(of(event.session), event, '10.0.1.1'),
    transactionEnd: (end: Parameters<EventSink['transactionEnd']>[0]) => {
      sequences.end(of(end.session), end);
    },
  };
  const cpuOf = (sink: Pick<EventSink, 'statement' | 'transactionEnd'>): number => {
    const before = process.cpuUsage();
    let told = 0;
    for (let second = 0; second < 1_000; second++) told += traffic.second(sink, START_US);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / told;
  };
  cpuOf(counting);
  return `${(cpuOf(counting) - cpuOf(nothing)).toFixed(3)} us CPU a statement`;
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 3_600);
  console.log(`counting sequences   ${costOfCounting()}`);
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-bench-'));
  const store = await openStore({ kind: 'embedded', directory });
  try {
    const writer = new SegmentWriter(store);
    const sink = new SegmentSink({
      directory,
      describe: () => ({ tables: ['t'], columns: [] }),
      onSealed: (segment) => writer.enqueue(segment),
    });
    const traffic = new Traffic();
    let statements = 0;
    for (let second = 0; second < seconds; second++) {
      statements += traffic.second(sink, START_US + second * SECOND_US);
      if (second % 20 === 0) {
        await sink.settled();
        await writer.drained();
      }
    }
    sink.seal();
    await sink.settled();
    await writer.flush();
    console.log(`stored               ${statements} statements of ${seconds} s`);
    const extent = { fromUs: START_US, toUs: START_US + seconds * SECOND_US };
    const middle = { fromUs: START_US, toUs: START_US + Math.round(seconds / 2) * SECOND_US };
    for (const [name, window] of [
      ['the whole time', extent],
      ['the first half', middle],
    ] as const) {
      const parameters = parametersOf(window, {});
      const spent = { open: [] as number[], big: [] as number[], analysis: [] as number[] };
      let found = 0;
      for (let turn = 0; turn < 7; turn++) {
        const began = performance.now();
        const open = await readOpenTransactions(
          store,
          window,
          extent,
          parameters,
          Promise.resolve({ gaveUp: true, slow: true }),
          new ClassDescriptions(store),
        );
        const read = performance.now();
        const big = await readBigTransactions(
          store,
          window,
          parameters,
          new ClassDescriptions(store),
        );
        const both = performance.now();
        found = openTransactionsOf(open, window, 15 * SECOND_US).openCount;
        bigTransactionsOf(big);
        spent.open.push(read - began);
        spent.big.push(both - read);
        spent.analysis.push(performance.now() - both);
      }
      const median = (values: number[]): string =>
        `${(values.sort((a, b) => a - b)[3] ?? 0).toFixed(0)} ms`;
      console.log(
        `${name}       open ${median(spent.open)}, big ${median(spent.big)}, analysis ${median(spent.analysis)}; ${found} open (medians of 7)`,
      );
    }
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
