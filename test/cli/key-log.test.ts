/** `--keylog`: a file that is read whole, one that is followed while it grows, and files that are no key log. */
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FollowedKeyLog, readKeyLog } from '../../src/cli/key-log-file.ts';
import { decodeCapture, mirrorsql } from '../lab/decode.ts';

const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-keylog-'));
const capture = 'test/scenarios/tls-key-log/capture.pcap';
const keys = 'test/scenarios/tls-key-log/keys.log';
let files = 0;

function fileWith(text: string): string {
  const path = join(directory, `${String(files++)}.log`);
  writeFileSync(path, text);
  return path;
}

const line = (byte: string): string => `CLIENT_RANDOM ${byte.repeat(32)} ${'cd'.repeat(48)}\n`;

afterAll(() => rmSync(directory, { recursive: true }));

describe('decode --keylog', () => {
  it('decrypts what the file has keys for, and says what stays encrypted without it', async () => {
    const { events, summary } = await decodeCapture(capture, ['--keylog', keys]);
    expect(events.filter(({ type }) => type === 'statement').length).toBe(4);
    expect(summary).toMatchObject({ decrypted_sessions: 2, encrypted_sessions: {} });
    const { stderr } = await mirrorsql(['decode', capture, '--output', 'none']);
    expect(stderr).toMatch(/^encrypted {5}sessions: 2 no_key_log$/m);
  });

  it('fails for a file that is not there, is no file, or is no key log', async () => {
    const strange = fileWith('-----BEGIN RSA PRIVATE KEY-----\nabc\n');
    for (const [path, code] of [
      [join(directory, 'absent'), 'MSQL_KEYLOG_READ'],
      [directory, 'MSQL_KEYLOG_READ'],
      [strange, 'MSQL_KEYLOG_FORMAT'],
    ] as const) {
      const {
        code: exitCode,
        stdout,
        stderr,
      } = await mirrorsql(['decode', capture, '--keylog', path]);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toContain(code);
      expect(stderr).not.toContain('PRIVATE KEY');
    }
  });
});

describe('a key log', () => {
  it('that is empty, or ends without a line end, is one', () => {
    expect(readKeyLog(fileWith('')).secretsCount).toBe(0);
    expect(readKeyLog(fileWith(line('11').trimEnd())).secretsCount).toBe(1);
  });

  it('larger than what is read at once is read to its end', () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      line((index % 256).toString(16).padStart(2, '0')),
    );
    expect(readKeyLog(fileWith(many.join(''))).secretsCount).toBe(1000);
  });

  it('that grows, is cut, or is replaced is followed', () => {
    const path = fileWith(line('11'));
    const followed = new FollowedKeyLog(path);
    const { keyLog } = followed;
    const counts = (): number => {
      followed.look();
      return keyLog.secretsCount;
    };
    expect(counts()).toBe(1);
    appendFileSync(path, line('22').slice(0, 50));
    expect(counts()).toBe(1);
    appendFileSync(path, line('22').slice(50));
    expect(counts()).toBe(2);
    truncateSync(path);
    writeFileSync(path, line('33').slice(0, 60));
    expect(counts()).toBe(2);
    appendFileSync(path, line('33').slice(60));
    expect(counts()).toBe(3);
    renameSync(fileWith(line('44') + line('55')), path);
    expect(counts()).toBe(5);
    rmSync(path);
    expect(counts()).toBe(5);
    followed.close();
    expect(keyLog.linesPassedOver).toBe(0);
    expect(keyLog.follows).toBe(true);
  });
});
