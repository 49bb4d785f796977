// Hot: every statement passes here; most leave after a count. Bench: test/bench/values.bench.ts
/**
 * Which values the executions of each class are given, minute by minute: how often the most frequent ones, how many
 * different ones, whether integers rise with time, and how many executions that write or lock waited at once on one value.
 *
 * The first executions of a class in a minute are all looked at, of the others one in eight, chosen by a hash of its time
 * and number; it counts eightfold. Executions that wait are looked at in any case.
 */
import type { StatementEvent } from '../../events/events.ts';
import type { StatementClass } from '../../events/statement-class.ts';
import { LiteralValues } from '../../sql/literal-values.ts';
import { maskValue } from '../../sql/redaction.ts';
import type { ValueRow } from '../tables/values-table.ts';
import { DistinctCount, HeavyHitters } from './heavy-hitters.ts';
import type { ValueNames } from './value-names.ts';
import { Waits } from './waits.ts';
import { MINUTE_US } from '../../core/time.ts';

/** Of each class and minute: so many executions are looked at before one in CHOSEN_OF is. */
const LOOKED_EXACT = 128;
const CHOSEN_OF = 8;
/** Places of a class; the parameters behind them are not looked at. */
const PLACES_MAX = 12;
/** Places of all classes in one minute. One costs about 10 KB, 40 when its values are long. */
const SKETCHES_MAX = 1024;
/** Classes of one minute, with those of which nothing is counted. */
const CLASSES_MAX = 20_000;
const HITTERS = 96;
/** Values told of a place; those that are certain to have come twice, and in at least one of 500 executions. */
const TOLD_MAX = 32;
const TOLD_SHARE_MIN = 0.002;
/** Longer values are known by their beginning, length and hash. */
const LENGTH_MAX = 256;
/** An execution that took longer may have waited for a lock. */
const WAIT_MIN_US = 100_000;
/** Integers, evenly over the minute, whose order is compared with that of time. */
const ORDER_MAX = 64;
const ORDER_MIN = 20;

const COUNTED_KINDS: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
]);
/** Who does not wait for a lock is in nobody's way. */
const LOCKING =
  /\bFOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b(?!.*\b(?:SKIP LOCKED|NOWAIT)\b)/is;
const PERCENT = 0x25;
const INTEGER = /^-?\d{1,15}$/;
/** What redaction puts in place of a secret. */
const MASKED = /\*\*\*/;

class Sketch {
  calls = 0;
  looked = 0;
  /** Values that begin with `%`. */
  leadingWildcards = 0;
  readonly hitters = new HeavyHitters(HITTERS);
  readonly distinct: DistinctCount;
  readonly waits = new Waits();
  /** In the order of time; undefined where order says nothing. */
  readonly order: number[] | undefined;
  #orderEvery = 1;

  constructor(seed: number, ordered: boolean) {
    this.distinct = new DistinctCount(seed);
    this.order = ordered ? [] : undefined;
  }

  add(value: string, weight: number, durationUs: number): void {
    this.calls += weight;
    this.looked++;
    if (value.charCodeAt(0) === PERCENT) this.leadingWildcards++;
    this.hitters.add(value, weight, Math.max(0, durationUs));
    this.distinct.add(value);
    if (this.order !== undefined && this.looked % this.#orderEvery === 0 && INTEGER.test(value))
      this.#ordered(this.order, Number(value));
  }

  #ordered(order: number[], value: number): void {
    order.push(value);
    if (order.length < ORDER_MAX) return;
    // Every other one stays, and half as many come.
    for (let index = 0; index < ORDER_MAX / 2; index++) order[index] = order[index * 2] ?? 0;
    order.length = ORDER_MAX / 2;
    this.#orderEvery *= 2;
  }
}

interface ClassValues {
  readonly statementClass: StatementClass;
  readonly server: string;
  readonly serverIp: string;
  readonly serverPort: number;
  /** It writes or locks: executions with one value may wait for each other. */
  readonly locks: boolean;
  looked: number;
  /** Beside its parameters the text may hold literals. */
  literals: boolean;
  readonly sketches: Map<string, Sketch>;
}

export class ValueSketches {
  readonly #names: ValueNames;
  readonly #tell: (row: ValueRow) => void;
  readonly #literalValues = new LiteralValues();
  /** null: nothing is counted of the class. */
  readonly #classes = new Map<StatementClass, ClassValues[] | null>();
  #minute = -1;
  #sketchesCount = 0;
  /** Places and classes that were not counted because of a limit. */
  dropped = 0;

  constructor(names: ValueNames, tell: (row: ValueRow) => void) {
    this.#names = names;
    this.#tell = tell;
  }

  /** Counts the values of an execution. `serverIp`: the address as a text. */
  statement(event: StatementEvent, serverIp: string): void {
    const { statementClass, durationUs } = event;
    if (statementClass === undefined) return;
    this.advance(event.tsUs + Math.max(0, durationUs));
    const values = this.#valuesOf(statementClass, serverIp, event.session.serverPort);
    if (values === undefined) return;
    const exact = values.looked < LOOKED_EXACT;
    const chosen = exact || isChosen(event.tsUs, event.sequence);
    const waited = values.locks && durationUs >= WAIT_MIN_US;
    if (!chosen && !waited) return;
    values.looked++;
    this.#look(values, event, chosen ? (exact ? 1 : CHOSEN_OF) : 0, waited);
  }

  /** It is `tsUs` now: a minute that is over is told. */
  advance(tsUs: number): void {
    const minute = Math.floor(tsUs / MINUTE_US);
    if (minute <= this.#minute) return;
    this.flush();
    this.#minute = minute;
  }

  #valuesOf(
    statementClass: StatementClass,
    serverIp: string,
    serverPort: number,
  ): ClassValues | undefined {
    let all = this.#classes.get(statementClass);
    if (all === undefined) {
      if (this.#classes.size >= CLASSES_MAX) {
        this.dropped++;
        return undefined;
      }
      const counted = COUNTED_KINDS.has(statementClass.kind) && !statementClass.mayHoldSecret;
      all = counted && statementClass.normalized.includes('?') ? [] : null;
      this.#classes.set(statementClass, all);
    }
    if (all === null) return undefined;
    for (const one of all) {
      if (one.serverIp === serverIp && one.serverPort === serverPort) return one;
    }
    if (all.length >= PLACES_MAX) {
      this.dropped++;
      return undefined;
    }
    const { kind, normalized } = statementClass;
    const values: ClassValues = {
      statementClass,
      server: `${serverIp}:${serverPort}`,
      serverIp,
      serverPort,
      locks: kind !== 'select' || LOCKING.test(normalized),
      looked: 0,
      literals: true,
      sketches: new Map(),
    };
    all.push(values);
    return values;
  }

  #look(values: ClassValues, event: StatementEvent, weight: number, waited: boolean): void {
    const add = (place: string, value: string): void => {
      const sketch = this.#sketchOf(values, place);
      if (sketch === undefined) return;
      const key = value.length > LENGTH_MAX ? shortened(value, this.#names) : value;
      if (weight > 0) sketch.add(key, weight, event.durationUs);
      if (waited) sketch.waits.add(key, event.tsUs, event.tsUs + event.durationUs);
    };
    const bound = event.bound?.values();
    for (const [index, value] of bound?.entries() ?? []) {
      if (index >= PLACES_MAX) break;
      if (value !== null) add(`$${index + 1}`, value);
    }
    if (bound !== undefined && !values.literals) return;
    let told = false;
    this.#literalValues.read(
      event.text,
      event.textStart,
      event.textEnd,
      PLACES_MAX,
      (place, value) => {
        told = true;
        if (!MASKED.test(value)) add(`?${place}`, value);
      },
    );
    if (bound !== undefined) values.literals = told;
  }

  #sketchOf(values: ClassValues, place: string): Sketch | undefined {
    const known = values.sketches.get(place);
    if (known !== undefined) return known;
    if (this.#sketchesCount >= SKETCHES_MAX) {
      this.dropped++;
      return undefined;
    }
    this.#sketchesCount++;
    const sketch = new Sketch(this.#names.seed, values.statementClass.kind === 'insert');
    values.sketches.set(place, sketch);
    return sketch;
  }

  /** Tells what was counted since the last time, and begins anew. */
  flush(): void {
    for (const all of this.#classes.values()) {
      for (const values of all ?? []) {
        for (const [place, sketch] of values.sketches) this.#tellSketch(values, place, sketch);
      }
    }
    this.#classes.clear();
    this.#sketchesCount = 0;
  }

  #tellSketch(values: ClassValues, place: string, sketch: Sketch): void {
    const { statementClass, serverIp, serverPort } = values;
    const waits = sketch.waits.found();
    const common = {
      minuteSeconds: this.#minute * 60,
      fingerprint: statementClass.fingerprint,
      serverIp,
      serverPort,
      place,
    };
    const { hitters, distinct, order } = sketch;
    this.#tell({
      ...common,
      hash: undefined,
      shown: '',
      calls: sketch.calls,
      looked: sketch.looked,
      distinct: hitters.sizeCount < HITTERS ? hitters.sizeCount : distinct.estimate(),
      durationSumUs: 0,
      waitingMax: 0,
      contendedUs: 0,
      leadingWildcards: sketch.leadingWildcards,
      orderPermille: Math.round(1000 * Math.max(0, orderOf(order ?? []))),
    });
    const least = Math.max(2, sketch.calls * TOLD_SHARE_MIN);
    const told = hitters.top(TOLD_MAX).filter(({ count, error }) => count - error >= least);
    const names = new Set([...told.map(({ value }) => value), ...waits.keys()]);
    const byValue = new Map(told.map((hitter) => [hitter.value, hitter]));
    for (const value of names) {
      // A connection string or the like: neither it nor its hash is kept.
      if (maskValue(value) !== value) continue;
      const hitter = byValue.get(value);
      const wait = waits.get(value);
      this.#tell({
        ...common,
        hash: this.#names.hash(value),
        shown: this.#names.shown(value),
        calls: hitter === undefined ? 0 : hitter.count - hitter.error,
        looked: 0,
        distinct: 0,
        durationSumUs: Math.round(hitter?.durationSumUs ?? 0),
        waitingMax: wait?.waitingMax ?? 0,
        contendedUs: wait?.contendedUs ?? 0,
        orderPermille: 0,
        leadingWildcards: 0,
      });
    }
  }
}

/** One in eight, always the same ones of a capture, and in step with nothing that an application does. */
function isChosen(tsUs: number, sequence: number): boolean {
  const mixed = Math.imul((tsUs % 4_294_967_296) ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 29 === 0;
}

function shortened(value: string, names: ValueNames): string {
  return `${value.slice(0, LENGTH_MAX / 2)}…${value.length} ${names.hash(value)}`;
}

/** Spearman's rank correlation of values with their order; 0 for too few. */
function orderOf(values: readonly number[]): number {
  const n = values.length;
  if (n < ORDER_MIN || new Set(values).size < n) return 0;
  const order = values.map((value, time) => ({ value, time })).sort((a, b) => a.value - b.value);
  const squares = order.reduce((sum, { time }, rank) => sum + (time - rank) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}
