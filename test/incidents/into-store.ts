/**
 * A recorded incident as a store that can be asked: `npx tsx test/incidents/into-store.ts NAME DIR`, NAME the path of a recording without its
 * endings. Prints the moment of the fault, for `mirrorsql explain --at` and `mirrorsql query`.
 */
import { openStore } from '../../src/store/store.ts';
import { isoFromUs } from '../../src/core/time.ts';
import { readLabel } from './label.ts';
import { loadRecording } from './observe.ts';

const [name, directory] = process.argv.slice(2);
if (name === undefined || directory === undefined)
  throw new Error('a recording and a directory are needed');
const label = readLabel(`${name}.json`);
const store = await openStore({ kind: 'embedded', directory });
try {
  await loadRecording(store, `${name}.pcap.gz`, label);
} finally {
  await store.close();
}
console.log(
  `${label.says}\nfrom ${isoFromUs(label.fault.fromUs)} to ${isoFromUs(label.fault.toUs)}`,
);
