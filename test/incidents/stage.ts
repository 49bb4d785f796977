/** An incident as it plays: one PostgreSQL server, two applications that work all the time, those who disturb them. */
import type pg from 'pg';
import { connectFrom } from '../lab/host-client.ts';
import { type PostgresServer, SUPERUSER } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';
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

/** Somebody locks a table in `mode` and keeps the transaction open for so long. */
export async function holdLock(table: string, mode: string, forMs: number): Promise<void> {
  const client = await connectOther('psql');
  await client.query('BEGIN');
  await client.query(`LOCK TABLE ${table} IN ${mode} MODE`);
  await delay(forMs);
  await client.query('COMMIT');
  await client.end();
}

/** Somebody changes a setting of the server for so long. */
export async function changeSetting(
  { server }: Stage,
  name: string,
  value: string,
  forMs: number,
): Promise<void> {
  await server.query(DATABASE, `ALTER SYSTEM SET ${name} = ${value}`);
  await server.query(DATABASE, 'SELECT pg_reload_conf()');
  await delay(forMs);
  await server.query(DATABASE, `ALTER SYSTEM RESET ${name}`);
  await server.query(DATABASE, 'SELECT pg_reload_conf()');
}

/** Process ids of the backends that serve clients over the network. */
export async function clientBackends({ server }: Stage): Promise<number[]> {
  const rows = await server.query(
    DATABASE,
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND client_addr IS NOT NULL",
  );
  return rows.map(({ pid }) => Number(pid));
}
