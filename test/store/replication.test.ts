/** Replication in the store: every state is a row, the report tells how each stream stood last and at its worst. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../src/events/events.ts';
import type { ReplicationState } from '../../src/events/replication.ts';
import { readWindowFacts } from '../../src/store/questions/window-facts.ts';
import { makeSession, makeStatement } from './synthetic.ts';
import { fillStore, numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const SECOND = 1_000_000;
const START_US = 1_790_000_013_500_000;
const NOTHING: ReplicationState = {
  phase: 'progress',
  mode: 'physical',
  slot: undefined,
  sentLsn: -1,
  writeLsn: -1,
  flushLsn: -1,
  replayLsn: -1,
  walEndLsn: -1,
  writeLagUs: -1,
  flushLagUs: -1,
  replayLagUs: -1,
  backupBytesDone: -1,
  backupBytesTotal: -1,
};

let temporary: TemporaryStore;
const standby = makeSession(1, { application: 'standby' });
const backup = makeSession(2, { application: 'pg_basebackup' });

beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    const tell = (
      session: SessionEvent['session'],
      seconds: number,
      state: Partial<ReplicationState>,
    ): void => {
      const tsUs = START_US + seconds * SECOND;
      sink.sessionEvent({ type: 'replication', tsUs, session, ...NOTHING, ...state });
    };
    sink.statement(makeStatement(standby, { tsUs: START_US }));
    tell(standby, 0, { phase: 'start', slot: 's' });
    const all = { sentLsn: 9000, writeLsn: 9000, flushLsn: 9000, slot: 's' };
    tell(standby, 1, { ...all, replayLsn: 1000, replayLagUs: 5_000_000, writeLagUs: 7 });
    tell(standby, 2, { ...all, replayLsn: 9000 });
    tell(backup, 0, { phase: 'start', mode: 'base_backup', backupBytesTotal: 100 });
    tell(backup, 3, {
      phase: 'end',
      mode: 'base_backup',
      backupBytesDone: 98,
      backupBytesTotal: 100,
    });
  });
});
afterAll(() => temporary.remove());

const window = { fromUs: START_US, toUs: START_US + 60 * SECOND };

describe('replication in the store', () => {
  it('has a row for each state, and an event of the session for its beginning', async () => {
    expect(await numberOf(temporary.store, '(SELECT count() FROM replication)')).toBe(5);
    const events = "(SELECT count() FROM session_events WHERE type = 'replication')";
    expect(await numberOf(temporary.store, events)).toBe(2);
  });

  it('tells the last state of each stream, and the worst', async () => {
    const { replication } = await readWindowFacts(temporary.store, window);
    expect(replication).toMatchObject([
      {
        application: 'standby',
        mode: 'physical',
        slot: 's',
        ended: false,
        replayLsn: 9000,
        writeLagUs: null,
        replayLagUs: null,
        replayLagMaxUs: 5_000_000,
        replayBehindBytes: 0,
        replayBehindMaxBytes: 8000,
        backupBytesDone: null,
      },
      {
        application: 'pg_basebackup',
        mode: 'base_backup',
        slot: null,
        ended: true,
        sentLsn: null,
        replayBehindBytes: null,
        backupBytesDone: 98,
        backupBytesTotal: 100,
      },
    ]);
  });

  it('is narrowed by window and by server', async () => {
    const early = { fromUs: START_US, toUs: START_US + SECOND };
    expect((await readWindowFacts(temporary.store, early)).replication).toMatchObject([
      { replayLsn: null },
      { ended: false },
    ]);
    const other = await readWindowFacts(temporary.store, window, { server: '10.9.9.9:1' });
    expect(other.replication).toEqual([]);
  });
});
