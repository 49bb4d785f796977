/** Small pieces that say one value: each writes what is not known as a dash, and the exact number as a tooltip. */
import { useContext } from 'preact/hooks';
import {
  formatClock,
  formatCount,
  formatDuration,
  formatExact,
  formatShare,
  formatTime,
} from '../format.ts';
import { ZoneContext } from '../preferences.ts';

const UNKNOWN = <span class="unknown">–</span>;

export function Count({ value, quietZero = false }: { value: number | null; quietZero?: boolean }) {
  if (value === null) return UNKNOWN;
  if (value === 0 && quietZero) return <span class="unknown">0</span>;
  return (
    <span title={value >= 100_000 ? formatExact(value) : undefined}>{formatCount(value)}</span>
  );
}

export function Duration({ us }: { us: number | null }) {
  if (us === null) return UNKNOWN;
  return <span title={`${formatExact(us)} µs`}>{formatDuration(us)}</span>;
}

export function Share({ value }: { value: number | null }) {
  return value === null ? UNKNOWN : <span>{formatShare(value)}</span>;
}

/** A share with a bar that makes a column of them comparable at a glance. */
export function ShareBar({ value }: { value: number | null }) {
  if (value === null) return UNKNOWN;
  return (
    <span class="share-bar">
      <i aria-hidden="true">
        <i style={{ width: `${Math.min(100, value * 100)}%` }} />
      </i>
      {formatShare(value)}
    </span>
  );
}

/** Clock time; the date is in the tooltip. */
export function Clock({ us }: { us: number | null }) {
  const zone = useContext(ZoneContext);
  if (us === null) return UNKNOWN;
  return <time title={formatTime(us, zone)}>{formatClock(us, zone)}</time>;
}

export function Words({ text }: { text: string | null }) {
  return text === null || text === '' ? UNKNOWN : <span>{text}</span>;
}

/** A term with its definition, told on hover and on focus. */
export function Term({ children, about }: { children: preact.ComponentChildren; about: string }) {
  return (
    <span class="term" tabIndex={0}>
      {children}
      <span class="definition" role="tooltip">
        {about}
      </span>
    </span>
  );
}
