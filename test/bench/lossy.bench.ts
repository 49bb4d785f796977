/**
 * Decoding with 1 % of the packets lost, against the whole capture: the captures of test/bench/captures.ts are read once
 * as they are and once without every packet that a fixed chance takes out (runs of one to three). Checks that nothing is
 * told that the whole capture does not tell, that what is lost is counted, and that nearly all the rest is told.
 * Run after `npm run build:code`: `npx tsx test/bench/lossy.bench.ts [NAME]...`; a capture takes about half a minute.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Dice } from '../simulation/dice.ts';
import { benchCaptures, captureFile, captureTruth } from './captures.ts';
import { type Cost, measure } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ONE_IN = 180;
const BURST_MAX = 3;
const RUNS = 3;
const MEMORY_MAX_MIB = 200;
/** Of the statements, how many may be touched by 1 % of lost packets and not be told at all, each of two packets. */
const UNTOLD_MAX = 0.05;

interface Summary {
  readonly packets: number;
  readonly events: Readonly<Record<string, number>>;
  readonly statements: Readonly<Record<string, number>>;
  readonly gaps: number;
  readonly lost_bytes: number;
  readonly payload_bytes: number;
  readonly decoded_bytes: number;
  readonly repeated_bytes: number;
  readonly foreign_bytes: number;
  readonly encrypted_bytes: number;
}

/** Copies a pcap file (microseconds, this machine's byte order) and leaves packets out. @returns how many were lost */
async function thinned(from: string, to: string): Promise<number> {
  const output = createWriteStream(to);
  const dice = new Dice(1);
  let pending: Buffer = Buffer.alloc(0);
  let header = true;
  let losing = 0;
  let lost = 0;
  for await (const chunk of createReadStream(from, { highWaterMark: 4 << 20 })) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    const kept: Buffer[] = [];
    let at = 0;
    if (header) {
      kept.push(pending.subarray(0, 24));
      at = 24;
      header = false;
    }
    while (at + 16 <= pending.length) {
      const size = 16 + pending.readUInt32LE(at + 8);
      if (at + size > pending.length) break;
      if (losing === 0 && dice.oneIn(ONE_IN)) losing = dice.between(1, BURST_MAX);
      if (losing === 0) kept.push(pending.subarray(at, at + size));
      else {
        losing--;
        lost++;
      }
      at += size;
    }
    if (!output.write(Buffer.concat(kept))) await once(output, 'drain');
    pending = Buffer.from(pending.subarray(at));
  }
  output.end();
  await once(output, 'close');
  return lost;
}

interface Decoded {
  readonly cost: Cost;
  readonly summary: Summary;
}

async function decode(file: string): Promise<Decoded> {
  const command = `node dist/src/cli/main.js decode ${file} --output none --summary json`;
  const cost = await measure(command, ROOT);
  return { cost, summary: JSON.parse(cost.stderr) as Summary };
}

const peakMib = ({ cost }: Decoded): number => Math.max(...cost.peakMibByProgram.values());

function median(runs: readonly Decoded[]): number {
  const sorted = runs.map(({ cost }) => cost.cpuSeconds).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** What the lossy run says that cannot be. */
function complaints(whole: Summary, lossy: Summary, lost: number): string[] {
  const found: string[] = [];
  const count = (summary: Summary): number => summary.events['statement'] ?? 0;
  if (lossy.packets !== whole.packets - lost) found.push(`${lossy.packets} packets`);
  if (count(lossy) > count(whole)) found.push(`${count(lossy)} statements, were ${count(whole)}`);
  if (count(lossy) < count(whole) * (1 - UNTOLD_MAX)) found.push(`${count(lossy)} statements`);
  if (lossy.gaps === 0 || lossy.lost_bytes === 0) found.push('nothing told as lost');
  const missing = whole.payload_bytes - lossy.payload_bytes;
  // What is lost behind the last packet of a connection is not to be known.
  if (lossy.lost_bytes > missing || lossy.lost_bytes < missing * 0.98)
    found.push(`${lossy.lost_bytes} bytes told as lost, ${missing} are`);
  const accounted =
    lossy.decoded_bytes + lossy.repeated_bytes + lossy.foreign_bytes + lossy.encrypted_bytes;
  if (accounted !== lossy.payload_bytes) found.push('bytes are not accounted for');
  return found;
}

async function compare(name: string): Promise<boolean> {
  const file = captureFile(name);
  const thin = `${file}.lossy.tmp`;
  const lost = await thinned(file, thin);
  const whole: Decoded[] = [];
  const lossy: Decoded[] = [];
  for (let run = 0; run < RUNS; run++) {
    whole.push(await decode(file));
    lossy.push(await decode(thin));
  }
  const [one, other] = [whole[0], lossy[0]];
  if (one === undefined || other === undefined) return false;
  const truth = await captureTruth(name);
  const found = complaints(one.summary, other.summary, lost);
  if (one.summary.events['statement'] !== truth.statements)
    found.push('the whole capture is wrong');
  const [cpu, cpuLossy] = [median(whole), median(lossy)];
  const memory = Math.max(...lossy.map(peakMib));
  if (memory > MEMORY_MAX_MIB) found.push(`more than ${MEMORY_MAX_MIB} MiB`);
  console.log(
    [
      name.padEnd(9),
      `${lost} of ${truth.packets} packets lost (${((lost / truth.packets) * 100).toFixed(2)} %)`,
      `statements ${other.summary.events['statement'] ?? 0} of ${truth.statements}, by status ${JSON.stringify(other.summary.statements)}`,
      `CPU ${cpuLossy.toFixed(2)} s against ${cpu.toFixed(2)} s whole, ratio ${(cpuLossy / cpu).toFixed(2)}`,
      `memory ${memory.toFixed(0)} MiB against ${Math.max(...whole.map(peakMib)).toFixed(0)} MiB`,
      found.length === 0 ? 'passed' : `MISSED: ${found.join('; ')}`,
    ].join('; '),
  );
  return found.length === 0;
}

const asked = process.argv.slice(2);
let missed = 0;
for (const { name } of benchCaptures) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  if (!existsSync(captureFile(name)))
    throw new Error('no captures yet: npx tsx test/bench/captures.ts');
  if (!(await compare(name))) missed++;
}
process.exitCode = missed === 0 ? 0 : 1;
