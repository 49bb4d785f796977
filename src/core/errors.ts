/**
 * Every error that MirrorSQL can show, in one table: a stable code, the exit code of the command that meets it,
 * and a hint that says what to do. Wire input never becomes an error: decoders return faults as values.
 * test/docs.test.ts keeps this table and the README's list of codes equal.
 */

interface ErrorEntry {
  /** 1: the work failed; 2: the command was used wrongly. */
  readonly exitCode: 1 | 2;
  /** What the reader can do about it; printed after the message. */
  readonly hint: string;
}

export const errorTable = {
  MSQL_API_BUSY: { exitCode: 1, hint: 'ask again in a few seconds, or for a shorter window' },
  MSQL_API_HOST: {
    exitCode: 2,
    hint: 'open it as localhost or 127.0.0.1, or give the address to serve on with --listen',
  },
  MSQL_API_NOT_FOUND: { exitCode: 2, hint: 'see /api/openapi.json for all that can be asked' },
  MSQL_API_REQUEST: { exitCode: 2, hint: 'see /api/openapi.json for what this address accepts' },
  MSQL_CAPTURE_EMPTY: { exitCode: 1, hint: 'check that the capture was written and closed' },
  MSQL_CAPTURE_FORMAT: { exitCode: 1, hint: 'give a pcap or pcapng file, plain or gzipped' },
  MSQL_CAPTURE_LINK_TYPE: {
    exitCode: 1,
    hint: 'capture on an Ethernet, Linux cooked, loopback or raw IP interface',
  },
  MSQL_CAPTURE_READ: { exitCode: 1, hint: 'check the path and the permissions' },
  MSQL_CLI_USAGE: { exitCode: 2, hint: 'see mirrorsql --help' },
  MSQL_CONFIG_INVALID: {
    exitCode: 2,
    hint: 'mirrorsql config --schema prints what may stand in it, --check tells all that is wrong',
  },
  MSQL_CONFIG_READ: { exitCode: 2, hint: 'give the file with --config or MIRRORSQL_CONFIG' },
  MSQL_KEYLOG_FORMAT: {
    exitCode: 1,
    hint: 'give a key log in the NSS format, as SSLKEYLOGFILE and sslkeylogfile write it',
  },
  MSQL_KEYLOG_READ: { exitCode: 1, hint: 'check the path and the permissions' },
  MSQL_LIVE_BACKEND: {
    exitCode: 1,
    hint: 'run mirrorsql doctor, which says what can capture here',
  },
  MSQL_LIVE_INTERFACE: { exitCode: 1, hint: 'mirrorsql devices lists the interfaces' },
  MSQL_LIVE_PERMISSION: {
    exitCode: 1,
    hint: 'run it as root, or give Node the right: sudo setcap cap_net_raw,cap_net_admin=eip $(readlink -f $(which node))',
  },
  MSQL_SERIES_READ: { exitCode: 1, hint: 'check the path and the permissions' },
  MSQL_SERIES_FORMAT: {
    exitCode: 1,
    hint: 'give a CSV file whose first line is timestamp,value and whose values are numbers',
  },
  MSQL_STATUS_UNREACHABLE: {
    exitCode: 1,
    hint: 'look whether it runs (systemctl status mirrorsql), and where: --url',
  },
  MSQL_STORE_BUSY: {
    exitCode: 1,
    hint: 'stop the process that holds the data directory, or give another one with --data',
  },
  MSQL_STORE_DISK_FULL: {
    exitCode: 1,
    hint: 'free disk space, then run the same command again: nothing is stored twice',
  },
  MSQL_STORE_READ_ONLY: {
    exitCode: 1,
    hint: "look into the kernel's log (dmesg) for why, mend the disk, then run the same command again",
  },
  MSQL_STORE_ENGINE: { exitCode: 1, hint: 'run mirrorsql doctor' },
  MSQL_STORE_OPENING: { exitCode: 1, hint: 'ask again in a few seconds' },
  MSQL_STORE_UNREACHABLE: {
    exitCode: 1,
    hint: 'an embedded store comes back by itself; of a ClickHouse server check that it runs and that the URL is right',
  },
  MSQL_STORE_LOGIN: {
    exitCode: 1,
    hint: 'give user and password in the URL, or in MIRRORSQL_CLICKHOUSE_USER and MIRRORSQL_CLICKHOUSE_PASSWORD',
  },
  MSQL_STORE_TLS: {
    exitCode: 1,
    hint: "give the certificate of the authority that signed the server's with --clickhouse-ca FILE, or http:// for a server without TLS",
  },
  MSQL_STORE_SERVER: {
    exitCode: 1,
    hint: 'give the HTTP port of a ClickHouse server 24.8 or newer, and a database that its user may use or create',
  },
  MSQL_STORE_VERSION: {
    exitCode: 1,
    hint: 'use the MirrorSQL version that wrote this data directory, or a newer one',
  },
  MSQL_STORE_DIRECTORY: {
    exitCode: 1,
    hint: 'give a directory that this user may write with --data',
  },
  MSQL_STORE_EMPTY: { exitCode: 1, hint: 'load a capture first: mirrorsql load FILE' },
  MSQL_BACKUP_EXISTS: {
    exitCode: 1,
    hint: 'give a directory that does not exist yet',
  },
  MSQL_BACKUP_DAMAGED: {
    exitCode: 1,
    hint: 'nothing was restored: take another backup, or another copy of this one',
  },
  MSQL_QUERY_REFUSED: {
    exitCode: 2,
    hint: 'give one SELECT (or SHOW, DESCRIBE, EXPLAIN, WITH) over the tables of the store',
  },
  MSQL_QUERY_FAILED: {
    exitCode: 1,
    hint: 'correct the statement; DESCRIBE TABLE events shows the columns',
  },
  MSQL_SERVER_LISTEN: { exitCode: 1, hint: 'give a free address with --listen HOST:PORT' },
  MSQL_WEB_NOT_BUILT: { exitCode: 1, hint: 'build the pages first: npm run build' },
  MSQL_OUTPUT_WRITE: { exitCode: 1, hint: 'check the disk and the reader of the output' },
  MSQL_INTERNAL: {
    exitCode: 1,
    hint: 'this is a defect of MirrorSQL: please report it with the command and the capture',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** An operation that failed. `message` says what is wrong, the table says what to do. */
export class MirrorSqlError extends Error {
  override readonly name = 'MirrorSqlError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get hint(): string {
    return errorTable[this.code].hint;
  }

  get exitCode(): number {
    return errorTable[this.code].exitCode;
  }

  /** The one line that a command prints on standard error. What moves a terminal's cursor is shown as a sign instead. */
  get line(): string {
    // The stack of a defect has lines of its own.
    const controls = this.code === 'MSQL_INTERNAL' ? CONTROLS_IN_LINES : CONTROLS;
    return `mirrorsql: ${this.message.replace(controls, '\u2426')} (${this.code}): ${this.hint}`;
  }
}

/* biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for */
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
const CONTROLS_IN_LINES = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;
/* biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is looked for */

/** The system's code of an error (`ENOENT`, `ENOSPC` ...), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  return undefined;
}

/** What the system's codes mean, in words; of the rest the code or the message. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  return REASONS[code ?? ''] ?? code ?? (error instanceof Error ? error.message : String(error));
}

/** A file that the user named cannot be read. */
export function cannotRead(code: ErrorCode, what: string, error: unknown): MirrorSqlError {
  return new MirrorSqlError(code, `cannot read ${what}: ${systemReason(error)}`, { cause: error });
}

/** What the user asked for cannot be written where it should go. */
export function cannotWrite(what: string, error: unknown): MirrorSqlError {
  return new MirrorSqlError('MSQL_OUTPUT_WRITE', `cannot write ${what}: ${systemReason(error)}`, {
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota of this user is used up',
  EIO: 'the disk fails to read or write',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such file or directory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a directory',
  EPERM: 'permission denied',
  EPIPE: 'its reader is gone',
  EROFS: 'the disk is read-only',
};
