/** Prints each event as one line of JSON. Lines are gathered into blocks; `flush` hands them to standard output. */
import { writeSync } from 'node:fs';
import { cannotWrite, systemCode } from '../core/errors.ts';
import type { EventSink, SessionEvent, StatementEvent, TransactionEnd } from '../events/events.ts';
import { sessionEventJson, statementJson, transactionJson } from './event-json.ts';

const BLOCK_CHARACTERS = 1 << 18;

export class NdjsonSink implements EventSink {
  readonly #fd: number;
  #lines = '';

  /** @param fd an open file descriptor, 1 for standard output */
  constructor(fd: number) {
    this.#fd = fd;
  }

  statement(event: StatementEvent): void {
    this.#print(statementJson(event));
  }

  transactionEnd(event: TransactionEnd): void {
    this.#print(transactionJson(event));
  }

  sessionEvent(event: SessionEvent): void {
    this.#print(sessionEventJson(event));
  }

  /** Seconds are for the store: the events that they count are printed already. */
  activity(): void {
    return;
  }

  /** @throws MirrorSqlError MSQL_OUTPUT_WRITE when the reader is gone or the disk is full. */
  flush(): void {
    const block = Buffer.from(this.#lines);
    this.#lines = '';
    let written = 0;
    while (written < block.length) {
      try {
        written += writeSync(this.#fd, block, written);
      } catch (error) {
        if (systemCode(error) === 'EAGAIN') {
          waitForReader();
          continue;
        }
        throw cannotWrite('the output', error);
      }
    }
  }

  #print(event: Record<string, unknown>): void {
    this.#lines += `${JSON.stringify(event)}\n`;
    if (this.#lines.length > BLOCK_CHARACTERS) this.flush();
  }
}

/** A pipe whose reader is slow: writes are synchronous, so the wait is too. */
function waitForReader(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
