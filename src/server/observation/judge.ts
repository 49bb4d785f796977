/**
 * The judgement of a doctor: from figures to findings, one for each area, each well or not. Pure; who has watched for
 * longer adds since when. Every threshold stands here with its reason.
 */
import {
  bytesText,
  counted,
  countText,
  durationWords,
  rateText,
  shareText,
} from '../../core/quantities.ts';
import type {
  Area,
  CaptureFigures,
  DecodingFigures,
  MachineFigures,
  StatusAnswer,
  StoreFigures,
  StoringFigures,
} from '../status-schema.ts';
import { SECOND_US, DAY_US } from '../../core/time.ts';

/** Shorter delays come and go with every merge of the store. */
const LAG_MAX_US = 2 * SECOND_US;
/** A mirror port carries something all the time: broadcasts, keep-alives. */
const SILENT_MAX_US = 300 * SECOND_US;
/** A segment is sealed every second or two; one that waits for so long is not just behind its neighbours. */
const WAITING_MAX_US = 30 * SECOND_US;
/** One byte in a thousand: statements are missing that somebody will look for. */
const LOST_SHARE_MAX = 0.001;
/** The store cannot merge its parts for long below this. */
const DISK_FREE_MIN_BYTES = 2_000_000_000;
const DISK_FREE_MIN_SHARE = 0.05;
/** The ring of the kernel holds a busy link for about this long. */
const EVENT_LOOP_P99_MAX_US = 100_000;
const MEMORY_SHARE_MAX = 0.8;

export interface Judgement {
  readonly area: Area;
  readonly well: boolean;
  readonly says: string;
  readonly more: readonly string[];
  readonly advice: string | null;
}

export type Figures = Pick<
  StatusAnswer,
  'capture' | 'decoding' | 'storing' | 'store' | 'machine' | 'atUs' | 'startedUs'
>;

export function judge(figures: Figures): Judgement[] {
  const { capture, decoding, storing, store, machine, atUs, startedUs } = figures;
  return [
    ...(capture === null ? [] : [judgeCapture(capture, atUs, startedUs ?? atUs)]),
    ...(storing === null ? [] : [judgeStoring(storing, atUs)]),
    judgeStore(store),
    ...(decoding === null ? [] : [judgeDecoding(decoding, (capture?.kernelDropsLately ?? 0) > 0)]),
    ...(machine === null ? [] : [judgeMachine(machine)]),
  ];
}

const well = (area: Area, says: string, more: readonly string[] = []): Judgement => ({
  area,
  well: true,
  says,
  more,
  advice: null,
});
const notWell = (
  area: Area,
  says: string,
  advice: string,
  more: readonly string[] = [],
): Judgement => ({ area, well: false, says, more, advice });

function judgeCapture(capture: CaptureFigures, atUs: number, startedUs: number): Judgement {
  const { name, kernelDrops, kernelDropsLately, lagUs, lastPacketUs } = capture;
  const rate = `${rateText(capture.packetsPerSecond)} packets/s, ${bytesText(capture.bytesPerSecond)}/s`;
  const through = capture.backend === 'file' ? '' : `${name} through ${capture.backend}, `;
  const soFar = `${through}${counted(capture.packets, 'packet', 'packets')} so far`;
  if (capture.ended) return well('capture', `${name} was played to its end`, [soFar]);
  const more = [
    soFar,
    ...(kernelDrops > kernelDropsLately
      ? [`${countText(kernelDrops)} packets dropped since the start`]
      : []),
  ];
  if (kernelDropsLately > 0) {
    const share = kernelDropsLately / (kernelDropsLately + capture.packetsLately);
    return notWell(
      'capture',
      `the kernel drops packets: ${countText(kernelDropsLately)} in the last minute (${shareText(share)})`,
      'narrow --filter to the ports of the databases, or give this machine less other work',
      [rate, ...more],
    );
  }
  if (lagUs !== null && lagUs > LAG_MAX_US) {
    return notWell(
      'capture',
      `decoding runs ${durationWords(lagUs)} behind the wire`,
      'narrow --filter, or give this machine less other work, before packets are dropped',
      [rate, ...more],
    );
  }
  const silentUs = atUs - Math.max(lastPacketUs ?? 0, startedUs);
  if (capture.backend !== 'file' && silentUs > SILENT_MAX_US) {
    return notWell(
      'capture',
      `no packet has come for ${durationWords(silentUs)}`,
      `check the mirror session of the switch and the cable: ip -s link show ${name.split('+')[0] ?? ''}`,
      more,
    );
  }
  const behind = lagUs === null ? '' : `, ${durationWords(Math.max(0, lagUs))} behind the wire`;
  return well('capture', `${rate}, none dropped${kernelDrops > 0 ? ' lately' : ''}${behind}`, more);
}

function judgeStoring(storing: StoringFigures, atUs: number): Judgement {
  const { segmentsWaiting, bytesWaiting, waitingBytesMax, error, lastInsertUs } = storing;
  const waiting = `${counted(segmentsWaiting, 'segment waits', 'segments wait')}${segmentsWaiting > 0 ? ` (${bytesText(bytesWaiting)})` : ''}`;
  const last =
    lastInsertUs === null
      ? 'nothing acknowledged yet'
      : `last acknowledged ${durationWords(Math.max(0, atUs - lastInsertUs))} ago`;
  const ageUs =
    storing.oldestWaitingSinceUs === null ? 0 : Math.max(0, atUs - storing.oldestWaitingSinceUs);
  const lost =
    storing.rowsGivenUp > 0 ? [`${countText(storing.rowsGivenUp)} rows were given up`] : [];
  if (storing.rowsGivenUpLately > 0) {
    return notWell(
      'storing',
      `rows are lost: ${countText(storing.rowsGivenUpLately)} given up in the last minute`,
      error?.hint ?? 'bring the store back, or give it more disk',
      [`${waiting}, ${last}`, ...(error === null ? [] : [error.message]), ...lost],
    );
  }
  if (error !== null && storing.failedTries > 0) {
    return notWell('storing', error.message, error.hint, [
      `${waiting} on the disk, ${last}, ${counted(storing.failedTries, 'try', 'tries')} failed`,
      roomText(storing),
      ...lost,
    ]);
  }
  if (ageUs > WAITING_MAX_US) {
    return notWell(
      'storing',
      `the store is slow: ${waiting}, the oldest for ${durationWords(ageUs)}`,
      'look at the load and the disk of the store',
      [last, roomText(storing), ...lost],
    );
  }
  const took =
    storing.lastInsertDurationUs === null
      ? ''
      : `, in ${durationWords(storing.lastInsertDurationUs)}`;
  return well('storing', `${waiting}, ${last}${took}`, [
    `${counted(storing.rowsStored, 'row', 'rows')} stored by this process; up to ${bytesText(waitingBytesMax)} may wait`,
    ...lost,
  ]);
}

/** How long nothing is lost yet. */
function roomText({
  waitingBytesMax,
  bytesWaiting,
  bytesWaitingPerSecond,
}: StoringFigures): string {
  const room = `nothing is lost until ${bytesText(waitingBytesMax)} wait`;
  if (bytesWaitingPerSecond <= 0) return room;
  const leftUs = ((waitingBytesMax - bytesWaiting) / bytesWaitingPerSecond) * SECOND_US;
  return `${room}, in ${durationWords(Math.max(0, leftUs))} at this rate`;
}

function judgeStore(store: StoreFigures): Judgement {
  const { place, answers, error, sizeBytes, diskFreeBytes, diskBytes, fromUs, toUs } = store;
  if (!answers) {
    return notWell(
      'store',
      `${place} does not answer${error === null ? '' : `: ${error}`}`,
      'what is captured waits on the disk; bring the store back',
    );
  }
  const days =
    fromUs === null || toUs === null ? 'nothing stored yet' : `${keptText(toUs - fromUs)} kept`;
  const left = diskFreeBytes === null ? '' : `, ${bytesText(diskFreeBytes)} of disk left`;
  const says = `${bytesText(sizeBytes)} in ${counted(store.rows, 'row', 'rows')}, ${days}${left}`;
  const share = diskFreeBytes === null || !diskBytes ? 1 : diskFreeBytes / diskBytes;
  if (
    diskFreeBytes !== null &&
    (diskFreeBytes < DISK_FREE_MIN_BYTES || share < DISK_FREE_MIN_SHARE)
  ) {
    return notWell(
      'store',
      `the disk of the store is nearly full: ${bytesText(diskFreeBytes)} left (${shareText(share)})`,
      'free disk, or keep fewer days',
      [`${place}: ${bytesText(sizeBytes)}, ${days}`],
    );
  }
  return well('store', says, [place]);
}

function keptText(us: number): string {
  return us < 2 * DAY_US ? durationWords(us) : `${Math.floor(us / DAY_US)} days`;
}

function judgeDecoding(decoding: DecodingFigures, kernelDrops: boolean): Judgement {
  const { understoodShare, lostBytesLately, payloadBytesLately, droppedByLimitLately } = decoding;
  const understood =
    understoodShare === null
      ? 'no database traffic yet'
      : `${shareText(understoodShare)} of the database traffic understood`;
  const holes =
    decoding.gaps === 0
      ? 'no gaps'
      : `${counted(decoding.gaps, 'gap', 'gaps')} (${bytesText(decoding.lostBytes)})`;
  const more = [
    ...(decoding.foreignBytes > 0
      ? [`${bytesText(decoding.foreignBytes)} of protocols that are not read`]
      : []),
    ...(decoding.encryptedBytes > 0 ? [`${bytesText(decoding.encryptedBytes)} encrypted`] : []),
    ...(decoding.framesRefused > 0
      ? [counted(decoding.framesRefused, 'message breaks', 'messages break') + ' the protocol']
      : []),
    ...(decoding.droppedByLimit > 0
      ? [`a limit was reached ${counted(decoding.droppedByLimit, 'time', 'times')}`]
      : []),
  ];
  const lostShare = lostBytesLately / Math.max(1, lostBytesLately + payloadBytesLately);
  if (lostShare > LOST_SHARE_MAX) {
    return notWell(
      'decoding',
      `${shareText(lostShare)} of the bytes of the last minute are missing`,
      kernelDrops
        ? 'they were in the packets that the kernel dropped: see capture'
        : 'the mirror drops packets, or sees one direction only: look at the counters of its port on the switch',
      [`${understood}, ${holes}`, ...more],
    );
  }
  if (droppedByLimitLately > 0) {
    return notWell(
      'decoding',
      `limits of memory were reached ${counted(droppedByLimitLately, 'time', 'times')} in the last minute`,
      'the closing account and /metrics (mirrorsql_decode_dropped_by_limit_total) name them; narrow --filter',
      [`${understood}, ${holes}`, ...more],
    );
  }
  return well('decoding', `${understood}, ${holes}`, more);
}

function judgeMachine(machine: MachineFigures): Judgement {
  const { residentBytes, engineResidentBytes, memoryBytes } = machine;
  const { eventLoopP99Us, eventLoopMaxUs } = machine;
  const late = `timers late by ${durationWords(eventLoopP99Us)} (p99), ${durationWords(eventLoopMaxUs)} at most`;
  const engine =
    engineResidentBytes === null ? '' : ` and ${bytesText(engineResidentBytes)} (store's engine)`;
  const memory = `${bytesText(residentBytes)}${engine} of ${bytesText(memoryBytes)} memory`;
  if (residentBytes + (engineResidentBytes ?? 0) > memoryBytes * MEMORY_SHARE_MAX) {
    return notWell('machine', `memory runs out: ${memory}`, 'give this machine more memory', [
      late,
    ]);
  }
  if (eventLoopP99Us > EVENT_LOOP_P99_MAX_US) {
    return notWell(
      'machine',
      `the process is overloaded: ${late}`,
      'narrow --filter, or give this machine less other work',
      [memory],
    );
  }
  return well('machine', memory, [`${shareText(machine.processorShare)} of a core, ${late}`]);
}

/** The sentence that stands first. */
export function verdict(findings: readonly Judgement[], doing: string): string {
  const ill = findings.filter((finding) => !finding.well);
  const [worst, ...others] = ill;
  if (worst === undefined) return `MirrorSQL is well: ${doing}.`;
  const more =
    others.length === 0 ? '' : `, and ${counted(others.length, 'other finding', 'other findings')}`;
  return `MirrorSQL is not well: ${worst.says}${more}.`;
}
