/** Opens interfaces for live capture through the best backend that works here, and says which one and why. */
import { type ErrorCode, MirrorSqlError } from '../../src/core/errors.ts';
import { addonPath, AfPacketRing, hasEthernetHeader } from './afpacket/ring.ts';
import { CapPipe } from './cap/cap.ts';
import { loadCap } from './cap/cap-package.ts';
import type { LiveOptions, LiveSource } from './live-source.ts';
import { MergedSources } from './merged.ts';
import { ReturningSource } from './returning.ts';
import { compileFilter, TcpdumpPipe } from './tcpdump.ts';

export const BACKENDS = ['auto', 'afpacket', 'tcpdump', 'cap'] as const;
export type Backend = (typeof BACKENDS)[number];

export interface LiveRequest extends LiveOptions {
  readonly interfaces: readonly string[];
  /** In the language of pcap-filter(7); compiled by tcpdump, applied in the kernel. */
  readonly filter?: string;
  /** `auto` when not given. */
  readonly backend?: Backend;
  /** Is told, in words, when a capture ends by itself and when it goes on. */
  readonly onInterruption?: (text: string) => void;
}

export interface LiveCapture {
  readonly source: LiveSource;
  readonly backend: Exclude<Backend, 'auto'>;
  /** Why this backend, in one clause. */
  readonly reason: string;
  /** Packets carry the time at which they came to us, not that of the kernel. */
  readonly timedOnArrival: boolean;
  /** Each socket of the fan-out group gets its share only; else each gets everything. */
  readonly sharedByKernel: boolean;
}

/** The kernel hands over a block of the ring after 10 ms at the latest, cap each packet at once. */
const WINDOW_US = 100_000;
/** tcpdump writes what it holds back when it has been asked to, after a quiet second. */
const TCPDUMP_WINDOW_US = 2_500_000;
/** All interfaces at once; a name of libpcap's. */
const ANY = 'any';

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
  const any = request.interfaces.includes(ANY);
  let reason = any ? `afpacket knows no interface ${ANY}` : 'the AF_PACKET addon is not built here';
  try {
    if (addonPath() !== undefined && !any) {
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
  if (request.interfaces.includes(ANY)) {
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', `afpacket knows no interface ${ANY}`);
  }
  const open = async (name: string, fanoutGroup: number | undefined): Promise<LiveSource> => {
    const program = await filterFor(addon, name, request.filter);
    const options = {
      bufferBytes: request.bufferBytes,
      ...(fanoutGroup === undefined ? {} : { fanoutGroup }),
    };
    return new AfPacketRing(addon, name, options, program);
  };
  const source = await openAll(request, WINDOW_US, open);
  const sharedByKernel = request.fanoutGroup !== undefined;
  return { source, backend: 'afpacket', reason, timedOnArrival: false, sharedByKernel };
}

async function filterFor(
  addon: string,
  name: string,
  filter: string | undefined,
): Promise<Buffer | undefined> {
  if (filter === undefined) return undefined;
  const ethernet = hasEthernetHeader(addon, name);
  if (ethernet === undefined) {
    throw new MirrorSqlError('MSQL_LIVE_INTERFACE', `there is no interface ${name}`);
  }
  return compileFilter(name, filter, ethernet);
}

async function throughTcpdump(request: LiveRequest, reason: string): Promise<LiveCapture> {
  const open = (name: string) => TcpdumpPipe.open(name, request, request.filter);
  const source = await openAll(request, TCPDUMP_WINDOW_US, open);
  return { source, backend: 'tcpdump', reason, timedOnArrival: false, sharedByKernel: false };
}

async function throughCap(request: LiveRequest, reason: string): Promise<LiveCapture> {
  if (loadCap() === undefined) {
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', 'the package cap is not installed here');
  }
  const open = (name: string) => CapPipe.open(name, request, request.filter);
  const source = await openAll(request, WINDOW_US, open);
  return { source, backend: 'cap', reason, timedOnArrival: true, sharedByKernel: false };
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof MirrorSqlError && error.code === code;
}

/** All, or none: one that fails closes the others. Each comes back when its interface does. */
async function openAll(
  request: LiveRequest,
  windowUs: number,
  open: (name: string, fanoutGroup: number | undefined) => Promise<LiveSource>,
): Promise<LiveSource> {
  const tell = request.onInterruption ?? (() => undefined);
  const sources: LiveSource[] = [];
  try {
    for (const [index, name] of request.interfaces.entries()) {
      // A group belongs to one interface.
      const group = request.fanoutGroup === undefined ? undefined : request.fanoutGroup + index;
      const begin = (): Promise<LiveSource> => open(name, group);
      sources.push(new ReturningSource(name, await begin(), begin, tell));
    }
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  const [only] = sources;
  return only !== undefined && sources.length === 1
    ? only
    : new MergedSources(sources, { windowUs });
}
