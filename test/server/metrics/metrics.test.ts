import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../../src/core/version.ts';
import type { FactsSource } from '../../../src/server/facts-source.ts';
import { EventLoopDelay } from '../../../src/server/metrics/event-loop-delay.ts';
import { Metrics } from '../../../src/server/metrics/metrics.ts';
import { SelfObservation } from '../../../src/server/observation/self-observation.ts';
import { absentStore } from '../../../src/server/observation/store-figures.ts';
import { buildServer } from '../../../src/server/server.ts';
import { EXTENT } from '../sample-hour.ts';
import { sampleFacts } from '../sample-facts.ts';
import { storedSamples } from '../sample-judgements.ts';
import { readExposition } from './exposition.ts';

const facts: FactsSource = {
  extent: () => Promise.resolve(EXTENT),
  windowFacts: () => Promise.resolve(sampleFacts()),
  executions: () => Promise.resolve([]),
  ...storedSamples,
};

describe('/metrics', () => {
  it('tells in the format of Prometheus what runs here and how it is', async () => {
    const app = await buildServer({
      facts,
      loopbackOnly: true,
      observation: new SelfObservation(new Metrics(), () =>
        Promise.resolve(absentStore('nowhere', 'it is a test')),
      ),
    });
    const answer = await app.inject('/metrics');
    await app.close();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const metrics = readExposition(answer.body);
    expect(metrics.get('mirrorsql_build_info')?.samples).toEqual([
      {
        name: 'mirrorsql_build_info',
        labels: { version: VERSION, node: process.versions.node },
        value: 1,
      },
    ]);
    expect(metrics.get('process_resident_memory_bytes')?.samples[0]?.value).toBeGreaterThan(1e6);
    const quantiles = metrics.get('mirrorsql_event_loop_delay_seconds')?.samples ?? [];
    expect(quantiles.map(({ labels }) => labels['quantile'])).toEqual(['0.5', '0.99', '1']);
    expect([...metrics.keys()].filter((name) => name.includes('eventloop_lag'))).toEqual([]);
  });

  it('is not there without anything to tell', async () => {
    const app = await buildServer({ facts, loopbackOnly: true });
    expect((await app.inject('/metrics')).statusCode).toBe(404);
    await app.close();
  });

  it('names the version that package.json has', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });
});

describe('the delay of the event loop', () => {
  it('shows how long a timer had to wait, and forgets it after two windows', async () => {
    const delay = new EventLoopDelay();
    const tick = () => new Promise((resolve) => setTimeout(resolve, 40));
    await tick();
    // Longer than a busy machine keeps a process waiting.
    const until = performance.now() + 1000;
    while (performance.now() < until);
    await tick();
    expect(delay.read().max).toBeGreaterThan(0.9);
    expect(delay.read().p50).toBeLessThan(delay.read().max);
    delay.turn();
    expect(delay.read().max).toBeGreaterThan(0.9);
    delay.turn();
    await tick();
    expect(delay.read().max).toBeLessThan(0.9);
  });
});

describe('the reader of the format', () => {
  it.each([
    ['# HELP a_total x\n# TYPE a_total counter\na_total 1', 'line feed'],
    ['a 1\n', 'outside'],
    ['# TYPE a gauge\na 1\n', 'no help'],
    ['# HELP a x\n# TYPE a gauge\na 1\na 2\n', 'twice'],
    ['# HELP a x\n# TYPE a gauge\na{b="1} 2\n', 'labels'],
    ['# HELP a x\n# TYPE a gauge\na one\n', 'value'],
    ['# HELP a x\n# TYPE a counter\na 1\n', '_total'],
    ['# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n', 'base units'],
    ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_sum 1\na_count 2\n', 'hold all'],
  ])('refuses %j', (text, words) => {
    expect(() => readExposition(text)).toThrow(words);
  });
});
