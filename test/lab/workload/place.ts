/**
 * Where the workload works. Databases `sales` and `stock` count exactly; `aside` is for statements after which the server
 * counts transactions of its own that no wire shows (LISTEN and NOTIFY, temporary tables, VACUUM, ANALYZE of a whole
 * database, CREATE INDEX CONCURRENTLY, procedures that commit).
 * Users alice, bob and carol (who has a password) work in plain ways; what dora (deferred constraints) and paul (half-done
 * and suspended portals) do is counted by pg_stat_statements in another way than it is answered on the wire.
 */
import pg from 'pg';
import type { PostgresServer } from '../postgres-server.ts';
import { WireClient } from '../wire-client.ts';

export const SECRET = 'tr0ub4dor';

/** Settings of the server that make deadlocks quick and two-phase commit possible. */
export const workloadSettings = {
  deadlock_timeout: '200ms',
  max_prepared_transactions: '5',
  // A parallel worker's start is counted as transactions of its own.
  max_parallel_workers_per_gather: '0',
};

/** Carol must give a password; everybody else is trusted. */
export const workloadHbaLines = ['host all carol 127.0.0.0/8 scram-sha-256'];

const SCHEMA = `
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL, size int CHECK (size >= 0));
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY IMMEDIATE, note text);
CREATE TABLE late (id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE numbers (n int PRIMARY KEY, label text, weight double precision);
CREATE TABLE wide (id int PRIMARY KEY, ${Array.from({ length: 60 }, (_, i) => `c${String(i)} text`).join(', ')});
INSERT INTO parent SELECT n, 'parent ' || n, n FROM generate_series(1, 50) n;
INSERT INTO numbers SELECT n, 'label ' || n, n / 7.0 FROM generate_series(1, 5000) n;
INSERT INTO wide (id, c0, c1, c59) SELECT n, repeat('x', 300), NULL, 'end' FROM generate_series(1, 400) n;
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE TABLE short (v varchar(3));
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
CREATE TABLE secrets (id int);
REVOKE ALL ON secrets FROM PUBLIC;
`;

export const EXACT_DATABASES = ['sales', 'stock'] as const;
const DATABASES = [...EXACT_DATABASES, 'aside'] as const;
export type Database = (typeof DATABASES)[number];

export async function prepareWorkload(server: PostgresServer): Promise<void> {
  for (const role of ['alice', 'bob', 'dora', 'paul', `carol PASSWORD '${SECRET}'`]) {
    await server.query('postgres', `CREATE ROLE ${role} LOGIN`);
  }
  await server.query('postgres', 'ALTER ROLE bob CREATEROLE');
  await server.query('postgres', 'GRANT pg_signal_backend TO bob');
  for (const database of DATABASES) {
    await server.query('postgres', `CREATE DATABASE ${database}`);
    await server.query(database, SCHEMA);
  }
}

/** How the workload's sessions come in. */
export class Place {
  readonly port: number;
  readonly host = '127.0.0.1';

  constructor(port: number) {
    this.port = port;
  }

  /** Runs `work` on a session of the driver `pg`, which it ends in order. */
  async driver(
    user: string,
    database: Database,
    work: (client: pg.Client) => Promise<void>,
  ): Promise<void> {
    const client = new pg.Client({
      host: this.host,
      port: this.port,
      user,
      database,
      password: SECRET,
      application_name: 'driver',
    });
    await client.connect();
    // The server may end a session: that is what some of the work is about.
    client.on('error', () => undefined);
    await work(client);
    await client.end();
  }

  /** Runs `work` on a session of the lab's own client, which it ends in order. */
  async wire(
    user: string,
    database: Database,
    work: (client: WireClient) => Promise<void>,
  ): Promise<void> {
    const client = await this.openWire(user, database);
    await work(client);
    await client.end();
  }

  openWire(user: string, database: Database): Promise<WireClient> {
    return WireClient.open({ host: this.host, port: this.port, user, database });
  }
}

/** Fails the workload unless the server refused `action` with this SQLSTATE. */
export async function mustFail(sqlstate: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? error.code : undefined;
    if (code === sqlstate) return;
    throw new Error(`expected ${sqlstate}, got ${String(code)}`, { cause: error });
  }
  throw new Error(`expected ${sqlstate}, but it worked`);
}
