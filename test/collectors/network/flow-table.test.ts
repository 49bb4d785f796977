/** The table of flows against a Map, through growth and removals in the middle of probe sequences. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../../collectors/network/flow.ts';
import { FlowTable } from '../../../collectors/network/flow-table.ts';
import { PacketDecoder } from '../../../collectors/network/packet.ts';
import { ipv4, ipv6, tcp } from '../../wire/packets.ts';

interface Ends {
  /** Last byte of each address. */
  readonly client: number;
  readonly server: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly six?: boolean;
}

const byte = (value: number): string => value.toString(16).padStart(2, '0');

function segment(
  { client, server, clientPort, serverPort, six = false }: Ends,
  back = false,
): PacketDecoder {
  const [source, destination] = back ? [server, client] : [client, server];
  const [sourcePort, destinationPort] = back ? [serverPort, clientPort] : [clientPort, serverPort];
  const payload = tcp({ sourcePort, destinationPort });
  const bytes = six
    ? ipv6(payload, {
        source: `20010db8${'0'.repeat(22)}${byte(source)}`,
        destination: `20010db8${'0'.repeat(22)}${byte(destination)}`,
      })
    : ipv4(payload, { source: `10.0.0.${source}`, destination: `10.0.0.${destination}` });
  const decoder = new PacketDecoder();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(decoder.decode(view, 0, bytes.length, 101)).toBe(0);
  return decoder;
}

const newFlow = (): Flow => new Flow([new Uint8Array(16), new Uint8Array(16)], [1, 2], 0);

const keyOf = ({ client, server, clientPort, serverPort, six = false }: Ends): string =>
  [`${client}:${clientPort}`, `${server}:${serverPort}`].sort().join('-') + String(six);

const anyEnds: fc.Arbitrary<Ends> = fc.record({
  client: fc.integer({ min: 1, max: 3 }),
  server: fc.integer({ min: 1, max: 3 }),
  clientPort: fc.integer({ min: 1, max: 4 }),
  serverPort: fc.integer({ min: 1, max: 4 }),
  six: fc.boolean(),
});

describe('the flow table', () => {
  it('behaves as a map whose keys are unordered pairs of endpoints', () => {
    const step = fc.record({ ends: anyEnds, back: fc.boolean(), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const table = new FlowTable();
        const model = new Map<string, { flow: Flow; first: string }>();
        for (const { ends, back, remove } of steps) {
          const packet = segment(ends, back);
          const [from, to] = back
            ? [`${ends.server}:${ends.serverPort}`, `${ends.client}:${ends.clientPort}`]
            : [`${ends.client}:${ends.clientPort}`, `${ends.server}:${ends.serverPort}`];
          const expected = model.get(keyOf(ends));
          const found = table.find(packet);
          expect(found).toBe(expected?.flow);
          if (expected !== undefined && from !== to)
            expect(table.direction).toBe(expected.first === from ? 0 : 1);
          if (found === undefined) {
            const flow = newFlow();
            table.add(packet, flow);
            model.set(keyOf(ends), { flow, first: from });
          } else if (remove) {
            table.remove(found);
            expect(found.slot).toBe(-1);
            model.delete(keyOf(ends));
          }
          expect(table.sizeCount).toBe(model.size);
        }
        expect(new Set(table.flows())).toEqual(
          new Set([...model.values()].map(({ flow }) => flow)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('finds every flow after it has grown and after half of them are gone', () => {
    const table = new FlowTable();
    const all = Array.from({ length: 6000 }, (_, index) => ({
      ends: { client: 1 + (index % 3), server: 9, clientPort: 1024 + index, serverPort: 5432 },
      flow: newFlow(),
    }));
    for (const { ends, flow } of all) table.add(segment(ends), flow);
    expect(all.filter(({ ends, flow }) => table.find(segment(ends, true)) !== flow)).toEqual([]);
    const gone = all.filter((_, index) => index % 2 === 0);
    for (const { flow } of gone) table.remove(flow);
    expect(gone.filter(({ ends }) => table.find(segment(ends)) !== undefined)).toEqual([]);
    const left = all.filter((_, index) => index % 2 === 1);
    expect(left.filter(({ ends, flow }) => table.find(segment(ends)) !== flow)).toEqual([]);
    expect([table.sizeCount, [...table.flows()].length]).toEqual([3000, 3000]);
  });

  it('does not find a flow again that was found last and then removed', () => {
    const table = new FlowTable();
    const ends = { client: 1, server: 2, clientPort: 3, serverPort: 4 };
    const flow = newFlow();
    table.add(segment(ends), flow);
    expect(table.find(segment(ends))).toBe(flow);
    table.remove(flow);
    expect(table.find(segment(ends))).toBeUndefined();
  });

  it('keeps two flows apart that differ only in which port belongs to which address', () => {
    const table = new FlowTable();
    const [one, other] = [newFlow(), newFlow()];
    table.add(segment({ client: 1, server: 2, clientPort: 3, serverPort: 4 }), one);
    expect(
      table.find(segment({ client: 1, server: 2, clientPort: 4, serverPort: 3 })),
    ).toBeUndefined();
    table.add(segment({ client: 1, server: 2, clientPort: 4, serverPort: 3 }), other);
    expect(table.find(segment({ client: 2, server: 1, clientPort: 3, serverPort: 4 }))).toBe(other);
    expect(table.find(segment({ client: 2, server: 1, clientPort: 4, serverPort: 3 }))).toBe(one);
  });
});
