/**
 * What befalls interfaces, on a real kernel with the traffic of a real PostgreSQL, through each backend: what is captured
 * is what the server counted. The same behaviours stand in collectors/capture/README.md. Needs root and namespaces.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addonPath } from '../../../collectors/capture/afpacket/ring.ts';
import { loadCap } from '../../../collectors/capture/cap/cap-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCENE = join(import.meta.dirname, 'interface-scene.ts');
const VLAN_SCENE = join(import.meta.dirname, 'vlan-scene.ts');
const WORKERS_SCENE = join(import.meta.dirname, 'workers-scene.ts');
const PATIENCE_SCENE = join(import.meta.dirname, 'patience-scene.ts');
const SCENE_TIMEOUT_MS = 240_000;

const isRoot = process.getuid?.() === 0;
const isolates = isRoot && spawnSync('unshare', ['--net', 'true']).status === 0;

const BACKENDS = [
  { backend: 'afpacket', present: addonPath() !== undefined },
  { backend: 'tcpdump', present: spawnSync('tcpdump', ['--version']).status === 0 },
  { backend: 'cap', present: loadCap() !== undefined },
].filter(({ present }) => present);

type Told = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Runs real traffic and real misfortunes in a namespace and captures there. */
async function scene(backend: string, script = SCENE, more: readonly string[] = []): Promise<Told> {
  const command = ['--net', process.execPath, '--import', 'tsx', script, backend, ...more];
  const child = spawn('unshare', command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  await once(child, 'close');
  return JSON.parse(out) as Told;
}

describe.skipIf(!isolates).each(BACKENDS.filter(({ backend }) => backend !== 'cap'))(
  'through $backend, two workers',
  ({ backend }) => {
    it(
      'share the connections: both directions of each stay together, and nothing is missing',
      async () => {
        const told = (await scene(backend, WORKERS_SCENE)) as unknown as {
          readonly summary: Readonly<Record<string, unknown>> & {
            readonly events: Readonly<Record<string, number>>;
          };
          readonly each: readonly number[];
          readonly truth: number;
          readonly stored: number;
          readonly names: boolean;
        };
        // On loopback every packet passes twice: nothing is seen twice.
        expect(told.summary).toMatchObject({
          gaps: 0,
          unmatchedAnswers: 0,
          unansweredRequests: 0,
          repeatedBytes: 0,
        });
        expect(told.summary.events['statement']).toBe(told.truth);
        expect(told.truth).toBeGreaterThan(1_600);
        expect(told.stored).toBe(told.truth);
        expect(told.names).toBe(true);
        expect(told.summary.events['session_start']).toBe(17);
        expect(Math.min(...told.each)).toBeGreaterThan(0);
        expect(told.each).toHaveLength(2);
      },
      SCENE_TIMEOUT_MS,
    );
  },
);

describe.skipIf(!isolates || addonPath() === undefined)(
  'the ring of a process that does not read',
  () => {
    it(
      'holds seconds of a trickle',
      async () => {
        const told = await scene('afpacket', PATIENCE_SCENE);
        expect(told).toEqual({ sent: 200, came: 200, dropped: 0, freezes: 0 });
      },
      SCENE_TIMEOUT_MS,
    );
  },
);

const hasTcpreplay = spawnSync('tcpreplay', ['--version']).status === 0;

describe
  .skipIf(!isolates || !hasTcpreplay)
  .each(BACKENDS.filter(({ backend }) => backend !== 'cap'))(
  'through $backend, frames whose VLAN tag the kernel took off (needs tcpreplay)',
  ({ backend }) => {
    it(
      'are captured, and can be asked for by their tag',
      async () => {
        const filters = ['', 'vlan 5', 'vlan 6', 'tcp port 5432'];
        const told = (await scene(backend, VLAN_SCENE, filters)) as unknown as Record<
          string,
          number
        >;
        expect(told).toEqual({ '': 5, 'vlan 5': 5, 'vlan 6': 0, 'tcp port 5432': 5 });
      },
      SCENE_TIMEOUT_MS,
    );
  },
);

/** All statements, each once, and nothing missing. */
function expectWhole(captured: Readonly<Record<string, unknown>> | undefined): void {
  expect(captured).toMatchObject({
    gaps: 0,
    unmatchedAnswers: 0,
    unanswered: 0,
    late: 0,
    cutPackets: 0,
  });
  expect(captured?.['statements']).toBe(captured?.['truth']);
  expect(captured?.['truth']).toBeGreaterThan(2);
}

describe.skipIf(!isolates).each(BACKENDS)('through $backend, an interface', ({ backend }) => {
  let told: Told = {};
  beforeAll(async () => {
    told = await scene(backend);
  }, SCENE_TIMEOUT_MS);

  it('that goes down and up again is captured on', () => {
    expectWhole(told['downAndUp']);
    // cap ends its process when its interface goes down, so it has to be started again.
    expect(told['downAndUp']?.['interruptions']).toBe(backend === 'cap' ? 1 : 0);
  });

  it('that is removed and made again is captured again, and the interruption counted and told', () => {
    expectWhole(told['removed']);
    expect(told['removed']).toMatchObject({
      interruptions: 1,
      told: [
        'the capture on mirror0 was interrupted; it goes on when the interface is back',
        'the capture on mirror0 goes on',
      ],
    });
  });

  it('with frames of 9,000 bytes is captured whole', () => {
    expectWhole(told['jumboFrames']);
    expect(told['jumboFrames']?.['largestBytes']).toBe(9014);
  });

  // libpcap gives cap a slot of 64 KiB for each packet: a burst is lost, as such a gap tells.
  it.skipIf(backend === 'cap')(
    'with segmentation offload is captured whole, in packets of up to 64 KiB',
    () => {
      expectWhole(told['offloaded']);
      // How far a sender fills its 64 KiB is the kernel's affair; no frame on a wire is as large as this one.
      expect(told['offloaded']?.['largestBytes']).toBeGreaterThan(9014);
    },
  );

  it('that carries one direction only is put in order with that of the other direction', () => {
    if (backend !== 'cap') {
      expectWhole(told['twoWays']);
      return;
    }
    // It knows only when packets came to it: an answer may have come before its request, and is told as one that nobody asked for.
    const { statements, truth, gaps, unmatchedAnswers } = told['twoWays'] ?? {};
    expect(gaps).toBe(0);
    expect(Number(statements)).toBe(Number(truth) + Number(unmatchedAnswers));
    expect(Number(unmatchedAnswers)).toBeLessThan(Number(truth) / 20);
  });

  it.skipIf(backend !== 'tcpdump')('may be any of them at once', () => {
    expectWhole(told['any']);
  });
});
