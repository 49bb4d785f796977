/**
 * The file that `--keylog` names: read whole, or followed while programs write to it (it may be cut or replaced). What
 * it holds goes nowhere but into the collector's memory.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { defaultLimits } from '../../collectors/limits.ts';
import { KeyLog } from '../../collectors/protocols/tls/key-log.ts';
import { cannotRead, MirrorSqlError } from '../core/errors.ts';

const PIECE_BYTES = 64 << 10;
/** Read at once while it is followed; the rest comes with the next look. */
const LOOK_BYTES_MAX = 16 << 20;

/**
 * Reads the whole file.
 * @throws MirrorSqlError MSQL_KEYLOG_READ, or MSQL_KEYLOG_FORMAT when it holds lines, but none of a key log
 */
export function readKeyLog(path: string): KeyLog {
  const keyLog = new KeyLog(false, defaultLimits);
  const file = new FollowedKeyLog(path, keyLog);
  while (file.look());
  file.close();
  keyLog.end();
  if (keyLog.secretsCount === 0 && keyLog.linesPassedOver > 0) {
    throw new MirrorSqlError('MSQL_KEYLOG_FORMAT', `${path} holds no line of a key log`);
  }
  return keyLog;
}

export class FollowedKeyLog {
  readonly #path: string;
  readonly keyLog: KeyLog;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #file: number;
  #inode: number;
  #offset = 0;

  /** @throws MirrorSqlError MSQL_KEYLOG_READ */
  constructor(path: string, keyLog: KeyLog = new KeyLog(true, defaultLimits)) {
    this.#path = path;
    this.keyLog = keyLog;
    [this.#file, this.#inode] = openFile(path);
    this.look();
  }

  /**
   * Takes in what was written since the last look.
   * @returns whether there is more
   */
  look(): boolean {
    try {
      this.#reopen();
      return this.#read();
    } catch {
      return false; // Being replaced, or out of reach for a moment: the next look may see it.
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Begins anew when the file was cut, or another one stands in its place. */
  #reopen(): void {
    const { ino: inode, size } = statSync(this.#path);
    if (inode !== this.#inode) {
      const [file, opened] = openFile(this.#path);
      closeSync(this.#file);
      [this.#file, this.#inode, this.#offset] = [file, opened, 0];
      this.keyLog.end();
    } else if (size < this.#offset) {
      this.#offset = 0;
      this.keyLog.end();
    }
  }

  #read(): boolean {
    for (let taken = 0; taken < LOOK_BYTES_MAX; ) {
      const size = readSync(this.#file, this.#piece, 0, PIECE_BYTES, this.#offset);
      if (size === 0) return false;
      this.#offset += size;
      taken += size;
      // The format is ASCII; a byte that is not spoils its own line only.
      this.keyLog.add(this.#piece.toString('latin1', 0, size));
    }
    this.#piece.fill(0);
    return true;
  }
}

/** @throws MirrorSqlError MSQL_KEYLOG_READ */
function openFile(path: string): [file: number, inode: number] {
  try {
    // Before it is opened: a named pipe would make that wait.
    if (!statSync(path).isFile()) {
      throw new MirrorSqlError('MSQL_KEYLOG_READ', `${path} is not a regular file`);
    }
    const file = openSync(path, 'r');
    return [file, fstatSync(file).ino];
  } catch (error) {
    if (error instanceof MirrorSqlError) throw error;
    throw cannotRead('MSQL_KEYLOG_READ', path, error);
  }
}
