/** What the capture itself did in each second of capture time: the difference of the health counters between two seconds. */
import type { CaptureSecond, EventSink } from '../src/events/events.ts';
import type { Health } from './health.ts';

type Counts = Omit<CaptureSecond, 'secondUs' | 'reduction' | 'rowsLost'>;

export class CaptureSeconds {
  readonly #sink: EventSink;
  readonly #health: Health;
  #before: Counts;

  constructor(sink: EventSink, health: Health) {
    this.#sink = sink;
    this.#health = health;
    this.#before = countsOf(health);
  }

  /** Tells what came since the last call as that of the second that starts at `secondUs`. */
  write(secondUs: number): void {
    const { reduction } = this.#health;
    this.#health.noteSink(this.#sink.dropped?.());
    const now = countsOf(this.#health);
    const before = this.#before;
    const second = { ...now };
    let any = reduction;
    for (const name of NAMES) any += second[name] = now[name] - before[name];
    this.#before = now;
    if (any === 0) return;
    if (reduction > 0) this.#health.countReduced(secondUs);
    this.#sink.captureSecond?.({ ...second, secondUs, reduction, rowsLost: 0 });
  }
}

const NAMES = [
  'packets',
  'bytes',
  'kernelDrops',
  'kernelFreezes',
  'gaps',
  'lostBytes',
  'framesRefused',
  'cutPackets',
  'droppedByLimit',
  'statementsReduced',
] as const satisfies readonly (keyof Counts)[];

function countsOf(health: Health): Record<(typeof NAMES)[number], number> {
  let droppedByLimit = 0;
  for (const count of health.droppedByLimit.values()) droppedByLimit += count;
  return {
    packets: health.packets,
    bytes: health.bytes,
    kernelDrops: health.kernelDrops,
    kernelFreezes: health.kernelFreezes,
    gaps: health.gaps,
    lostBytes: health.lostBytes,
    framesRefused: health.framesRefused,
    cutPackets: health.cutPackets,
    droppedByLimit,
    statementsReduced: health.statementsReduced,
  };
}
