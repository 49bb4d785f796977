/** What is known to be missing around one event. A set of bits on the hot path, names outside. */

export const Quality = {
  Whole: 0,
  GapRequest: 1,
  GapResponse: 2,
  MidStream: 4,
  Truncated: 8,
  OneWay: 16,
  UnknownStatement: 32,
} as const;

const NAMES: readonly (readonly [number, string])[] = [
  [Quality.GapRequest, 'gap_request'],
  [Quality.GapResponse, 'gap_response'],
  [Quality.MidStream, 'mid_stream'],
  [Quality.Truncated, 'truncated'],
  [Quality.OneWay, 'one_way'],
  [Quality.UnknownStatement, 'unknown_statement'],
];

/** The names of the bits set in `quality`, in a fixed order; empty when the event is whole. */
export function qualityNames(quality: number): string[] {
  return NAMES.filter(([bit]) => (quality & bit) !== 0).map(([, name]) => name);
}
