/** Where the packets of `monitor` come from: interfaces, or a file in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openLive } from '../../../collectors/capture/live.ts';
import type { LiveSource } from '../../../collectors/capture/live-source.ts';
import { openCapture } from '../../../collectors/capture/open.ts';
import { PacedSource } from '../../../collectors/capture/paced.ts';
import type { Origin } from './options.ts';

const BUFFER_BYTES = 64 * 1024 * 1024;

export interface Feed {
  readonly source: LiveSource;
  /** What is captured, as the report names it. */
  readonly name: string;
  /** `afpacket`, `tcpdump`, `cap` or `file`. */
  readonly backend: string;
  /** Seconds of the capture in one of ours. */
  readonly speed: number;
  /** Through what, and why that. */
  readonly reason: string;
  /** It ends by itself. */
  readonly ends: boolean;
  /** It holds its share of the traffic only, as asked for by a fan-out group. */
  readonly sharedByKernel: boolean;
  /** Times are those at which packets were handed over, not those of the kernel. */
  readonly timedOnArrival: boolean;
  /** Microseconds since 1970 in the capture's time; undefined before it has begun. */
  readonly nowUs: () => number | undefined;
}

/** @throws MirrorSqlError when there is nothing to capture from */
export async function openFeed(origin: Origin, fanoutGroup?: number): Promise<Feed> {
  if (origin.kind === 'file') {
    const { path, speed } = origin;
    const source = new PacedSource(await openCapture(path), speed, {
      nowMs: () => performance.now(),
      wait: (ms) => sleep(ms),
    });
    return {
      source,
      name: path,
      backend: 'file',
      speed,
      reason: `playing ${path}`,
      ends: true,
      sharedByKernel: false,
      timedOnArrival: false,
      nowUs: () => source.captureNowUs,
    };
  }
  const { interfaces, backend, filter } = origin;
  const live = await openLive({
    interfaces,
    backend,
    bufferBytes: BUFFER_BYTES,
    onInterruption: (text) => process.stderr.write(`${text}\n`),
    ...(filter === undefined ? {} : { filter }),
    ...(fanoutGroup === undefined ? {} : { fanoutGroup }),
  });
  return {
    source: live.source,
    name: interfaces.join('+'),
    backend: live.backend,
    speed: 1,
    reason: `capturing on ${interfaces.join(', ')} through ${live.backend}: ${live.reason}`,
    ends: false,
    sharedByKernel: live.sharedByKernel,
    timedOnArrival: live.timedOnArrival,
    nowUs: () => Date.now() * 1000,
  };
}
