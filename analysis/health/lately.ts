/**
 * The last minute of a node, which its state is judged from, in columns (see node-seconds.ts). They are twice as long as a
 * minute: when they are full the newest minute moves to their beginning, so that any stretch of it lies in one piece.
 */
import type { NodeSecond } from '../../src/events/health.ts';

const SECONDS_KEPT = 60;
const CAPACITY = 2 * SECONDS_KEPT;

export class Lately {
  readonly requests = new Float64Array(CAPACITY);
  readonly answers = new Float64Array(CAPACITY);
  readonly durationSumUs = new Float64Array(CAPACITY);
  readonly durationSquaresSum = new Float64Array(CAPACITY);
  readonly timedCount = new Float64Array(CAPACITY);
  readonly connectionsOpen = new Float64Array(CAPACITY);
  readonly connectionsOpened = new Float64Array(CAPACITY);
  /** Those open that are older than their second, or in which something was asked: not one that is turned away at its login. */
  readonly connectionsInUse = new Float64Array(CAPACITY);
  readonly connectionsRefused = new Float64Array(CAPACITY);
  readonly outstanding = new Float64Array(CAPACITY);
  /** At the end of the newest second. */
  outstandingAgeMaxUs = 0;
  connectionsInTransaction = 0;
  /** Index behind the newest second. */
  end = 0;

  push(second: NodeSecond): void {
    if (this.end === CAPACITY) this.#moveToBeginning();
    const at = this.end++;
    this.requests[at] = second.requests;
    this.answers[at] = second.answers;
    this.durationSumUs[at] = second.durationSumUs;
    this.durationSquaresSum[at] = second.durationSquaresSum;
    this.timedCount[at] = second.timedCount;
    this.connectionsOpen[at] = second.connectionsOpen;
    this.connectionsOpened[at] = second.connectionsOpened;
    const { connectionsOpen, connectionsOpened, requests } = second;
    this.connectionsInUse[at] =
      requests > 0 || connectionsOpen > connectionsOpened ? connectionsOpen : 0;
    this.connectionsRefused[at] = second.connectionsRefused;
    this.outstanding[at] = second.outstanding;
    this.outstandingAgeMaxUs = second.outstandingAgeMaxUs;
    this.connectionsInTransaction = second.connectionsInTransaction;
  }

  /** How many seconds are known, at most a minute. */
  get count(): number {
    return Math.min(SECONDS_KEPT, this.end);
  }

  /** Index of the first of the last `count` seconds, or of those that are known. */
  firstOf(count: number): number {
    return this.end - Math.min(count, this.count);
  }

  /** Of a column, over the last `count` seconds. */
  sumOfLast(column: Float64Array, count: number): number {
    let sum = 0;
    for (let index = this.firstOf(count); index < this.end; index++) sum += column[index] ?? 0;
    return sum;
  }

  greatestOfLast(column: Float64Array, count: number): number {
    let greatest = 0;
    for (let index = this.firstOf(count); index < this.end; index++)
      greatest = Math.max(greatest, column[index] ?? 0);
    return greatest;
  }

  /** Of a column; 0 without any second. */
  newest(column: Float64Array): number {
    return column[this.end - 1] ?? 0;
  }

  /** Neither traffic nor a connection in the last `count` seconds. */
  isSilent(count: number): boolean {
    for (let index = this.end - 1; index >= this.firstOf(count); index--) {
      const traffic = (this.requests[index] ?? 0) + (this.answers[index] ?? 0);
      const connections =
        (this.connectionsOpen[index] ?? 0) +
        (this.connectionsOpened[index] ?? 0) +
        (this.connectionsRefused[index] ?? 0);
      if (traffic + connections > 0) return false;
    }
    return true;
  }

  #moveToBeginning(): void {
    for (const column of [
      this.requests,
      this.answers,
      this.durationSumUs,
      this.durationSquaresSum,
      this.timedCount,
      this.connectionsOpen,
      this.connectionsOpened,
      this.connectionsInUse,
      this.connectionsRefused,
      this.outstanding,
    ])
      column.copyWithin(0, CAPACITY - SECONDS_KEPT);
    this.end = SECONDS_KEPT;
  }
}
