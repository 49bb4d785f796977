import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer as createHttpServer, request as requestHttp } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { storeSettings } from '../../src/cli/store-settings.ts';
import { EventualStore, STILL_OPENING } from '../../src/store/eventual-store.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { serverAddress } from '../../src/store/server/server-address.ts';
import { openStore, type OpenOptions, type Store } from '../../src/store/store.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeWorkload } from './synthetic.ts';
import {
  type Description,
  descriptionOf,
  numberOf,
  temporaryDirectory,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

/** The embedded store's HTTP front, taken for a server. */
let temporary: TemporaryStore;
let description: Description;
let spool: string;
let certificate: { key: Buffer; cert: Buffer; file: string };
beforeAll(async () => {
  temporary = await temporaryStore();
  description = descriptionOf(temporary.directory);
  spool = await temporaryDirectory();
  const file = join(spool, 'cert.pem');
  const key = join(spool, 'key.pem');
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${key} -out ${file}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  certificate = { key: readFileSync(key), cert: readFileSync(file), file };
});
afterAll(async () => {
  await temporary.remove();
  await rm(spool, { recursive: true, force: true });
});

let stores: Store[] = [];
let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const store of stores) await store.close();
  for (const end of ends) await end();
  stores = [];
  ends = [];
});

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const credential = (): string => `${description.user}:${description.password}`;
const enginePort = (): number => Number(new URL(description.url).port);

async function open(url: string, options: OpenOptions = {}, caFile?: string): Promise<Store> {
  const store = await openStore({ kind: 'server', url, directory: spool, caFile }, options);
  stores.push(store);
  return store;
}

/** The port on which `server` listens; it ends with the test, its connections with it. */
async function listening(server: Server, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port; // Listening on TCP.
}

/** Bytes both ways, to the engine. */
function passOn(socket: Socket, port = enginePort()): void {
  const engine = connect(port, '127.0.0.1');
  const end = (): void => {
    socket.destroy();
    engine.destroy();
  };
  engine.on('error', end).on('close', end);
  socket.on('error', end).on('close', end);
  socket.pipe(engine).pipe(socket);
}

const door = (): Promise<number> => listening(createServer((socket) => passOn(socket)));

async function storeEvents(store: Store, count: number, seed: number): Promise<void> {
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: store.directory,
    collector: store.collector,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => writer.enqueue(segment),
    segmentRowsMax: 500,
  });
  makeWorkload(seed, 1_790_000_000_000_000).feed(sink, count);
  sink.seal();
  await sink.settled();
  await writer.flush();
}

const events = (collector: string): Promise<number> =>
  numberOf(temporary.store, `(SELECT count() FROM events WHERE collector = '${collector}')`);

describe('the address of a server', () => {
  const address = (url: string, more = {}) =>
    serverAddress({ kind: 'server', url, directory: '', ...more });

  it('has hosts, a user, a database, and ports of their own', () => {
    expect(address('http://a,b:81,[::1]:82')).toMatchObject({
      hosts: ['http://a:8123', 'http://b:81', 'http://[::1]:82'],
      user: undefined,
      password: '',
      database: 'mirrorsql',
    });
    expect(address('https://u%40x:p%3A%2Fw@h/traffic?cluster=main')).toMatchObject({
      hosts: ['https://h:8443'],
      user: 'u@x',
      password: 'p:/w',
      database: 'traffic',
      cluster: 'main',
    });
  });

  it('takes user and password from the environment where it names none', () => {
    const environment = {
      MIRRORSQL_CLICKHOUSE_USER: 'env',
      MIRRORSQL_CLICKHOUSE_PASSWORD: 'secret',
    };
    const settings = storeSettings({ clickhouse: 'http://h', cluster: 'main' }, environment);
    if (settings.kind !== 'server') throw new Error('not a server');
    expect(serverAddress(settings)).toMatchObject({
      user: 'env',
      password: 'secret',
      cluster: 'main',
    });
    expect(serverAddress({ ...settings, url: 'http://url:own@h' })).toMatchObject({
      user: 'url',
      password: 'own',
    });
    expect(() => storeSettings({ cluster: 'main' }, {})).toThrow(/go with --clickhouse/);
  });

  it.each([
    'nonsense',
    'tcp://u:geheim@h',
    'http://u:geheim@',
    'http://u:geheim@a,,b',
    'http://u:geheim@a b',
    'http://u:geheim%@h',
    'http://u:geheim@h/a/b',
    `http://u:geheim@${Array.from({ length: 65 }, (_, index) => `h${index}`).join(',')}`,
  ])('is refused when it is none, without repeating it: %s', (url) => {
    let message = '';
    try {
      address(url);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/MirrorSqlError/);
    expect(message).not.toContain('geheim');
  });
});

describe('a server with TLS', () => {
  const tlsDoor = (): Promise<number> =>
    listening(createTlsServer(certificate, (socket) => passOn(socket)));

  it('is used like any other, when its authority is given', async () => {
    const port = await tlsDoor();
    const url = `https://${credential()}@localhost:${port}`;
    const store = await open(url, { collector: 'tls' }, certificate.file);
    await storeEvents(store, 1_200, 31);
    expect(await events('tls')).toBe(1_200);
  });

  it('is refused when its certificate is not to be trusted, or is another host’s', async () => {
    const port = await tlsDoor();
    await expect(open(`https://${credential()}@localhost:${port}`)).rejects.toMatchObject({
      code: 'MSQL_STORE_TLS',
      message: expect.stringMatching(/self-signed/) as string,
    });
    await expect(
      open(`https://${credential()}@127.0.0.1:${port}`, {}, certificate.file),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_TLS' });
    await expect(
      open(`https://${credential()}@localhost:${port}`, {}, join(spool, 'absent.pem')),
    ).rejects.toMatchObject({ code: 'MSQL_STORE_TLS' });
  });

  it('is told from one without', async () => {
    const port = enginePort();
    await expect(open(`https://${credential()}@localhost:${port}`)).rejects.toMatchObject({
      code: 'MSQL_STORE_TLS',
      message: expect.stringMatching(/does not speak TLS/) as string,
    });
  });
});

describe('what is no store', () => {
  const answering = (status: number, headers: Record<string, string>, body: string) =>
    listening(
      createHttpServer((_request, response) => {
        response.writeHead(status, headers);
        response.end(body);
      }),
    );

  it.each([
    ['another web server', 200, {}, '<html>', /not ClickHouse's HTTP interface/],
    ['a web server that lacks the page', 404, {}, 'gone', /not ClickHouse's HTTP interface/],
    [
      'a server that is too old',
      200,
      { 'X-ClickHouse-Summary': '{}' },
      '18.16.1\n',
      /18\.16\.1; 24\.8 is the oldest/,
    ],
  ])('%s', async (_name, status, headers, body, message) => {
    const port = await answering(status, headers, body);
    await expect(open(`http://localhost:${port}`)).rejects.toMatchObject({
      code: 'MSQL_STORE_SERVER',
      message: expect.stringMatching(message) as string,
    });
  });

  it('the port of another protocol', async () => {
    const port = await listening(createServer((socket) => socket.end('Port 9000 is for\r\n')));
    await expect(open(`http://localhost:${port}`)).rejects.toMatchObject({
      code: 'MSQL_STORE_SERVER',
      message: expect.stringMatching(/does not speak HTTP/) as string,
    });
  });

  it('a server that refuses the password, in an error without it', async () => {
    const url = `http://${description.user}:geheim@localhost:${enginePort()}`;
    const failure: unknown = await open(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'MSQL_STORE_LOGIN' });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('geheim');
  });

  it('a server that knows no such cluster', async () => {
    const url = `http://${credential()}@localhost:${enginePort()}?cluster=nowhere`;
    await expect(open(url)).rejects.toMatchObject({ code: 'MSQL_STORE_SERVER' });
  });
});

describe('several hosts', () => {
  it('stand in for each other while a load goes on, and nothing is doubled', async () => {
    const first = createServer((socket) => passOn(socket));
    const sockets = new Set<Socket>();
    first.on('connection', (socket) => sockets.add(socket));
    const port = await listening(first);
    const second = await door();
    const url = `http://${credential()}@127.0.0.1:${port},127.0.0.1:${second}`;
    const store = await open(url, { collector: 'hosts' });
    await storeEvents(store, 900, 41);
    expect(sockets.size).toBeGreaterThan(0);
    first.close();
    for (const socket of sockets) socket.destroy();
    await storeEvents(store, 1_100, 42);
    expect(await events('hosts')).toBe(2_000);
  });

  it('may be down when the store is opened, all but one', async () => {
    const port = await door();
    const url = `http://${credential()}@127.0.0.1:9,127.0.0.1:${port}`;
    const store = await open(url);
    expect(await numberOf(store, '1')).toBe(1);
  });

  it('must lead to the same data', async () => {
    const other = await temporaryStore();
    ends.push(() => other.remove());
    const { user, password, url: otherUrl } = descriptionOf(other.directory);
    // One address has one credential: the other server is reached by a door that changes it.
    const translating = createHttpServer((request, response) => {
      const headers = { ...request.headers, authorization: basic(user, password) };
      const passed = requestHttp(
        `${otherUrl}${request.url ?? ''}`,
        { method: request.method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(passed);
    });
    const port = await listening(translating);
    const first = createServer((socket) => passOn(socket));
    const firstPort = await listening(first);
    const store = await open(
      `http://${credential()}@127.0.0.1:${firstPort},127.0.0.1:${port}/mirrorsql`,
    );
    expect(await numberOf(store, '1')).toBe(1);
    first.close();
    for (const end of ends.splice(-1)) await end();
    await expect(numberOf(store, '1')).rejects.toMatchObject({ code: 'MSQL_STORE_SERVER' });
  });
});

describe('a server that is away', () => {
  it('when the store is opened is an error, but not for who is patient: it writes when the server comes', async () => {
    const port = await listening(createServer());
    await ends.pop()?.();
    const url = `http://${credential()}@127.0.0.1:${port}`;
    await expect(open(url)).rejects.toMatchObject({ code: 'MSQL_STORE_UNREACHABLE' });
    const store = new EventualStore(
      { kind: 'server', url, directory: spool },
      { collector: 'late' },
    );
    stores.push(store);
    const writer = new SegmentWriter(store, { patience: 'forever' });
    const sink = new SegmentSink({
      directory: store.directory,
      collector: 'late',
      describe: () => ({ tables: [], columns: [] }),
      onSealed: (segment) => writer.enqueue(segment),
    });
    makeWorkload(51, 1_790_000_000_000_000).feed(sink, 700);
    sink.seal();
    await sink.settled();
    await expect.poll(() => store.trouble?.code).toBe('MSQL_STORE_UNREACHABLE');
    await listening(
      createServer((socket) => passOn(socket)),
      port,
    );
    await writer.flush();
    expect(await events('late')).toBe(700);
  });

  it('and takes connections but says nothing is only being opened at first, then does not answer', async () => {
    const port = await listening(createServer(() => undefined));
    const store = new EventualStore(
      { kind: 'server', url: `http://${credential()}@127.0.0.1:${port}`, directory: spool },
      { answerWithinMs: 500 },
    );
    stores.push(store);
    expect(store.trouble).toBeUndefined();
    expect(() => store.client).toThrow(STILL_OPENING);
    await expect.poll(() => store.trouble?.code).toBe('MSQL_STORE_UNREACHABLE');
    expect(() => store.client).toThrow('has not answered since it began to be opened');
  });

  it('is given up when one is told to', async () => {
    const port = await listening(createServer(() => undefined));
    const url = `http://${credential()}@127.0.0.1:${port}`;
    await expect(open(url, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      code: 'MSQL_STORE_UNREACHABLE',
    });
  });
});

it('leaves no password behind in the directory where segments wait', async () => {
  const store = await open(`http://${credential()}@localhost:${enginePort()}`);
  writeFileSync(join(store.directory, 'probe'), '');
  const found = spawnSync('grep', ['-rl', description.password, spool], { encoding: 'utf8' });
  expect(found).toMatchObject({ status: 1, stdout: '' });
});
