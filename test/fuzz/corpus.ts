/** What mutations begin with: the recorded scenarios as packets and as dialogues, and files that once did harm. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCapture } from '../../collectors/capture/open.ts';

export interface Packet {
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly tsUs: number;
  readonly linkType: number;
}

/** Bytes that one side of a connection sent in one segment. */
export interface Turn {
  readonly fromClient: boolean;
  readonly bytes: Buffer;
}

const SCENARIOS = 'test/scenarios';
const SHARED = '../shared/captures';
/** Larger captures would spend the time of many small ones. */
const PACKETS_MAX = 1500;

export function captures(): string[] {
  const scenarios = readdirSync(SCENARIOS, { withFileTypes: true })
    .map(({ name }) => join(SCENARIOS, name, 'capture.pcap'))
    .filter((path) => existsSync(path));
  const shared = ['postgres', 'zeek', 'mariadb', 'encapsulation']
    .map((folder) => join(SHARED, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [...scenarios, ...shared];
}

/** The packets of a capture. */
export async function packetsOf(path: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  const source = await openCapture(path);
  const handler = {
    packet(
      bytes: Uint8Array,
      _view: DataView,
      offset: number,
      capturedLength: number,
      originalLength: number,
      tsUs: number,
      linkType: number,
    ): void {
      if (packets.length >= PACKETS_MAX) return;
      const copy = bytes.slice(offset, offset + capturedLength);
      packets.push({ bytes: copy, originalLength, tsUs, linkType });
    },
  };
  while (await source.readChunk(handler));
  await source.close();
  return packets;
}

/**
 * The conversations on port 5432 of packets that were recorded on Ethernet with IPv4, in the order of the capture.
 * Retransmissions stay in: a mutation more.
 */
export function dialoguesOf(packets: readonly Packet[]): Turn[][] {
  const dialogues = new Map<number, Turn[]>();
  for (const { bytes, linkType } of packets) {
    const packet = Buffer.from(bytes);
    if (linkType !== 1 || packet.length < 54 || packet.readUInt16BE(12) !== 0x0800) continue;
    const ip = 14;
    if (packet[ip + 9] !== 6) continue;
    const tcp = ip + ((packet[ip] ?? 0) & 15) * 4;
    if (tcp + 20 > packet.length) continue;
    const [source, destination] = [packet.readUInt16BE(tcp), packet.readUInt16BE(tcp + 2)];
    if (source !== 5432 && destination !== 5432) continue;
    const start = tcp + ((packet[tcp + 12] ?? 0) >> 4) * 4;
    const end = Math.min(packet.length, ip + packet.readUInt16BE(ip + 2));
    if (start >= end) continue;
    const fromClient = destination === 5432;
    const port = fromClient ? source : destination;
    const turns = dialogues.get(port) ?? [];
    dialogues.set(port, turns);
    turns.push({ fromClient, bytes: packet.subarray(start, end) });
  }
  return [...dialogues.values()];
}

/** Statements of the scenarios, as their expected events tell them. */
export function statementTexts(): string[] {
  const texts = new Set<string>(EXTRA_STATEMENTS);
  for (const { name } of readdirSync(SCENARIOS, { withFileTypes: true })) {
    const file = join(SCENARIOS, name, 'expected.ndjson');
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(0, 60)) {
      const { statement } = JSON.parse(line) as { statement?: string };
      if (statement !== undefined) texts.add(statement.slice(0, 2000));
    }
  }
  return [...texts];
}

const EXTRA_STATEMENTS = [
  "ALTER ROLE a PASSWORD 'secret' VALID UNTIL 'infinity'",
  "SELECT dblink('host=h password=secret user=u', $$SELECT 'x'$$)",
  "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'a', password 'b''c')",
  "SELECT \"a\"\"b\", E'\\'x', U&'\\0041' UESCAPE '!', $tag$ $$ $tag$ /* /* */ -- */",
  "WITH x AS (SELECT 1) INSERT INTO t (a, password) VALUES (?, 'p'), (:b, @c) ON CONFLICT DO NOTHING",
  `SELECT ${'('.repeat(60)}1${')'.repeat(60)} AND a IN (${'1,'.repeat(60)}2)`,
  "COPY t FROM 'f' WITH (FORMAT csv, DELIMITER E'\\t'); BEGIN; EXECUTE p('a', 1)",
];
