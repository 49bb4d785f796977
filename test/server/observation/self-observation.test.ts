import Schema from 'typebox/schema';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Metrics } from '../../../src/server/metrics/metrics.ts';
import { SelfObservation } from '../../../src/server/observation/self-observation.ts';
import { absentStore } from '../../../src/server/observation/store-figures.ts';
import { statusAnswer, type StoreFigures } from '../../../src/server/status-schema.ts';
import { healthy } from './figures-of.ts';

describe('an observation of oneself', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('answers by its schema, and remembers since when the store is away', async () => {
    vi.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date', 'setInterval', 'clearInterval'] });
    let store: StoreFigures = healthy.store;
    const observation = new SelfObservation(new Metrics(), () => Promise.resolve(store));
    const first = await observation.read();
    expect(Schema.Errors(statusAnswer, first)[1]).toEqual([]);
    expect([first.well, first.role]).toEqual([true, 'serve']);
    await vi.advanceTimersByTimeAsync(60_000);
    store = absentStore('/var/lib/mirrorsql', 'gone');
    await vi.advanceTimersByTimeAsync(120_000);
    const ill = await observation.read();
    expect(ill.well).toBe(false);
    const finding = ill.findings.find(({ area }) => area === 'store');
    const awaySeconds = (ill.atUs - (finding?.sinceUs ?? 0)) / 1e6;
    // It is asked every ten seconds.
    expect(awaySeconds).toBeGreaterThanOrEqual(110);
    expect(awaySeconds).toBeLessThanOrEqual(120);
    expect(ill.findings.find(({ area }) => area === 'machine')?.sinceUs).toBe(1e15);
    observation.close();
  });

  it('tells the memory of an engine beside it, and names none where the store is a server', async () => {
    const name = 'mirrorsql_store_engine_resident_memory_bytes';
    const told = async (engine?: () => number | undefined) => {
      const metrics = new Metrics();
      const ask = () => Promise.resolve(healthy.store);
      const observation = new SelfObservation(metrics, ask, engine);
      const { machine } = await observation.read();
      observation.close();
      const lines = (await metrics.text()).split('\n').filter((line) => line.includes(name));
      return [machine?.engineResidentBytes, lines.at(-1)];
    };
    expect(await told(() => 640e6)).toEqual([640e6, `${name} 640000000`]);
    expect(await told()).toEqual([null, undefined]);
    // Between the end of one and its successor.
    expect((await told(() => undefined))[0]).toBeNull();
  });
});
