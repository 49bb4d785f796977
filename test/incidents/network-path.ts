/**
 * A network between the applications and the server that can be made bad: a relay that holds back what the server answers.
 * The recording shows the side of the applications, as a mirror on their switch would. It stands in for the kernel's own
 * emulator (tc netem), which not every kernel has; a loss is the pause of the retransmission that it costs.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { delay } from '../lab/process.ts';

export interface Impairment {
  /** How long what comes now for this application host is held back, in milliseconds. Order is kept, as TCP keeps it. */
  holdMs(client: string): number;
}

const UNIMPAIRED: Impairment = { holdMs: () => 0 };

export class NetworkPath {
  impairment: Impairment = UNIMPAIRED;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: { host: string; port: number }) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ ...to, noDelay: true });
      this.#relay(near, far, () => 0);
      const client = near.remoteAddress ?? '';
      this.#relay(far, near, () => this.impairment.holdMs(client));
    });
  }

  static async open(
    at: { host: string; port: number },
    to: { host: string; port: number },
  ): Promise<NetworkPath> {
    const path = new NetworkPath(to);
    await new Promise<void>((resolve, reject) => {
      path.#server.once('error', reject);
      path.#server.listen(at.port, at.host, resolve);
    });
    return path;
  }

  clear(): void {
    this.impairment = UNIMPAIRED;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(from: Socket, to: Socket, holdMs: () => number): void {
    let last: Promise<void> = Promise.resolve();
    this.#sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      const held = holdMs();
      const due = held > 0 ? delay(held) : undefined;
      last = last
        .then(() => due)
        .then(() => {
          if (!to.destroyed) to.write(bytes);
        });
    });
    from.on('end', () => {
      last = last.then(() => {
        to.end();
      });
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
    });
  }
}
