import { describe, expect, it } from 'vitest';
import type { WindowFacts } from '../../src/events/facts.ts';
import type { FactsSource } from '../../src/server/facts-source.ts';
import { Readings } from '../../src/server/readings.ts';
import { EXTENT } from './sample-hour.ts';
import { sampleFacts } from './sample-facts.ts';
import { storedSamples } from './sample-judgements.ts';

/** A source whose readings end when the test says so. */
function slowSource() {
  const ends: { resolve: (facts: WindowFacts) => void; reject: (error: Error) => void }[] = [];
  const source: FactsSource = {
    extent: () => Promise.resolve(EXTENT),
    windowFacts: () =>
      new Promise((resolve, reject) => {
        ends.push({ resolve, reject });
      }),
    executions: () => Promise.resolve([]),
    ...storedSamples,
  };
  return { source, ends };
}

const windowAt = (index: number) => ({ fromUs: EXTENT.fromUs + index, toUs: EXTENT.toUs });
const facts = sampleFacts();
/** Lets everything that waits on settled promises go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Readings', () => {
  it('reads a window once for all who ask for it at the same time', async () => {
    const { source, ends } = slowSource();
    const readings = new Readings(source);
    const asked = [1, 2, 3].map(() => readings.of(EXTENT, {}));
    expect(ends.length).toBe(1);
    ends[0]?.resolve(facts);
    const [first, second, third] = await Promise.all(asked);
    expect(second).toBe(first);
    expect(third).toBe(first);
  });

  it('keeps windows and scopes apart', () => {
    const { source, ends } = slowSource();
    const readings = new Readings(source, { inFlightMax: 10 });
    void readings.of(EXTENT, {});
    void readings.of(EXTENT, { client: '10.0.0.1' });
    void readings.of(EXTENT, { server: '10.0.0.1' });
    void readings.of(windowAt(1), {});
    expect(ends.length).toBe(4);
  });

  it('reads no more at once than its limit, and the waiting ones in their order', async () => {
    const { source, ends } = slowSource();
    const readings = new Readings(source, { inFlightMax: 2 });
    const asked = [0, 1, 2, 3].map((index) => readings.of(windowAt(index), {}));
    expect([ends.length, readings.inFlightCount, readings.waitingCount]).toEqual([2, 2, 2]);
    ends[0]?.resolve(facts);
    await asked[0];
    await settle();
    expect([ends.length, readings.inFlightCount, readings.waitingCount]).toEqual([3, 2, 1]);
    ends[1]?.resolve(facts);
    ends[2]?.resolve(facts);
    await settle();
    ends[3]?.resolve(facts);
    await Promise.all(asked);
    await settle();
    expect([readings.inFlightCount, readings.waitingCount]).toEqual([0, 0]);
  });

  it('refuses what its queue has no room for, and counts it', async () => {
    const { source } = slowSource();
    const readings = new Readings(source, { inFlightMax: 1, waitingMax: 1 });
    void readings.of(windowAt(0), {});
    void readings.of(windowAt(1), {});
    await expect(readings.of(windowAt(2), {})).rejects.toMatchObject({ code: 'MSQL_API_BUSY' });
    expect(readings.refusedCount).toBe(1);
    expect(readings.waitingCount).toBe(1);
  });

  it('does not keep a failure: the next one who asks has it read again', async () => {
    const { source, ends } = slowSource();
    const readings = new Readings(source, { inFlightMax: 1 });
    const failed = readings.of(EXTENT, {});
    ends[0]?.reject(new Error('away'));
    await expect(failed).rejects.toThrow('away');
    const again = readings.of(EXTENT, {});
    expect(ends.length).toBe(2);
    ends[1]?.resolve(facts);
    await expect(again).resolves.toBeDefined();
  });

  it('keeps no more finished readings than its limit', async () => {
    const { source, ends } = slowSource();
    const readings = new Readings(source, { inFlightMax: 1, keptMax: 1 });
    for (const index of [0, 1]) {
      const asked = readings.of(windowAt(index), {});
      ends[index]?.resolve(facts);
      await asked;
      await settle();
    }
    void readings.of(windowAt(1), {});
    expect(ends.length).toBe(2);
    void readings.of(windowAt(0), {});
    expect(ends.length).toBe(3);
  });
});
