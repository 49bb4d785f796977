/** How much later than the wire packets are decoded: the worst of the last seconds in which any came. */

/** What is told covers the last one to two of these. */
const TURN_MS = 10_000;

export class Lag {
  readonly #nowMs: () => number;
  readonly #speed: number;
  #packets = 0;
  #older: number | undefined = undefined;
  #newer: number | undefined = undefined;
  #turnedAtMs: number;

  /** @param speed how many seconds of the capture pass in one of ours, where a recorded one is played */
  constructor(speed: number, nowMs: () => number = () => performance.now()) {
    this.#speed = speed;
    this.#nowMs = nowMs;
    this.#turnedAtMs = nowMs();
  }

  /** After each chunk: packets so far, the time of the last one, and what time it is there now. */
  chunk(packets: number, lastPacketUs: number | undefined, nowUs: number | undefined): void {
    if (packets === this.#packets || lastPacketUs === undefined || nowUs === undefined) return;
    this.#packets = packets;
    this.#turn();
    this.#newer = Math.max(this.#newer ?? 0, (nowUs - lastPacketUs) / this.#speed);
  }

  /** Microseconds; undefined while no packets come. */
  read(): number | undefined {
    this.#turn();
    if (this.#older === undefined) return this.#newer;
    return Math.max(this.#older, this.#newer ?? 0);
  }

  #turn(): void {
    const nowMs = this.#nowMs();
    const turns = Math.floor((nowMs - this.#turnedAtMs) / TURN_MS);
    if (turns === 0) return;
    this.#older = turns === 1 ? this.#newer : undefined;
    this.#newer = undefined;
    this.#turnedAtMs += turns * TURN_MS;
  }
}
