/** A recorded capture that never ends: it begins again when it is over, its times going on. */
import type { CaptureSource, PacketHandler } from '../../collectors/capture/capture-source.ts';
import { openCapture } from '../../collectors/capture/open.ts';

/** Between the last packet of one turn and the first of the next. */
const PAUSE_US = 1_000_000;

export class LoopedCapture implements CaptureSource {
  readonly sizeBytes = undefined;
  readonly truncated = false;
  bytesRead = 0;
  turns = 0;
  readonly #path: string;
  #source: CaptureSource | undefined;
  #firstUs: number | undefined;
  #lastUs = 0;
  #shiftUs: number;

  /** `startUs`: the time of its first packet. */
  constructor(path: string, startUs: number) {
    this.#path = path;
    this.#shiftUs = startUs;
  }

  async readChunk(handler: PacketHandler): Promise<boolean> {
    this.#source ??= await openCapture(this.#path);
    const more = await this.#source.readChunk({
      packet: (bytes, view, offset, captured, original, tsUs, linkType) => {
        if (this.#firstUs === undefined) {
          this.#firstUs = tsUs;
          this.#shiftUs -= tsUs;
        }
        this.#lastUs = tsUs;
        this.bytesRead += captured;
        handler.packet(bytes, view, offset, captured, original, tsUs + this.#shiftUs, linkType);
      },
    });
    if (more) return true;
    await this.close();
    this.#shiftUs += this.#lastUs - (this.#firstUs ?? 0) + PAUSE_US;
    this.turns++;
    return true;
  }

  async close(): Promise<void> {
    await this.#source?.close();
    this.#source = undefined;
  }
}
