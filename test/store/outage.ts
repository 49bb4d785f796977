/**
 * Kills the store, the process that writes to it, or both, without warning and at random points, again and again; or
 * freezes the store for a while. Then says what the store holds against what was acknowledged.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../src/store/store.ts';
import { randomFrom } from './synthetic.ts';
import { descriptionOf, numberOf, rowsOf } from './temporary-store.ts';

export interface OutageOutcome {
  /** How often each was done. */
  readonly blows: Readonly<Record<Blow, number>>;
  readonly acknowledgedSegments: number;
  readonly acknowledgedRows: number;
  /** Acknowledged segments that the store's ledger does not name, or names with another number of rows. */
  readonly missingSegments: number;
  readonly events: number;
  readonly distinctEvents: number;
  /** Sum of the rows of all event segments in the ledger. */
  readonly ledgerEvents: number;
  readonly calls1m: number;
  readonly calls1h: number;
  /** Requests that activity counts, and those of the ledger's activity segments are the rows that made them. */
  readonly requests: number;
  readonly activitySeconds: number;
  readonly filesLeft: readonly string[];
}

const BLOWS = ['engine', 'writer', 'both', 'freeze'] as const;
type Blow = (typeof BLOWS)[number];

const WRITER = join(import.meta.dirname, 'outage-writer.ts');

class Writer {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly ready: Promise<void>;

  constructor(directory: string, run: string, onSealed: (name: string, rows: number) => void) {
    this.child = spawn(process.execPath, ['--import', 'tsx', WRITER, directory, run], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
    const ready = new Promise<void>((resolve) => {
      if (this.child.stdout === null) return;
      createInterface(this.child.stdout).on('line', (line) => {
        const [word, name, rows] = line.split(' ');
        if (word === 'ready') resolve();
        // A line cut by the kill does not count as an acknowledgement.
        else if (name !== undefined && rows !== undefined) onSealed(name, Number(rows));
      });
    });
    this.ready = Promise.race([ready, this.ended.then(() => undefined)]);
  }
}

function strike(directory: string, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(descriptionOf(directory).pid, signal);
  } catch {
    // There is none at this moment: it was killed a moment ago, or has not come up yet.
  }
}

export async function sufferOutages(blowsCount: number, seed: number): Promise<OutageOutcome> {
  const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-outage-'));
  const random = randomFrom(seed);
  const acknowledged = new Map<string, number>();
  const blows: Record<Blow, number> = { engine: 0, writer: 0, both: 0, freeze: 0 };
  let run = 0;
  const begin = (): Writer =>
    new Writer(directory, String(run++), (name, rows) => acknowledged.set(name, rows));
  let writer = begin();
  await writer.ready;
  for (let count = 0; count < blowsCount; count++) {
    const blow = BLOWS[Math.floor(random() * BLOWS.length)] ?? 'both';
    // One in four strikes a writer that may not even have opened its store.
    if (random() < 0.75) await writer.ready;
    await sleep(random() * 1_200);
    blows[blow]++;
    if (blow === 'freeze') {
      strike(directory, 'SIGSTOP');
      await sleep(300 + random() * 900);
      strike(directory, 'SIGCONT');
      continue;
    }
    if (blow !== 'writer') strike(directory, 'SIGKILL');
    if (blow === 'engine') continue;
    writer.child.kill('SIGKILL');
    await writer.ended;
    writer = begin();
  }
  await writer.ready;
  writer.child.kill('SIGKILL');
  await writer.ended;
  const drain = new Writer(directory, 'drain', () => undefined);
  const code = await drain.ended;
  if (code !== 0) throw new Error(`the last writer ended with ${String(code)}`);
  const outcome = await account(directory, acknowledged);
  await rm(directory, { recursive: true, force: true });
  return { blows, ...outcome };
}

async function account(
  directory: string,
  acknowledged: ReadonlyMap<string, number>,
): Promise<Omit<OutageOutcome, 'blows'>> {
  const store = await openStore({ kind: 'embedded', directory });
  try {
    const ledger = new Map(
      (
        await rowsOf<{ name: string; rows: number }>(store, 'SELECT name, rows FROM segments FINAL')
      ).map(({ name, rows }) => [name, rows]),
    );
    const sumOf = (table: string): number =>
      [...ledger].reduce((sum, [name, rows]) => sum + (name.startsWith(`${table}.`) ? rows : 0), 0);
    return {
      acknowledgedSegments: acknowledged.size,
      acknowledgedRows: [...acknowledged.values()].reduce((sum, rows) => sum + rows, 0),
      missingSegments: [...acknowledged].filter(([name, rows]) => ledger.get(name) !== rows).length,
      events: await numberOf(store, '(SELECT count() FROM events)'),
      distinctEvents: await numberOf(
        store,
        '(SELECT uniqExact(session_id, sequence, ts) FROM events)',
      ),
      ledgerEvents: sumOf('events'),
      calls1m: await numberOf(store, '(SELECT sum(calls) FROM class_1m)'),
      calls1h: await numberOf(store, '(SELECT sum(calls) FROM class_1h)'),
      requests: await numberOf(store, '(SELECT sum(requests) FROM activity_1s)'),
      activitySeconds: sumOf('activity_1s'),
      filesLeft: readdirSync(join(directory, 'segments')).filter((name) => !name.endsWith('.tmp')),
    };
  } finally {
    await store.close();
  }
}

/** What is wrong with an outcome; nothing is what is hoped for. */
export function faultsOf(outcome: OutageOutcome): string[] {
  const { events, ledgerEvents, distinctEvents, calls1m, calls1h } = outcome;
  const faults: string[] = [];
  const demand = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  demand(outcome.acknowledgedSegments > 0, 'nothing was acknowledged');
  demand(outcome.missingSegments === 0, `${outcome.missingSegments} acknowledged segments missing`);
  demand(events === ledgerEvents, `${events} events, ${ledgerEvents} in the ledger`);
  demand(events === distinctEvents, `${events} events, ${distinctEvents} of them distinct`);
  demand(events === calls1m, `${events} events, ${calls1m} in the rollup by minute`);
  demand(events === calls1h, `${events} events, ${calls1h} in the rollup by hour`);
  demand(
    outcome.requests === outcome.activitySeconds * 700,
    `${outcome.requests} requests in ${outcome.activitySeconds} rows of activity of 700 each`,
  );
  demand(outcome.filesLeft.length === 0, `left over: ${outcome.filesLeft.join(', ')}`);
  return faults;
}
