// Hot path: every statement is looked up here. Bench: test/bench/fingerprint.bench.ts
/**
 * The classes of statements seen so far, by fingerprint. A known class costs its fingerprint and a probe into a table
 * of integers; only a new one is decoded and classified. The number of classes is bounded: when it is reached (an
 * application that writes table names or aliases anew each time), what is new shares one overflow class and is counted.
 */
import type { StatementClass } from '../events/statement-class.ts';
import { classify } from './classify.ts';
import { Fingerprinter, fingerprintText, OVERFLOW_FINGERPRINT } from './fingerprint.ts';
import { normalize } from './normalize.ts';
import { Templates } from './templates.ts';

/** About 100 MB at the usual 1 KB a class: enough for hundreds of applications. */
const CLASSES_MAX = 100_000;
/** Of all normalised texts together: else 100,000 classes of 16 KB each would fill the memory. */
const TEXT_SIZE_MAX = 64 * 1024 * 1024;
const SLOTS_AT_FIRST = 1024;

/** Stands for every class beyond the limit; a text in it may hold a secret, because nothing is known of it. */
export const OVERFLOW_CLASS: StatementClass = {
  fingerprintHigh: OVERFLOW_FINGERPRINT >>> 0,
  fingerprintLow: OVERFLOW_FINGERPRINT >>> 0,
  fingerprint: fingerprintText(OVERFLOW_FINGERPRINT, OVERFLOW_FINGERPRINT),
  normalized: '(classes beyond the limit)',
  command: '',
  kind: 'other',
  mayHoldSecret: true,
};

export class ClassRegistry {
  readonly #classesMax: number;
  readonly #textSizeMax: number;
  #textSize = 0;
  readonly #fingerprinter = new Fingerprinter();
  readonly #classes: StatementClass[] = [];
  /** Open addressing with linear probing: the halves of the fingerprint, and the index of the class plus 1. */
  #highs = new Int32Array(SLOTS_AT_FIRST);
  #lows = new Int32Array(SLOTS_AT_FIRST);
  #indexes = new Int32Array(SLOTS_AT_FIRST);
  #droppedCount = 0;
  readonly #templates = new Templates();

  /** `textSizeMax` bounds the normalised texts of all classes together, in characters. */
  constructor(options: { classesMax?: number; textSizeMax?: number } = {}) {
    this.#classesMax = options.classesMax ?? CLASSES_MAX;
    this.#textSizeMax = options.textSizeMax ?? TEXT_SIZE_MAX;
  }

  /** Classes known, the overflow class not counted. */
  get sizeCount(): number {
    return this.#classes.length;
  }

  /** What is new goes into the overflow class. */
  get full(): boolean {
    return this.#classes.length >= this.#classesMax || this.#textSize >= this.#textSizeMax;
  }

  /** Begins anew: of a capture of weeks, the classes of the first days must not keep out those of the last. */
  forget(): void {
    this.#classes.length = 0;
    this.#textSize = 0;
    this.#highs = new Int32Array(SLOTS_AT_FIRST);
    this.#lows = new Int32Array(SLOTS_AT_FIRST);
    this.#indexes = new Int32Array(SLOTS_AT_FIRST);
  }

  /** Statements that were put into the overflow class. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /**
   * The class of the statement text[start, end). Never throws; the bytes are not kept.
   *
   * @param view of the same bytes, from their first
   */
  classOf(text: Uint8Array, view: DataView, start: number, end: number): StatementClass {
    const templates = this.#templates;
    const known = templates.find(text, view, start, end);
    if (known !== undefined) return known;
    const found = this.#lexedClass(text, start, end);
    if (found !== OVERFLOW_CLASS) templates.learn(text, start, end, found);
    return found;
  }

  /** The class of text[start, end) when its like was seen lately and it surely is one statement; else undefined. */
  familiar(
    text: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): StatementClass | undefined {
    const known = this.#templates.find(text, view, start, end);
    return known !== undefined && this.#templates.single ? known : undefined;
  }

  #lexedClass(text: Uint8Array, start: number, end: number): StatementClass {
    const fingerprinter = this.#fingerprinter;
    fingerprinter.compute(text, start, end);
    const { high, low } = fingerprinter;
    const mask = this.#indexes.length - 1;
    let slot = low & mask;
    let index = this.#indexes[slot] as number;
    while (index !== 0) {
      if (this.#lows[slot] === low && this.#highs[slot] === high)
        return this.#classes[index - 1] as StatementClass;
      slot = (slot + 1) & mask;
      index = this.#indexes[slot] as number;
    }
    if (this.full) {
      this.#droppedCount++;
      return OVERFLOW_CLASS;
    }
    return this.#add(high, low, text, start, end);
  }

  #add(high: number, low: number, text: Uint8Array, start: number, end: number): StatementClass {
    const statementClass: StatementClass = {
      fingerprintHigh: high >>> 0,
      fingerprintLow: low >>> 0,
      fingerprint: fingerprintText(high, low),
      normalized: normalize(text, start, end),
      ...classify(text, start, end),
    };
    this.#classes.push(statementClass);
    this.#textSize += statementClass.normalized.length;
    if (this.#classes.length * 2 > this.#indexes.length) this.#grow();
    this.#insert(high, low, this.#classes.length);
    return statementClass;
  }

  #grow(): void {
    const slots = this.#indexes.length * 2;
    this.#highs = new Int32Array(slots);
    this.#lows = new Int32Array(slots);
    this.#indexes = new Int32Array(slots);
    // The newest class is not in the table yet: #add inserts it.
    for (let index = 1; index < this.#classes.length; index++) {
      const { fingerprintHigh, fingerprintLow } = this.#classes[index - 1] as StatementClass;
      this.#insert(fingerprintHigh | 0, fingerprintLow | 0, index);
    }
  }

  #insert(high: number, low: number, index: number): void {
    const mask = this.#indexes.length - 1;
    let slot = low & mask;
    while (this.#indexes[slot] !== 0) slot = (slot + 1) & mask;
    this.#highs[slot] = high;
    this.#lows[slot] = low;
    this.#indexes[slot] = index;
  }
}
