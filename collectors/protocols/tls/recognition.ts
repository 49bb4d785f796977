/**
 * Whether bytes of a connection that was open before the capture began are TLS: records that end where the next one
 * begins, time after time. Clear text holds the five bytes of a header now and then, but not where the one before leads.
 */
import { readClientHello } from './hello.ts';
import { isHeader, lengthAt, RECORD_HEADER_BYTES, RecordReader, RecordType } from './records.ts';

const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;
/** Records in both directions together, or in one alone when the other one has none. */
const RECORDS_BOTH_MIN = 3;
const RECORDS_ONE_MIN = 4;

export class TlsRecognition {
  readonly #sides: readonly [Evidence, Evidence] = [new Evidence(), new Evidence()];

  bytesOf(direction: 0 | 1): number {
    return this.#sides[direction].bytes;
  }

  /** @returns whether there is no doubt any more */
  feed(direction: 0 | 1, bytes: Uint8Array, start: number, end: number, tsUs: number): boolean {
    this.#sides[direction].bytes += end - start;
    this.#sides[direction].reader.feed(bytes, start, end, tsUs);
    const [first, second] = this.#sides;
    const least = Math.min(first.records, second.records);
    const all = first.records + second.records;
    return least > 0 ? all >= RECORDS_BOTH_MIN : all >= RECORDS_ONE_MIN;
  }

  gap(direction: 0 | 1, size: number, tsUs: number): void {
    this.#sides[direction].reader.gap(size, tsUs);
  }

  /** Nothing else was found and no more will come: is it TLS as far as it was seen? */
  get likely(): boolean {
    return (
      this.#sides.every(({ refused }) => !refused) && this.#sides.some(({ records }) => records > 0)
    );
  }
}

/** The records of one direction; the first one is looked for. */
class Evidence {
  readonly reader: RecordReader;
  records = 0;
  bytes = 0;
  /** Where a record should have begun, none did. */
  refused = false;

  constructor() {
    this.reader = new RecordReader({
      record: () => {
        this.records++;
      },
      damagedRecord: () => undefined,
      lost: (refused) => {
        if (refused) this.refused = true;
        this.records = 0;
      },
      found: () => undefined,
    });
    this.reader.gap(0, 0);
  }
}

/** The application protocols that a ClientHello offers whose beginning is at `start`; none when it is not whole. */
export function offeredProtocols(bytes: Uint8Array, start: number, end: number): readonly string[] {
  if (!looksLikeClientHello(bytes, start, end)) return [];
  const body = start + RECORD_HEADER_BYTES + HANDSHAKE_HEADER_BYTES;
  return readClientHello(bytes, body, end)?.applicationProtocols ?? [];
}

/** Whether these are the first bytes of a ClientHello: a record that holds a handshake message of that type. */
export function looksLikeClientHello(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= RECORD_HEADER_BYTES + 3 || !isHeader(bytes, start)) return false;
  if (bytes[start] !== RecordType.Handshake || bytes[start + RECORD_HEADER_BYTES] !== CLIENT_HELLO)
    return false;
  const message =
    ((bytes[start + 6] as number) << 16) |
    ((bytes[start + 7] as number) << 8) |
    (bytes[start + 8] as number);
  return message <= 65_536 && message + 4 >= Math.min(lengthAt(bytes, start), 40);
}
