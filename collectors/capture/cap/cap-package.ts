/** The npm package `cap`, an optional dependency without types: built at install where libpcap's headers are. */
import { createRequire } from 'node:module';

/** What the program around it says when it has begun. */
export const CAP_READY = 'capturing';

/** What we use of it (its README). */
export interface CapSession {
  /** @returns the name of the link type; packets are written into `buffer`, one at a time */
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  on(event: 'packet', listener: (size: number, truncated: boolean) => void): void;
  close(): void;
}

/** Undefined where it was left out, or does not suit this Node. */
export function loadCap(): (new () => CapSession) | undefined {
  try {
    const cap = createRequire(import.meta.url)('cap') as { Cap: new () => CapSession };
    return cap.Cap;
  } catch {
    return undefined;
  }
}
