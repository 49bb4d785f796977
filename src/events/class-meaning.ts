/** What a fingerprint stands for. */
export interface ClassMeaning {
  readonly normalized: string;
  readonly command: string;
  readonly kind: string;
  readonly tables: readonly string[];
  /** What a SELECT gives back, and what chooses its rows, as written; empty when it was not parsed. */
  readonly projectionColumns: readonly string[];
  readonly predicateColumns: readonly string[];
  /** LIKE with a text that begins with a wildcard, in the first statement of the class that was seen. */
  readonly leadingWildcard: boolean;
}
