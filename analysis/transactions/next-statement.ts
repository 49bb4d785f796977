/**
 * What comes next in a transaction: a Markov chain of variable order up to four over statements, COMMIT and ROLLBACK.
 * Orders are blended as PPM with escape method C does (Moffat 1990; Witten and Bell 1991): a context with n observations
 * of d different successors leaves d / (n + d) to the context that is one statement shorter.
 */
import {
  CONTEXT_MAX,
  FINGERPRINT_SIZE,
  type StatementStepFacts,
} from '../../src/events/transaction-types.ts';

export const COMMIT = 'commit';
export const ROLLBACK = 'rollback';

/** Stands in front of the first statement. */
const BEGINNING = '^';

export interface Guess {
  /** A fingerprint, COMMIT or ROLLBACK. */
  readonly next: string;
  readonly probability: number;
}

interface Successors {
  total: number;
  readonly weights: Map<string, number>;
}

export class NextStatementModel {
  readonly #contexts = new Map<string, Successors>();
  readonly #guesses = new Map<string, readonly Guess[]>();
  readonly #orderMax: number;

  /** @param orderMax 0 guesses what is most frequent wherever it stands: for comparison */
  constructor(
    steps: readonly Pick<StatementStepFacts, 'context' | 'next' | 'weight'>[],
    orderMax = CONTEXT_MAX,
  ) {
    this.#orderMax = orderMax;
    for (const { context, next, weight } of steps) {
      if (weight <= 0) continue;
      for (const key of this.#keys(contextOf(split(context)))) this.#add(key, next, weight);
    }
  }

  /** What comes behind `sequence`, fingerprints from the beginning; the most probable first. */
  guesses(sequence: readonly string[]): readonly Guess[] {
    return this.#guessesIn(contextOf(sequence));
  }

  #guessesIn(context: readonly string[]): readonly Guess[] {
    const memo = key(context);
    const known = this.#guesses.get(memo);
    if (known !== undefined) return known;
    const found = this.#keys(context).flatMap((one) => this.#contexts.get(one) ?? []);
    // The first is the empty context: all there is. Only where nothing else is known does it name candidates.
    const named = found.length > 1 ? found.slice(1) : found;
    const candidates = new Set(named.flatMap(({ weights }) => [...weights.keys()]));
    const guesses = [...candidates]
      .map((next) => ({ next, probability: blended(found, next) }))
      .sort((a, b) => b.probability - a.probability || (a.next < b.next ? -1 : 1));
    this.#guesses.set(memo, guesses);
    return guesses;
  }

  /** Of the empty context first, then of longer and longer ones. */
  #keys(context: readonly string[]): string[] {
    const most = Math.min(context.length, this.#orderMax);
    return Array.from({ length: most + 1 }, (_, order) =>
      order === 0 ? '' : key(context.slice(-order)),
    );
  }

  #add(context: string, next: string, weight: number): void {
    let successors = this.#contexts.get(context);
    if (successors === undefined) {
      successors = { total: 0, weights: new Map() };
      this.#contexts.set(context, successors);
    }
    successors.total += weight;
    successors.weights.set(next, (successors.weights.get(next) ?? 0) + weight);
  }
}

/** From the shortest context on, each takes its share and leaves the rest to the one before. */
function blended(found: readonly Successors[], next: string): number {
  let probability = 0;
  for (const { total, weights } of found) {
    const distinct = weights.size;
    probability = ((weights.get(next) ?? 0) + distinct * probability) / (total + distinct);
  }
  return probability;
}

function contextOf(sequence: readonly string[]): string[] {
  return sequence.length < CONTEXT_MAX
    ? [BEGINNING, ...sequence]
    : [...sequence.slice(-CONTEXT_MAX)];
}

function key(context: readonly string[]): string {
  return context.join(' ');
}

function split(context: string): string[] {
  const symbols: string[] = [];
  for (let at = 0; at + FINGERPRINT_SIZE <= context.length; at += FINGERPRINT_SIZE)
    symbols.push(context.slice(at, at + FINGERPRINT_SIZE));
  return symbols;
}
