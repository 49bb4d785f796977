/** An incident as it plays: one PostgreSQL server, two applications that work all the time, those who disturb them. */
import type pg from 'pg';
import { connectFrom } from '../lab/host-client.ts';
import { type PostgresServer, SUPERUSER } from '../lab/postgres-server.ts';
import type { Random } from '../lab/random.ts';
import type { Application } from './application.ts';
import type { NetworkPath } from './network-path.ts';
import { DATABASE, OTHER_HOST, PORT, SERVER_HOST } from './places.ts';

export interface Stage {
  readonly server: PostgresServer;
  readonly orders: Application;
  readonly shop: Application;
  readonly random: Random;
  /** Between the applications and the server, where the scenario asked for one. */
  readonly path: NetworkPath | undefined;
}

/** A visible connection of somebody else than the two applications. */
export async function connectOther(application: string): Promise<pg.Client> {
  return await connectFrom({
    localAddress: OTHER_HOST,
    host: SERVER_HOST,
    port: PORT,
    user: SUPERUSER,
    database: DATABASE,
    application,
  });
}

/** Process ids of the backends that serve clients over the network. */
export async function clientBackends({ server }: Stage): Promise<number[]> {
  const rows = await server.query(
    DATABASE,
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND client_addr IS NOT NULL",
  );
  return rows.map(({ pid }) => Number(pid));
}
