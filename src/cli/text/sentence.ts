/** A sentence of analysis as plain text: as it is stored beside its parts, and as the terminal shows it. */
import type { HighlightPart } from '../../events/sentence.ts';
import {
  bytesText,
  clockText,
  countText,
  durationWords,
  shareText,
} from '../../core/quantities.ts';
import { harmless, printable } from './cell.ts';

/** How a reader wishes nodes and times to be named. */
export interface Naming {
  readonly node: (address: string) => string;
  readonly clock: (timeUs: number) => string;
}

/** Addresses as they are on the wire; times with their day, UTC. */
const PLAIN: Naming = { node: printable, clock: (timeUs) => clockText(timeUs, true) };

export function sentenceText(parts: readonly HighlightPart[]): string {
  return parts.map((part) => partText(part, PLAIN)).join('');
}

export function partText(part: HighlightPart, { node, clock }: Naming): string {
  switch (part.kind) {
    case 'text':
      return harmless(part.text);
    case 'node':
      return node(part.text);
    case 'statement':
      return printable(part.text);
    case 'count':
      return countText(part.value);
    case 'share':
      return shareText(part.value);
    case 'durationUs':
      return durationWords(part.value);
    case 'timeUs':
      return clock(part.value);
    case 'bytes':
      return bytesText(part.value);
  }
}
