/** How much of each kind of message a connection keeps. Tables of 1 KiB: connections of one kind share theirs. */
import type { Limits } from '../../limits.ts';
import { BackendTag, backendKeep, FrontendTag, frontendKeep } from './messages.ts';
import { keepExtras } from './opengauss.ts';
import { REPLICATION_BYTES_KEPT } from './replication.ts';

/** What a connection keeps beyond the rule, as bits. */
export const Keeps = {
  /** The values of parameters. */
  Values: 1,
  Opengauss: 2,
  Replication: 4,
  /** The sizes of a base backup stand in rows. */
  BackupRows: 8,
} as const;

export interface KeptBodies {
  /** Bytes of the body to keep, by tag (messages.ts). */
  readonly client: Int32Array;
  readonly server: Int32Array;
}

/** Names in Bind are short; the values behind them are kept only where they are wanted. */
const BIND_NAME_BYTES = 4096;

const SHARED = new WeakMap<Limits, KeptBodies[]>();

/** @param kinds bits of Keeps */
export function keptBodies(limits: Limits, kinds: number): KeptBodies {
  let tables = SHARED.get(limits);
  if (tables === undefined) {
    tables = [];
    SHARED.set(limits, tables);
  }
  return (tables[kinds] ??= makeTables(limits, kinds));
}

function makeTables(limits: Limits, kinds: number): KeptBodies {
  const sizes = {
    statementBytes: limits.statementBytesMax,
    bindBytes: (kinds & Keeps.Values) === 0 ? BIND_NAME_BYTES : limits.bindBytesMax,
    messageBytes: limits.messageBytesMax,
  };
  const client = frontendKeep(sizes);
  const server = backendKeep(sizes);
  if ((kinds & Keeps.Opengauss) !== 0) keepExtras(client, server, limits.bindBytesMax);
  if ((kinds & Keeps.Replication) !== 0) {
    client[FrontendTag.CopyData] = REPLICATION_BYTES_KEPT;
    server[BackendTag.CopyData] = REPLICATION_BYTES_KEPT;
  }
  if ((kinds & Keeps.BackupRows) !== 0) server[BackendTag.DataRow] = REPLICATION_BYTES_KEPT;
  return { client, server };
}
