/**
 * Live capture on a real kernel: loopback and a veth pair in network namespaces of their own. What needs root says so
 * where it is left out.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addonPath } from '../../../collectors/capture/afpacket/ring.ts';
import { loadCap } from '../../../collectors/capture/cap/cap-package.ts';
import { openLive } from '../../../collectors/capture/live.ts';
import { compileFilter, filterBytes } from '../../../collectors/capture/tcpdump.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCENE = join(import.meta.dirname, 'live-scene.ts');
const BUFFER = { bufferBytes: 8 << 20 };

const isRoot = process.getuid?.() === 0;
const built = addonPath() !== undefined;
const hasCap = loadCap() !== undefined;
const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;
/** A namespace of one's own: containers may refuse it to root. */
const isolates = isRoot && spawnSync('unshare', ['--net', 'true']).status === 0;

interface Scene {
  readonly backend: string;
  readonly reason: string;
  readonly statements: number;
  readonly truth: number;
  readonly packets: number;
  readonly dropped: number;
  readonly unmatchedAnswers: number;
  readonly timedOnArrival: boolean;
  /** Statements that say so. */
  readonly marked: number;
}

/** Runs real traffic of a real PostgreSQL in a namespace and captures it there. */
function scene(...args: string[]): Scene {
  const command = ['--net', process.execPath, '--import', 'tsx', SCENE, ...args];
  return JSON.parse(execFileSync('unshare', command, { cwd: ROOT, encoding: 'utf8' })) as Scene;
}

describe('the filter', () => {
  it('becomes the instructions that the kernel takes', () => {
    // struct sock_filter: code, jt, jf, k. `ldh [12]; jeq #0x86dd jt 0 jf 6`, on a machine with the low byte first.
    expect(filterBytes('2\n40 0 0 12\n21 0 6 34525\n')).toEqual(
      Buffer.from([40, 0, 0, 0, 12, 0, 0, 0, 21, 0, 0, 6, 0xdd, 0x86, 0, 0]),
    );
  });

  it.skipIf(!hasTcpdump)('is refused with the words of its compiler (needs tcpdump)', async () => {
    await expect(compileFilter('lo', 'tcp prot 5432', true)).rejects.toMatchObject({
      code: 'MSQL_CLI_USAGE',
      message: expect.stringContaining('--filter tcp prot 5432') as string,
    });
  });
});

describe('an interface that cannot be opened', () => {
  it.skipIf(!isRoot || !built)(
    'is named, through afpacket (needs root and the addon)',
    async () => {
      const open = openLive({ interfaces: ['lo', 'nope0'], backend: 'afpacket', ...BUFFER });
      await expect(open).rejects.toMatchObject({ code: 'MSQL_LIVE_INTERFACE' });
    },
  );

  it.skipIf(!isRoot || !hasTcpdump)('is named, through tcpdump (needs root)', async () => {
    const open = openLive({ interfaces: ['nope0'], backend: 'tcpdump', ...BUFFER });
    await expect(open).rejects.toMatchObject({ code: 'MSQL_LIVE_INTERFACE' });
  });

  it.skipIf(!isRoot || !hasCap)('is named, through cap (needs root and the package)', async () => {
    const open = openLive({ interfaces: ['nope0'], backend: 'cap', ...BUFFER });
    await expect(open).rejects.toMatchObject({ code: 'MSQL_LIVE_INTERFACE' });
    const filtered = openLive({
      interfaces: ['lo'],
      backend: 'cap',
      filter: 'tcp prot 1',
      ...BUFFER,
    });
    await expect(filtered).rejects.toMatchObject({
      code: 'MSQL_CLI_USAGE',
      message: expect.stringContaining('--filter tcp prot 1') as string,
    });
  });

  it.skipIf(!isRoot || !hasTcpdump)(
    'says how to get the permission, for each backend (needs root to give it up)',
    () => {
      for (const backend of ['auto', 'afpacket', 'tcpdump', 'cap']) {
        if ((backend === 'afpacket' && !built) || (backend === 'cap' && !hasCap)) continue;
        const main = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];
        const command = [process.execPath, ...main, 'monitor', '-i', 'lo', '--backend', backend];
        const { status, stderr } = spawnSync(
          'setpriv',
          // Still root: another user may not be able to read a checkout in root's home.
          ['--bounding-set', '-net_raw,-net_admin', ...command],
          { cwd: ROOT, encoding: 'utf8' },
        );
        expect(stderr).toContain('MSQL_LIVE_PERMISSION');
        expect(stderr).toContain('setcap cap_net_raw');
        expect(status).toBe(1);
      }
    },
  );
});

describe.skipIf(!isolates)('traffic of a real PostgreSQL (needs root and namespaces)', () => {
  it.skipIf(!built)('is counted as the server counts it, through afpacket on loopback', () => {
    const told = scene('lo', 'afpacket');
    expect(told).toMatchObject({ backend: 'afpacket', dropped: 0, unmatchedAnswers: 0 });
    expect(told.truth).toBeGreaterThan(500);
    expect(told.statements).toBe(told.truth);
  });

  it.skipIf(!built)(
    'is counted as the server counts it, through afpacket and a filter on a veth pair',
    () => {
      const told = scene('veth', 'afpacket', 'tcp port 5432');
      expect(told).toMatchObject({ backend: 'afpacket', dropped: 0, unmatchedAnswers: 0 });
      expect(told.statements).toBe(told.truth);
    },
  );

  it.skipIf(!hasTcpdump)('is counted as the server counts it, through tcpdump', () => {
    const told = scene('lo', 'tcpdump');
    expect(told).toMatchObject({ backend: 'tcpdump', unmatchedAnswers: 0, marked: 0 });
    expect(told.statements).toBe(told.truth);
  });

  it.skipIf(!hasCap)(
    'is counted as the server counts it, through cap, and marked as timed on arrival',
    () => {
      const told = scene('veth', 'cap', 'tcp port 5432');
      expect(told).toMatchObject({ backend: 'cap', unmatchedAnswers: 0, timedOnArrival: true });
      expect(told.statements).toBe(told.truth);
      expect(told.marked).toBe(told.statements);
    },
  );

  it.skipIf(!built || !hasTcpdump)('is left out by a filter in the kernel', () => {
    const told = scene('lo', 'afpacket', 'tcp port 1');
    expect(told).toMatchObject({ packets: 0, statements: 0 });
    expect(told.truth).toBeGreaterThan(500);
  });

  it('comes through the best backend when none is asked for, with the reason', () => {
    const told = scene('lo', 'auto');
    expect(told.backend).toBe(built ? 'afpacket' : 'tcpdump');
    expect(told.reason).not.toBe('');
    expect(told.statements).toBe(told.truth);
  });
});
