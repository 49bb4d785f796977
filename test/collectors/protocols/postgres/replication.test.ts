/** Replication connections from bytes: positions, streams that began before the capture, and what only looks like one. */
import { describe, expect, it } from 'vitest';
import { bytesOf, int32, int8 } from '../../../wire/bytes.ts';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { type Played, play } from '../../recording-sink.ts';
import { talk } from './talk.ts';

const int64 = (value: number): Buffer =>
  bytesOf(int32(Math.floor(value / 2 ** 32)), int32(value % 2 ** 32));
/** Microseconds since 2000-01-01 of the test wire's clock, 2026-01-01. */
const CLOCK = 820_454_400_000_000;

const wal = (start: number, end: number, bytes: number | Buffer, clock = CLOCK): Buffer =>
  server.copyData(
    bytesOf(
      Buffer.from('w'),
      int64(start),
      int64(end),
      int64(clock),
      typeof bytes === 'number' ? Buffer.alloc(bytes) : bytes,
    ),
  );
const keepalive = (end: number, clock = CLOCK): Buffer =>
  server.copyData(bytesOf(Buffer.from('k'), int64(end), int64(clock), int8(0)));
const status = (write: number, flush: number, replay: number, clock = CLOCK): Buffer =>
  client.copyData(
    bytesOf(Buffer.from('r'), int64(write), int64(flush), int64(replay), int64(clock), int8(0)),
  );

const told = ({ told: sink }: Played) => sink.of('replication');

describe('a physical stream', () => {
  const stream = (say: (c: Connection, wire: Wire) => void): Played =>
    talk(
      (c, wire) => {
        c.client(client.query('START_REPLICATION SLOT "a b" 0/3000000 TIMELINE 1'));
        c.server(server.copyBoth());
        say(c, wire);
      },
      { leave: false },
    );

  it('tells what was sent, written, flushed and replayed, and the lags', () => {
    const played = stream((c, wire) => {
      c.server(wal(1000, 5000, 500)); // Sample 5,000.
      wire.wait(9_900);
      c.client(status(1500, 1000, 0)); // 10 ms later; 1,500 of nothing known yet: the next sample's time.
      c.server(wal(1500, 5000, 3500));
      wire.wait(99_800);
      c.client(status(5000, 5000, 4000)); // 110 ms after the sample.
    });
    expect(told(played).map(({ phase }) => phase)).toEqual(['start', 'end']);
    expect(told(played)[1]).toMatchObject({
      mode: 'physical',
      slot: 'a b',
      sentLsn: 5000,
      walEndLsn: 5000,
      writeLsn: 5000,
      flushLsn: 5000,
      replayLsn: 4000,
      writeLagUs: 110_000,
      flushLagUs: 110_000,
      replayLagUs: 110_000,
    });
  });

  it('is no open transaction, neither while it runs nor when it ends', () => {
    const running = stream((c, wire) => {
      c.server(wal(1000, 5000, 500));
      wire.wait(60_000_000);
      c.client(status(5000, 5000, 5000));
    });
    const stopped = stream((c) => {
      c.server(wal(1000, 5000, 500));
      c.server(server.copyDone());
      c.close();
    });
    for (const { told: sink } of [running, stopped]) {
      const states = [...sink.of('session_state'), ...sink.of('session_end')];
      expect(states.length).toBeGreaterThan(0);
      expect(states.map(({ transactionStartUs }) => transactionStartUs)).toEqual(
        states.map(() => -1),
      );
    }
  });

  it('is told once a second, as it stood when it changed last', () => {
    const played = stream((c, wire) => {
      for (let n = 1; n <= 40; n++) {
        c.server(wal(n * 100, n * 100 + 100, 100));
        c.client(status(n * 100 + 100, n * 100, n * 100));
        wire.wait(99_800);
      }
      wire.wait(10_000_000);
      c.server(keepalive(4100));
    });
    const states = told(played);
    expect(states.map(({ phase }) => phase)).toEqual([
      'start',
      ...Array.from({ length: 4 }, () => 'progress'),
      'end',
    ]);
    expect(states.map(({ writeLsn }) => writeLsn)).toEqual([-1, 1100, 2100, 3100, 4100, 4100]);
    // Not the time of the packet that let it be told.
    const [, , , , last, end] = states;
    expect((end?.tsUs ?? 0) - (last?.tsUs ?? 0)).toBeGreaterThan(9_000_000);
  });

  it('forgets its lags when a standby says twice that it has everything', () => {
    const lagsAfter = (answers: number): number | undefined =>
      told(
        stream((c) => {
          c.server(wal(0, 100, 100));
          for (let n = 0; n < answers; n++) c.client(status(100, 100, 100));
        }),
      )[1]?.replayLagUs;
    expect([lagsAfter(1), lagsAfter(2)]).toEqual([100, -1]);
  });

  it('of messages that packets cut is read as well', () => {
    const played = stream((c) => {
      const message = wal(0, 9000, 9000);
      for (let at = 0; at < message.length; at += 1460) c.server(message.subarray(at, at + 1460));
    });
    expect(told(played).at(-1)).toMatchObject({ sentLsn: 9000 });
    expect(played.summary.droppedByLimit).toEqual({});
  });

  it('does not believe positions that no number can hold', () => {
    const played = stream((c) => {
      const end = bytesOf(Buffer.from('w'), Buffer.alloc(16, 0xff), int64(CLOCK));
      c.server(server.copyData(end));
    });
    expect(told(played).at(-1)).toMatchObject({ sentLsn: -1, walEndLsn: -1 });
  });
});

describe('a logical stream', () => {
  it('is as far as the start of its last message, and has lags from commits of pgoutput only', () => {
    const commit = bytesOf(Buffer.from('C'), Buffer.alloc(25));
    const lag = (message: Buffer): number | undefined =>
      told(
        talk(
          (c) => {
            c.client(client.query('START_REPLICATION SLOT s LOGICAL 0/0 ("proto_version" \'1\')'));
            c.server(server.copyBoth());
            c.server(wal(700, 700, message));
            c.client(status(700, 700, 0));
          },
          { leave: false },
        ),
      ).at(-1)?.flushLagUs;
    expect(lag(commit)).toBe(100);
    expect(lag(Buffer.from('COMMIT 42'))).toBe(-1);
  });
});

describe('a stream that began before the capture', () => {
  const midway = (...packets: readonly (readonly ['client' | 'server', Buffer])[]): Played => {
    const wire = new Wire();
    const c = new Connection(wire);
    for (const [side, bytes] of packets) {
      if (side === 'client') c.client(bytes);
      else c.server(bytes);
    }
    return play(wire.packets);
  };

  it('is known by its messages', () => {
    const played = midway(
      ['server', wal(0, 500, 500)],
      ['client', status(500, 500, 400)],
      ['server', keepalive(500)],
    );
    expect(told(played).map(({ phase }) => phase)).toEqual(['start', 'end']);
    expect(told(played)[1]).toMatchObject({ mode: 'physical', sentLsn: 500, replayLsn: 400 });
  });

  it('is not seen in copied rows that begin with the same letters', () => {
    const row = (text: string): Buffer => server.copyData(text.padEnd(39, 'x'));
    const played = midway(
      ['server', bytesOf(row('w'), row('k'), row('w'))],
      ['server', bytesOf(server.copyData('k'.repeat(18)), row('x'), row('y'))],
      ['client', bytesOf(...[1, 2, 3].map(() => client.copyData('r'.repeat(34))))],
    );
    expect(told(played)).toEqual([]);
  });
});

describe('a base backup', () => {
  const rows = bytesOf(
    server.rowDescription('spcoid', 'spclocation', 'size'),
    server.row('16400', '/space', '30'),
    server.row(null, null, '70'),
    server.complete('SELECT'),
  );
  const backup = (...data: readonly Buffer[]): Played => {
    const wire = new Wire();
    const c = new Connection(wire).open();
    c.client(client.startup({ user: 'ann', replication: 'true' }));
    c.server(server.authenticationOk(), server.ready());
    c.client(client.query("BASE_BACKUP ( LABEL 'x', PROGRESS)"));
    c.server(
      server.rowDescription('recptr', 'tli'),
      server.row('0/2000028', '1'),
      server.complete('SELECT'),
    );
    c.server(
      rows,
      server.copyOut(),
      ...data,
      server.copyDone(),
      server.complete('SELECT'),
      server.ready(),
    );
    return play(wire.packets);
  };

  it('is told with what is done of the whole', () => {
    const played = backup(
      server.copyData('nbase.tar\0\0'),
      server.copyData(`d${'x'.repeat(1000)}`),
      server.copyData(bytesOf(Buffer.from('p'), int64(51_200))),
      server.copyData(`d${'x'.repeat(1000)}`),
    );
    expect(told(played)).toMatchObject([
      { phase: 'start', mode: 'base_backup', backupBytesDone: 0, backupBytesTotal: 102_400 },
      { phase: 'end', mode: 'base_backup', backupBytesDone: 51_200 },
    ]);
  });

  it('of a server that does not say its progress is counted by its bytes', () => {
    const played = backup(server.copyData('x'.repeat(512)), server.copyData('y'.repeat(512)));
    expect(told(played).at(-1)).toMatchObject({ backupBytesDone: 1024 });
  });
});
