/**
 * Who may be cancelled with which key: a cancel request comes on a connection of its own, and names its victim by
 * server endpoint, process id and key. Keys stay in memory and are never told.
 */
import type { Health } from '../health.ts';

/** A conversation that a cancel request can hit. */
export interface Cancellable {
  readonly sessionId: string;
  cancelRequested(tsUs: number): void;
}

export class CancelKeys {
  readonly #targets = new Map<string, Cancellable>();
  readonly #health: Health;
  readonly #keysMax: number;

  constructor(health: Health, keysMax: number) {
    this.#health = health;
    this.#keysMax = keysMax;
  }

  add(key: string, target: Cancellable): void {
    if (this.#targets.size >= this.#keysMax) {
      const oldest = this.#targets.keys().next();
      if (oldest.done !== true) this.#targets.delete(oldest.value);
      this.#health.drop('cancel_keys');
    }
    this.#targets.set(key, target);
  }

  find(key: string): Cancellable | undefined {
    return this.#targets.get(key);
  }

  remove(key: string, target: Cancellable): void {
    if (this.#targets.get(key) === target) this.#targets.delete(key);
  }
}
