/** Who is where in an incident, and what the database holds. */

/** What the applications connect to, and what the recording shows. */
export const SERVER_HOST = '10.30.5.1';
/** Where the server listens when a network path (network-path.ts) stands before it. */
export const BEHIND_HOST = '10.30.5.9';
export const PORT = 5432;
export const BEHIND_PORT = 6432;
/** Transfers money, in transactions. */
export const ORDERS_HOST = '10.30.1.1';
/** Reads, each statement by itself. */
export const SHOP_HOST = '10.30.1.2';
/** Batches, people, other programs. */
export const OTHER_HOST = '10.30.1.3';

export const SERVER_NODE = `${SERVER_HOST}:${String(PORT)}`;
export const ADDRESSES = [SERVER_HOST, BEHIND_HOST, ORDERS_HOST, SHOP_HOST, OTHER_HOST];
export const DATABASE = 'bank';

export const ACCOUNTS = 20_000;
export const ITEMS = 50_000;
export const OWNERS = 5_000;

export const SCHEMA = `
CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO accounts SELECT i, 1000000 FROM generate_series(1, ${String(ACCOUNTS)}) i;
CREATE TABLE transfers (id bigserial PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL,
  key text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE items (id int PRIMARY KEY, owner int NOT NULL, title text NOT NULL, price int NOT NULL);
INSERT INTO items SELECT i, i % ${String(OWNERS)} + 1, 'item ' || i, i % 997 FROM generate_series(1, ${String(ITEMS)}) i;
CREATE INDEX items_owner ON items (owner);
CREATE TABLE journal (id bigserial, reference int NOT NULL, line text NOT NULL);
INSERT INTO journal (reference, line) SELECT i, 'line ' || i FROM generate_series(1, 500) i;
`;
