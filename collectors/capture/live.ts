/** Opens interfaces for live capture through the best backend that works here, and says which one and why. */
import { MirrorSqlError } from '../../src/core/errors.ts';
import { addonPath, AfPacketRing } from './afpacket/ring.ts';
import type { LiveOptions, LiveSource } from './live-source.ts';
import { compileFilter, TcpdumpPipe } from './tcpdump.ts';

export const BACKENDS = ['auto', 'afpacket', 'tcpdump'] as const;
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
}

/**
 * The ring of our own addon where it was built and may be opened, else tcpdump. Without the right to capture tcpdump is
 * tried all the same: the right may be given to its file alone.
 * @throws MirrorSqlError MSQL_LIVE_PERMISSION, MSQL_LIVE_INTERFACE, MSQL_LIVE_BACKEND
 */
export async function openLive(request: LiveRequest): Promise<LiveCapture> {
  const backend = request.backend ?? 'auto';
  const addon = addonPath();
  if (backend === 'tcpdump') return throughTcpdump(request, 'asked for by --backend');
  if (addon === undefined) {
    if (backend === 'auto') return throughTcpdump(request, 'the AF_PACKET addon is not built here');
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', 'the AF_PACKET addon is not built here');
  }
  try {
    const sources = await openAll(request, async (name) => {
      const program =
        request.filter === undefined ? undefined : await compileFilter(name, request.filter);
      return new AfPacketRing(addon, name, request, program);
    });
    const reason =
      backend === 'auto'
        ? 'the kernel hands packets over without a copy, and counts what it drops'
        : 'asked for by --backend';
    return { sources, backend: 'afpacket', reason };
  } catch (error) {
    const refused = error instanceof MirrorSqlError && error.code === 'MSQL_LIVE_PERMISSION';
    if (backend !== 'auto' || !refused) throw error;
    return throughTcpdump(request, 'this process may not capture by itself');
  }
}

async function throughTcpdump(request: LiveRequest, reason: string): Promise<LiveCapture> {
  if (request.fanoutGroup !== undefined) {
    throw new MirrorSqlError('MSQL_LIVE_BACKEND', 'tcpdump cannot share traffic among workers');
  }
  const sources = await openAll(request, (name) => TcpdumpPipe.open(name, request, request.filter));
  return { sources, backend: 'tcpdump', reason };
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
