/** A store that has watched for a while: rows of every table that is asked for a window, stored as they happen. */
import type { Store } from '../../src/store/store.ts';

/** Both hosts talk to both servers. */
const EDGES = 4;
const CLASSES = 8;

const edge = `concat('10.0.1.', toString(1 + number % 2)) AS server_ip, toUInt16(5432) AS server_port,
  concat('10.0.0.', toString(1 + intDiv(number, 2) % 2)) AS client_ip`;
const fingerprint = (of: string): string => `lower(leftPad(hex(1 + ${of}), 16, '0'))`;
const session = (of: string): string => `lower(hex(sipHash64(${of})))`;

/** Rows of a table: one column a line, `t` or `ts` told from the number of the row. */
interface Rows {
  readonly table: string;
  /** So many each period. */
  readonly count: number;
  readonly periodSeconds: number;
  readonly columns: Readonly<Record<string, string>>;
}

const MINUTE = 60;

const flow = { client_ip: 'client_ip', server_ip: 'server_ip', server_port: 'server_port' };
const connection = {
  ...flow,
  client_port: '40000',
  protocol: "'postgres'",
  user: "'shop'",
  database: "'shop'",
};
const edgeRows = { t: 'at', ...flow, stored_at: 'at' };
const moments = { ts: 'at64', ...connection, stored_at: 'at' };

const TABLES: readonly Rows[] = [
  {
    table: 'activity_1s',
    count: EDGES,
    periodSeconds: 10,
    columns: {
      ...edgeRows,
      requests: '50',
      requests_answered: '50',
      answers: '50',
      normal: '50',
      commits: '50',
      connections_open: '5',
      durations: 'map(toUInt16(80), toUInt64(50))',
      duration_sum_us: '50000',
      bytes_response: '9000',
    },
  },
  {
    table: 'capture_1s',
    count: 1,
    periodSeconds: 5,
    columns: { t: 'at', source: "'eth0'", packets: '9', stored_at: 'at' },
  },
  {
    table: 'class_1m',
    count: EDGES * CLASSES,
    periodSeconds: MINUTE,
    columns: {
      ...edgeRows,
      fingerprint: fingerprint(`intDiv(number, ${EDGES}) % ${CLASSES}`),
      database: "'shop'",
      calls: '90',
      answered: '90',
      duration_sum_us: '90000',
      duration_max_us: '2000 + number % 999',
      durations: 'map(toUInt16(80), toUInt64(90))',
      rows_affected_max: '1',
      first_ts: 'at64',
      last_ts: 'at64',
    },
  },
  {
    table: 'events',
    count: 1,
    periodSeconds: 2,
    columns: {
      ...moments,
      session_id: session('number % 100'),
      sequence: 'number',
      command: "'SELECT'",
      kind: "'select'",
      fingerprint: fingerprint(`number % ${CLASSES}`),
      status: "if(number % 5 = 0, 'error', 'ok')",
      sqlstate: "if(number % 5 = 0, '23505', '')",
      error_class: "if(number % 5 = 0, 'duplicate_key', '')",
      duration_us: '2000 + number % 999',
      first_row_us: '1000',
      transaction_id: 'number',
      bytes_response: '20000',
    },
  },
  {
    table: 'transactions',
    count: 1,
    periodSeconds: 2,
    columns: {
      ...moments,
      start_ts: 'at64 - 1',
      session_id: session('number % 100'),
      transaction_id: 'number',
      outcome: "'commit'",
      statements: '3',
      duration_us: '1000000',
      shape: fingerprint('0'),
      type: fingerprint('0'),
    },
  },
  {
    table: 'sessions',
    count: 1,
    periodSeconds: 3,
    columns: {
      ...connection,
      session_id: session('number'),
      start_ts: 'at64 - 200',
      end_ts: 'at64',
      end_reason: "if(number % 50 = 0, 'capture_end', 'terminate')",
      transaction_status: "if(number % 50 = 0, 'T', 'I')",
      transaction_start_ts: 'if(number % 50 = 0, at64 - 100, NULL)',
      last_fingerprint: fingerprint('0'),
      stored_at: 'at',
    },
  },
  {
    table: 'session_events',
    count: 1,
    periodSeconds: 3,
    columns: {
      ...moments,
      type: "['encrypted', 'anomaly'][1 + number % 2]",
      session_id: session('number'),
    },
  },
  {
    table: 'replication',
    count: 1,
    periodSeconds: 3,
    columns: {
      ...moments,
      session_id: session('number % 3'),
      phase: "'status'",
      mode: "'physical'",
    },
  },
  {
    table: 'value_1m',
    count: 20,
    periodSeconds: MINUTE,
    columns: {
      t: 'at',
      server_ip: 'server_ip',
      server_port: 'server_port',
      fingerprint: fingerprint('number % 4'),
      place: "'$1'",
      value_hash: fingerprint('intDiv(number, 4) % 5 - 1'),
      shown: "'x'",
      calls: '90',
      stored_at: 'at',
    },
  },
  {
    table: 'repetition_1m',
    count: 20,
    periodSeconds: MINUTE,
    columns: {
      ...edgeRows,
      leading_fingerprint: fingerprint('number % 4'),
      fingerprint: fingerprint('number % 5'),
      runs: '1',
      matched_runs: '1',
      executions: '9',
    },
  },
];

/** Rows of the time from `fromSeconds` on, stored in their own second: those of a day are a partition. */
export async function storeHistory(
  store: Store,
  fromSeconds: number,
  lengthSeconds: number,
): Promise<void> {
  for (const { table, count, periodSeconds, columns } of TABLES) {
    const rows = count * Math.floor(lengthSeconds / periodSeconds);
    // Numbers go on from one stretch to the next, so that no two sessions are one.
    const first = count * Math.floor(fromSeconds / periodSeconds);
    await store.writer.command({
      query: `INSERT INTO ${table} (${Object.keys(columns).join(', ')})
        SELECT ${Object.values(columns).join(', ')}
        FROM (SELECT number, toDateTime(${periodSeconds} * intDiv(number, ${count}), 'UTC') AS at,
          toDateTime64(at, 6, 'UTC') AS at64, ${edge} FROM numbers(${first}, ${rows}))`,
    });
  }
  await store.writer.command({
    query: `INSERT INTO classes (fingerprint, normalized, command, kind, stored_at)
      SELECT ${fingerprint('number')}, 'SELECT a', 'SELECT', 'select', toDateTime(${fromSeconds}, 'UTC') FROM numbers(${CLASSES})`,
  });
}
