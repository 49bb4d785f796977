/** Segments that an earlier run sealed and could not store any more. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { leftoverNames, readLeftover } from './segment.ts';
import type { Store } from './store.ts';
import type { SegmentWriter } from './writer.ts';

export interface Leftovers {
  readonly segments: number;
  readonly damaged: number;
}

/**
 * Hands the segments of earlier runs to the writer and returns how many there were. Damaged ones get the ending
 * `.damaged` and are counted.
 */
export async function enqueueLeftovers(store: Store, writer: SegmentWriter): Promise<Leftovers> {
  const directory = join(store.directory, 'segments');
  let segments = 0;
  let damaged = 0;
  for (const name of leftoverNames(directory)) {
    const segment = await readLeftover(directory, name);
    if (segment === 'gone') continue;
    if (segment === 'damaged') {
      damaged++;
      await rename(join(directory, name), join(directory, `${name}.damaged`));
      continue;
    }
    segments++;
    writer.enqueueLeftover(segment);
    await writer.drained();
  }
  return { segments, damaged };
}
