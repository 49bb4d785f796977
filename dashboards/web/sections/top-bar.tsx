/** The bar that stays: what is shown, whether the capture is whole, and how it is written. */
import type { ComponentChildren } from 'preact';
import type { Report } from '../../../src/server/contract.ts';
import type { Theme } from '../preferences.ts';
import type { Zone } from '../format.ts';

export interface TopBarProps {
  readonly report: Report | undefined;
  readonly theme: Theme;
  readonly zone: Zone;
  readonly onTheme: (theme: Theme) => void;
  readonly onZone: (zone: Zone) => void;
  readonly children: ComponentChildren;
}

export function TopBar({ report, theme, zone, onTheme, onZone, children }: TopBarProps) {
  return (
    <header class="top-bar">
      <span class="brand">
        <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
          <path d="M7.25 1v14h1.5V1zM6 3 1 8l5 5zm4 0 5 5-5 5z" />
        </svg>
        MirrorSQL
      </span>
      {children}
      <span class="spacer" />
      {report !== undefined && <CaptureChip report={report} />}
      <button
        type="button"
        class="quiet-button"
        title="Times in UTC or in this computer's zone"
        onClick={() => onZone(zone === 'utc' ? 'local' : 'utc')}
      >
        {zone === 'utc' ? 'UTC' : 'local time'}
      </button>
      <button
        type="button"
        class="quiet-button icon"
        aria-label={theme === 'dark' ? 'Use light colours' : 'Use dark colours'}
        title={theme === 'dark' ? 'Light colours' : 'Dark colours'}
        onClick={() => onTheme(theme === 'dark' ? 'light' : 'dark')}
      >
        <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
          <path d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.5v11a5.5 5.5 0 0 1 0-11z" />
        </svg>
      </button>
    </header>
  );
}

/** Whether all was seen: always in sight, and the way to what was missed. */
function CaptureChip({ report: { capture } }: { report: Report }) {
  const unknown = !capture.complete && capture.packets === 0;
  return (
    <button
      type="button"
      class={capture.complete ? 'chip' : 'chip incomplete'}
      title={capture.verdict}
      onClick={() => document.getElementById('capture')?.scrollIntoView({ block: 'start' })}
    >
      <span aria-hidden="true">{capture.complete ? '●' : '▲'}</span>
      {capture.complete
        ? 'all was seen'
        : unknown
          ? 'not known what was missed'
          : 'not all was seen'}
    </button>
  );
}
