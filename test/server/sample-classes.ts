/** The statements and errors of the hour of sample-facts.ts, out of the shapes in sample-shapes.ts. */
import type {
  ClassFacts,
  ClassStep,
  ErrorFacts,
  ErrorStep,
  ExecutionFacts,
  WindowFacts,
} from '../../src/events/facts.ts';
import { SECOND_US } from '../../src/core/time.ts';
import {
  durationsOf,
  EXTENT,
  fingerprintOf,
  START_US,
  STEP_US,
  STEPS,
  strain,
} from './sample-hour.ts';
import {
  CLASS_SHAPES,
  type ClassShape,
  ERROR_SHAPES,
  type ErrorShape,
  HOSTILE_SQL,
} from './sample-shapes.ts';

export function classAt(random: () => number, shape: ClassShape, index: number): ClassFacts {
  const [normalized, calls, medianUs, spread, returned, affected, errors] = shape;
  const command = normalized.split(' ')[0] ?? '';
  const unanswered = index === 8 ? 241 : 0;
  return {
    fingerprint: fingerprintOf(index),
    normalized,
    command,
    kind: command.toLowerCase(),
    tables: [...normalized.matchAll(/(?:FROM|JOIN|UPDATE|INTO) (\w+)/g)].map(
      (match) => match[1] ?? '',
    ),
    projectionColumns: (/^SELECT (.*?) FROM/.exec(normalized)?.[1] ?? '').match(/\w+/g) ?? [],
    predicateColumns: [...normalized.matchAll(/(\w+) (?:=|<|>=|IN) [?(]/g)].map(
      (match) => match[1] ?? '',
    ),
    leadingWildcard: false,
    calls,
    errors,
    unanswered,
    answered: calls - unanswered,
    ...durationsOf(random, calls - unanswered, medianUs, spread),
    rowsReturned: calls * returned,
    rowsAffected: calls * affected,
    rowsAffectedMax: affected * 3,
    responseBytes: calls * (120 + 80 * returned),
    firstUs: EXTENT.fromUs + 1_204_117,
    lastUs: EXTENT.toUs - 804_551,
  };
}

export function classStepsOf(random: () => number, facts: ClassFacts): ClassStep[] {
  return Array.from({ length: STEPS / 6 }, (_, minute) => {
    const answered = Math.round((facts.answered / (STEPS / 6)) * (0.8 + 0.4 * random()));
    const meanUs =
      (facts.durationSumUs / Math.max(1, facts.answered)) * Math.sqrt(strain(minute * 6));
    return {
      fingerprint: facts.fingerprint,
      startUs: START_US + minute * 6 * STEP_US,
      stepUs: 6 * STEP_US,
      answered,
      durationSumUs: Math.round(answered * meanUs * (0.9 + 0.2 * random())),
    };
  });
}

/** The share of an error's occurrences in a step: contention errors cluster in the strained minutes. */
export function errorSteps(random: () => number): ErrorStep[] {
  return ERROR_SHAPES.flatMap(([sqlstate, , count], kind) => {
    const weights = Array.from({ length: STEPS }, (_, step) =>
      kind === 1 || kind === 5 ? random() ** 3 : (strain(step) - 1) ** 1.5 + 0.02 * random(),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, step) => ({
      sqlstate,
      startUs: START_US + step * STEP_US,
      stepUs: STEP_US,
      count: Math.round((count * weight) / total),
    }));
  }).filter((step) => step.count > 0);
}

export function errorAt(shape: ErrorShape): ErrorFacts {
  const [sqlstate, errorClass, count, sampleMessage, classIndex, clients] = shape;
  return {
    sqlstate,
    errorClass,
    count,
    firstUs: START_US + 231 * STEP_US,
    lastUs: START_US + 262 * STEP_US,
    sampleMessage,
    classes: [
      {
        fingerprint: fingerprintOf(classIndex),
        normalized: CLASS_SHAPES[classIndex]?.[0] ?? '',
        count,
      },
    ],
    sessions: 14,
    clients,
  };
}

/** A class of hostile text whose mean response time more than doubles within the hour. */
export function forecastOf(): WindowFacts['classForecast'] {
  const fingerprint = 'a000000000000001';
  return {
    window: EXTENT,
    classes: [{ fingerprint, normalized: HOSTILE_SQL, shareOfTime: 0.4 }],
    minutes: Array.from({ length: 60 }, (_, minute) => ({
      fingerprint,
      startUs: START_US + minute * 60 * SECOND_US,
      answered: 100,
      durationSumUs: Math.round(100 * 20_000 * 2.1 ** (minute / 60)),
    })),
    lossyMinutesUs: [],
  };
}

export function executionsOf(count: number): ExecutionFacts[] {
  return Array.from({ length: count }, (_, index) => {
    const shape = CLASS_SHAPES[index % CLASS_SHAPES.length] as ClassShape;
    return {
      tsUs: EXTENT.toUs - (index + 1) * 7_311_427,
      fingerprint: fingerprintOf(index % CLASS_SHAPES.length),
      statement: shape[0].replaceAll('?', () => String(4711 + index)),
      status: index % 9 === 8 ? 'error' : 'ok',
      sqlstate: index % 9 === 8 ? '57014' : null,
      durationUs: Math.round(8_400_000 / (index + 1)),
      rowsReturned: shape[4],
      rowsAffected: null,
      sessionId: (0xabc0ffee + index).toString(16).padStart(16, '0'),
      client: '10.20.4.30',
      server: '10.20.8.5:5432',
      user: 'batch',
      database: 'core',
      batchCount: index % 5 === 1 ? 32 : null,
      source: index % 5 === 2 ? { fingerprint: fingerprintOf(0), normalized: HOSTILE_SQL } : null,
    };
  });
}
