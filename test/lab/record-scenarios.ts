/**
 * Records the captures of test/scenarios: `npx tsx test/lab/record-scenarios.ts [NAME]...`, as root on Linux. After it,
 * accept the events anew (see test/scenarios/scenarios.test.ts) and read the difference.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { insideNamespace } from './namespace.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { startRecording } from './recorder.ts';
import { CLIENT_HOST, PLAIN_HOST, type Play, plays, TLS_HOST } from './scenario-plays.ts';
import { prepareWorkload, workloadHbaLines, workloadSettings } from './workload/place.ts';

const SCENARIOS = fileURLToPath(new URL('../scenarios', import.meta.url));

async function recordPlay(play: Play): Promise<void> {
  const directory = join(SCENARIOS, play.name);
  await mkdir(directory, { recursive: true });
  const opened = await play.before?.();
  const recording = await startRecording({
    file: join(directory, 'capture.pcap'),
    filter: play.filter ?? 'tcp port 5432',
    ...(play.snaplen === undefined ? {} : { snaplen: play.snaplen }),
    ...(play.nanoseconds === undefined ? {} : { nanoseconds: play.nanoseconds }),
  });
  await play.play(opened);
  const { packets } = await recording.stop();
  await play.after?.(opened);
  await writeFile(join(directory, 'README.md'), `${play.about}\n`);
  if (play.keyLog !== undefined) await writeFile(join(directory, 'keys.log'), play.keyLog());
  console.log(`${play.name}: ${String(packets)} packets`);
}

async function recordAll(names: readonly string[]): Promise<void> {
  const servers: PostgresServer[] = [];
  try {
    const hbaLines = workloadHbaLines.map((line) => line.replace('127.0.0.0/8', '0.0.0.0/0'));
    const plain = await startPostgres({
      addresses: [PLAIN_HOST],
      port: 5432,
      settings: workloadSettings,
      hbaLines,
    });
    servers.push(plain);
    await prepareWorkload(plain);
    servers.push(await startPostgres({ addresses: [TLS_HOST], port: 5432, tls: true }));
    await servers[1]?.query('postgres', 'CREATE ROLE alice LOGIN');
    for (const play of plays) {
      if (names.length === 0 || names.includes(play.name)) await recordPlay(play);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

await insideNamespace([PLAIN_HOST, TLS_HOST, CLIENT_HOST], () => recordAll(process.argv.slice(2)));
