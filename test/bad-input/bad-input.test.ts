/**
 * What is no capture, or only part of one, and a disk that fills up: one clear line on standard error, the right exit
 * code, and what was read until then kept. Runs the command as its users do.
 */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoded, mirrorsql } from '../lab/decode.ts';
import { runProgram, waitUntil } from '../lab/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCENARIOS = join(ROOT, 'test', 'scenarios');
const DEMO = join(SCENARIOS, 'demo', 'demo.pcap.gz');
const isRoot = process.getuid?.() === 0;

let directory = '';
/** A capture of 13 whole packets and a part of the next. */
let capture: Buffer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mirrorsql-bad-'));
  capture = readFileSync(join(SCENARIOS, 'simple-query', 'capture.pcap'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function decodeBytes(name: string, bytes: Uint8Array | string): Promise<Decoded> {
  const file = join(directory, name);
  writeFileSync(file, bytes);
  return mirrorsql(['decode', file]);
}

function eventTypes({ stdout }: Decoded): string[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { type: string }).type);
}

/** One line, with the code of the error and a hint behind it. */
function errorLines({ stderr }: Decoded): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('mirrorsql: '));
}

function expectOneLine(decoded: Decoded, code: string, exitCode: number): void {
  expect(decoded.stderr).toMatch(new RegExp(`^mirrorsql: .+ \\(${code}\\): .+\\n$`));
  expect(decoded.code).toBe(exitCode);
  expect(decoded.stdout).toBe('');
}

describe('decode refuses with one line', () => {
  it('an empty file', async () => {
    expectOneLine(await decodeBytes('empty.pcap', ''), 'MSQL_CAPTURE_EMPTY', 1);
  });

  it('random bytes', async () => {
    // The first byte is of no magic number.
    const bytes = Buffer.concat([Buffer.of(0), randomBytes(5_000)]);
    expectOneLine(await decodeBytes('random.pcap', bytes), 'MSQL_CAPTURE_FORMAT', 1);
  });

  it('a file that ends inside its header', async () => {
    const bytes = capture.subarray(0, 10);
    expectOneLine(await decodeBytes('header.pcap', bytes), 'MSQL_CAPTURE_FORMAT', 1);
  });

  it('a link type that it does not know', async () => {
    const bytes = Buffer.from(capture);
    bytes.writeUInt32LE(147, 20);
    expectOneLine(await decodeBytes('link.pcap', bytes), 'MSQL_CAPTURE_LINK_TYPE', 1);
  });

  it('a gzipped file whose first block is damaged', async () => {
    const bytes = gzipSync(capture);
    bytes.fill(0xff, 20, 60);
    const decoded = await decodeBytes('corrupt.pcap.gz', bytes);
    expect(errorLines(decoded)).toHaveLength(1);
    expect(decoded.code).toBe(1);
    expect(decoded.stdout).toBe('');
  });

  it('a directory', async () => {
    expectOneLine(await mirrorsql(['decode', directory]), 'MSQL_CAPTURE_READ', 1);
  });

  it('a file that is not there', async () => {
    const file = join(directory, 'missing.pcap');
    expectOneLine(await mirrorsql(['decode', file]), 'MSQL_CAPTURE_READ', 1);
  });

  it('a file that it may not read', async () => {
    const file = join(directory, 'secret.pcap');
    writeFileSync(file, capture);
    chmodSync(file, 0o000);
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'decode', file];
    // Root reads everything, unless it is started without that right.
    const decoded = isRoot
      ? await runProgram(
          'setpriv',
          ['--bounding-set=-dac_override,-dac_read_search', process.execPath, ...command],
          { cwd: ROOT },
        )
      : await runProgram(process.execPath, command, { cwd: ROOT });
    expectOneLine(decoded, 'MSQL_CAPTURE_READ', 1);
  });

  it.each([
    ['no file', ['decode']],
    ['an unknown command', ['decypher', 'x.pcap']],
    ['an unknown option', ['decode', 'x.pcap', '--loud']],
    ['an output that does not exist', ['decode', 'x.pcap', '--output', 'xml']],
    ['a port without a protocol', ['decode', 'x.pcap', '--port', '5433']],
    ['a protocol that does not exist', ['decode', 'x.pcap', '--port', '5433=gopher']],
  ])('wrong use: %s', async (_what, args) => {
    expectOneLine(await mirrorsql(args), 'MSQL_CLI_USAGE', 2);
  });
});

describe('decode keeps what it read', () => {
  it('of a capture that was cut off in the middle of a packet, and says so', async () => {
    const decoded = await decodeBytes('cut.pcap', capture.subarray(0, 2_000));
    // A recording stopped with Ctrl-C ends like this: it is no failure.
    expect(decoded.code).toBe(0);
    expect(decoded.stderr).toMatch(/ends in the middle of a packet/);
    expect(eventTypes(decoded).filter((type) => type === 'statement')).toHaveLength(3);
  });

  it('of a gzipped capture that was cut off', async () => {
    const bytes = gzipSync(capture);
    const decoded = await decodeBytes('cut.pcap.gz', bytes.subarray(0, bytes.length - 100));
    expect(errorLines(decoded)).toHaveLength(1);
    expect(errorLines(decoded)[0]).toContain('MSQL_CAPTURE_FORMAT');
    expect(decoded.code).toBe(1);
    expect(eventTypes(decoded)).toContain('statement');
  });

  it('of a capture with a record of an impossible size', async () => {
    const bytes = Buffer.from(capture);
    let offset = 24;
    for (let record = 0; record < 10; record++) offset += 16 + bytes.readUInt32LE(offset + 8);
    bytes.writeUInt32LE(0x7fff_ffff, offset + 8);
    const decoded = await decodeBytes('huge.pcap', bytes);
    expect(errorLines(decoded)).toHaveLength(1);
    expect(errorLines(decoded)[0]).toContain('MSQL_CAPTURE_FORMAT');
    expect(decoded.code).toBe(1);
    expect(eventTypes(decoded)).toContain('statement');
  });

  it.each(['http-on-5432', 'mysql-on-5432'])(
    'of %s nothing: another protocol is named and counted',
    async (name) => {
      const file = join(SCENARIOS, name, 'capture.pcap');
      const decoded = await mirrorsql(['decode', file, '--summary', 'json']);
      expect(decoded.code).toBe(0);
      expect(eventTypes(decoded)).toEqual(['anomaly']);
      const summary = JSON.parse(decoded.stderr) as Record<string, unknown>;
      expect(summary['foreign_bytes']).toBe(summary['payload_bytes']);
      expect(summary['decoded_bytes']).toBe(0);
    },
  );

  it('and stops quietly when the reader of its output is gone', async () => {
    const decoded = await runProgram(
      'bash',
      [
        '-c',
        `node --import tsx src/cli/main.ts decode ${DEMO} | head -n 1 >/dev/null; exit "\${PIPESTATUS[0]}"`,
      ],
      { cwd: ROOT },
    );
    expect(errorLines(decoded)).toHaveLength(1);
    expect(decoded.stderr).toContain('MSQL_OUTPUT_WRITE');
    expect(decoded.code).toBe(1);
  });
});

describe('a command over a store', () => {
  let store = '';

  beforeAll(async () => {
    store = join(directory, 'store');
    expect((await mirrorsql(['load', DEMO, '--data', store])).code).toBe(0);
  });

  const commands = [
    'report --format json',
    'query "SELECT * FROM events" --format csv',
    'export',
    'export --format parquet',
  ];

  async function run(command: string, output: string): Promise<Decoded> {
    const line = `node --import tsx src/cli/main.ts ${command} --data ${store} ${output}; exit "\${PIPESTATUS[0]}"`;
    return runProgram('bash', ['-c', line], { cwd: ROOT });
  }

  it.each(commands)('%s: a reader that has gone is no error', async (command) => {
    expect(await run(command, '| head -c 1 >/dev/null')).toMatchObject({ stderr: '', code: 0 });
  });

  it.each(commands)('%s: a full disk is told in one line', async (command) => {
    expectOneLine(await run(command, '>/dev/full'), 'MSQL_OUTPUT_WRITE', 1);
  });

  it.runIf(isRoot).each([
    ['backup', 'b', 'MSQL_STORE_DISK_FULL'],
    ['export --format parquet --output', 'e', 'MSQL_OUTPUT_WRITE'],
  ])('%s: what the disk has no room for is not said to be written', async (command, name, code) => {
    const mount = mkdtempSync(join(directory, 'small-'));
    const script = `mount -t tmpfs -o size=200k tmpfs ${mount} || exit 99
      "${process.execPath}" --import tsx src/cli/main.ts ${command} ${mount}/${name} --data ${store}
      code=$?; ls ${mount}; exit $code`;
    const ran = await runProgram('unshare', ['--mount', 'bash', '-c', script], { cwd: ROOT });
    if (ran.code === 99 || /^unshare: |not permitted/m.test(ran.stderr)) return;
    expectOneLine(ran, code, 1);
  });

  it.each([
    ['restore', (to: string) => ['restore', join(directory, 'backup'), '--data', to]],
    ['export', (to: string) => ['export', '--data', store, '--output', to]],
  ])('%s: Ctrl-C leaves nothing half done behind', async (name, args) => {
    if (name === 'restore') await mirrorsql(['backup', join(directory, 'backup'), '--data', store]);
    const place = mkdtempSync(join(directory, 'half-'));
    const main = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args(join(place, 'whole'))];
    const child = spawn(process.execPath, main, { cwd: ROOT, stdio: 'ignore' });
    const ended = once(child, 'close');
    await waitUntil('the unfinished', 30_000, () => readdirSync(place).length > 0);
    child.kill('SIGINT');
    await ended;
    const left = readdirSync(place);
    // It may have been done in this moment.
    expect(left.filter((found) => found !== 'whole')).toEqual([]);
  });

  it('a collector that never stored is named as one, not shown as a night without traffic', async () => {
    expectOneLine(await run('report --seen-by nobody', ''), 'MSQL_CLI_USAGE', 2);
  });
});

describe('a store that this user may not open', () => {
  it.runIf(isRoot)('is not said to be none', async () => {
    const closed = join(directory, 'closed');
    mkdirSync(join(closed, 'segments'), { recursive: true });
    chmodSync(directory, 0o755);
    chmodSync(closed, 0o700);
    const asNobody = await runProgram(
      'setpriv',
      [
        ...['--reuid', '65534', '--regid', '65534', '--clear-groups'],
        ...[process.execPath, '--import', 'tsx', 'src/cli/main.ts'],
        ...['report', '--data', closed],
      ],
      { cwd: ROOT },
    );
    expectOneLine(asNobody, 'MSQL_STORE_DIRECTORY', 1);
    expect(asNobody.stderr).toContain('permission denied');
  });
});

describe('load on a disk that fills up', () => {
  // A file system of 12 MiB in a mount namespace of its own: enough for the engine, too little for the demo.
  const script = (mount: string) => `
    mount -t tmpfs -o size=12m tmpfs ${mount} || exit 99
    mirrorsql() { "${process.execPath}" --import tsx src/cli/main.ts "$@" --data ${mount}/data; }
    mirrorsql load ${DEMO} >/dev/null; echo "first $?"
    mount -o remount,size=200m ${mount}
    mirrorsql load ${DEMO} >/dev/null; echo "second $?"
    mirrorsql query 'SELECT count() AS n FROM events' --format json`;

  it('says so in one line, and the same command later stores everything once', async (context) => {
    const mount = join(directory, 'full');
    mkdirSync(mount);
    const loaded = await runProgram('unshare', ['--mount', 'bash', '-c', script(mount)], {
      cwd: ROOT,
    });
    if (loaded.code === 99 || /^unshare: |not permitted/m.test(loaded.stderr)) {
      context.skip('mounting a small file system is not permitted here');
    }
    expect(loaded.stdout).toMatch(/^first 1\nsecond 0\n/);
    expect(errorLines(loaded)).toHaveLength(1);
    expect(loaded.stderr).toContain('MSQL_STORE_DISK_FULL');
    const whole = await mirrorsql(['decode', DEMO, '--output', 'none', '--summary', 'json']);
    const summary = JSON.parse(whole.stderr) as { events: { statement: number } };
    expect(loaded.stdout).toContain(String(summary.events.statement));
  });
});
