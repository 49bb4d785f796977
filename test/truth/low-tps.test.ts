/**
 * D2 on real traffic: first an application stops, later the database gets slow; the server and its clients are real, and half
 * an hour of them is seventeen seconds, stretched. Each cause must be told as what it was, and nothing else.
 */
import type pg from 'pg';
import { beforeAll, expect, it, type TestContext } from 'vitest';
import { medianOf } from '../../analysis/statistics/median.ts';
import { type Diagnosed, diagnose, type Staged } from '../lab/diagnosed.ts';
import { connectFrom } from '../lab/host-client.ts';
import { delay } from '../lab/process.ts';
import { MINUTE_US } from '../../src/core/time.ts';

const STRETCH = 120;
/** In minutes of the report: when the shop stops and comes back, when the database gets slow, and the end. */
const STOPS = 17;
const RETURNS = 22;
const SLOWS = 27;
const ENDS = 33;

const SHOP = '127.0.0.2';
const BILLING = '127.0.0.3';

let diagnosed: Diagnosed;

function minuteOf({ elapsedUs }: Staged): number {
  return elapsedUs() / MINUTE_US;
}

async function transaction(client: pg.Client): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT work()');
  await client.query('COMMIT');
}

async function application(
  stage: Staged,
  localAddress: string,
  pauseMs: number,
  works: (minute: number) => boolean,
): Promise<void> {
  const client = await connectFrom({
    localAddress,
    host: '127.0.0.1',
    port: stage.server.port,
    user: 'postgres',
    database: 'postgres',
  });
  while (minuteOf(stage) < ENDS) {
    if (works(minuteOf(stage))) await transaction(client);
    await delay(pauseMs);
  }
  await client.end();
}

async function slowDatabase(stage: Staged): Promise<void> {
  while (minuteOf(stage) < SLOWS) await delay(5);
  await stage.server.query('postgres', workOf('PERFORM pg_sleep(0.2)'));
}

function workOf(body: string): string {
  return `CREATE OR REPLACE FUNCTION work() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN 1; END $$`;
}

beforeAll(async () => {
  diagnosed = await diagnose(
    async (stage) => {
      const shopWorks = (minute: number): boolean => minute < STOPS || minute > RETURNS;
      await Promise.all([
        ...Array.from({ length: 8 }, () => application(stage, SHOP, 20, shopWorks)),
        application(stage, BILLING, 25, () => true),
        slowDatabase(stage),
      ]);
    },
    { stretch: STRETCH, prepare: [workOf('NULL')] },
  );
}, 120_000);

/** On a machine that other work keeps busy the made load swings so much that no minute is unusual: nothing to judge. */
function skipUnlessSteady(context: TestContext): void {
  const { startUs, report } = diagnosed;
  const counts = Array.from({ length: STOPS - 1 }, (_, index) => {
    const fromUs = startUs + (index + 1) * MINUTE_US;
    return report.series
      .filter((point) => point.startUs >= fromUs && point.startUs < fromUs + MINUTE_US)
      .reduce((sum, { commits }) => sum + commits, 0);
  });
  const median = medianOf(counts);
  const spread = medianOf(counts.map((count) => Math.abs(count - median)));
  context.skip(spread > 0.15 * median, 'the machine is too busy for a steady load');
}

it('names the application that stopped, and later the database that got slow', (context) => {
  skipUnlessSteady(context);
  const { lowTps } = diagnosed.report;
  expect(lowTps.episodes.map(({ verdict }) => verdict)).toEqual(['APPLICATION', 'DATABASE']);
  const [stopped, slow] = lowTps.episodes;
  expect(stopped?.clients[0]).toMatchObject({ client: SHOP, sign: 'asks_less' });
  expect(stopped?.confidence).toBeGreaterThan(0.8);
  expect(slow).toMatchObject({
    // A fifth of a second, stretched, is longer than the ten within which an answer counts as one.
    because: 'requests come, and many of them are not answered',
    plainRule: { yield: 1, databaseIsToBlame: false },
    orElse: ['NETWORK'],
  });
  expect(slow?.confidence).toBeGreaterThan(0.8);
  const minute = (timeUs: number | null | undefined): number =>
    ((timeUs ?? 0) - diagnosed.startUs) / MINUTE_US;
  expect(Math.abs(minute(stopped?.fromUs) - STOPS)).toBeLessThan(2);
  expect(Math.abs(minute(stopped?.toUs) - RETURNS)).toBeLessThan(2);
  expect(Math.abs(minute(slow?.fromUs) - SLOWS)).toBeLessThan(2);
});

it('wakes nobody for the application, and somebody for the database', (context) => {
  skipUnlessSteady(context);
  const told = diagnosed.report.findings.filter(({ ledger }) => ledger === 'D2');
  expect(told.map(({ kind }) => kind)).toEqual(['low-tps/database', 'low-tps/application']);
  expect(told[0]?.severity).toMatch(/^(warning|critical)$/);
  expect(told[1]?.severity).toBe('notice');
});
