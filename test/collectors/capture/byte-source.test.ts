/** Where a capture's bytes come from: files, gzip, standard input; and what is said when they cannot be had. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pcap, PcapngWriter } from '../../wire/capture-files.ts';
import { readBytes, readPath, withFile } from './read-capture.ts';

const PACKETS = Array.from({ length: 300 }, (_, index) => ({
  bytes: Buffer.alloc(900 + index, index),
  timeNs: BigInt(index) * 1000n,
}));

/** Pseudo-random bytes, which gzip cannot make small. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

describe('a gzipped capture', () => {
  it.each([
    ['pcap', pcap(PACKETS)],
    [
      'pcapng',
      PACKETS.reduce(
        (file, { bytes, timeNs }) => file.enhancedPacket(bytes, timeNs / 1000n),
        new PcapngWriter().section().interface(),
      ).bytes(),
    ],
  ])('(%s) is read as the plain one is', async (_name, file) => {
    const plain = await readBytes(file);
    const packed = await readBytes(gzipSync(file));
    expect(plain.packets.length).toBe(300);
    expect(packed.packets).toEqual(plain.packets);
  });

  it('may consist of several parts, one behind the other', async () => {
    const file = pcap(PACKETS);
    const seen = await readBytes(
      Buffer.concat([gzipSync(file.subarray(0, 5000)), gzipSync(file.subarray(5000))]),
    );
    expect(seen.packets.length).toBe(300);
  });

  it('counts the bytes of the file as it lies on the disk', async () => {
    const packed = gzipSync(pcap(PACKETS));
    expect(await readBytes(packed)).toMatchObject({
      sizeBytes: packed.length,
      bytesRead: packed.length,
    });
  });

  it('that was cut off gives what was unpacked of it, and says what is wrong', async () => {
    const packets = Array.from({ length: 4000 }, (_, index) => ({
      bytes: noise(1000),
      timeNs: BigInt(index),
    }));
    const file = pcap(packets);
    const packed = gzipSync(file, { level: 0 });
    const cut = packed.subarray(0, packed.length - 1500);
    const seen = await readBytes(cut);
    expect(seen.failure).toBe('MSQL_CAPTURE_FORMAT');
    expect(seen.failureText).toContain('gzipped but damaged or cut off');
    // Without packing, the last two packets of 1,016 bytes are those that 1,500 bytes less have touched.
    expect(seen.packets.length).toBe(3998);
  });

  it('with rubbish in its middle gives what came before and says what is wrong', async () => {
    const packed = gzipSync(pcap(PACKETS));
    packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 40);
    const seen = await readBytes(packed);
    expect(seen.failure).toMatch(/^MSQL_CAPTURE_(READ|FORMAT)$/);
  });
});

/** A program that reads standard input as a capture and prints how many packets it saw, or the error's code. */
const READER = `
import { readPath } from ${JSON.stringify(new URL('./read-capture.ts', import.meta.url).href)};
process.stdout.write('ready ');
const seen = await readPath('-');
process.stdout.write([seen.packets.length, seen.packets.at(-1)?.tsUs, seen.truncated, seen.failure].join(' '));
`;

function readStandardInput(pieces: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const arguments_ = ['--import', 'tsx', '--input-type=module', '--eval', READER];
    const child = spawn(process.execPath, arguments_, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    const write = (index: number): void => {
      const piece = pieces[index];
      if (piece === undefined) child.stdin.end();
      else child.stdin.write(piece, () => setTimeout(write, 50, index + 1));
    };
    child.stdout.on('data', (text: Buffer) => {
      // Only when it listens, or all pieces would arrive as one.
      if (output === '') setTimeout(write, 50, 0);
      output += text.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(output.replace('ready ', '')));
  });
}

describe('standard input', () => {
  const file = pcap(PACKETS);
  const packed = gzipSync(file);

  it.each([
    ['a capture in one piece', [file], '300 299 false '],
    [
      'a capture whose first pieces are single bytes',
      [...Array.from(file.subarray(0, 3), (b) => Buffer.of(b)), file.subarray(3)],
      '300 299 false ',
    ],
    ['a gzipped capture', [packed], '300 299 false '],
    [
      'a gzipped capture whose first piece is one byte',
      [packed.subarray(0, 1), packed.subarray(1)],
      '300 299 false ',
    ],
    ['a capture that ends inside a packet', [file.subarray(0, file.length - 1)], '299 298 true '],
    ['nothing at all', [], '0  false MSQL_CAPTURE_EMPTY'],
    [
      'something else',
      [Buffer.from('hello, this is no capture at all')],
      '0  false MSQL_CAPTURE_FORMAT',
    ],
  ])('may carry %s', async (_name, pieces, expected) => {
    expect(await readStandardInput(pieces)).toBe(expected);
  });
});

describe('a capture that cannot be had', () => {
  const reasonOf = async (path: string): Promise<string> => {
    const { failure, failureText } = await readPath(path);
    return `${failure ?? ''}: ${failureText ?? ''}`;
  };

  it('because there is no such file says so', async () => {
    expect(await reasonOf('/nowhere/capture.pcap')).toBe(
      'MSQL_CAPTURE_READ: cannot read /nowhere/capture.pcap: there is no such file or directory',
    );
  });

  it('because it is a directory says so', async () => {
    expect(await reasonOf(tmpdir())).toContain('is a directory, not a capture file');
  });

  it.skipIf(process.getuid?.() === 0)('because it must not be read says so', async () => {
    await withFile(pcap([]), async (path) => {
      chmodSync(path, 0);
      expect(await reasonOf(path)).toContain('permission denied');
    });
  });

  it('because it is empty says so', async () => {
    expect(await readBytes(Buffer.alloc(0))).toMatchObject({ failure: 'MSQL_CAPTURE_EMPTY' });
  });

  it('is read from a named pipe as well as from a file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-pipe-'));
    try {
      const pipe = join(directory, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await withFile(pcap(PACKETS), async (path) => {
        const writer = spawn('sh', ['-c', `cat ${path} > ${pipe}`]);
        const seen = await readPath(pipe);
        expect([seen.packets.length, seen.sizeBytes]).toEqual([300, undefined]);
        await new Promise((resolve) =>
          writer.exitCode === null ? writer.on('close', resolve) : resolve(0),
        );
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
