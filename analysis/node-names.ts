/** What people call the nodes of a window. */
import type { ChannelFacts, EdgeFacts } from '../src/events/facts.ts';
import { hostOf } from './settings.ts';

/** Undefined where nobody named the node. An endpoint of a named host is the host's name with its port. */
export function nameOf(names: ReadonlyMap<string, string>, node: string): string | undefined {
  const own = names.get(node);
  if (own !== undefined) return own;
  const host = hostOf(node);
  const ofHost = host === '' ? undefined : names.get(host);
  return ofHost === undefined ? undefined : `${ofHost}${node.slice(host.length)}`;
}

/** The names of all nodes that the facts speak of, by address; those without a name are left out. */
export function namesIn(
  names: ReadonlyMap<string, string>,
  edges: readonly EdgeFacts[],
  channels: readonly ChannelFacts[],
): Record<string, string> {
  const found: Record<string, string> = {};
  if (names.size === 0) return found;
  for (const { client, server } of [...edges, ...channels]) {
    for (const node of [client, server]) {
      const name = nameOf(names, node);
      if (name !== undefined) found[node] = name;
    }
  }
  return found;
}
