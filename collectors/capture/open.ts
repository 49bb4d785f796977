/** Opens a capture: finds out by its first bytes whether it is pcap or pcapng, plain or gzipped. */
import { MirrorSqlError } from '../../src/core/errors.ts';
import { openByteSource } from './byte-source.ts';
import type { CaptureSource } from './capture-source.ts';
import { Pcap } from './pcap.ts';
import { Pcapng } from './pcapng.ts';
import { ReadWindow } from './read-window.ts';

/**
 * @param path a file, or `-` for standard input
 * @throws MirrorSqlError MSQL_CAPTURE_READ, MSQL_CAPTURE_EMPTY, MSQL_CAPTURE_FORMAT, MSQL_CAPTURE_LINK_TYPE
 */
export async function openCapture(path: string): Promise<CaptureSource> {
  const name = path === '-' ? 'standard input' : path;
  const source = await openByteSource(path);
  try {
    const window = new ReadWindow(source);
    while (window.length < 24 && (await window.fill()));
    if (window.length === 0) throw new MirrorSqlError('MSQL_CAPTURE_EMPTY', `${name} is empty`);
    if (window.length < 4) throw notACapture(name);
    const magic = window.view.getUint32(0);
    if (Pcap.knows(magic)) return new Pcap(source, window, name);
    if (Pcapng.knows(magic)) return new Pcapng(source, window, name);
    throw notACapture(name);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function notACapture(name: string): MirrorSqlError {
  return new MirrorSqlError('MSQL_CAPTURE_FORMAT', `${name} is not a capture file`);
}
