/** Opens interfaces for live capture through the best backend that works here, and says which one and why. */
import { type ErrorCode, MirrorSqlError } from '../../src/core/errors.ts';
import { addonPath, AfPacketRing } from './afpacket/ring.ts';
import { CapPipe } from './cap/cap.ts';
import { loadCap } from './cap/cap-package.ts';
import type { LiveOptions, LiveSource } from './live-source.ts';
import { compileFilter, TcpdumpPipe } from './tcpdump.ts';

export const BACKENDS = ['auto', 'afpacket', 'tcpdump', 'cap'] as const;
export type Backend = (typeof BACKENDS)[number];

export interface LiveRequest extends LiveOptions {
  readonly interfaces: readonly string[];
  /** In the language of pcap-filter(7); compiled by tcpdump, applied in the kernel. */
  readonly filter?: string;
  /** `auto` when not given. */
  readonly backend?: Backend;
}

export interface LiveCapture {
  /** One for each interface, in the order of the request. */
  readonly sources: readonly LiveSource[];
  readonly backend: Exclude<Backend, 'auto'>;
  /** Why this backend, in one clause. */
  readonly reason: string;
  /** Packets carry the time at which they came to us, not that of the kernel. */
  readonly timedOnArrival: boolean;
}

/**
 * The ring of our own addon where it was built and may be opened, else tcpdump, else cap. Without the right to capture
 * tcpdump is tried all the same: the right may be given to its file alone.
 * @throws MirrorSqlError MSQL_LIVE_PERMISSION, MSQL_LIVE_INTERFACE, MSQL_LIVE_BACKEND
 */
export async function openLive(request: LiveRequest): Promise<LiveCapture> {
  const asked = 'asked for by --backend';
  switch (request.backend ?? 'auto') {
    case 'afpacket':
      return throughRing(request, asked);
    case 'tcpdump':
      return throughTcpdump(request, asked);
    case 'cap':
      return throughCap(request, asked);
    case 'auto':
      return throughBest(request);
  }
}

async function throughBest(request: LiveRequest): Promise<LiveCapture> {
  let reason = 'the AF_PACKET addon is not built here';
  try {
    if (addonPath() !== undefined) {
      const why = 'the kernel hands packets over without a copy, and counts what it drops';
      return await throughRing(request, why);
    }
  } catch (error) {
    if (!isCode(error, 'MSQL_LIVE_PERMISSION')) throw error;
    reason = 'this process may not capture by itself';
  }
  try {
    return await throughTcpdump(request, reason);
  } catch (error) {
    // Not there, or it cannot begin: the last choice needs the same right as the first.
    if (!isCode(error, 'MSQL_LIVE_BACKEND') || loadCap() === undefined) throw error;
    return throughCap(request, `${reason}, and tcpdump: ${(error as MirrorSqlError).message}`);
  }
}

async function throughRing(request: LiveRequest, reason: string): Promise<LiveCapture> {
  const addon = addonPath();
  if (addon === undefined) {
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', 'the AF_PACKET addon is not built here');
  }
  const sources = await openAll(request, async (name) => {
    const program =
      request.filter === undefined ? undefined : await compileFilter(name, request.filter);
    return new AfPacketRing(addon, name, request, program);
  });
  return { sources, backend: 'afpacket', reason, timedOnArrival: false };
}

async function throughTcpdump(request: LiveRequest, reason: string): Promise<LiveCapture> {
  refuseFanout(request, 'tcpdump');
  const sources = await openAll(request, (name) => TcpdumpPipe.open(name, request, request.filter));
  return { sources, backend: 'tcpdump', reason, timedOnArrival: false };
}

async function throughCap(request: LiveRequest, reason: string): Promise<LiveCapture> {
  refuseFanout(request, 'cap');
  if (loadCap() === undefined) {
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', 'the package cap is not installed here');
  }
  const sources = await openAll(request, (name) => CapPipe.open(name, request, request.filter));
  return { sources, backend: 'cap', reason, timedOnArrival: true };
}

function refuseFanout({ fanoutGroup }: LiveRequest, backend: Backend): void {
  if (fanoutGroup === undefined) return;
  throw new MirrorSqlError('MSQL_LIVE_BACKEND', `${backend} cannot share traffic among workers`);
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof MirrorSqlError && error.code === code;
}

/** All, or none: one that fails closes the others. */
async function openAll(
  request: LiveRequest,
  open: (name: string) => Promise<LiveSource>,
): Promise<LiveSource[]> {
  const sources: LiveSource[] = [];
  try {
    for (const name of request.interfaces) sources.push(await open(name));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  return sources;
}
