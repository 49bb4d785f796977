/**
 * A PostgreSQL client that sends exactly the messages that it is told to send: for pipelines, portals, cancel requests
 * and everything else that drivers hide. Logs in without a password only.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { client as say } from '../wire/postgres.ts';

const PROTOCOL_3 = 0x0003_0000;

export interface BackendMessage {
  /** One letter, as in the manual. */
  readonly type: string;
  readonly body: Buffer;
}

export interface WireClientOptions {
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly application?: string;
  /** Of protocol 3: 0 unless told. */
  readonly protocolMinor?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
}

export class WireClient {
  readonly socket: Socket;
  readonly #options: WireClientOptions;
  readonly #messages: BackendMessage[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #closed = false;
  #processId = 0;
  /** 4 bytes; up to 256 as of protocol 3.2. */
  #secret: Uint8Array = new Uint8Array(4);

  private constructor(socket: Socket, options: WireClientOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (data: Buffer) => {
      this.#receive(data);
    });
    // An end by the server is seen as the end of the messages.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(options: WireClientOptions): Promise<WireClient> {
    const socket = await openSocket(options);
    const client = new WireClient(socket, options);
    const { user, database, application, protocolMinor = 0 } = options;
    client.send(
      say.startup(
        {
          user,
          database,
          ...(application === undefined ? {} : { application_name: application }),
        },
        PROTOCOL_3 | protocolMinor,
      ),
    );
    const answers = await client.until('Z');
    const key = answers.find(({ type }) => type === 'K');
    client.#processId = key?.body.readInt32BE(0) ?? 0;
    client.#secret = key?.body.subarray(4) ?? client.#secret;
    return client;
  }

  /** Of the key that cancels what this session does. */
  get keyBytes(): number {
    return this.#secret.length;
  }

  send(...messages: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** All messages up to and with the `count`-th of `type`, or up to the end of the connection. */
  async until(type: string, count = 1): Promise<BackendMessage[]> {
    const taken: BackendMessage[] = [];
    let found = 0;
    for (;;) {
      const next = this.#messages.shift();
      if (next !== undefined) {
        taken.push(next);
        if (next.type === type && ++found === count) return taken;
      } else if (this.#closed) {
        return taken;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** A simple query and all its answers. */
  async query(sql: string): Promise<BackendMessage[]> {
    this.send(say.query(sql));
    return this.until('Z');
  }

  /** Asks the server, on a connection of its own, to cancel what this session does. */
  async cancel(): Promise<void> {
    const socket = await openSocket(this.#options);
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(say.cancelRequest(this.#processId, this.#secret));
    await closed;
  }

  /** Says good-bye and waits until the connection is closed. */
  async end(): Promise<void> {
    if (this.#closed) return;
    const closed = once(this.socket, 'close');
    this.socket.end(say.terminate());
    await closed;
  }

  /** Leaves without a word, with whatever transaction is open. */
  async drop(): Promise<void> {
    if (this.#closed) return;
    const closed = once(this.socket, 'close');
    this.socket.end();
    await closed;
  }

  #receive(data: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, data]);
    while (this.#pending.length >= 5) {
      const size = 1 + this.#pending.readInt32BE(1);
      if (this.#pending.length < size) break;
      this.#messages.push({
        type: this.#pending.toString('latin1', 0, 1),
        body: this.#pending.subarray(5, size),
      });
      this.#pending = this.#pending.subarray(size);
    }
    this.#wake();
  }
}

async function openSocket(options: WireClientOptions): Promise<Socket> {
  const socket = connect({
    host: options.host ?? '127.0.0.1',
    port: options.port,
    noDelay: true,
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
  });
  await once(socket, 'connect');
  return socket;
}

/** SQLSTATE of an ErrorResponse (field C). */
export function sqlstateOf(error: BackendMessage): string {
  for (const field of error.body.toString().split('\0')) {
    if (field.startsWith('C')) return field.slice(1);
  }
  return '';
}
