/**
 * The states of one node over the window, as a strip. What is well is a thin line, what is not fills the height and has a
 * pattern of its own and, where there is room, its word: nothing depends on colour. One stop of the keyboard, inside it the
 * arrow keys go from state to state; what is pointed at is told below the strips.
 */
import { useContext, useId } from 'preact/hooks';
import type { HealthInterval, Window } from '../../../src/server/contract.ts';
import { formatClock, formatDuration } from '../format.ts';
import { ZoneContext } from '../preferences.ts';

export const STATE_WORDS: Readonly<Record<HealthInterval['state'], string>> = {
  unknown: 'unknown',
  down: 'down',
  hang: 'hang',
  slow: 'slow',
  jitter: 'jitter',
  sub_healthy: 'sub-healthy',
  idle: 'idle',
  healthy: 'healthy',
};

export interface StateStripProps {
  readonly label: string;
  /** In order of time. */
  readonly intervals: readonly HealthInterval[];
  readonly window: Window;
  readonly extent: Window;
  /** The interval that is told below; undefined when it is of another strip, or none is. */
  readonly chosen: HealthInterval | undefined;
  readonly onChoose: (interval: HealthInterval) => void;
  readonly onZoom: ((window: Window) => void) | undefined;
}

export function StateStrip(props: StateStripProps) {
  const { label, intervals, window, extent, chosen, onChoose, onZoom } = props;
  const id = useId();
  const zone = useContext(ZoneContext);
  const at = chosen === undefined ? -1 : intervals.indexOf(chosen);
  const move = (to: number) => {
    const next = intervals[Math.max(0, Math.min(intervals.length - 1, to))];
    if (next !== undefined) onChoose(next);
  };
  return (
    <div
      class="strip"
      role="listbox"
      aria-label={`States of ${label}`}
      aria-orientation="horizontal"
      tabIndex={0}
      aria-activedescendant={at < 0 ? undefined : `${id}-${String(at)}`}
      onFocus={() => {
        if (at < 0) move(worstOf(intervals));
      }}
      onKeyDown={(event) => {
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: Infinity }[event.key];
        if (to !== undefined) {
          event.preventDefault();
          move(to);
        } else if (event.key === 'Enter' && chosen !== undefined && onZoom !== undefined) {
          onZoom(around(chosen, { window, extent }));
        }
      }}
    >
      {intervals.map((interval, index) => {
        const [left, right] = edgesOf(interval, window);
        const words = `${STATE_WORDS[interval.state]}, ${formatClock(interval.sinceUs, zone)}, ${formatDuration((interval.untilUs ?? window.toUs) - interval.sinceUs)}`;
        return (
          <div
            key={index}
            id={`${id}-${String(index)}`}
            role="option"
            aria-selected={index === at}
            aria-label={words}
            class={`state ${interval.state}`}
            style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }}
            onMouseEnter={() => onChoose(interval)}
            onClick={() => onChoose(interval)}
          >
            {interval.state !== 'healthy' && interval.state !== 'idle' && (
              <span aria-hidden="true">{STATE_WORDS[interval.state]}</span>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Where to begin reading: the first state that is not well. */
function worstOf(intervals: readonly HealthInterval[]): number {
  const ill = intervals.findIndex(({ state }) => state !== 'healthy' && state !== 'idle');
  return Math.max(0, ill);
}

/** From 0, the start of the window, to 1, its end. */
function edgesOf({ sinceUs, untilUs }: HealthInterval, { fromUs, toUs }: Window): [number, number] {
  const share = (timeUs: number) => Math.min(1, Math.max(0, (timeUs - fromUs) / (toUs - fromUs)));
  return [share(sinceUs), share(untilUs ?? toUs)];
}

/** A stretch of time with what surrounds it, as far as there is data: as much as it is long, half a minute to five minutes. */
export function around(
  { sinceUs, untilUs }: { sinceUs: number; untilUs: number | null },
  { window, extent }: { window: Window; extent: Window },
): Window {
  const endUs = untilUs ?? window.toUs;
  const marginUs = Math.min(300e6, Math.max(30e6, endUs - sinceUs));
  return {
    fromUs: Math.floor(Math.max(extent.fromUs, sinceUs - marginUs)),
    toUs: Math.ceil(Math.min(extent.toUs, endUs + marginUs / 2)),
  };
}
