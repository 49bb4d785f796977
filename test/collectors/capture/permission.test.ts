/**
 * Who may capture: a user who is not root, with the right given to the program as the message of the refusal says. Runs
 * what `npm run build` made, from a directory that every user may read. Needs root, to become such a user.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonPath } from '../../../collectors/capture/afpacket/ring.ts';
import { errorTable } from '../../../src/core/errors.ts';

const DIST = join(import.meta.dirname, '../../../dist');
const isRoot = process.getuid?.() === 0;
const tcpdumpPath = spawnSync('sh', ['-c', 'command -v tcpdump'], {
  encoding: 'utf8',
}).stdout.trim();

/** Captures what it sends to itself on loopback, and prints how. */
const PROBE = `
import { connect, createServer } from 'node:net';
import { openLive } from './collectors/capture/live.js';
try {
  const live = await openLive({ interfaces: ['lo'], bufferBytes: 4 << 20 });
  let packets = 0;
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
    connect(server.address().port, '127.0.0.1').resume().on('close', () => {
      server.close();
    });
  });
  // Ends when it has seen the connection, and at last when it has not. What tcpdump holds comes when it is stopped.
  const giveUp = setTimeout(() => live.source.stop(), live.backend === 'tcpdump' ? 3_000 : 15_000);
  while (await live.source.readChunk({ packet: () => ++packets === 6 && live.source.stop() }));
  clearTimeout(giveUp);
  await live.source.close();
  console.log(JSON.stringify({ backend: live.backend, seen: packets > 5 }));
} catch (error) {
  console.log(error.line);
  process.exitCode = error.exitCode;
}
`;

/** The words of the hint that grant the right, without the file. */
const GRANT = /setcap (\S+)/.exec(errorTable.MSQL_LIVE_PERMISSION.hint)?.[1] ?? '';

let directory = '';

function program(name: string, original: string, granted: boolean): string {
  const path = join(directory, name);
  copyFileSync(original, path);
  chmodSync(path, 0o755);
  if (granted) execFileSync('setcap', [GRANT, path]);
  return path;
}

function asNobody(node: string, path = process.env['PATH'] ?? '') {
  const user = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
  const inside = 'ip link set lo up && exec setpriv "$@"';
  return spawnSync(
    'unshare',
    ['--net', 'sh', '-c', inside, 'sh', ...user, node, join(directory, 'probe.mjs')],
    { encoding: 'utf8', env: { PATH: path } },
  );
}

describe.skipIf(!isRoot || addonPath() === undefined)('a user who is not root', () => {
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mirrorsql-permission-'));
    chmodSync(directory, 0o755);
    for (const part of ['collectors', 'src/core', 'src/events', 'src/sql']) {
      cpSync(join(DIST, part), join(directory, part), { recursive: true });
    }
    writeFileSync(join(directory, 'probe.mjs'), PROBE);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is told what to do', () => {
    const { stdout, status } = asNobody(program('node', process.execPath, false));
    expect(stdout).toContain('no permission to capture on lo');
    expect(stdout).toContain(
      'sudo setcap cap_net_raw,cap_net_admin=eip $(readlink -f $(which node))',
    );
    expect(status).toBe(1);
  });

  it('captures through our own ring after having done it', () => {
    const { stdout } = asNobody(program('node-granted', process.execPath, true));
    expect(JSON.parse(stdout)).toEqual({ backend: 'afpacket', seen: true });
  });

  it.skipIf(tcpdumpPath === '')('captures through tcpdump, when only tcpdump was given it', () => {
    program('tcpdump', tcpdumpPath, true);
    const path = [directory, process.env['PATH'] ?? ''].join(delimiter);
    const { stdout } = asNobody(program('node', process.execPath, false), path);
    expect(JSON.parse(stdout)).toEqual({ backend: 'tcpdump', seen: true });
  });
});
