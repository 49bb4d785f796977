/** How far a load is: a bar on a terminal, nothing elsewhere. */
import { SingleBar } from 'cli-progress';
import type { Progress } from '../../collectors/collector.ts';
import { countText } from '../core/quantities.ts';

const MEBIBYTE = 1024 * 1024;

export class LoadProgress {
  readonly #bar: SingleBar | undefined;
  readonly #knowsSize: boolean;
  readonly #startedAt = performance.now();

  /** `sizeBytes`: of the file as it lies on the disk; undefined for standard input. */
  constructor(file: string, sizeBytes: number | undefined) {
    this.#knowsSize = sizeBytes !== undefined;
    if (!process.stderr.isTTY) return;
    const measure = this.#knowsSize ? '{bar} {percentage}% of {size}' : '{read}';
    this.#bar = new SingleBar({
      format: `${printable(file)} ${measure}, {events} statements, {rate}/s${this.#knowsSize ? ', {eta_formatted} left' : ''}`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 24,
    });
    this.#bar.start(sizeBytes ?? 1, 0, {
      events: '0',
      rate: '0',
      size: mebibytes(sizeBytes ?? 0),
      read: '0',
    });
  }

  show({ bytesRead, statements }: Progress): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#bar?.update(this.#knowsSize ? bytesRead : 0, {
      events: countText(statements),
      rate: countText(statements / Math.max(seconds, 0.001)),
      read: mebibytes(bytesRead),
    });
  }

  end(): void {
    this.#bar?.stop();
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

/** A file's name may hold anything; braces would be taken for fields of the bar. */
function printable(file: string): string {
  return file.replace(/[^\x20-\x7e]|[{}]/g, '?');
}
