/** Live packets from a program that writes a pcap stream to its standard output: tcpdump, or our own around cap. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { openStream } from './byte-source.ts';
import type { PacketHandler } from './capture-source.ts';
import type { LiveSource, LiveStatistics } from './live-source.ts';
import { Pcap } from './pcap.ts';
import { ReadWindow } from './read-window.ts';

const STDERR_CHARACTERS_MAX = 16_384;
const HEADER_BYTES = 24;

/** A running program; its standard input ends when we do, which is how it can notice that. */
export interface CaptureProgram {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** The end of what it has said on standard error. */
  readonly words: { text: string };
}

/**
 * Resolves when the program says `sign` on standard error: its stream's header comes with the first packets only.
 * @param failure makes the error from why it did not begin: what it said last, or the system's error
 */
export function startProgram(
  program: string,
  args: readonly string[],
  sign: string,
  failure: (reason: string | Error) => Error,
): Promise<CaptureProgram> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C is for us, who then end it in order.
    detached: true,
  });
  const words = { text: '' };
  // It may end at any time; that it did shows in its output.
  child.stdin.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(failure(error)));
    child.once('close', () => reject(failure(words.text.trim().split('\n').at(-1) ?? '')));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words.text = (words.text + text).slice(-STDERR_CHARACTERS_MAX);
      if (words.text.includes(sign)) resolve({ child, words });
    });
  });
}

export abstract class ProgramPipe implements LiveSource {
  readonly sizeBytes = undefined;
  protected readonly program: CaptureProgram;
  protected stopped = false;
  readonly #name: string;
  #pcap: Pcap | undefined = undefined;

  protected constructor(program: CaptureProgram, name: string) {
    this.program = program;
    this.#name = name;
  }

  get bytesRead(): number {
    return this.#pcap?.bytesRead ?? 0;
  }

  get truncated(): boolean {
    // A program that we end stops in the middle of what it was writing.
    return !this.stopped && this.#pcap?.truncated === true;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    if (this.#pcap === undefined) {
      const source = await openStream(this.program.child.stdout, undefined, this.#name);
      const window = new ReadWindow(source);
      while (window.length < HEADER_BYTES && (await window.fill()));
      // It ended before it wrote anything.
      if (window.length === 0) return false;
      this.#pcap = new Pcap(source, window, this.#name);
    }
    return this.#pcap.readChunk(handler);
  }

  abstract statistics(): LiveStatistics | undefined;

  stop(): void {
    this.stopped = true;
    this.program.child.kill('SIGINT');
  }

  async close(): Promise<void> {
    this.program.child.kill('SIGTERM');
    await this.#pcap?.close();
  }
}
