/** One line on a terminal that says how a live capture does; nothing elsewhere. */

import { countText } from '../../core/quantities.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';

export interface MonitorCounts {
  readonly packets: number;
  readonly statements: number;
  /** By the kernel. */
  readonly dropped: number;
  readonly segmentsWaiting: number;
}

const SHOWN_EVERY_MS = 2000;

export class StatusLine {
  #shownAt = performance.now();
  #before: MonitorCounts = { packets: 0, statements: 0, dropped: 0, segmentsWaiting: 0 };
  #shown = false;

  show(summary: CaptureSummary, segmentsWaiting: number): void {
    const counts = {
      packets: summary.packets,
      statements: summary.events['statement'] ?? 0,
      dropped: summary.kernelDrops,
      segmentsWaiting,
    };
    const now = performance.now();
    const elapsedMs = now - this.#shownAt;
    if (!process.stderr.isTTY || elapsedMs < SHOWN_EVERY_MS) return;
    process.stderr.write(`\r\x1b[K${statusLine(this.#before, counts, elapsedMs / 1000)}`);
    this.#shownAt = now;
    this.#before = counts;
    this.#shown = true;
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}

export function statusLine(before: MonitorCounts, now: MonitorCounts, seconds: number): string {
  const rate = (count: number): string => countText(count / seconds);
  return [
    `${rate(now.packets - before.packets)} packets/s`,
    `${rate(now.statements - before.statements)} statements/s`,
    `${countText(now.dropped)} dropped`,
    `${now.segmentsWaiting} segments waiting`,
  ].join(', ');
}
