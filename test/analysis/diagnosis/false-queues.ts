/**
 * How often queueing is told of an hour in which load and response time only wander, each by itself, and of how many hours
 * with phases of load, in which the response time follows it: `npx tsx test/analysis/diagnosis/false-queues.ts`. Half a minute.
 */
import { queueBound } from '../../../analysis/diagnosis/queue-bound.ts';
import { defaultSlowClassesSettings } from '../../../analysis/diagnosis/slow-classes-settings.ts';
import { MINUTE_US } from '../../../src/core/time.ts';
import { START_US, stepOf } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';

const MINUTES = 60;
const NULL_HOURS = 3_000;
const LOADED_HOURS = 200;
/** Seeds of the load are others than those of the response times. */
const OTHER_SEEDS = 100_000;

type OfMinute = (minute: number) => number;

function isTold(meanUs: OfMinute, perSecond: OfMinute): boolean {
  const minutes = Array.from({ length: MINUTES }, (_, minute) => minute);
  const steps = minutes.map((minute) => ({
    fingerprint: 'a',
    startUs: START_US + minute * MINUTE_US,
    stepUs: MINUTE_US,
    answered: 10,
    durationSumUs: 10 * meanUs(minute),
  }));
  const activity = minutes.map((minute) => {
    const requests = Math.round(perSecond(minute) * 60);
    return stepOf({
      startUs: START_US + minute * MINUTE_US,
      stepUs: MINUTE_US,
      requests,
      durationSumUs: requests * meanUs(minute),
    });
  });
  return queueBound(steps, activity, defaultSlowClassesSettings) !== undefined;
}

/** Two that have nothing to do with each other. */
function wanderers(seed: number, phi: number): readonly [time: OfMinute, load: OfMinute] {
  const [time, load] = [seed, seed + OTHER_SEEDS].map((one) =>
    autocorrelated(MINUTES, phi, normal(uniform(one))),
  );
  return [(minute) => time?.[minute] ?? 0, (minute) => load?.[minute] ?? 0];
}

function toldOf(hours: number, hour: (seed: number) => boolean): string {
  const seeds = Array.from({ length: hours }, (_, index) => index + 1);
  return `told in ${String(seeds.filter(hour).length)} of ${String(hours)} hours`;
}

for (const phi of [0, 0.5, 0.8, 0.9, 0.95]) {
  for (const spread of [0.4, 0.6, 0.8]) {
    const told = toldOf(NULL_HOURS, (seed) => {
      const [time, load] = wanderers(seed, phi);
      return isTold(
        (minute) => 40_000 * Math.exp(spread * time(minute)),
        (minute) => 100 * Math.exp(spread * load(minute)),
      );
    });
    console.log(
      `no queue, autocorrelation ${String(phi)}, wandering by ${String(spread)}: ${told}`,
    );
  }
}

for (const length of [2, 5, 8, 10, 15]) {
  const told = toldOf(LOADED_HOURS, (seed) => {
    const [time, load] = wanderers(seed, 0.5);
    const isBusy: (minute: number) => boolean = (minute) => Math.floor(minute / length) % 2 === 1;
    return isTold(
      (minute) => (isBusy(minute) ? 30_000 : 5_000) * Math.exp(0.2 * time(minute)),
      (minute) => (isBusy(minute) ? 200 : 60) * Math.exp(0.2 * load(minute)),
    );
  });
  console.log(`a queue in phases of ${String(length)} minutes: ${told}`);
}
