/**
 * Live packets through `tcpdump -w -`: no native code of ours, privileges can be tcpdump's alone (file capability).
 * Never -U (a write a packet) and never --immediate-mode (few ring slots with a large snap length): both lose packets.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { endianness } from 'node:os';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { MirrorSqlError, systemCode } from '../../src/core/errors.ts';
import { openStream } from './byte-source.ts';
import type { PacketHandler } from './capture-source.ts';
import type { LiveOptions, LiveSource, LiveStatistics } from './live-source.ts';
import { Pcap } from './pcap.ts';
import { listInterfaces } from './interfaces.ts';
import { ReadWindow } from './read-window.ts';

const STDERR_CHARACTERS_MAX = 16_384;
const HEADER_BYTES = 24;
const INSTRUCTION_BYTES = 8;
const SECOND_LOOK_MS = 50;

export class TcpdumpPipe implements LiveSource {
  readonly sizeBytes = undefined;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #words: { text: string };
  #pcap: Pcap | undefined = undefined;
  #stopped = false;
  #bytesAtLastLook = -1;

  private constructor(
    child: ChildProcessByStdio<null, Readable, Readable>,
    words: { text: string },
  ) {
    this.#child = child;
    this.#words = words;
  }

  /** @throws MirrorSqlError MSQL_LIVE_PERMISSION, MSQL_LIVE_INTERFACE, MSQL_LIVE_BACKEND */
  static async open(
    interfaceName: string,
    options: LiveOptions,
    filter: string | undefined,
  ): Promise<TcpdumpPipe> {
    const kib = Math.ceil(options.bufferBytes / 1024);
    const args = ['-i', interfaceName, '-w', '-', '-B', String(kib), '-n', '-s', '0'];
    args.push('--time-stamp-precision=nano', ...(filter === undefined ? [] : [filter]));
    const child = spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const words = { text: '' };
    // Its header comes with the first packets, so what it says is the sign that it has begun.
    await new Promise<void>((resolve, reject) => {
      child.once('error', (error) => {
        const missing = systemCode(error) === 'ENOENT';
        const reason = missing ? 'tcpdump is not installed' : error.message;
        reject(startError(interfaceName, reason));
      });
      child.once('close', () => {
        reject(startError(interfaceName, words.text.trim().split('\n').at(-1) ?? ''));
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        words.text = (words.text + text).slice(-STDERR_CHARACTERS_MAX);
        if (words.text.includes('listening on')) resolve();
      });
    });
    return new TcpdumpPipe(child, words);
  }

  get bytesRead(): number {
    return this.#pcap?.bytesRead ?? 0;
  }

  get truncated(): boolean {
    // A tcpdump that we end stops in the middle of what it was writing.
    return !this.#stopped && this.#pcap?.truncated === true;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    if (this.#pcap === undefined) {
      const source = await openStream(this.#child.stdout, undefined, 'tcpdump');
      const window = new ReadWindow(source);
      while (window.length < HEADER_BYTES && (await window.fill()));
      // It ended before it wrote anything.
      if (window.length === 0) return false;
      this.#pcap = new Pcap(source, window, 'tcpdump');
    }
    return this.#pcap.readChunk(handler);
  }

  /** What tcpdump told last: when the interface was last quiet, or at its end. To be called each second. */
  statistics(): LiveStatistics | undefined {
    this.#askWhenQuiet();
    const last = (pattern: RegExp): number | undefined => {
      const match = [...this.#words.text.matchAll(pattern)].at(-1);
      return match?.[1] === undefined ? undefined : Number(match[1]);
    };
    const received = last(/(\d+) packets? captured/g);
    const dropped = last(/(\d+) packets? dropped by kernel/g);
    if (received === undefined || dropped === undefined) return undefined;
    return { received, dropped, freezes: 0 };
  }

  /**
   * Has tcpdump tell its counts (SIGUSR1) and write what it holds back (SIGUSR2: a pipe is written when 4 KiB are full),
   * but only when nothing has come since the last time. A signal that meets it in a write to a full pipe breaks that
   * write off and tears the stream (test/bench/live.bench.ts at full speed shows it). After a stall of our own, the pipe
   * may be full although nothing was read: the event loop reads what is there before the second look.
   */
  #askWhenQuiet(): void {
    const before = this.#bytesAtLastLook;
    this.#bytesAtLastLook = this.bytesRead;
    if (this.#stopped || this.bytesRead !== before) return;
    setTimeout(() => {
      if (this.#stopped || this.bytesRead !== before || this.#child.exitCode !== null) return;
      this.#child.kill('SIGUSR1');
      this.#child.kill('SIGUSR2');
    }, SECOND_LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGINT');
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#pcap?.close();
  }
}

function startError(interfaceName: string, words: string): MirrorSqlError {
  const text = words.replace(/^tcpdump: /, '');
  if (/permission|not permitted/i.test(text)) {
    return new MirrorSqlError(
      'MSQL_LIVE_PERMISSION',
      `no permission to capture on ${interfaceName}: ${text}`,
    );
  }
  if (/No such device|no such interface/i.test(text)) {
    return new MirrorSqlError('MSQL_LIVE_INTERFACE', `there is no interface ${interfaceName}`);
  }
  return new MirrorSqlError('MSQL_LIVE_BACKEND', `cannot capture on ${interfaceName}: ${text}`);
}

/**
 * The filter as the kernel takes it: an array of struct sock_filter (linux/filter.h: code u16, jt u8, jf u8, k u32, in
 * the host's order), compiled by `tcpdump -ddd`, which needs no privilege.
 * @throws MirrorSqlError MSQL_CLI_USAGE when the filter cannot be compiled, MSQL_LIVE_BACKEND without tcpdump
 */
export async function compileFilter(interfaceName: string, filter: string): Promise<Buffer> {
  const device = listInterfaces().find(({ name }) => name === interfaceName);
  // Ethernet and loopback frames have an Ethernet header, what the others hand over begins with IP. An interface that
  // is not listed (a network namespace entered without its /sys) is taken for Ethernet.
  const raw = device !== undefined && device.hardwareType !== 1 && device.hardwareType !== 772;
  let printed: string;
  try {
    const args = ['-y', raw ? 'RAW' : 'EN10MB', '-ddd', filter];
    printed = (await promisify(execFile)('tcpdump', args)).stdout;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new MirrorSqlError(
        'MSQL_LIVE_BACKEND',
        'a filter needs tcpdump, which is not installed',
      );
    }
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const reason = words
      .replace(/^Warning:.*\n/gm, '')
      .replace(/^tcpdump: /, '')
      .trim();
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--filter ${filter}: ${reason}`, { cause: error });
  }
  return filterBytes(printed);
}

/** From the decimal numbers that `tcpdump -ddd` prints: a count, then code, jt, jf and k of each instruction. */
export function filterBytes(printed: string): Buffer {
  const instructions = printed.trim().split('\n').slice(1);
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const littleEndian = endianness() === 'LE';
  for (const [index, line] of instructions.entries()) {
    const [code = 0, jt = 0, jf = 0, k = 0] = line.split(' ').map(Number);
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, littleEndian);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, littleEndian);
  }
  return bytes;
}
