/** The figures of an explanation, and that no name of the wire gets into a command that people paste. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceSql, figuresSql, readFigures } from '../../src/store/questions/figures.ts';
import { at, findingOf } from '../analysis/incidents/findings-of.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const WINDOW = { fromUs: 1_795_228_200_000_000, toUs: 1_795_228_210_000_000 };
const KNOWN_TO_US = WINDOW.toUs + 60 * SECOND;

let temporary: TemporaryStore;

beforeAll(async () => {
  temporary = await temporaryStore();
  // Three seconds of two applications on one database, and one second of another database.
  const from = WINDOW.fromUs / SECOND;
  const rows = [
    [0, '10.0.0.1', '10.1.0.1', 10, 10, 10, 1, 6, 4, 2000, 900, 3],
    [0, '10.0.0.1', '10.1.0.2', 10, 9, 9, 0, 5, 0, 1000, 500, 4],
    [4, '10.0.0.1', '10.1.0.1', 20, 0, 1, 0, 0, 0, 100, 100, 3],
    [4, '10.0.0.9', '10.1.0.1', 1000, 1000, 1000, 0, 1000, 0, 1, 1, 50],
  ] as const;
  const values = rows.map(
    ([
      second,
      server,
      client,
      asked,
      inTime,
      answers,
      errors,
      commits,
      rollbacks,
      sum,
      max,
      open,
    ]) =>
      `(toDateTime(${from + second}, 'UTC'), '${server}', 5432, '${client}', ${asked}, ${inTime}, ${answers}, ${errors}, ${commits}, ${rollbacks}, ${sum}, ${max}, map(10, ${answers}), ${open}, ${second * 1000}, 2)`,
  );
  await temporary.store.client.command({
    query: `INSERT INTO activity_1s (t, server_ip, server_port, client_ip, requests, requests_answered, answers, errors, commits, rollbacks, duration_sum_us, duration_max_us, durations, connections_open, outstanding_age_max_us, connections_refused) VALUES ${values.join(', ')}`,
  });
});
afterAll(() => temporary.remove());

const asked = (server: string | null, knownToUs = KNOWN_TO_US, window = WINDOW) =>
  readFigures(temporary.store, figuresSql(window, { server }, knownToUs));

describe('the figures of a stretch of time', () => {
  it('are those of the database, all its applications together', async () => {
    expect(await asked('10.0.0.1:5432')).toEqual({
      transactionsPerSecond: 1.5,
      requestsPerSecond: 4,
      answersPerSecond: 2,
      responseMeanUs: 155,
      responseMaxUs: 900,
      errorShare: 0.05,
      unanswered: 21,
      waitMaxUs: 4000,
      connectionsMax: 7,
      connectionsRefused: 6,
    });
    expect((await asked(null)).requestsPerSecond).toBe(104);
  });

  it('do not judge requests that are younger than ten seconds', async () => {
    expect((await asked('10.0.0.1:5432', WINDOW.fromUs + 14 * SECOND)).unanswered).toBe(1);
  });

  it('are null where nothing was answered, and 0 where nothing was asked', async () => {
    const empty = { fromUs: WINDOW.toUs, toUs: WINDOW.toUs + SECOND };
    expect(await asked('10.0.0.1:5432', KNOWN_TO_US, empty)).toMatchObject({
      requestsPerSecond: 0,
      responseMeanUs: null,
      responseMaxUs: null,
      errorShare: null,
    });
  });

  it('of a hostile name are those of everything, without the name', () => {
    const sql = figuresSql(WINDOW, { server: "x' OR '1:1", collector: '"; rm -rf ~' }, KNOWN_TO_US);
    expect(sql).not.toMatch(/OR '1|rm -rf|server_ip =|collector =/);
    expect(figuresSql(WINDOW, { server: null, collector: 'east-1' }, KNOWN_TO_US)).toContain(
      "collector = 'east-1'",
    );
  });
});

describe('the question behind a finding', () => {
  const asks = async (...given: Parameters<typeof findingOf>) => {
    const sql = evidenceSql(findingOf(...given), at(90)) ?? '';
    // It must be one that the store answers.
    await temporary.store.client.query({ query: sql });
    return sql;
  };

  it('is of its codes, of its channels, of its classes, or of its node', async () => {
    expect(await asks({ sqlstates: ['40P01'] })).toMatch(
      /FROM events .*sqlstate IN \('40P01'\) AND server_ip = '10\.0\.0\.1' AND server_port = 5432/,
    );
    expect(await asks({ sessions: ['00000000000000aa'] })).toContain(
      "session_id IN ('00000000000000aa')",
    );
    expect(await asks({ fingerprints: ['00000000000000bb'] })).toContain(
      "FROM class_1m WHERE fingerprint IN ('00000000000000bb')",
    );
    expect(await asks({})).toMatch(/FROM activity_1s FINAL WHERE .*server_ip = '10\.0\.0\.1'/);
    expect(await asks({ node: '10.0.1.1' })).toContain("client_ip = '10.0.1.1'");
  });

  it('holds nothing that a hostile name could have put into it', () => {
    const hostile = '$(reboot)"`\' OR 1';
    const names = { sqlstates: [hostile], sessions: [hostile], fingerprints: [hostile] };
    expect(evidenceSql(findingOf({ ...names, node: hostile, role: 'server' }), at(90))).toBeNull();
    expect(evidenceSql(findingOf({ node: null }), at(90))).toBeNull();
  });
});
