/** What a schema cannot say about a configuration: addresses that must be such, secrets that must not stand there. */
import { MirrorSqlError } from '../../core/errors.ts';
import { listenAddress } from '../../server/listen.ts';
import { serverAddress } from '../../store/server/server-address.ts';
import type { Configuration } from './schema.ts';

export interface Remark {
  readonly path: readonly string[];
  readonly message: string;
}

export function remarks({ store, server }: Configuration): Remark[] {
  const found: Remark[] = [];
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
