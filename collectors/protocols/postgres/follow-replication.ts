/** Makes a connection keep what replication needs of its messages, which others step over. */
import { BackendTag, FrontendTag } from './messages.ts';
import { Replication, REPLICATION_BYTES_KEPT } from './replication.ts';
import type { State } from './state.ts';

/** @param clientKeep how much of each kind of message is kept, by its tag */
export function followReplication(
  state: State,
  clientKeep: Int32Array,
  serverKeep: Int32Array,
): Replication {
  if (state.replication === undefined) {
    clientKeep[FrontendTag.CopyData] = REPLICATION_BYTES_KEPT;
    serverKeep[BackendTag.CopyData] = REPLICATION_BYTES_KEPT;
    const { session, context } = state;
    state.replication = new Replication((told, tsUs) => {
      context.sink.sessionEvent({ type: 'replication', tsUs, session, ...told });
    });
  }
  return state.replication;
}

/** The sizes of a base backup stand in rows. */
export function keepBackupRows(serverKeep: Int32Array): void {
  serverKeep[BackendTag.DataRow] = REPLICATION_BYTES_KEPT;
}
