/**
 * Decoding against tshark, on captures of at least 100 MB (test/bench/captures.ts makes them): CPU time of
 * `decode --output none`, which computes all events and fingerprints, against tshark printing the text of queries, run in
 * turns. Checks what was decoded against the server's counts. Run after `npm run build:code`:
 * `npx tsx test/bench/decode.bench.ts [NAME]...`; needs tshark; a capture takes about two minutes.
 */
import { fileURLToPath } from 'node:url';
import { benchCaptures, captureFile, captureTruth } from './captures.ts';
import { type Cost, measure } from './measure.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DECODE_RUNS = 3;

/** How many times less CPU than tshark decoding must take, and the memory that it may take at any length. */
const MUST: Readonly<Record<string, number>> = { simple: 30, prepared: 50, extended: 30, wide: 10 };
const MEMORY_MAX_MIB = 150;

interface DecodeSummary {
  readonly packets: number;
  readonly events: Readonly<Record<string, number>>;
  readonly gaps: number;
  readonly unmatched_answers: number;
}

function peakMib(cost: Cost): number {
  return Math.max(...cost.peakMibByProgram.values());
}

async function decodeOnce(name: string): Promise<Cost> {
  const file = captureFile(name);
  const cost = await measure(
    `node dist/src/cli/main.js decode ${file} --output none --summary json`,
    ROOT,
  );
  const truth = await captureTruth(name);
  const summary = JSON.parse(cost.stderr) as DecodeSummary;
  const whole = summary.gaps === 0 && summary.unmatched_answers === 0;
  if (
    !whole ||
    summary.packets !== truth.packets ||
    summary.events['statement'] !== truth.statements
  ) {
    throw new Error(`${name}: decoded ${cost.stderr}, the server counted ${JSON.stringify(truth)}`);
  }
  return cost;
}

async function compare(name: string): Promise<boolean> {
  const decodes: Cost[] = [await decodeOnce(name)];
  const file = captureFile(name);
  const tshark = await measure(
    `tshark -r ${file} -Y pgsql.query -T fields -e pgsql.query 2>/dev/null | wc -l`,
    ROOT,
  );
  while (decodes.length < DECODE_RUNS) decodes.push(await decodeOnce(name));
  const cpu = decodes.map(({ cpuSeconds }) => cpuSeconds).sort((a, b) => a - b);
  const median = cpu[Math.floor(cpu.length / 2)] ?? Number.NaN;
  const ratio = tshark.cpuSeconds / median;
  const memory = Math.max(...decodes.map(peakMib));
  const truth = await captureTruth(name);
  const must = MUST[name] ?? 0;
  const passed = ratio >= must && memory < MEMORY_MAX_MIB;
  console.log(
    [
      name.padEnd(9),
      `statements ${String(truth.statements)} (tshark's rows: ${tshark.stdout.trim()})`,
      `CPU ${median.toFixed(2)} s [${cpu.map((s) => s.toFixed(2)).join(' ')}] against ${tshark.cpuSeconds.toFixed(1)} s`,
      `ratio ${ratio.toFixed(0)} (must be ${String(must)})`,
      `memory ${memory.toFixed(0)} MiB against ${peakMib(tshark).toFixed(0)} MiB`,
      `${(truth.statements / median / 1e6).toFixed(2)} M statements per CPU second`,
      passed ? 'passed' : 'MISSED',
    ].join('; '),
  );
  return passed;
}

const asked = process.argv.slice(2);
let missed = 0;
for (const { name } of benchCaptures) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  if (!(await compare(name))) missed++;
}
process.exitCode = missed === 0 ? 0 : 1;
