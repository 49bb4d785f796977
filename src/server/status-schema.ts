/** The shape of /api/v1/status: how MirrorSQL itself is doing, as findings in words and as the figures behind them. */
import Type, { type Static } from 'typebox';
import {
  CLOSED,
  count,
  type DeepReadonly,
  durationUs,
  orNull,
  text,
  timeUs,
} from './schemas/values.ts';

const bytes = (description: string) => Type.Number({ minimum: 0, description });
const rate = (description: string) => Type.Number({ minimum: 0, description });

const finding = Type.Object(
  {
    area: Type.Union([
      Type.Literal('capture'),
      Type.Literal('storing'),
      Type.Literal('store'),
      Type.Literal('decoding'),
      Type.Literal('machine'),
    ]),
    well: Type.Boolean(),
    says: text('One clause, with the figures that matter'),
    more: Type.Array(text('What else to know')),
    sinceUs: timeUs('Since when it is so, as far as this process knows'),
    advice: orNull(text('What to do; null when it is well')),
  },
  CLOSED,
);

const captureFigures = Type.Object(
  {
    name: text('Interfaces, or the file that is played'),
    backend: text('afpacket, tcpdump, cap or file'),
    ended: Type.Boolean({ description: 'A played file has come to its end' }),
    packets: count('Packets so far'),
    packetsLately: count('In the last minute'),
    packetsPerSecond: rate('In the last minute'),
    bytesPerSecond: rate('In the last minute'),
    statementsPerSecond: rate('In the last minute'),
    kernelDrops: count('Packets that the kernel dropped so far'),
    kernelDropsLately: count('In the last minute'),
    lagUs: orNull(durationUs('How much later than the wire packets are decoded')),
    lastPacketUs: orNull(timeUs('Capture time of the newest packet')),
    sessionsOpen: count('Database connections open now'),
  },
  CLOSED,
);

const decodingFigures = Type.Object(
  {
    understoodShare: orNull(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'Bytes of database connections that were decoded, of those that should have been',
      }),
    ),
    decodedBytes: bytes('Bytes given to a decoder'),
    lostBytes: bytes('Bytes known to be missing'),
    lostBytesLately: bytes('In the last minute'),
    gaps: count('Holes in byte streams'),
    gapsLately: count('In the last minute'),
    payloadBytesLately: bytes('TCP payload in the last minute'),
    encryptedBytes: bytes('Bytes of encrypted sessions'),
    foreignBytes: bytes('Bytes of protocols that no decoder knows'),
    framesRefused: count('Messages that break the protocol'),
    droppedByLimit: count('What limits made us drop'),
    droppedByLimitLately: count('In the last minute'),
  },
  CLOSED,
);

const storingFigures = Type.Object(
  {
    segmentsWaiting: count('Segments on the disk that are not stored yet'),
    bytesWaiting: bytes('Their size'),
    waitingBytesMax: bytes('Beyond this the oldest is given up'),
    bytesWaitingPerSecond: rate('How fast that grew in the last minute; 0 when it did not'),
    oldestWaitingSinceUs: orNull(timeUs('When the oldest was sealed')),
    lastInsertUs: orNull(timeUs('When a segment was last acknowledged')),
    lastInsertDurationUs: orNull(durationUs('How long it took')),
    rowsStored: count('Rows stored by this process'),
    rowsGivenUp: count('Rows that could not be stored and are lost'),
    rowsGivenUpLately: count('In the last minute'),
    failedTries: count('Since the last success'),
    error: orNull(
      Type.Object(
        { code: text('MSQL_...'), message: text('What failed'), hint: text('What to do') },
        { ...CLOSED, description: 'Why the last try failed; null when it did not' },
      ),
    ),
  },
  CLOSED,
);

const storeFigures = Type.Object(
  {
    place: text('The directory or the server'),
    answers: Type.Boolean(),
    error: orNull(text('Why it does not')),
    rows: count('In all tables'),
    sizeBytes: bytes('On disk'),
    diskFreeBytes: orNull(bytes('Left for the store')),
    diskBytes: orNull(bytes('Size of that disk')),
    fromUs: orNull(timeUs('First stored moment')),
    toUs: orNull(timeUs('Last stored moment')),
  },
  CLOSED,
);

const machineFigures = Type.Object(
  {
    residentBytes: bytes('Memory of this process'),
    engineResidentBytes: orNull(
      bytes("Memory of the embedded store's engine, a process beside it; null where there is none"),
    ),
    memoryBytes: bytes('Memory of the machine'),
    eventLoopP50Us: durationUs('Half of the timers came at most this late'),
    eventLoopP99Us: durationUs('99 of 100 timers came at most this late'),
    eventLoopMaxUs: durationUs('The latest'),
    processorShare: Type.Number({ minimum: 0, description: 'Of one core, in the last minute' }),
  },
  CLOSED,
);

export const statusAnswer = Type.Object(
  {
    well: Type.Boolean(),
    verdict: text('One sentence'),
    role: Type.Union([Type.Literal('monitor'), Type.Literal('serve'), Type.Literal('store')], {
      description: 'What runs; store: nothing does, and the store itself was looked at',
    }),
    version: text('Of MirrorSQL'),
    atUs: timeUs('Now'),
    startedUs: orNull(timeUs('Start of the process; null when none runs')),
    findings: Type.Array(finding),
    capture: orNull(captureFigures),
    decoding: orNull(decodingFigures),
    storing: orNull(storingFigures),
    store: storeFigures,
    machine: orNull(machineFigures),
  },
  { ...CLOSED, description: 'How MirrorSQL itself is doing' },
);

export type StatusAnswer = DeepReadonly<Static<typeof statusAnswer>>;
export type Finding = DeepReadonly<Static<typeof finding>>;
export type Area = Finding['area'];
export type CaptureFigures = DeepReadonly<Static<typeof captureFigures>>;
export type DecodingFigures = DeepReadonly<Static<typeof decodingFigures>>;
export type StoringFigures = DeepReadonly<Static<typeof storingFigures>>;
export type StoreFigures = DeepReadonly<Static<typeof storeFigures>>;
export type MachineFigures = DeepReadonly<Static<typeof machineFigures>>;
