/** A `pg` client that speaks from one of the lab's own host addresses. */
import { Socket } from 'node:net';
import pg from 'pg';

export interface HostClientOptions {
  readonly localAddress: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly application?: string;
  readonly tls?: boolean;
}

/** Connected. An error of the idle connection (a server that ends it) is not an error of the lab. */
export async function connectFrom(options: HostClientOptions): Promise<pg.Client> {
  const { localAddress, application, tls, ...rest } = options;
  const client = new pg.Client({
    ...rest,
    ...(application === undefined ? {} : { application_name: application }),
    ssl: tls === true ? { rejectUnauthorized: false } : false,
    stream: () => socketFrom(localAddress),
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** pg opens its connection by `connect(port, host)`: the address to speak from is added there. */
export function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (options: object) => Socket;
  return Object.assign(socket, {
    connect: (port: number, host: string) => connect({ port, host, localAddress }),
  });
}
