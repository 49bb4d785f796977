/**
 * A thread that reads the key of values in one directory after the other, each at the same moment as its siblings, and
 * tells the keys that it got.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { readValueKey } from '../../../src/store/values/value-names.ts';

export interface KeyReaderData {
  readonly directories: readonly string[];
  readonly readersCount: number;
  /** How often a reader has come to a directory, all together. */
  readonly arrived: Int32Array;
}

const { directories, readersCount, arrived } = workerData as KeyReaderData;
const keys = directories.map((directory, index) => {
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < (index + 1) * readersCount);
  try {
    return readValueKey(directory).toString('hex');
  } catch (error) {
    return String(error);
  }
});
parentPort?.postMessage(keys);
