/** What a schema cannot say about a configuration: addresses that must be such, secrets that must not stand there. */
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import { listenAddress } from '../../server/listen.ts';
import { serverAddress } from '../../store/server/server-address.ts';
import { nodeAddress } from './node-address.ts';
import type { Configuration } from './schema.ts';
import { withOverrides } from './thresholds.ts';

export interface Remark {
  readonly path: readonly string[];
  readonly message: string;
}

export function remarks({ store, server, nodes = [], thresholds }: Configuration): Remark[] {
  const found = [...nodeRemarks(nodes), ...thresholdRemarks(thresholds, nodes)];
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
    if (nodeAddress(node.address) === undefined) {
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

/** Overrides of nodes that nobody named, and limits the wrong way round. */
function thresholdRemarks(
  thresholds: Configuration['thresholds'],
  nodes: NonNullable<Configuration['nodes']>,
): Remark[] {
  const found: Remark[] = [];
  const names = new Set(nodes.map(({ name }) => name));
  const overrides = Object.entries(thresholds?.['per-node'] ?? {});
  for (const [node] of overrides) {
    if (names.has(node) || nodeAddress(node) !== undefined) continue;
    const message = 'expected an address, ADDRESS:PORT, or a name that stands under nodes';
    found.push({ path: ['thresholds', 'per-node', node], message });
  }
  const groups = [
    { path: ['thresholds', 'health'], group: thresholds?.health ?? {} },
    ...overrides.map(([node, own]) => ({
      path: ['thresholds', 'per-node', node],
      group: { ...thresholds?.health, ...own },
    })),
  ];
  for (const { path, group } of groups) {
    const { hangMinUs, hangMaxUs } = withOverrides(defaultHealthSettings, group);
    if (hangMinUs > hangMaxUs) found.push({ path, message: 'hang-min-ms is above hang-max-ms' });
  }
  return found;
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
