/** What a figure usually is, and how far from that it usually lies. */
export interface Usual {
  readonly median: number;
  /** Scaled to a standard deviation. */
  readonly deviation: number;
}
