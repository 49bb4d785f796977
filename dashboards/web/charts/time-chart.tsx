/**
 * One chart over time. All charts of a page share one cursor; a stretch dragged with the mouse, or marked with
 * Shift and the arrow keys, becomes the page's window. Steps where the capture lost bytes are hatched.
 */
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Window } from '../../../src/server/contract.ts';
import { formatClock, formatWindow, trimmed, type Zone } from '../format.ts';
import { ThemeContext, ZoneContext } from '../preferences.ts';

export interface Line {
  readonly label: string;
  /** A custom property of style.css, such as --series-1. */
  readonly color: string;
  /** One value a step; null where there is nothing to say, which leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly look?: 'line' | 'area' | 'thin' | 'bars';
}

export interface TimeChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly startsUs: readonly number[];
  readonly stepUs: number;
  readonly window: Window;
  readonly format: (value: number) => string;
  /** Bytes lost in each step; those above zero are hatched. */
  readonly lost?: readonly number[];
  /** Bars stand on each other, first line lowest. */
  readonly stacked?: boolean;
  /** Values are whole numbers, and so are the ticks. */
  readonly whole?: boolean;
  readonly logarithmic?: boolean;
  readonly height?: number;
  readonly onZoom?: ((window: Window) => void) | undefined;
  readonly children?: preact.ComponentChildren;
}

const WHOLE_STEPS = Array.from({ length: 15 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();
const CURSORS_KEY = 'mirrorsql';
const HEIGHT = 150;
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot names it by a const enum of its types, which exists nowhere at run time
const LOGARITHMIC = 3 as uPlot.Scale.Distr;
/** A shorter drag is a click. */
const DRAG_PX_MIN = 6;

export function TimeChart(props: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [index, setIndex] = useState<number | null>(null);
  const zone = useContext(ZoneContext);
  const theme = useContext(ThemeContext);
  const marked = useMarking(plot, props);
  const startUs = index === null ? undefined : props.startsUs[index];
  // The chart lives longer than one rendering, so it asks for the newest properties when something happens.
  const newest = useRef(props);
  newest.current = props;

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const chart = new uPlot(
      optionsOf(newest, zone, element.clientWidth, setIndex),
      dataOf(props),
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== chart.width) {
        chart.setSize({ width: element.clientWidth, height: props.height ?? HEIGHT });
      }
    });
    observer.observe(element);
    // Printing changes the colours (preferences.ts); the canvas must follow before the page is laid out.
    const redraw = () => chart.redraw(false);
    addEventListener('beforeprint', redraw);
    addEventListener('afterprint', redraw);
    return () => {
      removeEventListener('beforeprint', redraw);
      removeEventListener('afterprint', redraw);
      observer.disconnect();
      chart.destroy();
    };
  }, [props.lines, props.logarithmic, props.window, zone, theme]);

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        {props.children}
        <span class="legend-time">
          {startUs === undefined ? 'peak' : formatClock(startUs, zone)}
        </span>
        <Legend {...props} index={index} />
      </figcaption>
      <div
        class="chart-plot"
        ref={host}
        role="group"
        tabIndex={0}
        aria-label={`${props.title}, ${summaryOf(props, zone)}`}
        onKeyDown={marked}
      />
    </figure>
  );
}

/** What each line's value is under the cursor, or its peak while there is no cursor. */
function Legend({ lines, format, index, title }: TimeChartProps & { index: number | null }) {
  return (
    <span class="legend">
      {lines.map((line) => {
        const value = index === null ? peakOf(line.values) : (line.values[index] ?? null);
        return (
          <span class="legend-item" key={`${title}${line.label}`}>
            <i
              class={line.look === 'bars' ? 'swatch bar' : 'swatch'}
              style={{ background: `var(${line.color})` }}
            />
            {line.label}
            <b>{value === null ? '–' : format(value)}</b>
          </span>
        );
      })}
    </span>
  );
}

function peakOf(values: readonly (number | null)[]): number | null {
  let peak: number | null = null;
  for (const value of values) if (value !== null && (peak === null || value > peak)) peak = value;
  return peak;
}

function summaryOf({ lines, format, window, onZoom }: TimeChartProps, zone: Zone): string {
  const peaks = lines.map((line) => {
    const peak = peakOf(line.values);
    return `${line.label} at most ${peak === null ? 'unknown' : format(peak)}`;
  });
  const keys = onZoom === undefined ? '' : '. Arrow keys move, Shift marks, Enter zooms';
  return `${formatWindow(window, zone)}: ${peaks.join(', ')}${keys}`;
}

/** Arrow keys move the cursor, Shift+arrow marks a stretch, Enter zooms into it, Escape lets go. */
function useMarking(
  plot: { current: uPlot | undefined },
  { startsUs, stepUs, onZoom }: TimeChartProps,
) {
  const anchor = useRef<number | undefined>(undefined);
  return (event: KeyboardEvent) => {
    const chart = plot.current;
    if (chart === undefined || startsUs.length === 0) return;
    const at = chart.cursor.idx ?? 0;
    const place = (index: number) => chart.valToPos(chart.data[0][index] ?? 0, 'x');
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const next = Math.min(
        startsUs.length - 1,
        Math.max(0, at + (event.key === 'ArrowLeft' ? -1 : 1)),
      );
      anchor.current = event.shiftKey ? (anchor.current ?? at) : undefined;
      chart.setCursor({ left: place(next), top: 1 });
      const [a, b] = [place(anchor.current ?? next), place(next)];
      chart.setSelect(
        { left: Math.min(a, b), width: Math.abs(a - b), top: 0, height: chart.over.clientHeight },
        false,
      );
      event.preventDefault();
    } else if (event.key === 'Enter' && anchor.current !== undefined && onZoom !== undefined) {
      const from = startsUs[Math.min(anchor.current, at)];
      const to = startsUs[Math.max(anchor.current, at)];
      anchor.current = undefined;
      if (from !== undefined && to !== undefined) onZoom({ fromUs: from, toUs: to + stepUs });
    } else if (event.key === 'Escape') {
      anchor.current = undefined;
      chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      chart.setCursor({ left: -10, top: -10 });
    }
  };
}

/** Points stand in the middle of their step. Stacked lines are added up, the tallest first, so that lower ones cover it. */
function dataOf({ lines, startsUs, stepUs, stacked }: TimeChartProps): uPlot.AlignedData {
  const times = startsUs.map((startUs) => (startUs + stepUs / 2) / 1e6);
  if (stacked !== true) return [times, ...lines.map((line) => [...line.values])];
  const sums: number[][] = [];
  for (const line of lines) {
    const below = sums.at(-1);
    sums.push(line.values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return [times, ...sums.reverse()];
}

function optionsOf(
  newest: { readonly current: TimeChartProps },
  zone: Zone,
  width: number,
  setIndex: (index: number | null) => void,
): uPlot.Options {
  const { window, format, height = HEIGHT, stacked, logarithmic, onZoom } = newest.current;
  const lines = stacked === true ? [...newest.current.lines].reverse() : newest.current.lines;
  const axis: uPlot.Axis = {
    stroke: () => colorOf('--ink-3'),
    grid: { stroke: () => colorOf('--grid'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => zonedDate(seconds, zone),
    scales: {
      x: { time: true, range: () => [window.fromUs / 1e6, window.toUs / 1e6] },
      y:
        logarithmic === true
          ? { distr: LOGARITHMIC, range: (_chart, low, high) => logRange(low, high) }
          : { range: (_chart, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 6,
        space: 70,
        values: (_chart, splits, _axis, _space, step) => clockTexts(splits, step, zone),
      },
      {
        ...axis,
        // Of a logarithmic scale only the powers of ten have a line.
        grid: { ...axis.grid, filter: (_chart, splits) => splits.map(logarithmic ? tenth : same) },
        size: axisWidth,
        ...(newest.current.whole === true && { incrs: WHOLE_STEPS }),
        gap: 4,
        space: 30,
        // A logarithmic scale passes null for ticks that carry no text.
        values: (_chart, splits: readonly (number | null)[]) =>
          splits.map((value) => (value === null ? '' : trimmed(format(value)))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line))],
    cursor: {
      y: false,
      points: { size: 5 },
      drag: { x: onZoom !== undefined, y: false, setScale: false },
      sync: {
        key: CURSORS_KEY,
        filters: { pub: (type) => type !== 'mousedown' && type !== 'mouseup' },
      },
    },
    hooks: {
      setCursor: [(chart) => setIndex(chart.cursor.idx ?? null)],
      setSelect: [(chart) => zoomTo(chart, newest.current)],
      drawClear: [(chart) => hatchLost(chart, newest.current)],
    },
  };
}

const clockFormat = {
  day: uPlot.fmtDate('{DD} {MMM}'),
  minute: uPlot.fmtDate('{HH}:{mm}'),
  second: uPlot.fmtDate('{HH}:{mm}:{ss}'),
};

function zonedDate(seconds: number, zone: Zone): Date {
  const date = new Date(seconds * 1e3);
  return zone === 'utc' ? uPlot.tzDate(date, 'Etc/UTC') : date;
}

/** 24-hour clock; seconds only where ticks are closer than a minute, the day only where they are a day apart. */
function clockTexts(splits: readonly number[], step: number, zone: Zone): string[] {
  const form =
    step >= 86_400 ? clockFormat.day : step < 60 ? clockFormat.second : clockFormat.minute;
  return splits.map((seconds) => form(zonedDate(seconds, zone)));
}

/** Most axes are this wide, so that charts below each other begin at the same place; only a longer text widens its own. */
const AXIS_PX_MIN = 58;
const CHARACTER_PX = 6.5;

/** Before the first layout there are no texts, and a logarithmic scale has ticks without. */
function axisWidth(_chart: uPlot, texts: readonly (string | null)[] | null): number {
  const longest = Math.max(0, ...(texts ?? []).map((text) => text?.length ?? 0));
  return Math.max(AXIS_PX_MIN, longest * CHARACTER_PX + 8);
}

const same = (value: number) => value;
const tenth = (value: number) => (Number.isInteger(Math.log10(value)) ? value : null);

function logRange(low: number, high: number): [number, number] {
  const bottom = Math.max(1, low);
  return [
    10 ** Math.floor(Math.log10(bottom)),
    10 ** Math.ceil(Math.log10(Math.max(high, bottom * 10))),
  ];
}

function seriesOf(line: Line): uPlot.Series {
  const stroke = () => colorOf(line.color);
  if (line.look === 'bars') {
    const bars = uPlot.paths.bars?.({ size: [0.9, 40, 1], align: 0 });
    return {
      stroke,
      fill: stroke,
      width: 0,
      points: { show: false },
      ...(bars && { paths: bars }),
    };
  }
  return {
    stroke,
    width: line.look === 'thin' ? 1 : 1.5,
    ...(line.look === 'area' && {
      fill: () => `color-mix(in srgb, ${colorOf(line.color)} 14%, transparent)`,
    }),
    spanGaps: false,
    points: {
      show: false,
      filter: (chart, series) => loneValues(chart.data[series] ?? []),
      size: 4,
    },
  };
}

/** Where a value stands between gaps, and a line would be invisible. */
function loneValues(values: ArrayLike<number | null | undefined>): number[] {
  const isGap = (index: number) => typeof values[index] !== 'number';
  return Array.from(values, (_, index) => index).filter(
    (index) => !isGap(index) && isGap(index - 1) && isGap(index + 1),
  );
}

function zoomTo(chart: uPlot, { onZoom, window }: TimeChartProps): void {
  const { left, width } = chart.select;
  if (width < DRAG_PX_MIN || onZoom === undefined) return;
  const fromUs = Math.round(chart.posToVal(left, 'x') * 1e6);
  const toUs = Math.round(chart.posToVal(left + width, 'x') * 1e6);
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  onZoom({ fromUs: Math.max(window.fromUs, fromUs), toUs: Math.min(window.toUs, toUs) });
}

function hatchLost(chart: uPlot, { lost, startsUs, stepUs }: TimeChartProps): void {
  const pattern = hatching(chart.ctx);
  if (lost === undefined || pattern === null) return;
  const { left, top, width, height } = chart.bbox;
  const edge = (timeUs: number) =>
    Math.min(left + width, Math.max(left, chart.valToPos(timeUs / 1e6, 'x', true)));
  chart.ctx.save();
  chart.ctx.fillStyle = pattern;
  for (const [index, startUs] of startsUs.entries()) {
    if ((lost[index] ?? 0) === 0) continue;
    const start = edge(startUs);
    // One pixel at least: a short loss in a long window must not vanish.
    chart.ctx.fillRect(
      start,
      top,
      Math.max(devicePixelRatio, edge(startUs + stepUs) - start),
      height,
    );
  }
  chart.ctx.restore();
}

function hatching(context: CanvasRenderingContext2D): CanvasPattern | null {
  const size = Math.round(6 * devicePixelRatio);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return null;
  pen.strokeStyle = colorOf('--lost');
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}

function colorOf(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
