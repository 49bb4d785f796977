/** A window in which nobody was seen: one sentence and the way out, in place of a page of zeros. */
import { useContext } from 'preact/hooks';
import type { Report } from '../../../src/server/contract.ts';
import { formatWindow } from '../format.ts';
import { ZoneContext } from '../preferences.ts';

/** Whether every part of the report but what the capture missed would be empty. */
export function saysNothing(report: Report): boolean {
  const { overview, nodes, health, findings, channels, replication, sessionEvents } = report;
  const lists = [nodes, health, findings, channels, replication, sessionEvents];
  return overview.requests === 0 && lists.every((list) => list.length === 0);
}

export interface NothingSeenProps {
  readonly report: Report;
  /** Shows everybody, in the same window. Absent where no other view can be had. */
  readonly onEverybody?: (() => void) | undefined;
  /** Shows everybody, in all that is stored. */
  readonly onWhole?: (() => void) | undefined;
}

export function NothingSeen({ report, onEverybody, onWhole }: NothingSeenProps) {
  const zone = useContext(ZoneContext);
  const { window, extent, scope } = report;
  const { client, server, collector } = scope;
  const narrowed = [client, server, collector].some((name) => name !== undefined);
  const partial = window.fromUs > extent.fromUs || window.toUs < extent.toUs;
  return (
    <section class="nothing">
      <h1>
        Nothing was seen
        {client !== undefined && ` from ${client}`}
        {server !== undefined && ` to ${server}`}
        {collector !== undefined && ` by ${collector}`} in this window
      </h1>
      <p>
        {partial
          ? `Shown is ${formatWindow(window, zone)}, stored is ${formatWindow(extent, zone)}.`
          : `Shown is all that is stored, ${formatWindow(extent, zone)}.`}
      </p>
      <p>
        {narrowed && onEverybody !== undefined && (
          <button type="button" onClick={onEverybody}>
            Show everybody in this window
          </button>
        )}{' '}
        {partial && onWhole !== undefined && (
          <button type="button" onClick={onWhole}>
            Show all that is stored
          </button>
        )}
      </p>
    </section>
  );
}
