/**
 * Builds the addon where a C compiler and Node's headers are, and says so where they are not: live capture then goes
 * through tcpdump. Node-API is stable across Node versions, so one build serves them all.
 * Run by `npm run build`; never fails a build.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, '../../../dist/collectors/capture/afpacket/afpacket.node');

/** Where Node's own installation, or Debian's packages, put node_api.h. */
function includeFolder() {
  const prefix = dirname(dirname(process.execPath));
  const places = [
    join(prefix, 'include/node'),
    '/usr/include/node',
    '/usr/local/include/node',
    '/usr/include/nodejs/src',
  ];
  return places.find((place) => existsSync(join(place, 'node_api.h')));
}

function build() {
  if (process.platform !== 'linux') return 'not on Linux';
  const include = includeFolder();
  if (include === undefined) return "Node's headers are not here";
  mkdirSync(dirname(output), { recursive: true });
  const flags = [
    '-O2',
    '-Wall',
    '-Wextra',
    '-shared',
    '-fPIC',
    '-DNODE_GYP_MODULE_NAME=afpacket',
    '-I',
    include,
  ];
  try {
    execFileSync('cc', [...flags, join(here, 'addon.c'), '-o', output], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    if (error.code === 'ENOENT') return 'there is no C compiler';
    return `the compiler refused it: ${String(error.stderr ?? error).split('\n')[0]}`;
  }
  return undefined;
}

const reason = build();
console.log(
  reason === undefined
    ? 'built the AF_PACKET addon'
    : `left the AF_PACKET addon out: ${reason}; live capture will use tcpdump`,
);
