/**
 * chdb on one directory. Each statement gets a connection of its own (0.2 ms): settings and parameters of chdb stick to a
 * connection, so a shared one would carry them from one request to the next.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drainPending, Session } from 'chdb';
import { limits } from '../limits.ts';
import { sqlString } from './request-statement.ts';
import { Slots } from './slots.ts';

const MIB = 1024 * 1024;

/** Lower than a server's defaults: the store shares its machine with a collector. */
const CONFIG = `<clickhouse>
  <max_server_memory_usage>${960 * MIB}</max_server_memory_usage>
  <mark_cache_size>${64 * MIB}</mark_cache_size>
  <index_mark_cache_size>${16 * MIB}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <backups><allowed_path>/</allowed_path></backups>
</clickhouse>
`;

const SETTINGS = [
  `--max_memory_usage=${limits.queryMemoryBytesMax}`,
  `--max_bytes_before_external_group_by=${200 * MIB}`,
  `--max_bytes_before_external_sort=${200 * MIB}`,
  '--max_partitions_per_insert_block=1000',
  // It forgets rows: see openSessions() in ../questions/ask.ts. And each report asks for a window of its own.
  '--use_query_condition_cache=0',
];

/** How the text of each statement that a lost reader may leave running begins; an identifier follows. */
export const TAG_START = '/*msql:';

/** What a request sets for itself. */
export interface Context {
  readonly database: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  /** Values as ClickHouse's HTTP interface takes them: escaped like a TSV field. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface Counts {
  readonly rows: number;
  readonly bytes: number;
  readonly elapsedSeconds: number;
}

export type Lane = 'write' | 'read' | 'control';

/** Thrown when too many requests wait; the HTTP front answers 503. */
export class TooManyRequests extends Error {}

export class Engine {
  readonly #directory: string;
  readonly #arguments: string[];
  /** Holds the directory's lock while no request runs. */
  readonly #keeper: Session;
  readonly #lanes: Readonly<Record<Lane, Slots>> = {
    write: new Slots(1, limits.requestsWaitingMax),
    read: new Slots(limits.readersMax, limits.requestsWaitingMax),
    control: new Slots(1, limits.requestsWaitingMax),
  };

  /** Opens the directory, blocking for about a quarter of a second. Throws what chdb throws. */
  constructor(directory: string) {
    this.#directory = join(directory, 'engine');
    const config = join(directory, 'engine.xml');
    writeFileSync(config, CONFIG);
    this.#arguments = [`--config-file=${config}`, ...SETTINGS];
    this.#keeper = new Session(this.#directory, { connectionArgs: this.#arguments });
  }

  /** Runs one statement and returns the whole answer. */
  async run(
    lane: Lane,
    statement: string,
    context: Context,
    format: string,
  ): Promise<{ answer: Uint8Array; counts: Counts }> {
    return await this.#withSession(lane, context, async (session) => {
      const result = await session.queryAsync(statement, { format });
      return {
        answer: result.bytes(),
        counts: {
          rows: result.rowsRead,
          bytes: result.bytesRead,
          elapsedSeconds: result.elapsed,
        },
      };
    });
  }

  /** Runs one SELECT and gives its answer piece by piece; `write` resolves when there is room for more. */
  async stream(
    statement: string,
    context: Context,
    format: string,
    write: (piece: Uint8Array) => Promise<void>,
  ): Promise<void> {
    await this.#withSession('read', context, async (session) => {
      const stream = session.queryStream(statement, { format });
      for await (const piece of stream) await write(piece.raw());
    });
  }

  /** Ends the statements that begin with `tag`. */
  async kill(tag: string): Promise<void> {
    // KILL matches what runs, not itself: its own text does not begin with the tag.
    const pattern = sqlString(`${tag.replace(/[%_\\]/g, '\\$&')}%`);
    await this.run('control', `KILL QUERY WHERE query LIKE ${pattern}`, NO_CONTEXT, 'Null');
  }

  /** Ends what reads, waits for what writes, and lets the directory go. */
  async close(): Promise<void> {
    await this.kill(TAG_START);
    await drainPending();
    this.#keeper.close();
  }

  async #withSession<T>(
    lane: Lane,
    context: Context,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const slots = this.#lanes[lane];
    if (!(await slots.take())) throw new TooManyRequests('Too many simultaneous queries');
    try {
      const session = new Session(this.#directory, { connectionArgs: this.#arguments });
      try {
        const prelude = preludeOf(context);
        if (prelude !== '') await session.queryAsync(prelude, { format: 'Null' });
        return await work(session);
      } finally {
        session.close();
      }
    } finally {
      slots.release();
    }
  }
}

export const NO_CONTEXT: Context = {
  database: undefined,
  settings: new Map(),
  parameters: new Map(),
};

/** What a setting or parameter may be called: it stands in a SET unquoted. */
export const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * What makes a new connection that of the request. One SET for all: each costs the engine a quarter of a millisecond, as much
 * as a small question takes to run (test/bench/analysis.bench.ts). SET readonly comes last: nothing can be set after it.
 */
function preludeOf({ database, parameters, settings }: Context): string {
  const parts: string[] = [];
  if (database !== undefined) parts.push(`USE \`${database.replace(/[\\`]/g, '\\$&')}\``);
  const assigned = [
    ...[...parameters].map(([name, value]) => `param_${name} = ${sqlString(value)}`),
    ...[...settings]
      .filter(([name]) => name !== 'readonly')
      .map(([name, value]) => `${name} = ${sqlString(value)}`),
  ];
  if (assigned.length > 0) parts.push(`SET ${assigned.join(', ')}`);
  const readonly = settings.get('readonly');
  if (readonly !== undefined) parts.push(`SET readonly = ${sqlString(readonly)}`);
  return parts.join(';\n');
}
