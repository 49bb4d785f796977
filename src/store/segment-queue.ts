/**
 * Segments on the disk that wait to be stored, oldest first. Of a file's they are few, as its reader waits for them;
 * live ones may be many while the store is away, so they have a quota.
 */
import type { Segment } from './segment.ts';
import type { SegmentTable } from './tables/table-rows.ts';

export interface Quota {
  readonly bytesMax: number;
  readonly segmentsMax: number;
}

/** Small, and told once only: what they tell makes sense of all other rows. They go last. */
const KEPT_LONGEST: ReadonlySet<SegmentTable> = new Set<SegmentTable>([
  'capture_1s',
  'classes',
  'transaction_types',
]);

export class SegmentQueue {
  readonly #segments: Segment[] = [];
  /** So many at the front are of earlier runs: older than all that this one seals. */
  #leftoversCount = 0;
  #bytes = 0;

  get count(): number {
    return this.#segments.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Segment | undefined {
    return this.#segments[0];
  }

  /** Of the first `max`, oldest first. */
  names(max: number): string[] {
    return this.#segments.slice(0, max).map(({ name }) => name);
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
    this.#bytes += segment.sizeBytes;
  }

  /** A segment of an earlier run, before those of this one. */
  addLeftover(segment: Segment): void {
    // The first may be on its way to the store: it stays the first.
    const place = Math.min(Math.max(1, this.#leftoversCount), this.#segments.length);
    this.#segments.splice(place, 0, segment);
    this.#leftoversCount = place + 1;
    this.#bytes += segment.sizeBytes;
  }

  /** Takes out the first. */
  shift(): void {
    const segment = this.#segments.shift();
    if (segment !== undefined) this.#removed(segment);
  }

  /** Takes out the oldest segment that the quota has no room for; the first stays, as it is on its way. */
  takeBeyond({ bytesMax, segmentsMax }: Quota): Segment | undefined {
    const { length } = this.#segments;
    if (length <= 1 || (this.#bytes <= bytesMax && length <= segmentsMax)) return undefined;
    const oldest = this.#segments.findIndex(
      ({ table }, index) => index > 0 && !KEPT_LONGEST.has(table),
    );
    // The first may be larger than the quota alone: that is no reason to give up what is small and told once.
    const restBytes = this.#bytes - (this.first?.sizeBytes ?? 0);
    if (oldest < 0 && restBytes <= bytesMax && length <= segmentsMax) return undefined;
    const place = Math.max(1, oldest);
    const [segment] = this.#segments.splice(place, 1);
    if (segment === undefined) return undefined;
    this.#removed(segment, place);
    return segment;
  }

  #removed({ sizeBytes }: Segment, place = 0): void {
    this.#bytes -= sizeBytes;
    if (place < this.#leftoversCount) this.#leftoversCount--;
  }
}
