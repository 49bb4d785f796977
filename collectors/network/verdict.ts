/** What becomes of a packet. */

/** Why a packet holds no TCP segment that can be used; the index into PASSED_OVER. 0 is a segment. */
export const Verdict = {
  Segment: 0,
  NotIp: 1,
  NotTcp: 2,
  Fragment: 3,
  TruncatedHeader: 4,
  BadLength: 5,
  UnknownLinkType: 6,
  TooDeep: 7,
} as const;

/** Names of the reasons in CaptureSummary.packetsPassedOver. */
export const PASSED_OVER = [
  'segment',
  'not_ip',
  'not_tcp',
  'fragment',
  'truncated_header',
  'bad_length',
  'link_type',
  'too_deep',
] as const;
