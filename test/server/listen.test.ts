import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { listenAddress, startServer } from '../../src/server/listen.ts';
import { EXTENT } from './sample-hour.ts';
import { sampleFacts } from './sample-facts.ts';
import { storedSamples } from './sample-judgements.ts';

const facts = {
  extent: () => Promise.resolve(EXTENT),
  windowFacts: () => Promise.resolve(sampleFacts()),
  executions: () => Promise.resolve([]),
  ...storedSamples,
};

it.each([
  ['127.0.0.1:7432', '127.0.0.1', 7432],
  ['localhost:80', 'localhost', 80],
  ['[::1]:7432', '::1', 7432],
  ['0.0.0.0:0', '0.0.0.0', 0],
  ['8080', '127.0.0.1', 8080],
  [':8080', '::', 8080],
])('reads %s', (listen, host, port) => {
  expect(listenAddress(listen)).toEqual({ host, port });
});

it.each(['', 'localhost', '127.0.0.1:', 'a:b', '::1:7432', '127.0.0.1:70000', 'http://x:1'])(
  'refuses %j as an address',
  (listen) => {
    expect(() => listenAddress(listen)).toThrow(
      expect.objectContaining({ code: 'MSQL_CLI_USAGE' }) as Error,
    );
  },
);

it('serves on a port of its own choice when told 0, and lets go of it when closed', async () => {
  const first = await startServer({ facts }, '127.0.0.1:0');
  const response = await fetch(`${first.url}api/v1/extent`);
  expect(await response.json()).toEqual({ extent: EXTENT });
  await first.close();
  await expect(fetch(`${first.url}api/v1/extent`)).rejects.toThrow();
});

it('says that a port is taken, and by what to help oneself', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  await expect(startServer({ facts }, `127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'MSQL_SERVER_LISTEN',
    message: `cannot listen on 127.0.0.1:${port}: another program listens there`,
  });
  holder.close();
});

it('says that an address is not of this machine', async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  await expect(startServer({ facts }, '192.0.2.7:7432')).rejects.toMatchObject({
    code: 'MSQL_SERVER_LISTEN',
  });
});
