/** The states of the nodes over the window, one strip a node, the worst first; and the numbers behind the one pointed at. */
import { useContext, useState } from 'preact/hooks';
import { around, STATE_WORDS, StateStrip } from '../charts/state-strip.tsx';
import type { HealthInterval, Report, Window } from '../../../src/server/contract.ts';
import { formatClock, formatDuration } from '../format.ts';
import { EvidenceList } from '../parts/evidence.tsx';
import { NamesContext, NodeName } from '../parts/node-name.tsx';
import { PlainHealth } from '../parts/plain-health.tsx';
import { Clock, Duration } from '../parts/values.tsx';
import { ZoneContext } from '../preferences.ts';
import { Section } from './section.tsx';

/** Nodes shown before the reader asks for all: the worst stand first. */
const SHOWN = 8;

export interface HealthProps {
  readonly report: Report;
  readonly onZoom?: ((window: Window) => void) | undefined;
}

export function Health({ report, onZoom }: HealthProps) {
  const [all, setAll] = useState(false);
  const [chosen, setChosen] = useState<HealthInterval>();
  const names = useContext(NamesContext);
  const nodes = stripsOf(report.health);
  const shown = all ? nodes : nodes.slice(0, SHOWN);
  const { window, extent } = report;
  return (
    <Section id="health" title="Health" note={noteOf(report.health, nodes.length)}>
      {nodes.length === 0 ? (
        <p class="empty">No node was seen in this window.</p>
      ) : (
        <>
          <div class="strips">
            {report.incidents.length > 0 && <IncidentMarks report={report} onZoom={onZoom} />}
            {shown.map((intervals) => {
              const [{ node, role } = NOBODY] = intervals;
              return (
                <div class="strip-row" key={`${role}${node}`}>
                  <span class="strip-name">
                    <NodeName node={node} />{' '}
                    <span class="quiet">{role === 'server' ? 'database' : 'application'}</span>
                  </span>
                  <StateStrip
                    label={names[node] ?? node}
                    {...{ intervals, window, extent, onZoom }}
                    chosen={chosen !== undefined && intervals.includes(chosen) ? chosen : undefined}
                    onChoose={setChosen}
                  />
                </div>
              );
            })}
            <Ticks window={window} />
          </div>
          <Legend health={report.health} />
          {chosen !== undefined && report.health.includes(chosen) && (
            <Told interval={chosen} endUs={window.toUs} />
          )}
          {nodes.length > SHOWN && (
            <button type="button" class="more" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? `Show the first ${SHOWN}` : `Show all ${nodes.length}`}
            </button>
          )}
          <PlainHealth report={report} />
        </>
      )}
    </Section>
  );
}

const NOBODY = { node: '', role: 'server' } as const;

/** The intervals of each node, in the order of the report. */
function stripsOf(health: readonly HealthInterval[]): HealthInterval[][] {
  const strips = new Map<string, HealthInterval[]>();
  for (const interval of health) {
    const key = `${interval.role} ${interval.node}`;
    const known = strips.get(key);
    if (known === undefined) strips.set(key, [interval]);
    else known.push(interval);
  }
  return [...strips.values()];
}

function noteOf(health: readonly HealthInterval[], nodes: number): string {
  const learning = health.some((one) => one.learning);
  const ill = health.some(({ state }) => state !== 'healthy' && state !== 'idle');
  return [
    `${String(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`,
    ...(ill || nodes === 0 ? [] : ['healthy all the time']),
    ...(learning ? ['some known for less than half an hour, judged by fixed thresholds'] : []),
  ].join('; ');
}

/** Where the incidents lie above the strips. */
function IncidentMarks({ report, onZoom }: HealthProps) {
  const { incidents, window } = report;
  const zone = useContext(ZoneContext);
  const share = (timeUs: number) =>
    (100 * (Math.min(timeUs, window.toUs) - window.fromUs)) / (window.toUs - window.fromUs);
  return (
    <div class="strip-row">
      <span class="strip-name quiet">incidents</span>
      <div class="strip marks">
        {incidents.map((incident) => {
          const endUs = incident.untilUs ?? window.toUs;
          const place = {
            left: `${share(incident.sinceUs)}%`,
            width: `${share(endUs) - share(incident.sinceUs)}%`,
          };
          const label = `Incident, ${incident.severity}, ${formatClock(incident.sinceUs, zone)}, ${formatDuration(endUs - incident.sinceUs)}`;
          return (
            <button
              key={incident.id}
              type="button"
              class={`mark-of ${incident.severity}`}
              style={place}
              title={label}
              aria-label={onZoom === undefined ? label : `${label}: narrow the window to it`}
              disabled={onZoom === undefined}
              onClick={() => onZoom?.(around(incident, report))}
            />
          );
        })}
      </div>
    </div>
  );
}

function Ticks({ window: { fromUs, toUs } }: { window: Window }) {
  return (
    <div class="strip-row ticks" aria-hidden="true">
      <span class="strip-name" />
      <span class="strip-times quiet">
        <Clock us={fromUs} />
        <Clock us={(fromUs + toUs) / 2} />
        <Clock us={toUs} />
      </span>
    </div>
  );
}

/** Only the states that there are. */
function Legend({ health }: { health: readonly HealthInterval[] }) {
  const present = new Set(health.map(({ state }) => state));
  const states = (Object.keys(STATE_WORDS) as HealthInterval['state'][]).filter((state) =>
    present.has(state),
  );
  return (
    <ul class="state-legend">
      {states.map((state) => (
        <li key={state}>
          <i class="strip" aria-hidden="true">
            <i class={`state ${state}`} />
          </i>
          {STATE_WORDS[state]}
        </li>
      ))}
    </ul>
  );
}

function Told({ interval, endUs }: { interval: HealthInterval; endUs: number }) {
  const { node, state, sinceUs, untilUs, evidence, learning } = interval;
  return (
    <p class="told" aria-live="polite">
      <b>
        <NodeName node={node} />
      </b>{' '}
      <b class={state === 'down' || state === 'hang' ? 'bad' : undefined}>{STATE_WORDS[state]}</b>{' '}
      from <Clock us={sinceUs} /> for <Duration us={(untilUs ?? endUs) - sinceUs} />
      {untilUs === null ? ', not over' : ''}
      {evidence.length > 0 && ': '}
      <EvidenceList evidence={evidence} />
      {learning && <span class="quiet"> (fixed thresholds)</span>}
    </p>
  );
}
