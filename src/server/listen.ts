/** From the text of --listen to a listening server. */
import { MirrorSqlError, systemCode } from '../core/errors.ts';
import { isLoopback } from './protection.ts';
import { buildServer, type ServerOptions } from './server.ts';

/** Only this machine, on a port that no well-known database or tool uses. */
export const LISTEN_DEFAULT = '127.0.0.1:7432';

export interface Listening {
  /** Where a browser on this machine finds it. */
  readonly url: string;
  /** Ends open connections and stops. */
  close(): Promise<void>;
}

/**
 * HOST:PORT, [IPV6]:PORT, PORT, or :PORT for every address of the machine. Port 0 takes any free one.
 * @throws MSQL_CLI_USAGE for anything else.
 */
export function listenAddress(listen: string, option = '--listen'): { host: string; port: number } {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(listen.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', `${option} ${listen} is not HOST:PORT`);
  }
  const host = match[1] ?? match[2];
  if (host === undefined) return { host: '127.0.0.1', port };
  return { host: host === '' ? '::' : host, port };
}

/**
 * Starts a server.
 * @throws MSQL_SERVER_LISTEN when the address cannot be had, MSQL_CLI_USAGE when it is none.
 */
export async function startServer(
  options: Omit<ServerOptions, 'loopbackOnly'>,
  listen: string,
): Promise<Listening> {
  const { host, port } = listenAddress(listen);
  const app = await buildServer({ ...options, loopbackOnly: isLoopback(host) });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw new MirrorSqlError(
      'MSQL_SERVER_LISTEN',
      `cannot listen on ${listen}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  const bound = app.server.address();
  const portTaken = typeof bound === 'object' && bound !== null ? bound.port : port;
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host;
  return {
    url: `http://${name.includes(':') ? `[${name}]` : name}:${portTaken}/`,
    close: () => app.close(),
  };
}

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return 'another program listens there';
    case 'EACCES':
      return 'this user may not use that port';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
