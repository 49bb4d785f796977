/** A sentence whose numbers stayed numbers. Statements and nodes in it can be followed. */
import type { HighlightPart } from '../../../src/server/contract.ts';
import { formatBytes, formatCount, formatDuration, formatShare, trimmed } from '../format.ts';
import { NodeName } from './node-name.tsx';
import { SqlText } from './sql-text.tsx';
import { Clock } from './values.tsx';

/** Longer statements are cut: the sentence must stay one. */
const STATEMENT_LENGTH_MAX = 90;

export interface SentenceProps {
  readonly parts: readonly HighlightPart[];
  readonly onOpen: (fingerprint: string) => void;
}

export function Sentence({ parts, onOpen }: SentenceProps) {
  return (
    <span class="sentence">
      {parts.map((part, at) => (
        <Part key={at} part={part} onOpen={onOpen} />
      ))}
    </span>
  );
}

function Part({ part, onOpen }: { part: HighlightPart; onOpen: (fingerprint: string) => void }) {
  switch (part.kind) {
    case 'text':
      return <>{part.text}</>;
    case 'count':
      return <b>{formatCount(part.value)}</b>;
    case 'share':
      return <b>{formatShare(part.value)}</b>;
    case 'durationUs':
      return <b>{trimmed(formatDuration(part.value))}</b>;
    case 'bytes':
      return <b>{formatBytes(part.value)}</b>;
    case 'timeUs':
      return <Clock us={part.value} />;
    case 'node':
      return (
        <b>
          <NodeName node={part.text} />
        </b>
      );
    case 'statement':
      return (
        <button
          type="button"
          class="statement-link"
          title={part.text}
          onClick={() => onOpen(part.fingerprint)}
        >
          <SqlText text={cut(part.text)} />
        </button>
      );
  }
}

function cut(text: string): string {
  return text.length <= STATEMENT_LENGTH_MAX ? text : `${text.slice(0, STATEMENT_LENGTH_MAX)}…`;
}
