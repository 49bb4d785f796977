// Hot path. Bench: test/bench/fingerprint.bench.ts
/**
 * The fingerprint of a statement: 64 bits over the tokens that folding.ts leaves, so that statements which differ only
 * in literals, lists, comments, space and case have one. It is not cryptographic: it names classes, it proves nothing.
 */
import { KIND_LANES, Folder, mixA, mixB } from './folding.ts';
import { Kind } from './kind.ts';

/**
 * Version of the rules. Fingerprints of different versions must not be compared; raise it with every change of
 * lexer.ts, words.ts or folding.ts that changes any fingerprint (test/sql/fingerprint.test.ts holds some as literals).
 */
export const FINGERPRINT_VERSION = 1;

/** First fraction bits of the cube roots of 2 and 3: any constants would do. */
const SEED_A = 0x428a2f98 | 0;
const SEED_B = 0x71374491 | 0;

/** '0000000000000000' stands for statements whose text is not known. Never the fingerprint of a text. */
const UNKNOWN_FINGERPRINT = 0;
/** 'ffffffffffffffff': classes beyond the limit of the registry. Never the fingerprint of a text. */
export const OVERFLOW_FINGERPRINT = -1;

export class Fingerprinter {
  /** The halves of the last fingerprint, as signed 32-bit integers (cheap to keep; `>>> 0` makes them unsigned). */
  high = 0;
  low = 0;
  readonly #folder = new Folder();

  /** Computes the fingerprint of text[start, end) into `high` and `low`. */
  compute(text: Uint8Array, start: number, end: number): void {
    const folder = this.#folder;
    const lexer = folder.lexer;
    folder.reset(text, start, end);
    let a = SEED_A;
    let b = SEED_B;
    for (;;) {
      const kind = folder.next();
      if (kind === Kind.End) break;
      if (kind <= Kind.Other) {
        a = mixA(a, lexer.laneA);
        b = mixB(b, lexer.laneB);
      } else {
        const lane = KIND_LANES[kind] as number;
        a = mixA(a, lane);
        b = mixB(b, lane);
      }
    }
    this.high = avalanche(a ^ ((b << 16) | (b >>> 16)));
    this.low = avalanche(b ^ this.high);
    this.low = lowBesideReserved(this.high, this.low);
  }
}

/** Spreads each bit over all: a bijection of 32 bits by the usual shifts and multiplications. */
function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x3c6ef373);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0x510e527f);
  return mixed ^ (mixed >>> 16);
}

/** The lower half to use with this upper one: another than computed where both together are a reserved fingerprint. */
export function lowBesideReserved(high: number, low: number): number {
  const reserved = low === UNKNOWN_FINGERPRINT || low === OVERFLOW_FINGERPRINT;
  return reserved && high === low ? 1 : low;
}

/** Both halves as 16 hex digits. */
export function fingerprintText(high: number, low: number): string {
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}
