/** A sentence whose numbers stay numbers: what highlights and findings are told in. */

/**
 * A piece of a highlight's sentence. Numbers stay numbers, so that each surface writes them in its own way and can
 * link what they are about.
 */
export type HighlightPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'count'; readonly value: number }
  /** 0 to 1. */
  | { readonly kind: 'share'; readonly value: number }
  | { readonly kind: 'durationUs'; readonly value: number }
  | { readonly kind: 'timeUs'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: number }
  /** A class of statements: its normalised text. */
  | {
      readonly kind: 'statement';
      readonly text: string;
      readonly fingerprint: string;
    }
  /** A client host, a server endpoint or a channel. */
  | { readonly kind: 'node'; readonly text: string };
