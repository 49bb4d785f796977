/** A sentence of analysis as plain text, as it is stored beside its parts. */
import type { HighlightPart } from '../../events/sentence.ts';
import {
  bytesText,
  clockText,
  countText,
  durationWords,
  shareText,
} from '../../core/quantities.ts';
import { printable } from './cell.ts';

/** Times with their day, UTC. */
export function sentenceText(parts: readonly HighlightPart[]): string {
  return parts.map(partText).join('');
}

function partText(part: HighlightPart): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'node':
    case 'statement':
      return printable(part.text);
    case 'count':
      return countText(part.value);
    case 'share':
      return shareText(part.value);
    case 'durationUs':
      return durationWords(part.value);
    case 'timeUs':
      return clockText(part.value, true);
    case 'bytes':
      return bytesText(part.value);
  }
}
