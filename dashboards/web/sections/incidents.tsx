/** Incidents: what was first, what followed, and what to do. Shown only where there is one. */
import { around } from '../charts/state-strip.tsx';
import type { Incident, Report, TimelineEntry, Window } from '../../../src/server/contract.ts';
import { EvidenceList } from '../parts/evidence.tsx';
import { NodeName } from '../parts/node-name.tsx';
import { Sentence } from '../parts/sentence.tsx';
import { Clock, Duration } from '../parts/values.tsx';
import { Section } from './section.tsx';

const MARKS = { critical: '▲', warning: '▲', notice: '◆', info: '●' } as const;

export interface IncidentsProps {
  readonly report: Report;
  readonly onOpen: (fingerprint: string) => void;
  readonly onZoom?: ((window: Window) => void) | undefined;
}

export function Incidents({ report, onOpen, onZoom }: IncidentsProps) {
  const { incidents } = report;
  if (incidents.length === 0) return null;
  return (
    <Section id="incidents" title="Incidents" note={String(incidents.length)}>
      {incidents.map((incident, index) => (
        <Story key={incident.id} {...{ incident, report, onOpen, onZoom }} opened={index === 0} />
      ))}
    </Section>
  );
}

interface StoryProps extends IncidentsProps {
  readonly incident: Incident;
  readonly opened: boolean;
}

function Story({ incident, report, opened, onOpen, onZoom }: StoryProps) {
  const { severity, sinceUs, untilUs, summary, firstCause, nodes, findings } = incident;
  const { finding, because } = firstCause;
  return (
    <article class={`incident ${severity}`} aria-labelledby={`incident-${incident.id}`}>
      <header>
        <span class="mark" aria-hidden="true">
          {MARKS[severity]}
        </span>
        <h3 id={`incident-${incident.id}`}>
          <span class={severity === 'critical' ? 'bad' : undefined}>{severity}</span>{' '}
          <Clock us={sinceUs} />{' '}
          <span class="quiet">
            for <Duration us={(untilUs ?? report.window.toUs) - sinceUs} />
            {untilUs === null ? ', not over' : ''}
          </span>
        </h3>
        {onZoom !== undefined && (
          <button
            type="button"
            class="quiet-button"
            aria-label="Narrow the window to this incident"
            onClick={() => onZoom(around(incident, report))}
          >
            Narrow to it
          </button>
        )}
      </header>
      <p class="lead">
        <Sentence parts={summary} onOpen={onOpen} />
      </p>
      <dl>
        {findings.length > 1 && (
          <>
            <dt>First</dt>
            <dd>
              <Sentence parts={because} onOpen={onOpen} />
            </dd>
          </>
        )}
        {finding.evidence.length > 0 && (
          <>
            <dt>Because</dt>
            <dd>
              <EvidenceList evidence={finding.evidence} />
            </dd>
          </>
        )}
        <dt>To do</dt>
        <dd>{finding.advice}</dd>
        {nodes.length > 0 && (
          <>
            <dt>Nodes</dt>
            <dd class="nodes">
              {nodes.map(({ node, role }) => (
                <span key={role + node}>
                  <NodeName node={node} />
                </span>
              ))}
            </dd>
          </>
        )}
      </dl>
      <Timeline incident={incident} opened={opened} onOpen={onOpen} />
    </article>
  );
}

function Timeline({
  incident: { context, timeline, timelineCount },
  opened,
  onOpen,
}: {
  incident: Incident;
  opened: boolean;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <details class="timeline" open={opened}>
      <summary>
        Timeline{' '}
        <span class="quiet">
          {context.length > 0 && `${String(context.length)} before, `}
          {timelineCount} {timelineCount === 1 ? 'line' : 'lines'}
        </span>
      </summary>
      <ol>
        {context.map((entry, index) => (
          <Line key={`before${String(index)}`} {...{ entry, onOpen }} before />
        ))}
        {timeline.map((entry, index) => (
          <Line key={index} {...{ entry, onOpen }} />
        ))}
      </ol>
      {timelineCount > timeline.length && (
        <p class="quiet">and {timelineCount - timeline.length} more</p>
      )}
    </details>
  );
}

function Line({
  entry: { atUs, kind, severity, parts },
  before = false,
  onOpen,
}: {
  entry: TimelineEntry;
  before?: boolean;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <li class={[kind, severity ?? '', before ? 'before' : ''].join(' ')}>
      <Clock us={atUs} />
      <span class="mark" aria-hidden="true">
        {severity === null ? (SIGNS[kind] ?? '·') : MARKS[severity]}
      </span>
      <span>
        {before && <span class="tag">before</span>} {severity !== null && <b>{severity}: </b>}
        <Sentence parts={parts} onOpen={onOpen} />
      </span>
    </li>
  );
}

const SIGNS: Readonly<Partial<Record<TimelineEntry['kind'], string>>> = {
  finding_ended: '✓',
  ddl: '✎',
  connections_lost: '×',
  connections_back: '↺',
  shutdown_said: '×',
  capture_loss: '?',
};
