/**
 * Who reads a connection: decided by who opened it, by known ports, or by the first payload of a client on a port that
 * nobody has named. What is nobody's is counted as foreign.
 */
import type { Protocol, Session } from '../src/events/session.ts';
import type { Health } from './health.ts';
import type { Flow, FlowEnd, FlowReader } from './network/flow.ts';
import type { ConversationContext } from './protocols/conversation-context.ts';
import { PostgresConversation } from './protocols/postgres/conversation.ts';
import { looksLikeStartup } from './protocols/postgres/startup.ts';
import { offeredProtocols } from './protocols/tls/recognition.ts';

/** What a client asks for by ALPN that begins with TLS at once (PostgreSQL 17, sslnegotiation=direct). */
const DIRECT_TLS_PROTOCOL = 'postgresql';

/** PostgreSQL's registered port, and KingbaseES's default. */
export const KNOWN_PORTS: ReadonlyMap<number, Protocol> = new Map([
  [5432, 'postgres'],
  [54_321, 'postgres'],
]);

/**
 * The reader of a flow, or undefined when nobody reads it.
 * @param view its first payload, view[start, end), sent by endpoint `direction`; undefined at the handshake
 */
export class Detection {
  readonly #context: ConversationContext;
  readonly #ports: ReadonlyMap<number, Protocol>;

  constructor(context: ConversationContext, ports: ReadonlyMap<number, Protocol>) {
    this.#context = context;
    this.#ports = ports;
  }

  readerOf(flow: Flow): FlowReader | undefined {
    const server = this.#serverByPort(flow);
    if (server !== undefined) return this.#converse(flow, server);
    return new Undecided(flow, this.#context.health, (clientEndpoint) =>
      this.#converse(flow, clientEndpoint === 0 ? 1 : 0),
    );
  }

  /** The endpoint with a known port; when both have one, the one that was called. */
  #serverByPort(flow: Flow): 0 | 1 | undefined {
    const known = flow.ports.map((port) => this.#ports.has(port));
    if (known[0] !== true && known[1] !== true) return undefined;
    if (flow.opener !== -1) {
      const server = flow.opener === 0 ? 1 : 0;
      return known[server] === true ? server : undefined;
    }
    return known[1] === true ? 1 : 0;
  }

  #converse(flow: Flow, serverEndpoint: 0 | 1): FlowReader {
    const clientEndpoint = serverEndpoint === 0 ? 1 : 0;
    const session = sessionOf(flow, clientEndpoint, serverEndpoint, this.#context.collector);
    return new PostgresConversation(flow, session, clientEndpoint, this.#context, flow.firstUs);
  }
}

/** Waits for the first payload of the client on a port that says nothing. */
class Undecided implements FlowReader {
  readonly #flow: Flow;
  readonly #health: Health;
  readonly #decide: (clientEndpoint: 0 | 1) => FlowReader;
  #inner: FlowReader | undefined = undefined;

  constructor(flow: Flow, health: Health, decide: (clientEndpoint: 0 | 1) => FlowReader) {
    this.#flow = flow;
    this.#health = health;
    this.#decide = decide;
  }

  chunk(
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void {
    const inner = this.#inner;
    if (inner !== undefined) {
      inner.chunk(direction, bytes, view, start, end, tsUs);
      return;
    }
    const flow = this.#flow;
    // Every database that we know of this kind is spoken to first, in one packet that says what it is.
    const ours =
      looksLikeStartup(view, start, end) === 'yes' ||
      offeredProtocols(bytes, start, end).includes(DIRECT_TLS_PROTOCOL);
    if (flow.foreign || !ours) {
      flow.reader = undefined;
      flow.foreign = true;
      this.#health.foreignBytes += end - start;
      return;
    }
    this.#inner = this.#decide(direction);
    flow.reader = this.#inner;
    this.#inner.chunk(direction, bytes, view, start, end, tsUs);
  }

  gap(direction: 0 | 1, size: number, tsUs: number): void {
    this.#inner?.gap(direction, size, tsUs);
  }

  tellOpen(tsUs: number): void {
    this.#inner?.tellOpen?.(tsUs);
  }

  end(reason: FlowEnd, endpoint: 0 | 1 | -1, tsUs: number): void {
    this.#inner?.end(reason, endpoint, tsUs);
  }
}

/** The same flow at the same time gives the same id, whenever that collector reads it; another collector's is another. */
function sessionOf(
  flow: Flow,
  clientEndpoint: 0 | 1,
  serverEndpoint: 0 | 1,
  collector: string,
): Session {
  const clientAddress = flow.addresses[clientEndpoint];
  const serverAddress = flow.addresses[serverEndpoint];
  const [idHigh, idLow] = hashOf(clientAddress, serverAddress, [
    flow.ports[clientEndpoint],
    flow.ports[serverEndpoint],
    Math.floor(flow.firstUs / 2 ** 32),
    flow.firstUs >>> 0,
    ...Buffer.from(collector),
    ...(flow.scope === 0 ? [] : [flow.scope]),
  ]);
  return {
    idHigh,
    idLow,
    id: idHigh.toString(16).padStart(8, '0') + idLow.toString(16).padStart(8, '0'),
    protocol: 'postgres',
    dialect: undefined,
    clientAddress,
    serverAddress,
    clientPort: flow.ports[clientEndpoint],
    serverPort: flow.ports[serverEndpoint],
    user: undefined,
    database: undefined,
    application: undefined,
  };
}

/** Two lanes of FNV-1a with different primes, finished by a mixer so that near inputs differ everywhere. */
function hashOf(
  client: Uint8Array,
  server: Uint8Array,
  numbers: readonly number[],
): [number, number] {
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  const take = (value: number): void => {
    high = Math.imul(high ^ value, 0x01000193);
    low = Math.imul(low ^ value, 0x85ebca6b);
    high ^= low >>> 16;
  };
  client.forEach(take);
  server.forEach(take);
  numbers.forEach(take);
  return [finish(high), finish(low)];
}

function finish(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x45d9f3b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
