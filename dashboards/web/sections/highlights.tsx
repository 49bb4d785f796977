/** What stands out, in sentences. Statements and nodes in them can be followed. */
import type { Report } from '../../../src/server/contract.ts';
import { Sentence } from '../parts/sentence.tsx';

const MARKS = { warning: '▲', notice: '◆', info: '●' } as const;

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
            <Sentence parts={highlight.parts} onOpen={onOpen} />
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
