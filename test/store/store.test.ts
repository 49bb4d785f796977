import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrations } from '../../src/store/migrations/migrate.ts';
import { statementFor } from '../../src/store/migrations/migration.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { descriptionOf, numberOf, temporaryDirectory } from './temporary-store.ts';

let directory: string;
let stores: Store[];
let children: ChildProcess[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  stores = [];
  children = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

async function open(path = directory): Promise<Store> {
  const store = await openStore({ kind: 'embedded', directory: path });
  stores.push(store);
  return store;
}

async function close(store: Store): Promise<void> {
  stores = stores.filter((other) => other !== store);
  await store.close();
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A process that opens the store and says so, then waits. */
async function otherProcess(): Promise<ChildProcess> {
  const script = `
    import { openStore } from '${join(import.meta.dirname, '../../src/store/store.ts')}';
    const store = await openStore({ kind: 'embedded', directory: process.argv[1] });
    process.stdout.write('open\\n');
    process.stdin.on('data', async () => { await store.close(); process.exit(0); });
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script, directory],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', reject);
  });
  return child;
}

describe('an embedded store', () => {
  it('ends its engine when it is closed, and leaves no description', async () => {
    const store = await open();
    const { pid } = descriptionOf(directory);
    expect(isAlive(pid)).toBe(true);
    await close(store);
    expect(isAlive(pid)).toBe(false);
    expect(() => statSync(join(directory, 'store.json'))).toThrow();
  });

  it('keeps what was stored', async () => {
    const first = await open();
    await first.client.insert({
      table: 'segments',
      values: [{ name: 'x', rows: 1, stored_at: 1_790_000_000 }],
      format: 'JSONEachRow',
    });
    await close(first);
    expect(await numberOf(await open(), '(SELECT count() FROM segments)')).toBe(1);
  });

  it('shows its credential to its owner only', async () => {
    await open();
    expect(statSync(join(directory, 'store.json')).mode & 0o777).toBe(0o600);
    expect(descriptionOf(directory).password).toMatch(/^[0-9a-f]{48}$/);
    expect(descriptionOf(directory).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('gets a new engine at the same address when the engine crashes', async () => {
    const store = await open();
    const before = descriptionOf(directory);
    process.kill(before.pid, 'SIGKILL');
    await expect
      .poll(() => numberOf(store, '1').catch(() => 0), { timeout: 15_000, interval: 100 })
      .toBe(1);
    const after = descriptionOf(directory);
    expect(after.pid).not.toBe(before.pid);
    expect(after.url).toBe(before.url);
  });
});

describe('a second process on the directory', () => {
  it('is served by the engine that runs, and both may write', async () => {
    const first = await open();
    const { pid } = descriptionOf(directory);
    const second = await open();
    expect(descriptionOf(directory).pid).toBe(pid);
    const values = (name: string) => [{ name, rows: 1, stored_at: 1_790_000_000 }];
    await first.client.insert({ table: 'segments', values: values('a'), format: 'JSONEachRow' });
    await second.client.insert({ table: 'segments', values: values('b'), format: 'JSONEachRow' });
    expect(await numberOf(second, '(SELECT count() FROM segments)')).toBe(2);
    await close(second);
    expect(isAlive(pid)).toBe(true);
  });

  it('keeps the engine when the first one ends in order, until it ends itself', async () => {
    const first = await otherProcess();
    const { pid } = descriptionOf(directory);
    const second = await open();
    first.stdin?.write('close\n');
    await new Promise((resolve) => first.once('exit', resolve));
    expect(await numberOf(second, '1')).toBe(1);
    await close(second);
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it('keeps the engine when the first one is killed', async () => {
    const first = await otherProcess();
    const second = await open();
    first.kill('SIGKILL');
    await new Promise((resolve) => first.once('exit', resolve));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await numberOf(second, '1')).toBe(1);
  });

  it('opens the directory itself when the first one and its engine were killed', async () => {
    const first = await otherProcess();
    const { pid } = descriptionOf(directory);
    first.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => first.once('exit', resolve));
    expect(await numberOf(await open(), '1')).toBe(1);
    expect(descriptionOf(directory).pid).not.toBe(pid);
  });

  it('is told that the directory is busy when nobody answers for it', async () => {
    await open();
    rmSync(join(directory, 'store.json'));
    await expect(
      openStore({ kind: 'embedded', directory }, { lockedWithinMs: 500 }),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_BUSY' });
  });
});

it('an engine whose process was killed and that nobody else uses ends by itself', async () => {
  const first = await otherProcess();
  const { pid } = descriptionOf(directory);
  first.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

describe('a description', () => {
  it.each([
    [
      'of an engine that has gone',
      '{"pid":1,"url":"http://127.0.0.1:9","user":"a","password":"b"}',
    ],
    ['cut off', '{"pid":1,'],
    ['of another shape', '{"url":"http://example.com"}'],
  ])('%s is ignored', async (_name, text) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'store.json'), text);
    expect(await numberOf(await open(), '1')).toBe(1);
  });
});

describe('a data directory that cannot be used', () => {
  it('is told in one line: a file in its place', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'x');
    await expect(open(path)).rejects.toMatchObject({ code: 'MSQL_STORE_DIRECTORY' });
    await expect(open(join(path, 'below'))).rejects.toMatchObject({ code: 'MSQL_STORE_DIRECTORY' });
  });

  it('is told in one line: a place where nothing can be made', async () => {
    await expect(open('/proc/mirrorsql')).rejects.toMatchObject({ code: 'MSQL_STORE_DIRECTORY' });
  });

  it('is told in one line: a path that the engine would take for a pattern', async () => {
    // Without the refusal the engine inserts from no file at all, and says nothing.
    await expect(open(join(directory, 'a{b}*'))).rejects.toMatchObject({
      code: 'MSQL_STORE_DIRECTORY',
    });
  });

  it('may have blanks, quotes and letters of any language in its path', async () => {
    const store = await open(join(directory, "it's a dir – ä"));
    await store.client.insert({
      table: 'segments',
      values: [{ name: 'x', rows: 1, stored_at: 1_790_000_000 }],
      format: 'JSONEachRow',
    });
    expect(await numberOf(store, '(SELECT count() FROM segments)')).toBe(1);
  });
});

describe('migrations', () => {
  it('run once, and harmlessly again', async () => {
    const store = await open();
    expect(await migrate(store.client, 'mirrorsql', undefined)).toEqual([]);
    await store.client.command({ query: 'TRUNCATE TABLE schema_migrations' });
    expect(await migrate(store.client, 'mirrorsql', undefined)).toEqual(
      migrations.map(({ version }) => version),
    );
  });

  it('bring in what is new, in order', async () => {
    const store = await open();
    const next = {
      version: 1000,
      name: 'next',
      statements: ['ALTER TABLE events ADD COLUMN IF NOT EXISTS extra UInt8'],
    };
    expect(await migrate(store.client, 'mirrorsql', undefined, [...migrations, next])).toEqual([
      1000,
    ]);
    expect(
      await numberOf(
        store,
        "(SELECT count() FROM system.columns WHERE table = 'events' AND name = 'extra')",
      ),
    ).toBe(1);
  });

  it('refuse a store that a newer program wrote', async () => {
    const store = await open();
    await store.client.insert({
      table: 'schema_migrations',
      values: [{ version: 999, name: 'future' }],
      format: 'JSONEachRow',
    });
    await close(store);
    await expect(openStore({ kind: 'embedded', directory })).rejects.toMatchObject({
      code: 'MSQL_STORE_VERSION',
    });
  });

  it('are numbered in order, and name the cluster where there is one', () => {
    const versions = migrations.map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    const sql =
      'CREATE TABLE t{local} {on_cluster} ENGINE = {replicated}MergeTree SETTINGS {window}';
    expect(statementFor(sql, undefined)).toBe(
      'CREATE TABLE t  ENGINE = MergeTree SETTINGS non_replicated_deduplication_window = 10000',
    );
    expect(statementFor(sql, "a'b")).toContain(
      "CREATE TABLE t_local ON CLUSTER 'a\\'b' ENGINE = ReplicatedMergeTree('/clickhouse/",
    );
    for (const { statements } of migrations) {
      for (const statement of statements) {
        expect(statementFor(statement, undefined)).not.toMatch(/\{\w+\}/);
        expect(statement).toContain('{on_cluster}');
      }
    }
  });
});

describe('a server', () => {
  it('is the same store behind an URL', async () => {
    await open();
    const { url, user, password } = descriptionOf(directory);
    const address = new URL(url);
    address.username = user;
    address.password = password;
    const store = await openStore({
      kind: 'server',
      url: address.href,
      directory: join(directory, 'spool'),
    });
    stores.unshift(store);
    expect(store.readsSegments).toBe(false);
    // What waits for a server must not be taken for what waits for the embedded store of that directory.
    expect(store.directory).toMatch(/spool\/server-[0-9a-f]{12}$/);
    expect(await numberOf(store, '(SELECT count() FROM events)')).toBe(0);
  });

  it('that does not answer, or refuses the password, is told as such', async () => {
    await expect(
      openStore({ kind: 'server', url: 'http://127.0.0.1:9', directory }),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_UNREACHABLE' });
    await open();
    const { url } = descriptionOf(directory);
    await expect(
      openStore({
        kind: 'server',
        url: url.replace('http://', 'http://mirrorsql:wrong@'),
        directory,
      }),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_LOGIN' });
    await expect(openStore({ kind: 'server', url: 'nonsense', directory })).rejects.toMatchObject({
      code: 'MSQL_CLI_USAGE',
    });
    await expect(
      openStore({ kind: 'server', url: 'tcp://host:9000', directory }),
    ).rejects.toMatchObject({ code: 'MSQL_CLI_USAGE' });
  });
});
