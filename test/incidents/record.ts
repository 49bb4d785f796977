/**
 * Records incidents: `npx tsx test/incidents/record.ts [--seed N] [--load N] [--into DIR] [SCENARIO]...`, as root on Linux, about
 * two minutes each, one after the other. `--load 0.3` is a third of the usual work, for recordings that are to stay small. `--relabel` writes the labels of recordings that exist anew, without any server: after the
 * expectations of a scenario were changed.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { constants, gzipSync } from 'node:zlib';
import { insideNamespace } from '../lab/namespace.ts';
import { type PostgresServer, startPostgres } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';
import { between, randomBySeed } from '../lab/random.ts';
import { startRecording } from '../lab/recorder.ts';
import { dropPackets } from './capture-loss.ts';
import { everydayApplications } from './everyday.ts';
import { readLabel, type Stretch } from './label.ts';
import { NetworkPath } from './network-path.ts';
import {
  ADDRESSES,
  BEHIND_HOST,
  BEHIND_PORT,
  DATABASE,
  PORT,
  SCHEMA,
  SERVER_HOST,
} from './places.ts';
import { RECORDINGS } from './recordings.ts';
import { labelOf, type Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import type { Stage } from './stage.ts';

const CALM_SECONDS = 60;
/** Nobody sends anything for so long around the ends of the calm stretch. */
const QUIET_MS = 150;
/** On a busy machine they are asked to so many times. */
const RESTS_MAX = 5;
/** From the end of the calm stretch to the fault. */
const BEFORE_FAULT_SECONDS = 10;

interface Manner {
  readonly seed: number;
  readonly load: number;
  readonly into: string;
}

async function recordScenario(scenario: Scenario, { seed, load, into }: Manner): Promise<void> {
  const behind = scenario.path === true;
  const server = await startServer(behind, scenario.settings ?? {});
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-incident-'));
  const file = join(directory, 'capture.pcap');
  const path = behind
    ? await NetworkPath.open(
        { host: SERVER_HOST, port: PORT },
        { host: BEHIND_HOST, port: BEHIND_PORT },
      )
    : undefined;
  let undo: (() => Promise<void>) | undefined;
  try {
    const { orders, shop } = everydayApplications(seed, load);
    const stage: Stage = { server, orders, shop, path, random: randomBySeed(seed * 104_729) };
    undo = await scenario.before?.(stage);
    const recording = await startRecording({ file, filter: `tcp port ${String(PORT)}` });
    const times = await playOn(stage, scenario);
    await recording.stop();
    const label = labelOf(scenario, seed, times);
    const whole = readFileSync(file);
    const { captureLossShare: loss, captureLossOf } = scenario;
    const kept =
      loss === undefined
        ? whole
        : dropPackets(whole, {
            share: between(stage.random, ...loss),
            during: times.fault,
            random: stage.random,
            fromPort: captureLossOf === 'answers' ? PORT : undefined,
          });
    const name = join(into, `${scenario.name}-${String(seed)}`);
    mkdirSync(into, { recursive: true });
    const packed = gzipSync(kept, { level: constants.Z_BEST_COMPRESSION });
    writeFileSync(`${name}.pcap.gz`, packed);
    writeFileSync(`${name}.json`, `${JSON.stringify(label, undefined, 2)}\n`);
    console.log(
      `${name}.pcap.gz: ${String(packed.length)} bytes, ${String(whole.length)} unpacked`,
    );
  } finally {
    await undo?.();
    await path?.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startServer(
  behind: boolean,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const server = await startPostgres({
    addresses: [behind ? BEHIND_HOST : SERVER_HOST],
    port: behind ? BEHIND_PORT : PORT,
    settings: {
      log_statement: 'none',
      log_min_duration_statement: '-1',
      log_connections: 'off',
      log_disconnections: 'off',
      max_parallel_workers_per_gather: '0',
      ...settings,
    },
  });
  await server.query('postgres', `CREATE DATABASE ${DATABASE}`);
  await server.query(DATABASE, SCHEMA);
  await server.query(DATABASE, 'VACUUM ANALYZE');
  return server;
}

/** The calm stretch lies between two moments at which nobody had anything under way, whole seconds apart. */
async function playOn(
  stage: Stage,
  scenario: Scenario,
): Promise<{ recorded: Stretch; calm: Stretch; fault: Stretch }> {
  const { orders, shop } = stage;
  const startMs = Math.ceil(Date.now() / 1_000) * 1_000;
  await until(startMs);
  await Promise.all([orders.start(), shop.start()]);
  const calmMs = await restAt(stage, startMs + 5_000);
  const calmEndMs = await restAt(stage, calmMs + CALM_SECONDS * 1_000);
  await until(calmEndMs + BEFORE_FAULT_SECONDS * 1_000);
  const faultMs = Date.now();
  await scenario.play(stage);
  const overMs = Date.now();
  await delay(scenario.afterSeconds * 1_000);
  // The recording ends before the applications do: an end of the work would be an event of its own.
  const endMs = Math.floor(Date.now() / 1_000) * 1_000;
  const done = { recorded: us(startMs, endMs), calm: us(calmMs, calmEndMs) };
  await Promise.all([orders.stop(), shop.stop()]);
  return { ...done, fault: us(faultMs, overMs) };
}

/** Both applications rest at `atMs`, or whole seconds later on a machine that is too busy. @returns when they rested */
async function restAt({ orders, shop }: Stage, atMs: number): Promise<number> {
  for (let restMs = atMs; restMs <= atMs + RESTS_MAX * 1_000; restMs += 1_000) {
    await until(restMs - 2 * QUIET_MS);
    await Promise.all([orders.hold(), shop.hold()]);
    const inTime = Date.now() <= restMs - QUIET_MS / 2;
    if (inTime) await until(restMs + QUIET_MS);
    orders.go();
    shop.go();
    if (inTime) return restMs;
  }
  throw new Error('the applications did not come to rest');
}

async function until(ms: number): Promise<void> {
  await delay(Math.max(0, ms - Date.now()));
}

function us(fromMs: number, toMs: number): Stretch {
  return { fromUs: fromMs * 1_000, toUs: toMs * 1_000 };
}

function relabel(scenario: Scenario, seed: number, into: string): void {
  const file = join(into, `${scenario.name}-${String(seed)}.json`);
  if (!existsSync(file)) return;
  const label = labelOf(scenario, seed, readLabel(file));
  writeFileSync(file, `${JSON.stringify(label, undefined, 2)}\n`);
  console.log(file);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    load: { type: 'string', default: '1' },
    into: { type: 'string', default: RECORDINGS },
    relabel: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((one) => one.name === name));
if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}`);
const chosen = scenarios.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const seed = Number(values.seed);
if (values.relabel) for (const scenario of chosen) relabel(scenario, seed, values.into);
else
  await insideNamespace(ADDRESSES, async () => {
    for (const scenario of chosen)
      await recordScenario(scenario, { seed, load: Number(values.load), into: values.into });
  });
