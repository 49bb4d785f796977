/** From what the parts of a running monitor tell to the figures of its status. */
import { totalmem } from 'node:os';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type { DelaySummary } from '../metrics/event-loop-delay.ts';
import type {
  CaptureFigures,
  DecodingFigures,
  MachineFigures,
  StoringFigures,
} from '../status-schema.ts';
import type { ObservedCapture, ObservedStoring } from './observed.ts';
import type { Sample, Samples } from './samples.ts';

const US_PER_MS = 1000;
const US_PER_S = 1_000_000;

export function sampleOf(
  atMs: number,
  summary: CaptureSummary | undefined,
  storing: ObservedStoring | undefined,
): Sample {
  const { user, system } = process.cpuUsage();
  return {
    atMs,
    packets: summary?.packets ?? 0,
    bytes: summary?.bytes ?? 0,
    statements: summary?.events['statement'] ?? 0,
    payloadBytes: summary?.payloadBytes ?? 0,
    kernelDrops: summary?.kernelDrops ?? 0,
    gaps: summary?.gaps ?? 0,
    lostBytes: summary?.lostBytes ?? 0,
    droppedByLimit: total(summary?.droppedByLimit ?? {}),
    rowsGivenUp: total(storing?.state.rowsDropped ?? {}),
    bytesWaiting: storing?.state.bytesWaiting ?? 0,
    processorMs: (user + system) / US_PER_MS,
  };
}

export function captureFigures(
  capture: ObservedCapture,
  summary: CaptureSummary,
  samples: Samples,
): CaptureFigures {
  return {
    name: capture.name,
    backend: capture.backend,
    ended: capture.ended(),
    packets: summary.packets,
    packetsLately: samples.grown('packets'),
    packetsPerSecond: samples.rate('packets'),
    bytesPerSecond: samples.rate('bytes'),
    statementsPerSecond: samples.rate('statements'),
    kernelDrops: summary.kernelDrops,
    kernelDropsLately: samples.grown('kernelDrops'),
    lagUs: orNull(capture.lagUs()),
    lastPacketUs: orNull(summary.lastPacketUs),
    sessionsOpen: capture.sessionsOpen(),
  };
}

export function decodingFigures(summary: CaptureSummary, samples: Samples): DecodingFigures {
  const { decodedBytes, encryptedBytes, resyncBytes, lostBytes } = summary;
  const wanted = decodedBytes + encryptedBytes + lostBytes;
  const understood = Math.max(0, decodedBytes - resyncBytes);
  return {
    understoodShare: wanted === 0 ? null : understood / wanted,
    decodedBytes,
    lostBytes,
    lostBytesLately: samples.grown('lostBytes'),
    gaps: summary.gaps,
    gapsLately: samples.grown('gaps'),
    payloadBytesLately: samples.grown('payloadBytes'),
    encryptedBytes,
    foreignBytes: summary.foreignBytes,
    framesRefused: summary.framesRefused,
    droppedByLimit: total(summary.droppedByLimit),
    droppedByLimitLately: samples.grown('droppedByLimit'),
  };
}

export function storingFigures(
  { state, counts }: ObservedStoring,
  samples: Samples,
): StoringFigures {
  const { lastError, failedTries, lastInsertMs } = state;
  return {
    segmentsWaiting: state.segmentsWaiting,
    bytesWaiting: state.bytesWaiting,
    waitingBytesMax: state.waitingBytesMax,
    bytesWaitingPerSecond: samples.rate('bytesWaiting'),
    oldestWaitingSinceUs: micros(state.oldestWaitingSinceMs),
    lastInsertUs: micros(state.lastInsertAtMs),
    lastInsertDurationUs: lastInsertMs === undefined ? null : lastInsertMs * US_PER_MS,
    rowsStored: total(counts.stored),
    rowsGivenUp: total(state.rowsDropped),
    rowsGivenUpLately: samples.grown('rowsGivenUp'),
    failedTries,
    error:
      lastError === undefined || failedTries === 0
        ? null
        : { code: lastError.code, message: lastError.message, hint: lastError.hint },
  };
}

export function machineFigures(
  delay: DelaySummary,
  samples: Samples,
  engineResidentBytes: number | undefined,
): MachineFigures {
  return {
    residentBytes: process.memoryUsage.rss(),
    engineResidentBytes: orNull(engineResidentBytes),
    memoryBytes: totalmem(),
    eventLoopP50Us: delay.p50 * US_PER_S,
    eventLoopP99Us: delay.p99 * US_PER_S,
    eventLoopMaxUs: delay.max * US_PER_S,
    processorShare: samples.rate('processorMs') / 1000,
  };
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function orNull<T>(value: T | undefined): T | null {
  return value ?? null;
}

function micros(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms * US_PER_MS);
}
