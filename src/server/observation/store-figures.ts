/** Asks a store how it is; one that does not answer is a figure too. */
import { statfs } from 'node:fs/promises';
import { storeError } from '../../store/store-error.ts';
import { readStoreSize } from '../../store/questions/store-size.ts';
import { readExtent } from '../../store/questions/window-facts.ts';
import type { Store } from '../../store/store.ts';
import type { StoreFigures } from '../status-schema.ts';

/** Whoever asks wants to know now. */
const ANSWER_WITHIN_MS = 3000;

/** @param place how the reader knows it: the directory, or the server without its password */
export async function storeFigures(store: Store, place: string): Promise<StoreFigures> {
  try {
    const [size, extent, disk] = await withinTime(
      Promise.all([readStoreSize(store), readExtent(store), diskOf(store)]),
    );
    return {
      place,
      answers: true,
      error: null,
      rows: size.rows,
      sizeBytes: size.sizeBytes,
      diskFreeBytes: (disk ?? size.disk)?.freeBytes ?? null,
      diskBytes: (disk ?? size.disk)?.sizeBytes ?? null,
      fromUs: extent?.fromUs ?? null,
      toUs: extent?.toUs ?? null,
    };
  } catch (error) {
    return absentStore(place, storeError(error).message);
  }
}

export function absentStore(place: string, error: string): StoreFigures {
  return {
    place,
    answers: false,
    error,
    rows: 0,
    sizeBytes: 0,
    diskFreeBytes: null,
    diskBytes: null,
    fromUs: null,
    toUs: null,
  };
}

/** Of the embedded store: the engine does not see what of the disk other users may not have. */
async function diskOf(
  store: Store,
): Promise<{ readonly freeBytes: number; readonly sizeBytes: number } | undefined> {
  if (!store.readsSegments) return undefined;
  const { bavail, blocks, bsize } = await statfs(store.directory);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`));
    }, ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
