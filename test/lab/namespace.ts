/**
 * A network of one's own for a recording: a Linux network namespace in which loopback carries whatever addresses are
 * asked for and packets have the size that they have on Ethernet. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { mustRun } from './process.ts';

const INSIDE = 'MIRRORSQL_LAB_NAMESPACE';

/** Runs this script again inside a new namespace and `work` only there; the exit code is the inner one's. */
export async function insideNamespace(
  addresses: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  if (process.env[INSIDE] === undefined) {
    const again = [...process.execArgv, ...process.argv.slice(1)];
    const { status } = spawnSync('unshare', ['--net', process.execPath, ...again], {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: '1' },
    });
    process.exitCode = status ?? 1;
    return;
  }
  await mustRun('ip', ['link', 'set', 'dev', 'lo', 'up', 'mtu', '1500']);
  // Otherwise segments of 64 KiB would be seen, because loopback leaves the cutting to nobody.
  await mustRun('ip', ['link', 'set', 'dev', 'lo', 'gso_max_size', '1500']);
  for (const address of addresses) {
    await mustRun('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
  }
  await work();
}
