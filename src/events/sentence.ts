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

export const textPart = (text: string) => ({ kind: 'text', text }) as const;
export const countPart = (value: number) => ({ kind: 'count', value }) as const;
/** A count and what is counted, which begins with a space: ` row`, ` rows`. */
export const countedParts = (value: number, one: string, many: string) =>
  [countPart(value), textPart(value === 1 ? one : many)] as const;
/** 0 to 1. */
export const sharePart = (value: number) => ({ kind: 'share', value }) as const;
/** Microseconds. */
export const durationPart = (value: number) => ({ kind: 'durationUs', value }) as const;
/** Microseconds since 1970. */
export const timePart = (value: number) => ({ kind: 'timeUs', value }) as const;
export const bytesPart = (value: number) => ({ kind: 'bytes', value }) as const;
export const nodePart = (text: string) => ({ kind: 'node', text }) as const;
/** `text` is the class's normalised text. */
export const statementPart = (text: string, fingerprint: string) =>
  ({ kind: 'statement', text, fingerprint }) as const;
