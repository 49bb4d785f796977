/** Which session of the collector is which connection of the simulation: by the client's port. */
import { CLIENT_PORT_FIRST } from './packets.ts';
import type { Scene } from './scene.ts';

export function idsByConnection({ told }: Scene): Map<number, string> {
  const ids = new Map<number, string>();
  for (const { session } of told.sessions) {
    const connection = session.clientPort - CLIENT_PORT_FIRST;
    if (!ids.has(connection)) ids.set(connection, session.id);
  }
  return ids;
}
