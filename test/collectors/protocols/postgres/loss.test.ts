/** What is told when something is missing: a capture begun late, gaps on either side, cut packets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut } from '../../../wire/bytes.ts';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { type Played, play } from '../../recording-sink.ts';
import { ends, lines, login, pbe, talk } from './talk.ts';

const qualities = ({ told }: Played): string[][] =>
  told.statements.map(({ quality }) => [...quality]);

/** Nothing captured is left out of the books. */
function expectBalance({ summary }: Played): void {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  expect(payloadBytes).toBe(decodedBytes + encryptedBytes + foreignBytes + repeatedBytes);
}

describe('a capture that begins late', () => {
  const late = (say: (c: Connection) => void): Played => {
    const wire = new Wire();
    say(new Connection(wire));
    return play(wire.packets);
  };

  it('reads on from the first request', () => {
    const played = late((c) => {
      c.client(client.query('SELECT 1'));
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready());
      c.client(client.query('COMMIT'));
      c.server(server.complete('COMMIT'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'COMMIT: ok']);
    expect(played.told.of('session_start')).toEqual([]);
    expect(played.summary.resyncs).toBe(0);
    expectBalance(played);
  });

  it('in the middle of an answer tells it without its text', () => {
    const played = late((c) => {
      c.server(
        Buffer.from('rest of a row'),
        server.row('2'),
        server.row('3'),
        server.complete('SELECT 9'),
        server.ready('T'),
      );
      c.client(client.query('SELECT 2'));
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready('T'));
    });
    expect(played.told.statements).toMatchObject([
      { text: undefined, command: 'SELECT', quality: ['mid_stream', 'unknown_statement'] },
      { text: 'SELECT 2', status: 'ok', rowsReturned: 1 },
    ]);
    expect(played.summary.resyncBytes).toBe(13);
    expectBalance(played);
  });

  it('knows statements prepared before it by their names and tags', () => {
    const played = late((c) => {
      c.client(client.bind({ statement: 'S_1' }), client.execute(), client.sync());
      c.server(server.bindComplete(), server.complete('UPDATE 3'), server.ready());
      c.client(
        client.parse('DELETE FROM t', 'S_1'),
        client.bind({ statement: 'S_1' }),
        client.execute(),
        client.sync(),
      );
      c.server(
        server.parseComplete(),
        server.bindComplete(),
        server.complete('DELETE 1'),
        server.ready(),
      );
    });
    expect(played.told.statements).toMatchObject([
      {
        text: undefined,
        command: 'UPDATE',
        statementName: 'S_1',
        rowsAffected: 3,
        status: 'ok',
        quality: ['mid_stream', 'unknown_statement'],
      },
      { text: 'DELETE FROM t', statementName: 'S_1', quality: ['mid_stream'] },
    ]);
  });

  it('inside a transaction tells its end and nothing of its beginning', () => {
    const played = late((c) => {
      c.client(client.query('UPDATE t SET a = 1'));
      c.server(server.complete('UPDATE 1'), server.ready('T'));
      c.client(client.query('COMMIT'));
      c.server(server.complete('COMMIT'), server.ready('I'));
    });
    expect(ends(played)).toEqual(['commit 1/1']);
    expect(played.told.transactions[0]?.quality).toContain('mid_stream');
  });

  it('just before a login shows it all', () => {
    const wire = new Wire();
    const connection = login(wire);
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets.slice(3));
    expect(played.told.of('session_start')[0]?.session.user).toBe('ann');
    expect(lines(played)).toEqual(['SELECT 1: ok r0 a1']);
  });

  it('of encrypted bytes says so', () => {
    const played = late((c) => {
      for (let turn = 0; turn < 20; turn++) {
        c.client(Buffer.from('1703030040', 'hex'), Buffer.alloc(64, turn * 13));
        c.server(Buffer.from('1703030040', 'hex'), Buffer.alloc(64, turn * 7));
      }
    });
    expect(lines(played)).toEqual([]);
    expect(played.told.of('encrypted')).toMatchObject([{ method: 'tls', reason: 'mid_stream' }]);
    expect(played.summary).toMatchObject({
      encryptedBytes: played.summary.payloadBytes,
      resyncBytes: 0,
      resyncs: 0,
    });
    expectBalance(played);
  });
});

describe('how many packets a gap took', () => {
  it('is told as at least so many as bring its bytes in segments as large as the largest seen', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.server(server.row('x'.repeat(1389))); // 1,400 bytes.
      c.lost('server', Buffer.alloc(2801));
      c.server(server.complete('SELECT 1'), server.ready());
      c.lost('client', Buffer.alloc(3));
      c.client(client.query('SELECT 2'));
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.of('session_end')[0]).toMatchObject({ lostBytes: 2804, lostPacketsMin: 4 });
    const inSeconds = played.told.seconds.map(({ lostPacketsMin }) => lostPacketsMin);
    expect(inSeconds.reduce((sum, count) => sum + count, 0)).toBe(4);
  });
});

describe('a gap in an answer', () => {
  it('inside a row loses nothing but the bytes', () => {
    const row = server.row('x'.repeat(100));
    const played = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.server(row.subarray(0, 30));
      c.lost('server', row.subarray(30, 80));
      c.server(row.subarray(80), server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { status: 'ok', rowsReturned: 1, quality: ['gap_response'] },
    ]);
    expect(played.told.of('anomaly')).toMatchObject([
      { kind: 'gap', detail: 'server to client', lostBytes: 50 },
    ]);
    expect(played.summary).toMatchObject({ gaps: 1, lostBytes: 50, resyncs: 0 });
    expectBalance(played);
  });

  it('over whole rows takes their number from the tag', () => {
    const rows = Array.from({ length: 9 }, (_, n) => server.row(String(n)));
    const played = talk((c) => {
      c.client(client.query('SELECT n FROM t'));
      c.server(server.rowDescription('n'), ...rows.slice(0, 2));
      c.lost('server', ...rows.slice(2, 6));
      c.server(...rows.slice(6), server.complete('SELECT 9'), server.ready());
    });
    expect(played.told.statements).toMatchObject([{ status: 'ok', rowsReturned: 9 }]);
    expect(played.summary.resyncs).toBe(1);
  });

  it('over its tag leaves the result unknown, in simple and in extended queries', () => {
    for (const asked of [[client.query('SELECT 1')], [...pbe('SELECT 1'), client.sync()]]) {
      const played = talk((c) => {
        c.client(...asked);
        c.server(
          ...(asked.length > 1 ? [server.parseComplete(), server.bindComplete()] : []),
          server.row('1'),
        );
        c.lost('server', server.complete('SELECT 1'));
        c.server(server.ready());
        c.client(client.query('SELECT 2'));
        c.server(server.row('2'), server.complete('SELECT 1'), server.ready());
      });
      expect(played.told.statements).toMatchObject([
        { text: 'SELECT 1', status: 'unknown', quality: ['gap_response'] },
        { text: 'SELECT 2', status: 'ok', rowsReturned: 1, quality: [] },
      ]);
    }
  });

  it('over all of it leaves the request unknown, and the next one is not shifted', () => {
    const answer = [server.row('1'), server.complete('SELECT 1'), server.ready()];
    const played = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.lost('server', ...answer);
      c.client(client.query('SELECT 2'));
      c.server(server.row('2'), server.row('2'), server.complete('SELECT 2'), server.ready());
      c.client(client.query('SELECT 3'));
      c.server(server.row('3'), server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements.map(({ text }) => text)).toEqual([
      'SELECT 1',
      'SELECT 2',
      'SELECT 3',
    ]);
    expect(played.told.statements.at(-1)).toMatchObject({ status: 'ok', rowsReturned: 1 });
    expect(played.told.statements[0]?.quality).toContain('gap_response');
    expectBalance(played);
  });

  it('over an end of transaction invents no outcome', () => {
    const played = talk(
      (c, wire) => {
        c.client(client.query('BEGIN'));
        c.server(server.complete('BEGIN'), server.ready('T'));
        c.client(client.query('COMMIT'));
        c.lost('server', server.complete('COMMIT'), server.ready('I'));
        wire.wait(1_000_000);
        c.reset('client');
      },
      { leave: false },
    );
    expect(played.told.statements.at(-1)?.text).toBe('COMMIT');
    expect(played.told.statements.at(-1)?.status).not.toBe('ok');
  });
});

describe('a gap in a request', () => {
  it('inside its text keeps the answer, and the text is not known', () => {
    const asked = client.query(`SELECT ${'1 + '.repeat(40)} 1`);
    const played = talk((c) => {
      c.client(asked.subarray(0, 40));
      c.lost('client', asked.subarray(40, 90));
      c.client(asked.subarray(90));
      c.server(server.row('41'), server.complete('SELECT 1'), server.ready());
      c.client(client.query('SELECT 2'));
      c.server(server.row('2'), server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements.map(({ text }) => text)).toEqual([undefined, 'SELECT 2']);
    expect(played.told.statements[0]).toMatchObject({ command: 'SELECT', rowsReturned: 1 });
    expect(qualities(played)[0]).toContain('unknown_statement');
    expect(played.summary).toMatchObject({ gaps: 1, lostBytes: 50 });
    expectBalance(played);
  });

  it('over all of it tells the answer of a request that was not seen', () => {
    const played = talk((c) => {
      c.lost('client', client.query('DELETE FROM t'));
      c.server(server.complete('DELETE 7'), server.ready());
      c.client(client.query('SELECT 2'));
      c.server(server.row('2'), server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { text: undefined, command: 'DELETE', rowsAffected: 7, status: 'ok' },
      { text: 'SELECT 2', rowsReturned: 1, status: 'ok' },
    ]);
    expect(qualities(played)[0]).toEqual(['gap_request', 'unknown_statement']);
  });

  it('inside values of a Bind keeps what the statement is', () => {
    const bind = client.bind({ values: ['x'.repeat(300)] });
    const played = talk((c) => {
      c.client(client.parse('SELECT $1', 's'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(bind.subarray(0, 50));
      c.lost('client', bind.subarray(50, 200));
      c.client(bind.subarray(200), client.execute(), client.sync());
      c.server(server.bindComplete(), server.row('x'), server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { status: 'ok', rowsReturned: 1, command: 'SELECT' },
    ]);
  });
});

describe('packets cut by the snap length', () => {
  it('are counted, what they lost is named, and requests keep their answers', () => {
    const played = talk((c) => {
      c.snapLength = 14 + 20 + 20 + 40;
      for (let turn = 0; turn < 5; turn++) {
        c.client(client.query(`SELECT ${'a, '.repeat(40)} b FROM t`));
        c.server(server.row('x'.repeat(500)), server.complete('SELECT 1'), server.ready());
      }
      c.snapLength = 65_535;
    });
    expect(played.summary.cutPackets).toBe(10);
    expect(played.summary.lostBytes).toBe(5 * (142 - 40) + 5 * (511 + 14 + 6 - 40));
    expect(played.told.statements.every(({ status }) => status !== 'ok')).toBe(true);
    expect(played.told.statements.length).toBe(5);
    expectBalance(played);
  });
});

describe('whatever is lost, repeated or reordered', () => {
  /** A few rounds of every kind, in small packets; each query carries a number of its own. */
  function scene(sizes: readonly number[]): Wire {
    const wire = new Wire();
    const c = login(wire);
    const ask = (...messages: Buffer[]): void => {
      for (const piece of cut(Buffer.concat(messages), sizes)) c.client(piece);
    };
    const answer = (...messages: Buffer[]): void => {
      for (const piece of cut(Buffer.concat(messages), sizes)) c.server(piece);
    };
    for (let n = 0; n < 4; n++) {
      ask(client.query(`SELECT ${n}`));
      answer(
        server.rowDescription('a'),
        server.row('1'),
        server.complete('SELECT 1'),
        server.ready(),
      );
      ask(...pbe(`UPDATE t SET a = ${n}`), client.sync());
      answer(
        server.parseComplete(),
        server.bindComplete(),
        server.complete(`UPDATE ${n}`),
        server.ready(),
      );
      ask(client.query(`SELECT ${n}/0`));
      answer(server.error('22012'), server.ready());
    }
    c.client(client.terminate());
    c.close();
    return wire;
  }

  const sizes = fc.array(fc.integer({ min: 20, max: 60 }), { minLength: 1, maxLength: 6 });

  it('repeated packets change nothing', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(200), { maxLength: 12 }), (pieces, repeats) => {
        const { packets } = scene(pieces);
        const again = [...packets];
        for (const at of repeats) {
          const index = 3 + (at % (packets.length - 3));
          const packet = packets[index];
          if (packet !== undefined) again.splice(again.indexOf(packet) + 1, 0, packet);
        }
        const [plain, repeated] = [play(packets), play(again)];
        expect(lines(repeated)).toEqual(lines(plain));
        expect(lines(plain).length).toBe(12);
        expectBalance(repeated);
      }),
      { numRuns: 60 },
    );
  });

  it('with lost packets nothing is invented: a statement told as whole is one that was sent', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }), (pieces, gone) => {
        const { packets } = scene(pieces);
        const drop = new Set(gone.map((at) => 5 + (at % (packets.length - 9))));
        const played = play(packets.filter((_, index) => !drop.has(index)));
        const sent = new Set(lines(play(packets)));
        const whole = played.told.statements.flatMap((event, index) =>
          event.quality.length === 0 ? [lines(played)[index]] : [],
        );
        expect(whole.filter((text) => text !== undefined && !sent.has(text))).toEqual([]);
        expectBalance(played);
      }),
      {
        numRuns: 150,
        // Found once, and kept: a passed-over answer, a lost request whose answer came, a lost Sync.
        examples: [
          [[20], [242]],
          [[20], [0, 6, 2]],
          [[20], [775]],
          [[20], [533]],
          [
            [34, 24, 20],
            [326, 763],
          ],
          [
            [35, 24],
            [50, 521, 13],
          ],
        ],
      },
    );
  });

  it('a client that sends several requests at once is understood again two batches after a loss', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }), (pieces, gone) => {
        const wire = new Wire();
        const c = login(wire);
        const starts: number[] = [];
        for (let batch = 0; batch < 6; batch++) {
          starts.push(wire.packets.length);
          const names = [0, 1, 2].map((n) => `SELECT ${batch}${n}`);
          const asked = names.flatMap((sql) => [...pbe(sql), client.sync()]);
          const last = asked.pop() ?? client.sync();
          for (const piece of cut(Buffer.concat(asked), pieces)) c.client(piece);
          c.client(last);
          const answered = names.flatMap((_, n) => [
            server.parseComplete(),
            server.bindComplete(),
            ...Array.from({ length: batch * 3 + n }, () => server.row('x')),
            server.complete(`SELECT ${batch * 3 + n}`),
            server.ready(),
          ]);
          const end = answered.pop() ?? server.ready();
          for (const piece of cut(Buffer.concat(answered), pieces)) c.server(piece);
          c.server(end);
          // Time enough for the mirror to be late in.
          wire.wait(50_000);
        }
        const [first = 0, second = 0] = starts.slice(1);
        const drop = new Set(gone.map((at) => first + (at % (second - first))));
        const { packets } = wire;
        const whole = lines(play(packets));
        expect(whole.length).toBe(18);
        const seen = lines(play(packets.filter((_, index) => !drop.has(index))));
        expect(seen.slice(-9)).toEqual(whole.slice(-9));
      }),
      { numRuns: 80 },
    );
  });
});
