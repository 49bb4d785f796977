/** A status as a healthy monitor tells it, and the same with what a test changes. */
import type { Figures } from '../../../src/server/observation/judge.ts';

export const NOW_US = 1_795_165_200_000_000;

type Parts = { readonly [Part in keyof Figures]?: Partial<Figures[Part]> };

export const healthy = {
  atUs: NOW_US,
  startedUs: NOW_US - 3_600_000_000,
  capture: {
    name: 'eth1',
    backend: 'afpacket',
    ended: false,
    packets: 44_000_000,
    packetsLately: 744_000,
    packetsPerSecond: 12_400,
    bytesPerSecond: 9_800_000,
    statementsPerSecond: 4100,
    kernelDrops: 0,
    kernelDropsLately: 0,
    lagUs: 12_000,
    lastPacketUs: NOW_US - 20_000,
    sessionsOpen: 120,
  },
  decoding: {
    understoodShare: 0.9998,
    decodedBytes: 3e10,
    lostBytes: 1400,
    lostBytesLately: 0,
    gaps: 2,
    gapsLately: 0,
    payloadBytesLately: 5e8,
    encryptedBytes: 0,
    foreignBytes: 4_200_000,
    framesRefused: 0,
    droppedByLimit: 0,
    droppedByLimitLately: 0,
  },
  storing: {
    segmentsWaiting: 1,
    bytesWaiting: 31_000,
    waitingBytesMax: 2_147_483_648,
    bytesWaitingPerSecond: 0,
    oldestWaitingSinceUs: NOW_US - 300_000,
    lastInsertUs: NOW_US - 800_000,
    lastInsertDurationUs: 34_000,
    rowsStored: 15_000_000,
    rowsGivenUp: 0,
    rowsGivenUpLately: 0,
    failedTries: 0,
    error: null,
  },
  store: {
    place: '/var/lib/mirrorsql',
    answers: true,
    error: null,
    rows: 1_200_000_000,
    sizeBytes: 12.3e9,
    diskFreeBytes: 410e9,
    diskBytes: 1e12,
    fromUs: NOW_US - 30 * 86_400_000_000,
    toUs: NOW_US,
  },
  machine: {
    residentBytes: 312e6,
    engineResidentBytes: 640e6,
    memoryBytes: 16e9,
    eventLoopP50Us: 100,
    eventLoopP99Us: 900,
    eventLoopMaxUs: 14_000,
    processorShare: 0.31,
  },
} as const satisfies Figures;

export function figuresWith(parts: Parts): Figures {
  return {
    ...healthy,
    capture: { ...healthy.capture, ...parts.capture },
    decoding: { ...healthy.decoding, ...parts.decoding },
    storing: { ...healthy.storing, ...parts.storing },
    store: { ...healthy.store, ...parts.store },
    machine: { ...healthy.machine, ...parts.machine },
  };
}
