/**
 * Makes a checkout ready to run: packages, the programs that the tests use, the build. Runs before anything is
 * installed, so it is plain JavaScript over Node's own modules. Every step looks first and does only what is missing;
 * done twice, the second time does nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

const NODE_MIN = [20, 19];

/** Folders and files that the build is made of, and the note of what the last build was made of. */
const SOURCES = ['src', 'collectors', 'analysis', 'dashboards', '.config', 'tsconfig.json'];
const BUILD_NOTE = 'dist/.built-from';

/** Where Debian puts what its own Python finds. */
const PYTHON_PACKAGES = '/usr/lib/python3/dist-packages';

/** What the tests use beside Node: a Debian package, and how to see that its program is there. */
const PROGRAMS = [
  {
    package: 'postgresql',
    what: 'a PostgreSQL server to record and to compare with',
    found: server,
  },
  { package: 'tcpdump', what: 'records traffic', found: () => onPath('tcpdump') },
  {
    package: 'tshark',
    what: 'a second opinion on what is in a capture',
    found: () => onPath('tshark'),
  },
  { package: 'chromium', what: 'opens the page', found: () => onPath('chromium') },
  {
    package: 'tcpreplay',
    what: 'sends recorded traffic through an interface',
    found: () => onPath('tcpreplay'),
  },
  {
    package: 'openssl',
    what: 'makes a certificate for encrypted sessions',
    found: () => onPath('openssl'),
  },
  {
    package: 'iproute2',
    what: 'makes network interfaces for the tests',
    found: () => onPath('ip'),
  },
  { package: 'pgbouncer', what: 'a pooler between', found: () => onPath('pgbouncer') },
  {
    package: 'python3-psycopg2',
    what: 'a client to record',
    found: () => existsSync(`${PYTHON_PACKAGES}/psycopg2`),
  },
  {
    package: 'python3-psycopg',
    what: 'a client to record',
    found: () => existsSync(`${PYTHON_PACKAGES}/psycopg`),
  },
  {
    package: 'libpostgresql-jdbc-java',
    what: 'a client to record',
    found: () => existsSync('/usr/share/java/postgresql.jar'),
  },
  {
    package: 'default-jdk-headless',
    what: 'runs the JDBC client',
    found: () => onPath('javac'),
  },
  { package: 'gcc', what: 'builds the capture addon', found: () => onPath('cc') },
  {
    package: 'libpcap-dev',
    what: 'builds the package cap, the last choice for live capture',
    found: () => existsSync('/usr/include/pcap/pcap.h'),
  },
  {
    package: 'libc6-dev',
    what: 'builds the capture addon',
    found: () => existsSync('/usr/include/stdio.h'),
  },
];

/** A step that failed: what it was, and what to do, in one line. */
export class SetupError extends Error {}

/**
 * Everything that a command of this checkout needs.
 * @param {{ programs: boolean }} needs `programs`: also what only the tests use
 */
export async function setUp({ programs }) {
  checkNode();
  // First, because one package is built from the headers of libpcap, and left out without them.
  if (programs) await installPrograms();
  await installPackages();
  await build();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  throw new SetupError(
    `Node.js ${process.versions.node} is too old: install ${NODE_MIN.join('.')} or newer`,
  );
}

async function installPackages() {
  if (!packagesAreStale()) return;
  // Not `npm ci`: it refuses a lock file that leaves out packages made for other machines. Versions are those of the lock.
  await step('install packages', 'npm', ['install', '--no-save', '--no-audit', '--no-fund']);
}

/** Compares what npm noted of its last installation with the lock file; packages for other machines may be missing. */
function packagesAreStale() {
  const installed = packagesIn(join(ROOT, 'node_modules/.package-lock.json'));
  if (installed === undefined) return true;
  const wanted = packagesIn(join(ROOT, 'package-lock.json')) ?? {};
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === '') return false;
    const there = installed[path];
    if (there === undefined) return entry.optional !== true;
    return there.version !== entry.version;
  });
}

function packagesIn(lockFile) {
  if (!existsSync(lockFile)) return undefined;
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

async function installPrograms() {
  const missing = PROGRAMS.filter((program) => !program.found());
  if (missing.length === 0) return;
  const names = missing.map((program) => program.package);
  const command = `apt-get install ${names.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    for (const program of missing) say(`missing: ${program.package} (${program.what})`);
    throw new SetupError(`the tests need programs that only root can install: sudo ${command}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step('read the list of Debian packages', 'apt-get', ['-q', 'update'], env);
  const withdraw = withoutDefaultCluster();
  try {
    const args = ['-q', '-y', 'install', '--no-install-recommends', ...names];
    await step(`install ${names.join(', ')}`, 'apt-get', args, env);
  } finally {
    withdraw();
  }
}

/** Debian makes and starts a database server with the package; the tests start their own, so ask it not to. */
function withoutDefaultCluster() {
  const directory = '/etc/postgresql-common/createcluster.d';
  const file = join(directory, 'mirrorsql.conf');
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, 'create_main_cluster = false\n');
  return () => rmSync(file, { force: true });
}

async function build() {
  const sources = fingerprintOfSources();
  const note = join(ROOT, BUILD_NOTE);
  const built = existsSync(join(ROOT, 'dist/src/cli/main.js')) && existsSync(note);
  if (built && readFileSync(note, 'utf8') === sources) return;
  await step('build', 'npm', ['run', '--silent', 'build']);
  writeFileSync(note, sources);
}

/** Changes when a source file is added, removed or written, and when there is a compiler for the addon at last. */
function fingerprintOfSources() {
  const hash = createHash('sha256');
  hash.update(`${onPath('cc')}\n`);
  for (const source of SOURCES) {
    for (const [file, stats] of filesUnder(join(ROOT, source))) {
      hash.update(`${file} ${stats.size} ${stats.mtimeMs}\n`);
    }
  }
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  return hash.digest('hex');
}

/** Every file under `path` (or `path` itself) with its stats, in a fixed order; links are not followed. */
function* filesUnder(path) {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    yield [path, stats];
    return;
  }
  for (const name of readdirSync(path).sort()) yield* filesUnder(join(path, name));
}

/** Disk that a file or folder of the checkout takes, in bytes. */
export function diskBytes(path) {
  let bytes = 0;
  for (const [, stats] of filesUnder(join(ROOT, path))) bytes += stats.blocks * 512;
  return bytes;
}

/** Runs one program of the set-up, says how long it took, and shows its output only when it failed. */
async function step(name, program, args, env = process.env) {
  const started = performance.now();
  const { code, output } = await run(program, args, env);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (code !== 0) {
    process.stderr.write(output);
    throw new SetupError(`${name}: ${program} ${args.join(' ')} failed, see above`);
  }
  say(`${name}: ${seconds} s`);
}

/** Runs a program without standard input to its end; both of its outputs in the order they came. */
export function run(program, args, env = process.env) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => chunks.push(chunk));
    }
    const end = (code, words = '') =>
      resolve({ code, output: Buffer.concat(chunks).toString() + words });
    child.on('error', (error) => end(1, `${error.message}\n`));
    child.on('close', (code) => end(code ?? 1));
  });
}

export function say(line) {
  process.stdout.write(`set-up: ${line}\n`);
}

/** A PostgreSQL server refuses to run as root: then it also needs the user that Debian's package makes. */
function server() {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return false;
  if (process.getuid?.() === 0 && spawnSync('id', ['postgres']).status !== 0) return false;
  return readdirSync(versions).some((version) => existsSync(join(versions, version, 'bin/initdb')));
}

function onPath(program) {
  const places = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return places.some((place) => place !== '' && existsSync(join(place, program)));
}
