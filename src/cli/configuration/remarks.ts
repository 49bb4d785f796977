/** What a schema cannot say about a configuration: addresses that must be such, secrets that must not stand there. */
import { isIP } from 'node:net';
import { MirrorSqlError } from '../../core/errors.ts';
import { listenAddress } from '../../server/listen.ts';
import { serverAddress } from '../../store/server/server-address.ts';
import type { Configuration } from './schema.ts';

export interface Remark {
  readonly path: readonly string[];
  readonly message: string;
}

export function remarks({ store, server, nodes = [] }: Configuration): Remark[] {
  const found: Remark[] = nodeRemarks(nodes);
  if (server?.listen !== undefined) {
    const message = refusal(() => listenAddress(server.listen ?? ''));
    if (message !== undefined) found.push({ path: ['server', 'listen'], message });
  }
  if (store?.clickhouse !== undefined) {
    const message = urlRefusal(store.clickhouse);
    if (message !== undefined) found.push({ path: ['store', 'clickhouse'], message });
  }
  return found;
}

/** Addresses that are none, and names or addresses that stand twice. */
function nodeRemarks(nodes: NonNullable<Configuration['nodes']>): Remark[] {
  const seen = new Set<string>();
  return nodes.flatMap((node, index) => {
    const path = (key: string) => ['nodes', String(index), key];
    const found: Remark[] = [];
    if (!isEndpoint(node.address)) {
      found.push({
        path: path('address'),
        message: 'expected 10.0.0.1, 10.0.0.1:5432 or [::1]:5432',
      });
    }
    for (const key of ['name', 'address'] as const) {
      const identity = `${key} ${node[key]}`;
      if (seen.has(identity)) found.push({ path: path(key), message: 'it stands there twice' });
      seen.add(identity);
    }
    return found;
  });
}

function isEndpoint(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  return match !== null && isIP(match[1] ?? match[2] ?? '') !== 0 && Number(match[3]) <= 65_535;
}

function refusal(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof MirrorSqlError) return error.message;
    throw error;
  }
}

function urlRefusal(text: string): string | undefined {
  const message = refusal(() => serverAddress({ kind: 'server', url: text, directory: '' }));
  if (message !== undefined) return `expected an http:// or https:// address: ${message}`;
  if (!/^[^/]*\/\/[^/@]*:[^/@]*@/.test(text)) return undefined;
  return 'a password must not stand in the file: give the whole address in MIRRORSQL_CLICKHOUSE';
}
