/** Each decoder by itself, with what it is given and what may not happen: a throw, books that do not balance, growth. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, type CollectorOptions } from '../../collectors/collector.ts';
import { defaultLimits } from '../../collectors/limits.ts';
import { KeyLog } from '../../collectors/protocols/tls/key-log.ts';
import type { CaptureSummary } from '../../src/events/capture-summary.ts';
import { MirrorSqlError } from '../../src/core/errors.ts';
import { ClassRegistry } from '../../src/sql/class-registry.ts';
import { classify } from '../../src/sql/classify.ts';
import { fallbackTables } from '../../src/sql/fallback-tables.ts';
import { normalize } from '../../src/sql/normalize.ts';
import { maskMessage, maskSecrets, maskValue } from '../../src/sql/redaction.ts';
import { splitStatements } from '../../src/sql/split.ts';
import { play, RecordingSink } from '../collectors/recording-sink.ts';
import type { Dice } from '../simulation/dice.ts';
import { pcap, PcapngWriter } from '../wire/capture-files.ts';
import { Connection, Wire } from '../wire/connection.ts';
import { builtDialogues, builtPackets } from './built.ts';
import {
  captures,
  dialoguesOf,
  type Packet,
  packetsOf,
  statementTexts,
  type Turn,
} from './corpus.ts';
import { damage, runPipeline } from './damage.ts';
import { LIMITS } from './limits.ts';
import { mutateBytes, mutateMessages } from './mutate.ts';

export interface Target {
  readonly name: string;
  /** One run; throws when something happened that may not. */
  readonly run: (dice: Dice) => void | Promise<void>;
}

export async function targets(): Promise<Target[]> {
  const recorded: Packet[][] = [builtPackets()];
  for (const path of captures()) {
    const packets = await packetsOf(path).catch(() => []);
    if (packets.length > 0) recorded.push(packets);
  }
  const dialogues = recorded.slice(1).flatMap(dialoguesOf);
  // There are few of them among many recorded ones.
  const built = builtDialogues();
  const keys = readFileSync('test/scenarios/tls-key-log/keys.log', 'utf8');
  const encrypted = dialoguesOf(await packetsOf('test/scenarios/tls-key-log/capture.pcap'));
  return [
    { name: 'dialogue', run: (dice) => dialogue(dialogues, {}, dice) },
    { name: 'parameters', run: (dice) => dialogue(dialogues, { parameters: true }, dice) },
    { name: 'built', run: (dice) => dialogue(built, { parameters: dice.oneIn(2) }, dice) },
    { name: 'startup', run: (dice) => startup([...built, ...dialogues], dice) },
    {
      name: 'tls',
      run: (dice) => {
        const keyLog = new KeyLog(false, defaultLimits);
        keyLog.add(dice.oneIn(4) ? mutateBytes(Buffer.from(keys), dice).toString('latin1') : keys);
        dialogue(encrypted, { keyLog }, dice);
      },
    },
    { name: 'pipeline', run: (dice) => pipeline(recorded, dice) },
    { name: 'packet', run: (dice) => packet(recorded, dice) },
    captureFile(recorded),
    sql(),
  ];
}

function pickOf<T>(list: readonly T[], dice: Dice): T {
  const chosen = list[dice.below(list.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

/** A recorded conversation with damaged messages, cut anywhere, begun or lost anywhere. */
function dialogue(
  dialogues: readonly (readonly Turn[])[],
  options: CollectorOptions,
  dice: Dice,
): void {
  const turns = pickOf(dialogues, dice);
  const others = pickOf(dialogues, dice).map(({ bytes }) => bytes);
  const wire = new Wire();
  wire.stepUs = dice.pick([1, 100, 30_000]);
  const connection = new Connection(wire);
  if (!dice.oneIn(4)) connection.open();
  const rate = dice.between(1, 12);
  for (const { fromClient, bytes } of turns.slice(0, 200)) {
    const side = fromClient ? 'client' : 'server';
    let sent = bytes;
    if (dice.oneIn(rate))
      sent = dice.oneIn(2) ? mutateMessages(bytes, others, dice) : mutateBytes(bytes, dice);
    if (dice.oneIn(60)) {
      connection.lost(side, sent);
      continue;
    }
    for (let at = 0; at < sent.length; ) {
      const size = dice.oneIn(3) ? dice.between(1, 40) : 1400;
      connection.segment(side, { payload: sent.subarray(at, at + size) });
      at += size;
    }
  }
  if (dice.oneIn(2)) connection.close(dice.pick(['client', 'server']));
  mustBalance(play(wire.packets, { ...options, limits: LIMITS }));
}

/** A part of a capture, packet by packet as it was recorded, but for the damage. */
function pipeline(recorded: readonly (readonly Packet[])[], dice: Dice): void {
  const packets = pickOf(recorded, dice);
  const from = dice.oneIn(2) ? 0 : dice.below(packets.length);
  const damaged = damage(packets.slice(from, from + 300), dice);
  mustBalance(runPipeline(damaged, dice.oneIn(2)));
}

/** The first words of a connection, from either side. */
function startup(dialogues: readonly (readonly Turn[])[], dice: Dice): void {
  const wire = new Wire();
  const connection = new Connection(wire).open();
  for (let turn = dice.between(1, 6); turn > 0; turn--) {
    const from = pickOf(dialogues, dice);
    const said = from[dice.below(Math.min(4, from.length))]?.bytes ?? Buffer.alloc(1);
    const bytes = dice.oneIn(3) ? said : mutateBytes(said, dice);
    connection.segment(dice.oneIn(3) ? 'server' : 'client', { payload: bytes.subarray(0, 1400) });
  }
  connection.close();
  mustBalance(play(wire.packets, { limits: LIMITS }));
}

const LINK_TYPES = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276] as const;

/** Packets with damaged headers: links, tags, tunnels, fragments. */
function packet(recorded: readonly (readonly Packet[])[], dice: Dice): void {
  const told = new RecordingSink();
  const collector = new Collector(told, { limits: LIMITS });
  let tsUs = 1_767_225_600_000_000;
  for (let count = dice.between(1, 60); count > 0; count--) {
    const from = dice.oneIn(3) ? builtPackets() : pickOf(recorded, dice);
    const { bytes, linkType } = pickOf(from, dice);
    let damaged: Buffer = Buffer.from(bytes);
    if (!dice.oneIn(4)) {
      // Most of what matters stands in front.
      const head = Math.min(damaged.length, dice.pick([20, 60, 120]));
      damaged = Buffer.concat([
        mutateBytes(damaged.subarray(0, head), dice),
        damaged.subarray(head),
      ]);
    }
    if (dice.oneIn(8)) {
      const inner = damaged;
      damaged = Buffer.concat([pickOf(from, dice).bytes.subarray(0, 50), inner]);
    }
    const copy = Uint8Array.from(damaged.subarray(0, 9000));
    const view = new DataView(copy.buffer);
    const type = dice.oneIn(6) ? pickOf(LINK_TYPES, dice) : linkType;
    const longer = dice.oneIn(8) ? dice.below(3000) : 0;
    tsUs += dice.pick([0, 1, 5000, 40_000_000]);
    collector.packet(copy, view, 0, copy.length, copy.length + longer, tsUs, type);
    copy.fill(0xa5);
  }
  mustBalance({ told, summary: collector.finish() });
}

/** Capture files with damaged records and blocks: they are read, or refused with a word. */
function captureFile(recorded: readonly (readonly Packet[])[]): Target {
  const file = join(mkdtempSync(join(tmpdir(), 'mirrorsql-fuzz-')), 'capture');
  return {
    name: 'capture file',
    run: async (dice) => {
      const packets = pickOf(recorded, dice).slice(0, 12);
      const written = packets.map(({ bytes, tsUs }) => ({ bytes, timeNs: BigInt(tsUs) * 1000n }));
      let bytes: Buffer;
      if (dice.oneIn(2)) {
        bytes = pcap(written, { bigEndian: dice.oneIn(2), nanoseconds: dice.oneIn(2) });
      } else {
        const writer = new PcapngWriter(dice.oneIn(2)).section().interface({ resolution: 9 });
        for (const one of written) writer.enhancedPacket(one.bytes, one.timeNs);
        bytes = writer.bytes();
      }
      const damaged = mutateBytes(bytes, dice, 1 << 20);
      const zipped = dice.oneIn(6) ? mutateBytes(gzipSync(damaged), dice, 1 << 20) : damaged;
      writeFileSync(file, zipped);
      try {
        const source = await openCapture(file);
        const collector = new Collector(new RecordingSink(), { limits: LIMITS });
        try {
          while (await source.readChunk(collector));
        } finally {
          await source.close();
        }
        collector.finish();
      } catch (error) {
        if (!(error instanceof MirrorSqlError) || !error.code.startsWith('MSQL_CAPTURE_'))
          throw error;
      }
    },
  };
}

function sql(): Target {
  const texts = statementTexts().map((text) => Buffer.from(text));
  const registry = new ClassRegistry({ classesMax: 500, textSizeMax: 1 << 20 });
  return {
    name: 'sql',
    run: (dice) => {
      let text: Buffer = Buffer.from(pickOf(texts, dice));
      if (dice.oneIn(3)) text = Buffer.concat([text, pickOf(texts, dice)]);
      text = mutateBytes(text, dice, 8192);
      const ranges: number[] = [];
      const count = splitStatements(text, 0, text.length, ranges);
      let before = 0;
      for (const place of ranges) {
        if (place < before || place > text.length) throw new Error(`range ${ranges.join()}`);
        before = place;
      }
      if (count * 2 !== ranges.length)
        throw new Error(`${count} statements, ${ranges.length} ends`);
      const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
      const { fingerprint } = registry.classOf(text, view, 0, text.length);
      if (!/^[0-9a-f]{16}$/.test(fingerprint)) throw new Error(`fingerprint ${fingerprint}`);
      classify(text, 0, text.length);
      normalize(text, 0, text.length);
      fallbackTables(text, 64);
      const masked = maskSecrets(text, 0, text.length);
      if (masked.length > text.length * 4 + 64) throw new Error(`masked to ${masked.length} bytes`);
      maskValue(text.toString('latin1'));
      maskMessage(text.toString('latin1'), ['secret']);
      if (registry.sizeCount > 500) throw new Error(`${registry.sizeCount} classes`);
    },
  };
}

/** Every byte is decoded or counted, and no number is one that cannot be. */
export function mustBalance({
  told,
  summary,
}: {
  told: RecordingSink;
  summary: CaptureSummary;
}): void {
  const complaints = numbersIn(summary)
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    .map(([path, value]) => `${path} = ${value}`);
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  if (payloadBytes !== decodedBytes + encryptedBytes + foreignBytes + repeatedBytes)
    complaints.push(`${payloadBytes} bytes of payload are not accounted for`);
  for (const row of [...told.statements, ...told.transactions, ...told.seconds])
    for (const [path, value] of numbersIn(row))
      if (!Number.isSafeInteger(value) || value < 0) complaints.push(`event${path} = ${value}`);
  if (told.of('session_end').length < told.of('session_start').length)
    complaints.push('a session that never ended');
  for (const { text } of told.statements)
    if (text !== undefined && Buffer.byteLength(text) > LIMITS.statementBytesMax * 4)
      complaints.push(`a text of ${text.length} characters`);
  if (complaints.length > 0) throw new Error(complaints.slice(0, 5).join('; '));
}

/** Every number that a summary or an event holds. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? (value as Map<unknown, unknown>) : Object.entries(value);
  return [...entries].flatMap(([name, inner]) => numbersIn(inner, `${path}.${String(name)}`));
}
