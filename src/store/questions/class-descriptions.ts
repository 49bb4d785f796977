/**
 * What fingerprints stand for. Questions answer in fingerprints; here is asked, once a report for each of them, what they
 * mean: a join with `classes` in every question that names some costs the store more than its answer.
 */
import { setImmediate } from 'node:timers/promises';
import type { ClassMeaning } from '../../events/class-meaning.ts';
import type { ClassText } from '../../events/transaction-types.ts';
import type { Store } from '../store.ts';
import { ask } from './ask.ts';

/** Of a fingerprint that the store does not know. */
const UNKNOWN: ClassMeaning = {
  normalized: '',
  command: '',
  kind: '',
  tables: [],
  projectionColumns: [],
  predicateColumns: [],
  leadingWildcard: false,
};

/** Whatever else stands in its place, as in sessions without a statement, means nothing. */
const HEX = /^[0-9a-f]{16}$/;

/** Fingerprints of one question: a ClickHouse server takes parameters of at most 128 KiB (http_max_field_value_size). */
const ASKED_MAX = 5_000;

export class ClassDescriptions {
  readonly #store: Store;
  readonly #first: Promise<unknown>;
  readonly #known = new Map<string, ClassMeaning>();
  /** By fingerprint: settled when its question is answered. */
  readonly #answers = new Map<string, Promise<void>>();
  /** What the next question will be about, and its answer. */
  readonly #wanted = new Set<string>();
  #next: Promise<void> | undefined;

  /** @param first what most fingerprints come from: nothing is asked before it is settled, so that all is asked together */
  constructor(store: Store, first: Promise<unknown> = Promise.resolve()) {
    this.#store = store;
    this.#first = first.catch(() => undefined);
  }

  /** @returns what tells a description of each of `fingerprints`  @throws MirrorSqlError */
  async of(fingerprints: Iterable<string>): Promise<(fingerprint: string) => ClassMeaning> {
    const answers = new Set<Promise<void>>();
    for (const one of fingerprints) if (HEX.test(one)) answers.add(this.#answerOf(one));
    await Promise.all(answers);
    return (fingerprint) => this.#known.get(fingerprint) ?? UNKNOWN;
  }

  #answerOf(fingerprint: string): Promise<void> {
    const asked = this.#answers.get(fingerprint);
    if (asked !== undefined) return asked;
    this.#wanted.add(fingerprint);
    const answer = (this.#next ??= this.#askNext());
    this.#answers.set(fingerprint, answer);
    return answer;
  }

  /** Those of `fingerprints` that the store knows, in their order. @throws MirrorSqlError */
  async texts(fingerprints: Iterable<string>): Promise<ClassText[]> {
    const named = [...new Set(fingerprints)].sort();
    const described = await this.of(named);
    return named.flatMap((fingerprint) => {
      const description = described(fingerprint);
      const { normalized, command, kind, tables } = description;
      return description === UNKNOWN ? [] : [{ fingerprint, normalized, command, kind, tables }];
    });
  }

  async #askNext(): Promise<void> {
    await this.#first;
    await setImmediate();
    this.#next = undefined;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (let from = 0; from < wanted.length; from += ASKED_MAX)
      await this.#ask(wanted.slice(from, from + ASKED_MAX));
  }

  async #ask(fingerprints: readonly string[]): Promise<void> {
    const rows = await ask<ClassMeaning & { readonly fingerprint: string }>(
      this.#store,
      `SELECT fingerprint, normalized, command, kind, tables, projection_columns AS projectionColumns,
        predicate_columns AS predicateColumns, toBool(leading_wildcard) AS leadingWildcard
      FROM classes FINAL WHERE fingerprint IN {fingerprints:Array(String)}`,
      { fingerprints },
    );
    for (const { fingerprint, ...description } of rows) this.#known.set(fingerprint, description);
  }
}
