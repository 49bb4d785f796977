/**
 * Hot path. N+1: a SELECT gives so many rows, and right behind it the same session runs one other SELECT about as many
 * times, once for each. Counted while statements are stored, by minute, host, database and the two classes, so that nobody has
 * to read executions to see it. A statement costs a few comparisons; only the end of a run looks anything up. All is bounded;
 * what exceeds the bound is dropped and counted.
 */
import { type StatementEvent, Status } from '../events/events.ts';
import { Quality } from '../events/quality.ts';
import type { StatementClass } from '../events/statement-class.ts';
import { MINUTE_US } from '../core/time.ts';
import type { SessionAddresses } from './tables/session-columns.ts';

/** Shorter runs are told by nobody as a fault. */
export const RUN_MIN = 5;
/** A program asks for the next within milliseconds; who takes longer does something between. */
const PAUSE_MAX_US = 100_000;
/** A run has as many executions as there were rows, or somewhat fewer: some rows have nothing to ask for. */
const FEWEST_SHARE = 0.8;
/** Pairs of classes, hosts and databases of one minute. */
const PAIRS_MAX = 2_000;

/** Something of a request or of an answer is missing, or something between. */
const TORN =
  Quality.GapRequest | Quality.GapResponse | Quality.MidStream | Quality.UnknownStatement;

/** Of a session: the class that it runs again and again now, and what it ran before. */
export interface OpenRun {
  statementClass: StatementClass | undefined;
  executions: number;
  startUs: number;
  endUs: number;
  durationSumUs: number;
  /** Of its last execution. */
  rowsReturned: number;
  /** The SELECT right before the run; undefined when there was none. */
  leading: StatementClass | undefined;
  leadingRows: number;
}

export function newRun(): OpenRun {
  return {
    statementClass: undefined,
    executions: 0,
    startUs: 0,
    endUs: 0,
    durationSumUs: 0,
    rowsReturned: 0,
    leading: undefined,
    leadingRows: 0,
  };
}

/** Of one minute: how often a session of the host ran one class behind another. */
export interface RepetitionCount {
  readonly minuteSeconds: number;
  readonly addresses: SessionAddresses;
  readonly serverPort: number;
  readonly leadingFingerprint: string;
  readonly fingerprint: string;
  /** Runs of five executions and more behind the leading class. */
  readonly runs: number;
  /** Of them: with as many executions as the leading one had returned rows, or up to a fifth fewer. */
  readonly matchedRuns: number;
  /** Of the runs that match: executions, their response times, the time from first to last, and the longest. */
  readonly executions: number;
  readonly durationSumUs: number;
  readonly elapsedSumUs: number;
  readonly executionsMax: number;
}

type Pair = { -readonly [K in keyof Omit<RepetitionCount, 'minuteSeconds'>]: RepetitionCount[K] };

export class Repetitions {
  readonly #tell: (count: RepetitionCount) => void;
  readonly #pairs = new Map<string, Pair>();
  readonly #pairsMax: number;
  #minute = -1;
  /** Runs that were one pair too many for their minute. */
  dropped = 0;

  constructor(tell: (count: RepetitionCount) => void, pairsMax = PAIRS_MAX) {
    this.#tell = tell;
    this.#pairsMax = pairsMax;
  }

  statement(run: OpenRun, event: StatementEvent, addresses: SessionAddresses): void {
    const { statementClass, tsUs } = event;
    const kind = statementClass?.kind;
    // BEGIN and COMMIT may stand around the list or around each of its rows.
    if (kind === 'transaction' || kind === 'empty') return;
    const whole = kind === 'select' && event.status === Status.Ok && (event.quality & TORN) === 0;
    const follows = whole && tsUs - run.endUs <= PAUSE_MAX_US;
    if (!follows || statementClass !== run.statementClass) {
      this.end(run, event.session.serverPort, addresses);
      run.leading = follows && run.rowsReturned >= RUN_MIN ? run.statementClass : undefined;
      run.leadingRows = run.rowsReturned;
      run.statementClass = whole ? statementClass : undefined;
      run.executions = 0;
      run.durationSumUs = 0;
      run.startUs = tsUs;
    }
    const durationUs = Math.max(0, event.durationUs);
    run.executions++;
    run.durationSumUs += durationUs;
    run.endUs = tsUs + durationUs;
    run.rowsReturned = event.rowsReturned;
  }

  /** Nothing more comes of the run: its session has ended, or does something else. */
  end(run: OpenRun, serverPort: number, addresses: SessionAddresses): void {
    const { leading, statementClass, executions } = run;
    if (leading === undefined || statementClass === undefined || executions < RUN_MIN) return;
    this.advance(run.endUs);
    const pair = this.#pairOf(leading, statementClass, serverPort, addresses);
    run.leading = undefined;
    if (pair === undefined) return;
    pair.runs++;
    if (executions > run.leadingRows || executions < FEWEST_SHARE * run.leadingRows) return;
    pair.matchedRuns++;
    pair.executions += executions;
    pair.durationSumUs += run.durationSumUs;
    pair.elapsedSumUs += Math.max(0, run.endUs - run.startUs);
    pair.executionsMax = Math.max(pair.executionsMax, executions);
  }

  /** It is `tsUs` now: a minute that is over is told. */
  advance(tsUs: number): void {
    const minute = Math.floor(tsUs / MINUTE_US);
    if (minute <= this.#minute) return;
    this.flush();
    this.#minute = minute;
  }

  /** Tells what was counted since the last time. */
  flush(): void {
    for (const pair of this.#pairs.values())
      this.#tell({ ...pair, minuteSeconds: this.#minute * 60 });
    this.#pairs.clear();
  }

  #pairOf(
    leading: StatementClass,
    statementClass: StatementClass,
    serverPort: number,
    addresses: SessionAddresses,
  ): Pair | undefined {
    const { fingerprint } = statementClass;
    const key = `${leading.fingerprint}${fingerprint}${addresses.client} ${addresses.server} ${serverPort}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size >= this.#pairsMax) {
      this.dropped++;
      return undefined;
    }
    const pair: Pair = {
      addresses,
      serverPort,
      leadingFingerprint: leading.fingerprint,
      fingerprint,
      runs: 0,
      matchedRuns: 0,
      executions: 0,
      durationSumUs: 0,
      elapsedSumUs: 0,
      executionsMax: 0,
    };
    this.#pairs.set(key, pair);
    return pair;
  }
}
