/**
 * An application as a database sees it: workers that share a pool of connections, each working, pausing, working again.
 * When its connections fail it makes new ones, as pools do. It can pause at a moment at which no connection has anything
 * under way, freeze as a stopped process does, work faster or slower, and lose connections.
 */
import pg from 'pg';
import { socketFrom } from '../lab/host-client.ts';
import { SUPERUSER } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';
import { pauseOf, type Random, randomBySeed } from '../lab/random.ts';
import { DATABASE, PORT, SERVER_HOST } from './places.ts';

/** One statement of the application on the connection that it works on; waits where the application is frozen. */
export type Say = (
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<pg.QueryResult>;

/** One round of work: a transaction, or a few statements. */
export type Work = (
  say: Say,
  random: Random,
  breathe: (ms: number) => Promise<void>,
) => Promise<void>;

export interface ApplicationOptions {
  readonly name: string;
  readonly host: string;
  readonly workers: number;
  /** Mean pause of a worker between two rounds, in milliseconds. */
  readonly pauseMs: number;
  readonly seed: number;
  readonly work: Work;
}

const RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 5_000;

export class Application {
  /** What its workers do; may be changed while they work. */
  work: Work;
  /** 2 is twice as much work as usual, 0.5 half of it. */
  pace = 1;
  readonly #options: ApplicationOptions;
  #pool: pg.Pool;
  #workers: Promise<void>[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open: (() => void) | undefined = undefined;
  #held = false;
  #frozen = false;
  #busy = 0;
  #stopped = false;
  #workersMax: number;

  constructor(options: ApplicationOptions) {
    this.#options = options;
    this.work = options.work;
    this.#workersMax = options.workers;
    this.#pool = this.#makePool();
  }

  /** Opens all connections, then sets the workers to work. */
  async start(): Promise<void> {
    this.#stopped = false;
    this.#workersMax = this.#options.workers;
    this.#pool = this.#makePool();
    const { workers } = this.#options;
    const clients = await Promise.all(Array.from({ length: workers }, () => this.#pool.connect()));
    for (const client of clients) client.release();
    this.#workers = clients.map((_, index) => this.#run(index));
  }

  /** Waits until no worker has anything under way; none begins anything before `go`. */
  async hold(): Promise<void> {
    this.#held = true;
    this.#close();
    while (this.#busy > 0) await delay(5);
  }

  /** Stops in its tracks, in the middle of whatever it does, as a process that gets SIGSTOP. */
  freeze(): void {
    this.#frozen = true;
    this.#close();
  }

  go(): void {
    this.#held = false;
    this.#frozen = false;
    this.#open?.();
    this.#open = undefined;
  }

  /** From now on only so many workers work; a worker that ends closes its connection. */
  async shrinkTo(workers: number): Promise<void> {
    this.#workersMax = workers;
    while (this.#pool.totalCount > workers) await delay(20);
  }

  /** Its rounds come to an end, its connections are closed in order. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.go();
    await Promise.all(this.#workers);
    await this.#pool.end();
  }

  #makePool(): pg.Pool {
    const { name, host, workers } = this.#options;
    const pool = new pg.Pool({
      host: SERVER_HOST,
      port: PORT,
      user: SUPERUSER,
      database: DATABASE,
      application_name: name,
      max: workers,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      stream: () => socketFrom(host),
    });
    // An idle connection that the server ends is replaced at its next use.
    pool.on('error', () => undefined);
    return pool;
  }

  #close(): void {
    if (this.#open !== undefined) return;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  #isOver(): boolean {
    return this.#stopped;
  }

  async #run(index: number): Promise<void> {
    const random = randomBySeed(this.#options.seed * 7919 + index + 1);
    while (!this.#isOver() && index < this.#workersMax) {
      await delay(pauseOf(random, this.#options.pauseMs) / this.pace);
      while (this.#held || this.#frozen) await this.#gate;
      if (this.#isOver()) return;
      this.#busy++;
      const well = await this.#round(index, random);
      this.#busy--;
      if (!well) await delay(RETRY_MS);
    }
  }

  /** @returns whether there was a connection; an error of a statement is the round's own affair */
  async #round(index: number, random: Random): Promise<boolean> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch {
      return false;
    }
    const connection = { lost: false };
    const broken = () => {
      connection.lost = true;
    };
    client.on('error', broken);
    const say: Say = async (text, values = [], name) => {
      while (this.#frozen) await this.#gate;
      return await client.query({
        text,
        values: [...values],
        ...(name === undefined ? {} : { name }),
      });
    };
    try {
      await this.work(say, random, async (ms) => {
        await delay(ms);
      });
    } catch {
      // What is left of a transaction; fails where the connection is gone, and then it is given up.
      await client.query('ROLLBACK').catch(broken);
    }
    client.off('error', broken);
    client.release(connection.lost || index >= this.#workersMax);
    return !connection.lost;
  }
}
