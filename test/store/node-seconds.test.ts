/** The seconds of nodes: in any order in the store, by node and in order of time in the answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeSeconds, SecondColumn } from '../../src/events/node-seconds.ts';
import { parametersOf } from '../../src/store/questions/ask.ts';
import { readNodeSeconds, readNodeSecondsOf } from '../../src/store/questions/node-seconds.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';

const START = 1_790_000_000;
const HUGE = 2 ** 52 + 1;

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
  const row = (at: number, server: string, client: string, rest: object) => ({
    t: START + at,
    server_ip: server,
    server_port: 5432,
    client_ip: client,
    ...rest,
  });
  // Two parts: what both have of one second and edge is one row, of which gauges are maxima and counts are sums.
  const parts = [
    [
      row(7, '10.0.1.2', '10.0.0.1', { requests: 3, connections_open: 5 }),
      row(2, '10.0.1.1', '10.0.0.2', { requests: 10, connections_open: 4, bytes_request: HUGE }),
      row(2, '10.0.1.1', '10.0.0.1', { requests: 1, connections_open: 2, bytes_response: 7 }),
    ],
    [
      row(2, '10.0.1.1', '10.0.0.2', { requests: 5, connections_open: 3 }),
      row(0, '10.0.1.1', '10.0.0.1', { requests: 2, outstanding_age_max_us: 900 }),
      row(9, '10.0.1.1', '10.0.0.1', { requests: 8 }),
    ],
  ];
  for (const values of parts)
    await temporary.store.writer.insert({ table: 'activity_1s', values, format: 'JSONEachRow' });
});
afterAll(async () => {
  await temporary.remove();
});

const window = (from: number, to: number) => ({
  fromUs: (START + from) * 1e6,
  toUs: (START + to) * 1e6,
});
const columnOf = (nodes: readonly NodeSeconds[], name: SecondColumn) =>
  nodes.map(({ node, count, columns }) => [node, count, ...columns[name]]);

describe('the seconds of nodes', () => {
  it('are told by node, servers first, and in order of time', async () => {
    const asked = window(0, 9);
    const nodes = await readNodeSeconds(temporary.store, asked, parametersOf(asked, {}));
    expect(nodes.map(({ role }) => role)).toEqual(['server', 'server', 'client', 'client']);
    const second = (at: number) => (START + at) * 1e6;
    expect(columnOf(nodes, 'startUs')).toEqual([
      ['10.0.1.1:5432', 2, second(0), second(2)],
      ['10.0.1.2:5432', 1, second(7)],
      ['10.0.0.1', 3, second(0), second(2), second(7)],
      ['10.0.0.2', 1, second(2)],
    ]);
    expect(columnOf(nodes, 'requests')).toEqual([
      ['10.0.1.1:5432', 2, 2, 16],
      ['10.0.1.2:5432', 1, 3],
      ['10.0.0.1', 3, 2, 1, 3],
      ['10.0.0.2', 1, 15],
    ]);
  });

  it('add up edges, of which the gauges of one second are stored more than once, and keep every digit', async () => {
    const asked = window(0, 9);
    const nodes = await readNodeSeconds(temporary.store, asked, parametersOf(asked, {}));
    expect(columnOf(nodes, 'connectionsOpen')[0]).toEqual(['10.0.1.1:5432', 2, 0, 6]);
    expect(columnOf(nodes, 'outstandingAgeMaxUs')[0]).toEqual(['10.0.1.1:5432', 2, 900, 0]);
    expect(columnOf(nodes, 'bytes')[0]).toEqual(['10.0.1.1:5432', 2, 0, HUGE + 7]);
  });

  it('are those of the scope and of the window, and none where nothing is', async () => {
    const asked = window(1.5, 9.5);
    const scope = { client: '10.0.0.1' };
    const nodes = await readNodeSeconds(temporary.store, asked, parametersOf(asked, scope));
    expect(columnOf(nodes, 'requests')).toEqual([
      ['10.0.1.1:5432', 2, 1, 8],
      ['10.0.1.2:5432', 1, 3],
      ['10.0.0.1', 3, 1, 3, 8],
    ]);
    expect(await readNodeSecondsOf(temporary.store, window(20, 30), '')).toEqual([]);
  });
});
