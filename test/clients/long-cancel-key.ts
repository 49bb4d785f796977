/** A cancel request of protocol 3.2, whose key is longer than four bytes, against a server that gives such keys. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { type PostgresServer, startPostgres } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';
import { startRecording } from '../lab/recorder.ts';
import { WireClient } from '../lab/wire-client.ts';

const SLEEP = 'SELECT pg_sleep(60)';

export interface Cancelled {
  readonly keyBytes: number;
  readonly statement: PrintedEvent | undefined;
  readonly request: PrintedEvent | undefined;
}

/** @param binaries folder of the server's programs */
export async function cancelWithLongKey(binaries: string): Promise<Cancelled> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-clients-'));
  const server = await startPostgres({ binaries });
  try {
    const file = join(directory, 'cancel.pcap');
    const recording = await startRecording({ file, filter: `tcp port ${String(server.port)}` });
    const user = { user: 'postgres', database: 'postgres', protocolMinor: 2 };
    const client = await WireClient.open({ port: server.port, ...user });
    const answer = client.query(SLEEP);
    // A cancel request that comes before the server works on it cancels nothing.
    while (!(await isAsleep(server))) await delay(20);
    await client.cancel();
    await answer;
    await client.end();
    await server.waitForNoClients();
    await recording.stop();
    const { events } = await decodeCapture(file, ['--port', `${String(server.port)}=postgres`]);
    return {
      keyBytes: client.keyBytes,
      statement: events.find(({ statement }) => statement === SLEEP),
      request: events.find(({ type }) => type === 'cancel_request'),
    };
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function isAsleep(server: PostgresServer): Promise<boolean> {
  const [row] = await server.query(
    'postgres',
    `SELECT count(*)::int AS asleep FROM pg_stat_activity WHERE wait_event = 'PgSleep'`,
  );
  return Number(row?.['asleep']) > 0;
}
