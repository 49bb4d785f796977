/**
 * Who may be cancelled with which key: a cancel request comes on a connection of its own, and names its victim by
 * process id and key. Through address translation or a balancer it may come to another address of the server than the
 * session did: then the key alone tells, when only one session has it. Keys stay in memory and are never told.
 */
import type { Health } from '../health.ts';

/** A conversation that a cancel request can hit. */
export interface Cancellable {
  readonly sessionId: string;
  /** @returns tsUs of the request that runs there; UNKNOWN when none does */
  cancelRequested(tsUs: number): number;
}

interface Holder {
  readonly server: string;
  readonly target: Cancellable;
}

export class CancelKeys {
  /** By key: nearly always one holder. */
  readonly #holders = new Map<string, Holder[]>();
  readonly #health: Health;
  readonly #keysMax: number;
  #sizeCount = 0;

  constructor(health: Health, keysMax: number) {
    this.#health = health;
    this.#keysMax = keysMax;
  }

  /** @param server its address as the session's client knows it @param key process id and key */
  add(server: string, key: string, target: Cancellable): void {
    if (this.#sizeCount >= this.#keysMax) this.#forgetOldest();
    const holders = this.#holders.get(key);
    if (holders === undefined) this.#holders.set(key, [{ server, target }]);
    else holders.push({ server, target });
    this.#sizeCount++;
  }

  find(server: string, key: string): Cancellable | undefined {
    const holders = this.#holders.get(key) ?? [];
    // The newest: a session whose end was not seen may have had the same.
    const there = holders.findLast((holder) => holder.server === server);
    if (there !== undefined) return there.target;
    return holders.length === 1 ? holders[0]?.target : undefined;
  }

  remove(key: string, target: Cancellable): void {
    const holders = this.#holders.get(key);
    const index = holders?.findIndex((holder) => holder.target === target) ?? -1;
    if (holders === undefined || index < 0) return;
    holders.splice(index, 1);
    if (holders.length === 0) this.#holders.delete(key);
    this.#sizeCount--;
  }

  #forgetOldest(): void {
    const oldest = this.#holders.entries().next();
    if (oldest.done === true) return;
    const [key, holders] = oldest.value;
    this.#holders.delete(key);
    this.#sizeCount -= holders.length;
    this.#health.drop('cancel_keys', holders.length);
  }
}
