/**
 * Hot. Live packets from an AF_PACKET ring (TPACKET_V3): the kernel fills blocks of shared memory, this walks the packets
 * in place and gives each block back. Nothing is copied, nothing is allocated per packet.
 * Layouts: linux/if_packet.h (tpacket_block_desc, tpacket3_hdr), in the host's byte order.
 * Bench: test/bench/live.bench.ts.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MirrorSqlError, systemCode } from '../../../src/core/errors.ts';
import { LinkType, type PacketHandler } from '../capture-source.ts';
import {
  type LiveOptions,
  type LiveSource,
  type LiveStatistics,
  NO_STATISTICS,
} from '../live-source.ts';

interface Opened {
  readonly handle: object;
  readonly ring: ArrayBuffer;
  readonly hardwareType: number;
}

interface Addon {
  open(interfaceName: string, options: object, filter: Buffer | undefined): Opened;
  statistics(handle: object): [number, number, number] | undefined;
  isBound(handle: object): boolean;
  hardwareType(interfaceName: string): number | undefined;
  close(handle: object): void;
}

const BLOCK_STATUS = 8;
const BLOCK_PACKETS = 12;
const BLOCK_FIRST = 16;
const PACKET_NEXT = 0;
const PACKET_SECONDS = 4;
const PACKET_NANOSECONDS = 8;
const PACKET_SNAP_LENGTH = 12;
const PACKET_LENGTH = 16;
const PACKET_MAC = 24;
/** Behind tpacket3_hdr (48 bytes) comes sockaddr_ll, in it sll_pkttype. */
const PACKET_TYPE = 48 + 10;
const TYPE_OUTGOING = 4;
const HARDWARE_LOOPBACK = 772;
const STATUS_KERNEL = 0;
const STATUS_USER = 1;

/**
 * A block that is not full is handed over after this long: it bounds the delay, not the timestamps. A trickle of packets takes
 * a block each time, so the ring holds `blocks * RETIRE_MS` of a quiet line: five seconds with 64 MiB, for a process that is
 * starting or is not given the processor.
 */
const RETIRE_MS = 20;
/** Room for the largest packet that the kernel puts together (64 KiB, of jumbo frames and of segmentation offload). */
const BLOCK_BYTES = 256 << 10;
const POLL_MS = 4;
/** So many blocks at a time, then the event loop gets its turn. */
const BLOCKS_PER_TURN = 16;
/** Without packets, `readChunk` returns this often, so that clocks above it go on. */
const IDLE_MS = 200;

/** By the ARPHRD_ values of linux/if_arp.h: Ethernet, loopback; without a header: none, PPP, IP in IP, sit, raw IP. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [1, LinkType.Ethernet],
  [772, LinkType.Ethernet],
  [0xfffe, LinkType.Raw],
  [512, LinkType.Raw],
  [768, LinkType.Raw],
  [776, LinkType.Raw],
  [519, LinkType.Raw],
]);

export function isCapturable(hardwareType: number): boolean {
  return LINK_TYPES.has(hardwareType);
}

const littleEndian = endianness() === 'LE';

/** Where the build put the addon; undefined when it could not be built. */
export function addonPath(): string | undefined {
  const places = [
    new URL('./afpacket.node', import.meta.url),
    new URL('../../../dist/collectors/capture/afpacket/afpacket.node', import.meta.url),
  ];
  return places.map((place) => fileURLToPath(place)).find((place) => existsSync(place));
}

/** A shared library that was built from addon.c beside this file. */
function loadAddon(path: string): Addon {
  return createRequire(import.meta.url)(path) as Addon;
}

/** Whether frames of an interface begin with an Ethernet header; undefined when there is no such interface. */
export function hasEthernetHeader(path: string, interfaceName: string): boolean | undefined {
  const type = loadAddon(path).hardwareType(interfaceName);
  return type === undefined ? undefined : LINK_TYPES.get(type) === LinkType.Ethernet;
}

export class AfPacketRing implements LiveSource {
  readonly sizeBytes = undefined;
  bytesRead = 0;
  readonly truncated = false;
  readonly #addon: Addon;
  readonly #handle: object;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #words: Int32Array;
  readonly #blocks: number;
  readonly #linkType: number;
  /** Sockets of a fan-out group get both passes of a packet over loopback, whatever the socket was told. */
  readonly #leaveOutgoing: boolean;
  #block = 0;
  #stopping = false;
  #drainUntilMs = 0;
  readonly #totals = { ...NO_STATISTICS };

  /** @throws MirrorSqlError MSQL_LIVE_PERMISSION, MSQL_LIVE_INTERFACE, MSQL_LIVE_BACKEND */
  constructor(
    path: string,
    interfaceName: string,
    options: LiveOptions,
    filter: Buffer | undefined,
  ) {
    this.#addon = loadAddon(path);
    this.#blocks = Math.max(4, Math.ceil(options.bufferBytes / BLOCK_BYTES));
    let opened: Opened;
    try {
      opened = this.#addon.open(
        interfaceName,
        {
          blockBytes: BLOCK_BYTES,
          blocks: this.#blocks,
          retireMs: RETIRE_MS,
          fanoutGroup: options.fanoutGroup ?? 0,
        },
        filter,
      );
    } catch (error) {
      throw openError(interfaceName, error);
    }
    this.#handle = opened.handle;
    this.#bytes = new Uint8Array(opened.ring);
    this.#view = new DataView(opened.ring);
    this.#words = new Int32Array(opened.ring);
    const linkType = LINK_TYPES.get(opened.hardwareType);
    if (linkType === undefined) {
      this.#addon.close(opened.handle);
      throw new MirrorSqlError(
        'MSQL_LIVE_BACKEND',
        `${interfaceName} is of a kind that afpacket does not read (hardware type ${opened.hardwareType})`,
      );
    }
    this.#linkType = linkType;
    this.#leaveOutgoing =
      opened.hardwareType === HARDWARE_LOOPBACK && options.fanoutGroup !== undefined;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    const startMs = performance.now();
    for (;;) {
      // Looked at first: what came before it is over is in a block that is ready then.
      const over = this.#stopping && performance.now() >= this.#drainUntilMs;
      let blocks = 0;
      while (blocks < BLOCKS_PER_TURN && this.#deliver(handler)) blocks++;
      if (blocks > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        return true;
      }
      if (over) return false;
      // An interface that was removed never comes back to this socket; what it had captured has been read.
      if (performance.now() - startMs >= IDLE_MS) return this.#addon.isBound(this.#handle);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  statistics(): LiveStatistics {
    const counts = this.#addon.statistics(this.#handle);
    if (counts !== undefined) {
      this.#totals.received += counts[0];
      this.#totals.dropped += counts[1];
      this.#totals.freezes += counts[2];
    }
    return { ...this.#totals };
  }

  /** What the kernel has already taken is still delivered, then `readChunk` says that it is over. */
  stop(): void {
    this.#stopping = true;
    this.#drainUntilMs = performance.now() + 3 * RETIRE_MS;
  }

  close(): Promise<void> {
    this.#addon.close(this.#handle);
    return Promise.resolve();
  }

  /** Hands over the packets of the next block; false when the kernel still fills it. */
  #deliver(handler: PacketHandler): boolean {
    const base = this.#block * BLOCK_BYTES;
    const statusWord = (base + BLOCK_STATUS) >> 2;
    // An atomic load, so that no field of the block is read before its status says that it is ours.
    if ((Atomics.load(this.#words, statusWord) & STATUS_USER) === 0) return false;
    const view = this.#view;
    const count = view.getUint32(base + BLOCK_PACKETS, littleEndian);
    let packet = base + view.getUint32(base + BLOCK_FIRST, littleEndian);
    for (let index = 0; index < count; index++) {
      if (this.#leaveOutgoing && this.#bytes[packet + PACKET_TYPE] === TYPE_OUTGOING) {
        packet += view.getUint32(packet + PACKET_NEXT, littleEndian);
        continue;
      }
      const captured = view.getUint32(packet + PACKET_SNAP_LENGTH, littleEndian);
      const seconds = view.getUint32(packet + PACKET_SECONDS, littleEndian);
      const nanoseconds = view.getUint32(packet + PACKET_NANOSECONDS, littleEndian);
      this.bytesRead += captured;
      handler.packet(
        this.#bytes,
        view,
        packet + view.getUint16(packet + PACKET_MAC, littleEndian),
        captured,
        view.getUint32(packet + PACKET_LENGTH, littleEndian),
        seconds * 1_000_000 + Math.floor(nanoseconds / 1000),
        this.#linkType,
      );
      packet += view.getUint32(packet + PACKET_NEXT, littleEndian);
    }
    Atomics.store(this.#words, statusWord, STATUS_KERNEL);
    this.#block = (this.#block + 1) % this.#blocks;
    return true;
  }
}

function openError(interfaceName: string, error: unknown): MirrorSqlError {
  const message = error instanceof Error ? error.message : String(error);
  switch (systemCode(error)) {
    case 'EPERM':
      return new MirrorSqlError(
        'MSQL_LIVE_PERMISSION',
        `no permission to capture on ${interfaceName}`,
        { cause: error },
      );
    case 'ENODEV':
      return new MirrorSqlError('MSQL_LIVE_INTERFACE', `there is no interface ${interfaceName}`, {
        cause: error,
      });
    default:
      return new MirrorSqlError(
        'MSQL_LIVE_BACKEND',
        `cannot capture on ${interfaceName}: ${message}`,
        { cause: error },
      );
  }
}
