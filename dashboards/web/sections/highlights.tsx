/** What stands out, in sentences. Statements and nodes in them can be followed. */
import type { HighlightPart, Report } from '../../../src/server/contract.ts';
import { formatBytes, formatCount, formatDuration, formatShare, trimmed } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { Clock } from '../parts/values.tsx';

const MARKS = { warning: '▲', notice: '◆', info: '●' } as const;
/** Longer statements are cut: the sentence must stay one. */
const STATEMENT_LENGTH_MAX = 90;

export function Highlights({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <section class="highlights" aria-label="What stands out">
      <ul>
        {report.highlights.map((highlight, index) => (
          <li key={index} class={highlight.severity}>
            <span class="mark" role="img" aria-label={highlight.severity}>
              {MARKS[highlight.severity]}
            </span>
            <span>
              {highlight.parts.map((part, at) => (
                <Part key={at} part={part} onOpen={onOpen} />
              ))}
            </span>
          </li>
        ))}
        {report.highlights.length === 0 && (
          <li class="info">
            <span class="mark" aria-hidden="true">
              {MARKS.info}
            </span>
            Nothing stands out in this window.
          </li>
        )}
      </ul>
    </section>
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
