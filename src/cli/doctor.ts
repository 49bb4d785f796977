/** `mirrorsql doctor`: what this machine lacks, for which command, and how to get it. */
import { execFile } from 'node:child_process';
import { constants, existsSync, readFileSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import pc from 'picocolors';
import { addonPath } from '../../collectors/capture/afpacket/ring.ts';
import { loadCap } from '../../collectors/capture/cap/cap-package.ts';
import { errorTable } from '../core/errors.ts';
import { webDirectory } from '../server/web-files.ts';
import { MirrorSqlError } from '../core/errors.ts';
import { examineHost } from '../store/server/examine.ts';
import { type ServerSettings, serverAddress } from '../store/server/server-address.ts';
import type { StoreSettings } from '../store/store.ts';
import { type StoreOptions, storeSettings } from './store-settings.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly neededFor: string;
  /** Optional things are shown, but no command fails without them. */
  readonly state: 'present' | 'missing' | 'optional';
  readonly found: string;
  /** What to do; empty when it is present. */
  readonly fix: string;
}

const NODE_MIN = [20, 19] as const;
/** A store below this much free disk cannot merge its parts for long. */
const FREE_BYTES_MIN = 1_000_000_000;
const ENGINE_TIMEOUT_MS = 60_000;
const STORE_COMMANDS = 'load, report, query, serve, monitor';

/** Prints the findings; the exit code is 1 when a command cannot do its work. */
export async function runDoctor(options: StoreOptions = {}): Promise<void> {
  const findings = await examine(storeSettings(options));
  process.stdout.write(renderFindings(findings));
  if (findings.some((finding) => finding.state === 'missing')) process.exitCode = 1;
}

export async function examine(settings: StoreSettings): Promise<Finding[]> {
  return [
    nodeVersion(process.versions.node),
    settings.kind === 'embedded' ? await engine() : await server(settings),
    // With a server too: what it has not taken yet waits there.
    await dataDirectory(settings.directory),
    page(),
    liveCapture(),
    tcpdump(),
  ];
}

export function renderFindings(findings: readonly Finding[]): string {
  const marks = { present: pc.green('✓'), missing: pc.red('✗'), optional: pc.dim('–') };
  const whatWidth = Math.max(...findings.map((finding) => finding.what.length));
  const forWidth = Math.max(...findings.map((finding) => finding.neededFor.length));
  const lines = findings.flatMap(({ what, neededFor, state, found, fix }) => {
    const line = `${marks[state]} ${what.padEnd(whatWidth)}  ${neededFor.padEnd(forWidth)}  ${found}`;
    return fix === '' ? [line] : [line, `  ${' '.repeat(whatWidth)}  -> ${fix}`];
  });
  const missing = findings.filter((finding) => finding.state === 'missing').length;
  const verdict =
    missing === 0
      ? 'Every command can do its work on this machine.'
      : `${missing} of ${findings.length} missing: the commands named there will fail.`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}

/** `version` as Node tells it: 20.19.4 */
export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const recent = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return {
    what: 'Node.js',
    neededFor: 'every command',
    ...outcome(recent, version, `install Node.js ${NODE_MIN.join('.')} or newer`),
  };
}

/** Loaded in a process of its own: a library that does not suit the machine may end the process that loads it. */
async function engine(): Promise<Finding> {
  const script = `const { query } = require(process.argv[1]);
    process.stdout.write(query('SELECT version()', 'TabSeparated'));`;
  const about = { what: 'embedded ClickHouse', neededFor: STORE_COMMANDS };
  const fix =
    'run npm install; needs 64-bit Linux with glibc, or macOS. Else use a server: --clickhouse URL';
  let library: string;
  try {
    library = createRequire(import.meta.url).resolve('chdb');
  } catch {
    return { ...about, ...outcome(false, 'package chdb is not installed', fix) };
  }
  return new Promise((resolveFinding) => {
    const options = { timeout: ENGINE_TIMEOUT_MS };
    execFile(process.execPath, ['-e', script, library], options, (error, out, complaints) => {
      const found = error === null ? out.trim() : `does not load: ${lastLine(complaints)}`;
      resolveFinding({ ...about, ...outcome(error === null, found, fix) });
    });
  });
}

async function dataDirectory(directory: string): Promise<Finding> {
  const about = { what: 'data directory', neededFor: STORE_COMMANDS };
  const path = resolve(directory);
  const place = nearestExisting(path);
  const fix = 'give another directory with --data or MIRRORSQL_DATA';
  try {
    if (!(await stat(place)).isDirectory()) {
      return { ...about, ...outcome(false, `${place} is not a directory`, fix) };
    }
    await access(place, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(place);
    const freeBytes = bavail * bsize;
    const found = `${path}, ${(freeBytes / 1e9).toFixed(1)} GB free`;
    return { ...about, ...outcome(freeBytes >= FREE_BYTES_MIN, found, `free disk, or ${fix}`) };
  } catch {
    return { ...about, ...outcome(false, `${place} may not be written by this user`, fix) };
  }
}

/** The directory itself, or the one in which it would be made. */
function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** Each host, asked as `load` would ask it. */
async function server(settings: ServerSettings): Promise<Finding> {
  const about = { what: 'ClickHouse server', neededFor: STORE_COMMANDS };
  try {
    const address = serverAddress(settings);
    const found = await Promise.all(
      address.hosts.map(async (host) => {
        const version = await examineHost(address, host);
        return `${new URL(host).host} is ClickHouse ${version}`;
      }),
    );
    return { ...about, ...outcome(true, found.join(', '), '') };
  } catch (error) {
    if (!(error instanceof MirrorSqlError)) throw error;
    return { ...about, ...outcome(false, error.message, error.hint) };
  }
}

function page(): Finding {
  const place = webDirectory();
  return {
    what: 'dashboards',
    neededFor: 'serve, report --format html',
    ...outcome(place !== undefined, place ?? 'not built', 'run npm run build'),
  };
}

/** Which way live packets would come, and why. */
function liveCapture(): Finding {
  const built = addonPath() !== undefined;
  const pipe = onPath('tcpdump') !== undefined;
  const about = { what: 'live capture', neededFor: 'monitor -i' };
  if (process.platform === 'linux' && built) {
    const found = mayCapture()
      ? 'afpacket: the addon is built and this process may capture'
      : 'afpacket: the addon is built, but this process may not capture';
    const fix = mayCapture() ? '' : errorTable.MSQL_LIVE_PERMISSION.hint;
    return { ...about, state: mayCapture() ? 'present' : 'optional', found, fix };
  }
  return {
    ...about,
    state: 'optional',
    found: pipe ? 'tcpdump: the AF_PACKET addon is not built' : withoutTcpdump(),
    fix: "a C compiler and Node's headers, then npm run build; or Debian: apt-get install tcpdump",
  };
}

function withoutTcpdump(): string {
  if (loadCap() === undefined) return 'no way: neither addon nor tcpdump nor cap';
  return 'cap, which tells no time of capture and no drops: neither addon nor tcpdump';
}

/** CAP_NET_RAW among the effective capabilities (proc(5), capabilities(7)). */
function mayCapture(): boolean {
  const CAP_NET_RAW = 13n;
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    return ((effective >> CAP_NET_RAW) & 1n) === 1n;
  } catch {
    return false;
  }
}

function tcpdump(): Finding {
  const place = onPath('tcpdump');
  return {
    what: 'tcpdump',
    neededFor: 'monitor --filter, recording a capture yourself',
    state: place === undefined ? 'optional' : 'present',
    found: place ?? 'not installed; without it there is no --filter',
    fix: place === undefined ? 'Debian: apt-get install tcpdump' : '',
  };
}

function outcome(present: boolean, found: string, fix: string) {
  return { state: present ? 'present' : 'missing', found, fix: present ? '' : fix } as const;
}

/** Where a program is; administrators' programs are often outside of a user's PATH. */
function onPath(program: string): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return places
    .filter((place) => place !== '')
    .map((place) => join(place, program))
    .find((path) => existsSync(path));
}

function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.findLast((line) => /error|cannot|not /i.test(line)) ?? 'no reason given';
}
