/** What is known to be missing around one event, or to be less exact of it. A set of bits on the hot path, names outside. */

export const Quality = {
  Whole: 0,
  GapRequest: 1,
  GapResponse: 2,
  MidStream: 4,
  Truncated: 8,
  OneWay: 16,
  UnknownStatement: 32,
  /** Its times are when packets came to the collector, not when they were captured. Nothing is missing. */
  TimedOnArrival: 64,
  /** Its text, user or database was not seen on its own connection: another one, or something later, told it. */
  Inferred: 128,
  /** The machine could not keep up, so less is told than was seen (Reduction). */
  Reduced: 256,
} as const;

/** The bits with which answers are joined to requests by a guess. */
export const QUALITY_GUESSED = Quality.GapRequest | Quality.GapResponse | Quality.MidStream;

/**
 * From this share of lost bytes on what is left is no fair sample any more: a lost answer makes the one before it look
 * long.
 */
export const LOSSY_SHARE = 0.005;

/** The bits that say that something around the event is missing. */
export const QUALITY_IN_PART = 63 | Quality.Reduced;

const NAMES: readonly (readonly [number, string])[] = [
  [Quality.GapRequest, 'gap_request'],
  [Quality.GapResponse, 'gap_response'],
  [Quality.MidStream, 'mid_stream'],
  [Quality.Truncated, 'truncated'],
  [Quality.OneWay, 'one_way'],
  [Quality.UnknownStatement, 'unknown_statement'],
  [Quality.TimedOnArrival, 'timed_on_arrival'],
  [Quality.Inferred, 'inferred'],
  [Quality.Reduced, 'reduced'],
];

/** The names of the bits set in `quality`, in a fixed order; empty when the event is whole. */
export function qualityNames(quality: number): string[] {
  return NAMES.filter(([bit]) => (quality & bit) !== 0).map(([, name]) => name);
}
