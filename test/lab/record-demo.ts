/**
 * Records the capture that the demo shows: `npx tsx test/lab/record-demo.ts [OUTPUT.pcap.gz] [SECONDS]`, as root on Linux.
 * The applications and the two database servers have addresses of their own in a network namespace of its own.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { ledgerRoles, ledgerSchema, shopRoles, shopSchema } from './demo-schema.ts';
import { playStory, storyAddresses } from './demo-story.ts';
import { insideNamespace } from './namespace.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { startRecording } from './recorder.ts';

const SHOP = { host: '10.20.5.1', port: 5432 };
const LEDGER = { host: '10.20.5.2', port: 5432 };
const OUTPUT = fileURLToPath(new URL('../scenarios/demo/demo.pcap.gz', import.meta.url));
const SIZE_MAX_BYTES = 5 * 1024 * 1024;

async function startServer(host: string, roles: string, database: string, schema: string) {
  const server = await startPostgres({
    addresses: [host],
    port: 5432,
    tls: host === SHOP.host,
    // The batch speaks through the lab's own wire client, which knows no passwords.
    hbaLines: ['host all shop_batch 0.0.0.0/0 trust', 'host all all 0.0.0.0/0 scram-sha-256'],
    settings: {
      log_statement: 'none',
      log_min_duration_statement: '-1',
      max_parallel_workers_per_gather: '0',
    },
  });
  for (const statement of roles.split('\n').filter((line) => line !== '')) {
    await server.query('postgres', statement);
  }
  await server.query(database, schema);
  await server.query(database, 'VACUUM ANALYZE');
  return server;
}

async function record(output: string, seconds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-demo-'));
  const file = join(directory, 'demo.pcap');
  const servers: PostgresServer[] = [];
  try {
    servers.push(await startServer(SHOP.host, shopRoles, 'shop', shopSchema));
    servers.push(await startServer(LEDGER.host, ledgerRoles, 'ledger', ledgerSchema));
    const recording = await startRecording({ file, filter: 'tcp port 5432' });
    const durationMs = seconds * 1000;
    const story = playStory({ shop: SHOP, ledger: LEDGER, startMs: Date.now(), durationMs });
    // The recording stops before the last connection does: one transaction is still open then.
    await new Promise((resolve) => setTimeout(resolve, durationMs * 1.01));
    const { packets } = await recording.stop();
    await story;
    await writeFile(
      output,
      gzipSync(await readFile(file), { level: constants.Z_BEST_COMPRESSION }),
    );
    const size = statSync(output).size;
    console.log(`${output}: ${String(packets)} packets, ${String(size)} bytes`);
    if (size > SIZE_MAX_BYTES) throw new Error(`larger than ${String(SIZE_MAX_BYTES)} bytes`);
  } finally {
    for (const server of servers) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

await insideNamespace([...storyAddresses, SHOP.host, LEDGER.host], () =>
  record(process.argv[2] ?? OUTPUT, Number(process.argv[3] ?? '80')),
);
