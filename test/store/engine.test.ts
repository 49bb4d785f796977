import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Description,
  descriptionOf,
  numberOf,
  rowsOf,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

let temporary: TemporaryStore;
let description: Description;
beforeAll(async () => {
  temporary = await temporaryStore();
  description = descriptionOf(temporary.directory);
  const { client } = temporary.store;
  await client.command({
    query: 'CREATE TABLE lines (a UInt64, b String) ENGINE = MergeTree ORDER BY a',
  });
});
afterAll(() => temporary.remove());

const client = () => temporary.store.client;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A request as any HTTP client would send it. */
function send(
  path: string,
  body: Buffer | string = '',
  headers: Record<string, string> = {},
  authorized = true,
): Promise<Answer> {
  const credential = Buffer.from(`${description.user}:${description.password}`).toString('base64');
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      description.url + path,
      {
        method: 'POST',
        headers: { ...(authorized ? { authorization: `Basic ${credential}` } : {}), ...headers },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(pieces).toString(),
            headers: response.headers,
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const query = (sql: string, more = ''): string =>
  `/?database=mirrorsql&query=${encodeURIComponent(sql)}${more}`;

describe('the credential', () => {
  it('is asked for on every request but /ping', async () => {
    expect(await send('/ping', '', {}, false)).toMatchObject({ status: 200, text: 'Ok.\n' });
    const refused = await send(query('SELECT 1'), '', {}, false);
    expect(refused.status).toBe(403);
    expect(refused.headers['x-clickhouse-exception-code']).toBe('516');
    const lease = await send('/lease', '', {}, false);
    expect(lease.status).toBe(403);
  });

  it('is refused when user or password is wrong', async () => {
    for (const wrong of [
      'mirrorsql:',
      `${description.user}:${description.password}x`,
      `x:${description.password}`,
    ]) {
      const headers = { authorization: `Basic ${Buffer.from(wrong).toString('base64')}` };
      expect((await send(query('SELECT 1'), '', headers, false)).status).toBe(403);
    }
  });

  it('may come in ClickHouse headers or in the URL', async () => {
    const { user, password } = description;
    const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password };
    expect((await send(query('SELECT 1'), '', headers, false)).text).toBe('1\n');
    const inUrl = query('SELECT 1', `&user=${user}&password=${password}`);
    expect((await send(inUrl, '', {}, false)).text).toBe('1\n');
  });
});

describe('a request', () => {
  it('keeps its settings and parameters to itself', async () => {
    const setting = "SELECT getSetting('max_threads') AS value";
    const before = await numberOf(temporary.store, "getSetting('max_threads')");
    const answer = await client().query({
      query: setting,
      clickhouse_settings: { max_threads: 7, readonly: '1' },
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ value: 7 }]);
    expect(await numberOf(temporary.store, "getSetting('max_threads')")).toBe(before);
    await client().insert({
      table: 'lines',
      values: [{ a: 1, b: 'after readonly' }],
      format: 'JSONEachRow',
    });
    await send(query('SELECT {x:String}', '&param_x=secret'));
    expect((await send(query('SELECT {x:String}'))).headers['x-clickhouse-exception-code']).toBe(
      '456',
    );
  });

  it('takes parameters of any text', async () => {
    for (const text of [
      "a'b",
      'back\\slash',
      'line\nbreak\ttab',
      "'); DROP TABLE lines; --",
      'ä😀',
    ]) {
      const answer = await client().query({
        query: 'SELECT {text:String} AS text',
        query_params: { text },
        format: 'JSONEachRow',
      });
      expect(await answer.json()).toEqual([{ text }]);
    }
  });

  it('may be a statement in the body, or a statement in the URL with its data in the body', async () => {
    expect((await send('/?database=mirrorsql', 'SELECT 1 + 1;')).text).toBe('2\n');
    await send('/?database=mirrorsql', "INSERT INTO lines VALUES (20, 'in the body')");
    await send(query('INSERT INTO lines FORMAT TSV'), '21\tbehind the URL\n');
    await send('/?database=mirrorsql', 'INSERT INTO lines FORMAT JSONEachRow\n{"a":22,"b":"ä"}\n');
    expect(
      await rowsOf(temporary.store, 'SELECT b FROM lines WHERE a BETWEEN 20 AND 22 ORDER BY a'),
    ).toEqual([{ b: 'in the body' }, { b: 'behind the URL' }, { b: 'ä' }]);
  });

  it('is compressed both ways when the client wants it', async () => {
    const { url, user, password } = description;
    const compressing = createClient({
      url,
      username: user,
      password,
      database: 'mirrorsql',
      compression: { request: true, response: true },
    });
    await compressing.insert({
      table: 'lines',
      values: [{ a: 30, b: 'gz' }],
      format: 'JSONEachRow',
    });
    const answer = await compressing.query({
      query: 'SELECT b FROM lines WHERE a = 30',
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ b: 'gz' }]);
    await compressing.close();
    const damaged = await send(
      query('INSERT INTO lines FORMAT TSV'),
      gzipSync('31\tx\n').subarray(0, 12),
      {
        'content-encoding': 'gzip',
      },
    );
    expect(damaged.status).toBe(500);
    expect(await numberOf(temporary.store, '(SELECT count() FROM lines WHERE a = 31)')).toBe(0);
  });

  it('gets errors of the engine with their code', async () => {
    const failure = client().query({ query: 'SELECT * FROM nowhere', format: 'JSONEachRow' });
    await expect(failure).rejects.toBeInstanceOf(ClickHouseError);
    await expect(failure).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
  });

  it('gets the rows it wrote and read counted', async () => {
    const written = await send(query('INSERT INTO lines FORMAT TSV'), '40\ta\n41\tb\n');
    expect(JSON.parse(String(written.headers['x-clickhouse-summary']))).toMatchObject({
      written_rows: '2',
    });
  });

  it('may not name settings that are no names', async () => {
    expect((await send(query('SELECT 1', '&max_threads%3D1%2Creadonly=0'))).status).toBe(400);
  });

  it('is not run in part: only one statement is taken', async () => {
    const answer = await send(query('SELECT 1; DROP TABLE lines'));
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain('Multi-statements are not allowed');
    expect(await numberOf(temporary.store, '(SELECT count() > 0 FROM lines)')).toBe(1);
  });
});

describe('data of an INSERT', () => {
  const attack = "x\n\n; DROP TABLE lines; SELECT '\\'\n\n";

  it('are never run as SQL, in whatever format they come', async () => {
    const csv = `50,"${attack.replaceAll('"', '""')}"\n`;
    await send(query('INSERT INTO lines FORMAT CSV'), csv);
    await send('/?database=mirrorsql', `INSERT INTO lines FORMAT CSV\n${csv.replace('50', '51')}`);
    await client().insert({
      table: 'lines',
      values: [{ a: 52, b: attack }],
      format: 'JSONEachRow',
    });
    const rows = await rowsOf<{ b: string }>(
      temporary.store,
      'SELECT b FROM lines WHERE a BETWEEN 50 AND 52',
    );
    expect(rows.map((row) => row.b)).toEqual([attack, attack, attack]);
  });

  it('that the engine cannot read are refused whole', async () => {
    const answer = await send(query('INSERT INTO lines FORMAT TSV'), '60\tfine\nnot a number\tx\n');
    expect(answer.status).toBe(500);
    expect(await numberOf(temporary.store, '(SELECT count() FROM lines WHERE a = 60)')).toBe(0);
  });
});

describe('a long answer', () => {
  it('comes piece by piece', async () => {
    const answer = await client().query({
      query: 'SELECT number, repeat(toString(number), 20) FROM numbers(500000)',
      format: 'JSONCompactEachRow',
    });
    let rows = 0;
    for await (const piece of answer.stream()) rows += piece.length;
    expect(rows).toBe(500_000);
  });

  it('is cut when it fails on the way, so that nobody takes a part for the whole', async () => {
    const failing = client().query({
      query: 'SELECT throwIf(number = 3000000), number FROM numbers(4000000)',
      format: 'JSONCompactEachRow',
    });
    let rows = 0;
    const readAll = async (): Promise<void> => {
      for await (const piece of (await failing).stream()) rows += piece.length;
    };
    await expect(readAll()).rejects.toThrow();
    expect(rows).toBeLessThan(4_000_000);
  });

  it('is not computed further when its reader goes away', async () => {
    const abort = new AbortController();
    const endless = 'SELECT sum(cityHash64(number)) AS endless FROM numbers(1000000000000)';
    const asked = client().query({ query: endless, format: 'JSON', abort_signal: abort.signal });
    const running = () =>
      numberOf(
        temporary.store,
        "(SELECT count() FROM system.processes WHERE query LIKE '%AS endless FROM num%' AND query NOT LIKE '%processes%')",
      );
    await expect.poll(running, { timeout: 10_000 }).toBe(1);
    abort.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(running, { timeout: 10_000 }).toBe(0);
  });
});

it('lets a short question pass while long ones run', async () => {
  const abort = new AbortController();
  const long = [1, 2].map((number) =>
    client()
      .query({
        query: `SELECT sum(cityHash64(number + ${number})) FROM numbers(1000000000000)`,
        format: 'JSON',
        abort_signal: abort.signal,
      })
      .catch(() => undefined),
  );
  expect(await numberOf(temporary.store, '1')).toBe(1);
  abort.abort();
  await Promise.all(long);
});
