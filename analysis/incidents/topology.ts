/**
 * Which nodes belong together: a node to itself, an application to the databases that it talks to; and two applications that
 * share a database, where the same happens to both at the same time.
 */
import type { EdgeFacts } from '../../src/events/facts.ts';
import type { Finding } from '../../src/events/finding.ts';
import type { IncidentNode } from '../../src/events/incidents.ts';

export class Topology {
  /** Of each application its databases. */
  readonly #servers = new Map<string, Set<string>>();

  constructor(edges: readonly Pick<EdgeFacts, 'client' | 'server'>[]) {
    for (const { client, server } of edges) {
      const own = this.#servers.get(client) ?? new Set();
      this.#servers.set(client, own.add(server));
    }
  }

  talksTo(client: string, server: string): boolean {
    return this.#servers.get(client)?.has(server) ?? false;
  }

  /** Whether two findings are about the same node, or about an application and a database of its own. */
  related(a: Finding, b: Finding): boolean {
    if (a.node === null || b.node === null) return false;
    if (a.role === b.role) return a.node === b.node;
    return a.role === 'client' ? this.talksTo(a.node, b.node) : this.talksTo(b.node, a.node);
  }

  /** Whether two applications talk to one database. */
  shareDatabase(a: string, b: string): boolean {
    return [...(this.#servers.get(a) ?? [])].some((server) => this.talksTo(b, server));
  }
}

/** The nodes of findings, each once: databases first, then by name. */
export function nodesOf(findings: readonly Pick<Finding, 'node' | 'role'>[]): IncidentNode[] {
  const nodes = new Map<string, IncidentNode>();
  for (const { node, role } of findings)
    if (node !== null && role !== null) nodes.set(`${role} ${node}`, { node, role });
  return [...nodes.entries()]
    .sort(([a], [b]) => compare(serverFirst(a), serverFirst(b)))
    .map(([, node]) => node);
}

const serverFirst = (key: string) => key.replace(/^server/, '');
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
