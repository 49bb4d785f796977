/**
 * Hot. Prepared statements and portals of one session by name. Names are compared as bytes, so that an Execute of a
 * known name makes no string; both maps are bounded and forget the oldest first. Bench: test/bench/decode.bench.ts.
 */
import type { StatementClass } from '../../../src/events/statement-class.ts';
import type { LearnedStatement } from '../learned.ts';
import { text } from './errors.ts';

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** A statement as Parse made it, or (`known` false) a name that was bound but never seen to be prepared. */
export class PreparedStatement {
  name: Uint8Array = NO_BYTES;
  #nameText: string | undefined = undefined;
  readonly text = new TextBuffer();
  truncated = false;
  known = false;
  /** Its text was not seen in this session: another one has shown it under the same name. */
  inferred = false;
  /** Bits of Quality: whether this is what stands under its name was a guess. */
  doubt = 0;
  /** State.namesDoubted when it was prepared. */
  preparedAt = 0;
  statementClass: StatementClass | undefined = undefined;
  /** Types of the parameters: from Parse, or from the server's description. */
  parameterTypes: readonly number[] = [];
  /** Requests in flight that point here; while there are any, the object is not used again. */
  uses = 0;

  /** It turns out what stands under this name. */
  fill(other: PreparedStatement): void {
    this.text.set(other.text.bytes, other.text.view, 0, other.text.length);
    this.statementClass = other.statementClass;
    this.known = true;
  }

  /** Another session has shown what stands under this name. */
  infer({ text, statementClass, parameterTypes }: LearnedStatement): void {
    const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
    this.text.set(text, view, 0, text.length);
    this.statementClass = statementClass;
    if (this.parameterTypes.length === 0) this.parameterTypes = parameterTypes;
    this.known = true;
    this.inferred = true;
  }

  /** The name for people, where its bytes are no UTF-8. */
  show(name: string): void {
    this.#nameText = name;
  }

  /** The name for people; undefined for the unnamed statement. */
  get nameText(): string | undefined {
    if (this.name.length === 0) return undefined;
    this.#nameText ??= text(this.name, 0, this.name.length);
    return this.#nameText;
  }
}

/** Short texts are copied by a loop: `subarray` and `set` make an object and two calls into the engine. */
const LOOP_BYTES_MAX = 256;

/** Copies view[start, start + length) to the start of `target`: words of four bytes, then the rest. */
function copyShort(view: DataView, start: number, length: number, target: DataView): void {
  let index = 0;
  for (; index + 4 <= length; index += 4) target.setInt32(index, view.getInt32(start + index));
  for (; index < length; index++) target.setUint8(index, view.getUint8(start + index));
}

/** As `copyShort`, but only up to the first zero byte. @returns how many bytes came before it */
function copyShortString(view: DataView, start: number, length: number, target: DataView): number {
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    const word = view.getInt32(start + index);
    if (holdsZero(word)) break;
    target.setInt32(index, word);
  }
  for (; index < length; index++) {
    const byte = view.getUint8(start + index);
    if (byte === 0) break;
    target.setUint8(index, byte);
  }
  return index;
}

/** One of the four bytes is zero (Warren, Hacker's Delight, 6-1). */
function holdsZero(word: number): boolean {
  return ((word - 0x01010101) & ~word & 0x80808080) !== 0;
}

const TEXT_BYTES_FIRST = 128;
/** A buffer that had to hold a long text is let go by the next one. */
const TEXT_BYTES_KEPT = 16 << 10;

/** A text that is kept beyond the capture buffer, in memory that the next text uses again. */
export class TextBuffer {
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  length = 0;

  /** Keeps bytes[start, end). `view` is of the same bytes. */
  set(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const length = end - start;
    this.#makeRoom(length);
    if (length > LOOP_BYTES_MAX) this.bytes.set(bytes.subarray(start, end));
    else copyShort(view, start, length, this.view);
    this.length = length;
  }

  /** Keeps the string that begins at `start`: up to its zero byte, or to `end`. @returns where it ends */
  setString(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    if (end - start > LOOP_BYTES_MAX) {
      const length = bytes.subarray(start, end).indexOf(0);
      const stop = length < 0 ? end : start + length;
      this.set(bytes, view, start, stop);
      return stop;
    }
    this.#makeRoom(end - start);
    this.length = copyShortString(view, start, end - start, this.view);
    return start + this.length;
  }

  #makeRoom(length: number): void {
    if (this.bytes.length >= length && this.bytes.length <= TEXT_BYTES_KEPT) return;
    this.bytes = new Uint8Array(Math.max(TEXT_BYTES_FIRST, length));
    this.view = new DataView(this.bytes.buffer);
  }
}

interface Entry<T> {
  readonly name: Uint8Array;
  value: T;
  sizeBytes: number;
}

/** From names (as bytes) to values, at most `countMax` of them and `bytesMax` bytes of what they weigh. */
export class NameTable<T> {
  /** By the hash of the name; names with one hash share a list. In the order in which they were set. */
  readonly #entries = new Map<number, Entry<T>[]>();
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #dropped: () => void;
  #last: Entry<T> | undefined = undefined;
  sizeCount = 0;
  sizeBytes = 0;

  constructor(countMax: number, bytesMax: number, dropped: () => void) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
    this.#dropped = dropped;
  }

  get(bytes: Uint8Array, start: number, end: number): T | undefined {
    const last = this.#last;
    if (last !== undefined && equals(last.name, bytes, start, end)) return last.value;
    const entries = this.#entries.get(hash(bytes, start, end));
    if (entries === undefined) return undefined;
    for (const entry of entries) {
      if (!equals(entry.name, bytes, start, end)) continue;
      this.#last = entry;
      return entry.value;
    }
    return undefined;
  }

  set(name: Uint8Array, value: T, sizeBytes: number): void {
    this.delete(name, 0, name.length);
    while (
      this.sizeCount >= this.#countMax ||
      (this.sizeCount > 0 && this.sizeBytes + sizeBytes > this.#bytesMax)
    ) {
      if (!this.#dropOldest()) break;
    }
    const key = hash(name, 0, name.length);
    const entry = { name, value, sizeBytes };
    const entries = this.#entries.get(key);
    if (entries === undefined) this.#entries.set(key, [entry]);
    else entries.push(entry);
    this.sizeCount++;
    this.sizeBytes += sizeBytes;
  }

  delete(bytes: Uint8Array, start: number, end: number): void {
    const key = hash(bytes, start, end);
    const entries = this.#entries.get(key);
    const index = entries?.findIndex((entry) => equals(entry.name, bytes, start, end)) ?? -1;
    const entry = entries?.[index];
    if (entries === undefined || entry === undefined) return;
    this.#remove(key, entries, index, entry);
  }

  forEach(visit: (value: T) => void): void {
    for (const entries of this.#entries.values()) for (const { value } of entries) visit(value);
  }

  /** Forgets, without counting, what `keeps` says no to. */
  retain(keeps: (value: T) => boolean): void {
    for (const [key, entries] of this.#entries) {
      for (const entry of entries.filter(({ value }) => !keeps(value)))
        this.#remove(key, entries, entries.indexOf(entry), entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#last = undefined;
    this.sizeCount = 0;
    this.sizeBytes = 0;
  }

  #dropOldest(): boolean {
    const oldest = this.#entries.entries().next();
    if (oldest.done === true) return false;
    const [key, entries] = oldest.value;
    const entry = entries[0];
    if (entry === undefined) return false;
    this.#remove(key, entries, 0, entry);
    this.#dropped();
    return true;
  }

  #remove(key: number, entries: Entry<T>[], index: number, entry: Entry<T>): void {
    entries.splice(index, 1);
    if (entries.length === 0) this.#entries.delete(key);
    if (this.#last === entry) this.#last = undefined;
    this.sizeCount--;
    this.sizeBytes -= entry.sizeBytes;
  }
}

function equals(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) {
    if (name[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** FNV-1a; the names of one session are few, and lists take care of the rest. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let index = start; index < end; index++) {
    value = Math.imul(value ^ (bytes[index] as number), 0x01000193); // Inside the caller's range.
  }
  return value;
}
