/**
 * Live packets through `tcpdump -w -`: no native code of ours, privileges can be tcpdump's alone (file capability).
 * Never -U (a write a packet) and never --immediate-mode (few ring slots with a large snap length): both lose packets.
 */
import { execFile } from 'node:child_process';
import { endianness } from 'node:os';
import { promisify } from 'node:util';
import { MirrorSqlError, systemCode } from '../../src/core/errors.ts';
import { type LiveOptions, type LiveStatistics, NO_STATISTICS } from './live-source.ts';
import { type CaptureProgram, ProgramPipe, startProgram } from './program-pipe.ts';

const INSTRUCTION_BYTES = 8;
const SECOND_LOOK_MS = 50;

export class TcpdumpPipe extends ProgramPipe {
  #bytesAtLastLook = -1;

  private constructor(program: CaptureProgram) {
    super(program, 'tcpdump');
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
    const program = await startProgram('tcpdump', args, 'listening on', (reason) => {
      if (typeof reason === 'string') return startError(interfaceName, reason);
      const missing = systemCode(reason) === 'ENOENT';
      return startError(interfaceName, missing ? 'tcpdump is not installed' : reason.message);
    });
    return new TcpdumpPipe(program);
  }

  /** What tcpdump told last: when the interface was last quiet, or at its end. To be called each second. */
  statistics(): LiveStatistics | undefined {
    this.#askWhenQuiet();
    const last = (pattern: RegExp): number | undefined => {
      const match = [...this.program.words.text.matchAll(pattern)].at(-1);
      return match?.[1] === undefined ? undefined : Number(match[1]);
    };
    const received = last(/(\d+) packets? captured/g);
    const dropped = last(/(\d+) packets? dropped by kernel/g);
    if (received === undefined || dropped === undefined) return undefined;
    return { ...NO_STATISTICS, received, dropped };
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
    if (this.stopped || this.bytesRead !== before) return;
    setTimeout(() => {
      if (this.stopped || this.bytesRead !== before || this.program.child.exitCode !== null) return;
      this.program.child.kill('SIGUSR1');
      this.program.child.kill('SIGUSR2');
    }, SECOND_LOOK_MS);
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
 * the host's order), compiled by `tcpdump -ddd`. Best for the interface itself, whose VLAN tags the kernel keeps beside
 * the packet; that needs the right to capture. Without it, for its kind of header, which does as long as no tag is asked.
 * @param ethernet frames begin with an Ethernet header, not with IP
 * @throws MirrorSqlError MSQL_CLI_USAGE when the filter cannot be compiled, MSQL_LIVE_BACKEND without tcpdump
 */
export async function compileFilter(
  interfaceName: string,
  filter: string,
  ethernet: boolean,
): Promise<Buffer> {
  const kind = ['-y', ethernet ? 'EN10MB' : 'RAW', '-ddd', filter];
  try {
    return filterBytes(await runTcpdump(['-i', interfaceName, ...kind]));
  } catch {
    // Told by the second try, if it is the filter.
  }
  const bytes = filterBytes(
    await runTcpdump(kind).catch((error: unknown) => {
      throw filterError(filter, error);
    }),
  );
  if (!/\bvlan\b/.test(filter)) return bytes;
  throw new MirrorSqlError(
    'MSQL_LIVE_BACKEND',
    `--filter ${filter}: VLAN tags can be asked for only where tcpdump may capture on ${interfaceName}`,
  );
}

async function runTcpdump(args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('tcpdump', args)).stdout;
}

function filterError(filter: string, error: unknown): MirrorSqlError {
  if (systemCode(error) === 'ENOENT') {
    return new MirrorSqlError(
      'MSQL_LIVE_BACKEND',
      'a filter needs tcpdump, which is not installed',
    );
  }
  const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const reason = words
    .replace(/^Warning:.*\n/gm, '')
    .replace(/^tcpdump: /, '')
    .trim();
  return new MirrorSqlError('MSQL_CLI_USAGE', `--filter ${filter}: ${reason}`, { cause: error });
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
