/** Requests and their answers: the behaviours measured on real servers, in simple and extended queries and COPY. */
import { describe, expect, it } from 'vitest';
import { cut } from '../../../wire/bytes.ts';
import { client, server } from '../../../wire/postgres.ts';
import { ends, lines, pbe, talk } from './talk.ts';

const OK2 = [server.parseComplete(), server.bindComplete()];

describe('a simple query', () => {
  it('is told with its times, sizes, rows and transaction', () => {
    const played = talk((c, wire) => {
      c.client(client.query('SELECT a FROM t'));
      wire.wait(5_000);
      c.server(server.rowDescription('a'), server.row('1'));
      wire.wait(2_000);
      c.server(server.row('2'), server.row(null), server.complete('SELECT 3'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      {
        sequence: 1,
        command: 'SELECT',
        text: 'SELECT a FROM t',
        status: 'ok',
        rowsReturned: 3,
        rowsAffected: undefined,
        requestBytes: 21,
        responseBytes: 76,
        firstRowUs: 5_100,
        durationUs: 7_200,
        transactionId: 1,
        transactionStatus: 'I',
        quality: [],
      },
    ]);
    expect(ends(played)).toEqual(['implicit commit 1/0']);
  });

  it('whose last byte comes late counts from there', () => {
    const played = talk((c) => {
      const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = cut(
        client.query('SELECT 1'),
        [9],
      );
      c.client(first);
      const lastUs = c.client(second);
      expect(lastUs).toBe(c.wire.nowUs);
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(played.told.statements[0]?.durationUs).toBe(100);
  });

  it('gives the same events however TCP cuts both sides', () => {
    const asked = Buffer.concat([client.query('INSERT INTO t VALUES (1)')]);
    const answered = Buffer.concat([server.complete('INSERT 0 1'), server.ready()]);
    for (const size of [1, 2, 5, 6, 11]) {
      const played = talk((c) => {
        for (const piece of cut(asked, [size])) c.client(piece);
        for (const piece of cut(answered, [size])) c.server(piece);
      });
      expect([size, lines(played), ends(played)]).toEqual([
        size,
        ['INSERT INTO t VALUES (1): ok a1'],
        ['implicit commit 1/1'],
      ]);
    }
  });

  it('that is empty has no command and makes an empty transaction', () => {
    const played = talk((c) => {
      c.client(client.query(''));
      c.server(server.empty(), server.ready());
    });
    expect(played.told.statements).toMatchObject([{ text: '', status: 'ok' }]);
    expect(ends(played)).toEqual(['implicit commit 0/0']);
  });

  it('that fails carries the error; the transaction is rolled back', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1/0'));
      c.server(server.error('22012', { message: 'division by zero' }), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { status: 'error', sqlstate: '22012', message: 'division by zero', transactionStatus: 'I' },
    ]);
    expect(ends(played)).toEqual(['implicit rollback 1/0']);
  });

  it('is not disturbed by notices, notifications and parameters in between', () => {
    const played = talk((c) => {
      c.server(server.notification('c', 'p'));
      c.client(client.query('SELECT 1'));
      c.server(server.notice('01000'), server.rowDescription('a'), server.notification('c', 'p'));
      c.server(server.row('1'), server.parameterStatus('TimeZone', 'UTC'), server.notice('01000'));
      c.server(server.complete('SELECT 1'), server.notice('01000'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expect(played.summary).toMatchObject({ unmatchedAnswers: 0, framesRefused: 0 });
  });

  it('that writes its rows into a table affects them', () => {
    const played = talk((c) => {
      c.client(client.query('CREATE TABLE u AS SELECT * FROM t'));
      c.server(server.complete('SELECT 3'), server.ready());
    });
    expect(lines(played)).toEqual(['CREATE TABLE u AS SELECT * FROM t: ok r0 a3']);
  });

  it('may be a call of a function by the old message', () => {
    const played = talk((c) => {
      c.client(client.functionCall(1610));
      c.server(server.functionResult(Buffer.alloc(8)), server.ready());
      c.client(client.functionCall(1));
      c.server(server.error('42883'), server.ready());
    });
    expect(lines(played)).toEqual(['<FUNCTION CALL>: ok', '<FUNCTION CALL>: error 42883']);
    expect(ends(played)).toEqual(['implicit commit 1/0', 'implicit rollback 1/0']);
  });
});

describe('several statements in one string', () => {
  it('are told one by one; the request counts once', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1; INSERT INTO t VALUES (1); ; SELECT 2'));
      c.server(server.rowDescription('a'), server.row('1'), server.complete('SELECT 1'));
      c.server(server.complete('INSERT 0 1'));
      c.server(server.rowDescription('a'), server.row('2'), server.complete('SELECT 1'));
      c.server(server.ready());
    });
    expect(lines(played)).toEqual([
      'SELECT 1: ok r1',
      'INSERT INTO t VALUES (1): ok a1',
      'SELECT 2: ok r1',
    ]);
    expect(played.told.statements.map(({ durationUs }) => durationUs)).toEqual([100, 100, 100]);
    expect(played.told.statements.map(({ transactionStatus }) => transactionStatus)).toEqual([
      '',
      '',
      'I',
    ]);
    expect(ends(played)).toEqual(['implicit commit 3/1']);
  });

  it('after an error are skipped, and what ran is rolled back', () => {
    const played = talk((c) => {
      c.client(client.query('INSERT INTO t VALUES (1); SELECT 1/0; SELECT 3'));
      c.server(server.complete('INSERT 0 1'), server.error('22012'), server.ready());
    });
    expect(lines(played)).toEqual([
      'INSERT INTO t VALUES (1): ok a1',
      'SELECT 1/0: error 22012',
      'SELECT 3: skipped',
    ]);
    expect(ends(played)).toEqual(['implicit rollback 2/1']);
  });

  it('with a syntax error are refused as one', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1; SELEC 2'));
      c.server(server.error('42601'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1; SELEC 2: error 42601']);
  });

  it('may hold a BEGIN, which takes in what stood before it', () => {
    const played = talk((c) => {
      c.client(
        client.query(
          'INSERT INTO t VALUES (60); BEGIN; INSERT INTO t VALUES (61); ROLLBACK; INSERT INTO t VALUES (62)',
        ),
      );
      c.server(
        server.complete('INSERT 0 1'),
        server.complete('BEGIN'),
        server.complete('INSERT 0 1'),
      );
      c.server(server.complete('ROLLBACK'), server.complete('INSERT 0 1'), server.ready());
    });
    expect(ends(played)).toEqual(['rollback 2/2', 'implicit commit 1/1']);
    expect(played.told.statements.map(({ transactionId }) => transactionId)).toEqual([
      1, 1, 1, 1, 2,
    ]);
  });

  it('may fail inside the block that they begin', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN; SELECT 1/0; SELECT 2'));
      c.server(server.complete('BEGIN'), server.error('22012'), server.ready('E'));
      c.client(client.query('SELECT 3'));
      c.server(server.error('25P02'), server.ready('E'));
      c.client(client.query('COMMIT'));
      c.server(server.complete('ROLLBACK'), server.ready('I'));
    });
    expect(lines(played)).toEqual([
      'BEGIN: ok',
      'SELECT 1/0: error 22012',
      'SELECT 2: skipped',
      'SELECT 3: error 25P02',
      'COMMIT: ok',
    ]);
    expect(ends(played)).toEqual(['rollback 2/0']);
  });

  it('may fail at the commit behind the last one', () => {
    const played = talk((c) => {
      c.client(client.query('INSERT INTO t VALUES (1); INSERT INTO u VALUES (2)'));
      c.server(server.complete('INSERT 0 1'), server.complete('INSERT 0 1'));
      c.server(server.error('23503'), server.ready());
    });
    expect(lines(played)).toEqual([
      'INSERT INTO t VALUES (1): ok a1',
      'INSERT INTO u VALUES (2): error 23503',
    ]);
    expect(ends(played)).toEqual(['implicit rollback 2/1']);
  });
});

describe('transactions', () => {
  const ask = (played: Parameters<typeof talk>[0]): ReturnType<typeof talk> => talk(played);

  it('run from BEGIN to COMMIT, which count as no statements of theirs', () => {
    const played = ask((c) => {
      for (const [sql, tag, status] of [
        ['BEGIN', 'BEGIN', 'T'],
        ['UPDATE t SET a = 1', 'UPDATE 5', 'T'],
        ['DELETE FROM t', 'DELETE 2', 'T'],
        ['COMMIT', 'COMMIT', 'I'],
      ] as const) {
        c.client(client.query(sql));
        c.server(server.complete(tag), server.ready(status));
      }
    });
    expect(ends(played)).toEqual(['commit 2/7']);
    expect(played.told.statements.map((s) => [s.transactionId, s.transactionStatus])).toEqual([
      [1, 'T'],
      [1, 'T'],
      [1, 'T'],
      [1, 'I'],
    ]);
    const [transaction] = played.told.transactions;
    expect(transaction).toMatchObject({
      startUs: played.told.statements[0]?.tsUs,
      endUs: (played.told.statements[3]?.tsUs ?? 0) + 100,
    });
  });

  it.each([
    ['COMMIT in a failed block', 'COMMIT', 'ROLLBACK', 'rollback 1/0'],
    ['ROLLBACK', 'ROLLBACK', 'ROLLBACK', 'rollback 1/0'],
    ['PREPARE TRANSACTION', "PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION', 'commit 1/0'],
  ])('end with %s as its tag says', (_name, sql, tag, expected) => {
    const played = ask((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.query('SELECT 1'));
      c.server(server.complete('SELECT 1'), server.ready('T'));
      c.client(client.query(sql));
      c.server(server.complete(tag), server.ready('I'));
    });
    expect(ends(played)[0]).toContain(expected.split(' ')[0]);
    expect(ends(played).length).toBe(1);
  });

  it('are not ended by ROLLBACK TO SAVEPOINT, which mends them', () => {
    const played = ask((c) => {
      for (const [sql, answer, status] of [
        ['BEGIN', server.complete('BEGIN'), 'T'],
        ['SAVEPOINT a', server.complete('SAVEPOINT'), 'T'],
        ['SELECT 1/0', server.error('22012'), 'E'],
        ['ROLLBACK TO SAVEPOINT a', server.complete('ROLLBACK'), 'T'],
        ['INSERT INTO t VALUES (1)', server.complete('INSERT 0 1'), 'T'],
        ['COMMIT', server.complete('COMMIT'), 'I'],
      ] as const) {
        c.client(client.query(sql));
        c.server(answer, server.ready(status));
      }
    });
    expect(ends(played).map((text) => text.split(' ')[0])).toEqual(['commit']);
  });

  it('are followed by another at COMMIT AND CHAIN', () => {
    const played = ask((c) => {
      for (const [sql, tag, status] of [
        ['BEGIN', 'BEGIN', 'T'],
        ['INSERT INTO t VALUES (1)', 'INSERT 0 1', 'T'],
        ['COMMIT AND CHAIN', 'COMMIT', 'T'],
        ['INSERT INTO t VALUES (2)', 'INSERT 0 1', 'T'],
        ['ROLLBACK AND NO CHAIN', 'ROLLBACK', 'I'],
      ] as const) {
        c.client(client.query(sql));
        c.server(server.complete(tag), server.ready(status));
      }
    });
    expect(ends(played)).toEqual(['commit 1/1', 'rollback 1/1']);
    expect(played.told.statements.map(({ transactionId }) => transactionId)).toEqual([
      1, 1, 1, 2, 2,
    ]);
  });

  it('whose COMMIT fails are rolled back', () => {
    const played = ask((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.query('INSERT INTO t VALUES (1)'));
      c.server(server.complete('INSERT 0 1'), server.ready('T'));
      c.client(client.query('COMMIT'));
      c.server(server.error('23503'), server.ready('I'));
    });
    expect(lines(played).at(-1)).toBe('COMMIT: error 23503');
    expect(ends(played)).toEqual(['rollback 1/1']);
  });

  it('are made by a COMMIT outside of any, and empty', () => {
    const played = ask((c) => {
      c.client(client.query('COMMIT'));
      c.server(server.notice('25P01'), server.complete('COMMIT'), server.ready('I'));
    });
    expect(lines(played)).toEqual(['COMMIT: ok']);
    expect(ends(played)).toEqual(['implicit commit 0/0']);
  });

  it.each([
    ['an autocommitted statement', ['UPDATE t SET a = 1'], []],
    ['a COMMIT', ['BEGIN', 'COMMIT'], []],
    ['a statement in a block', ['BEGIN', 'UPDATE t SET a = 1'], ['rollback 1/0']],
  ])(
    'have no outcome that is known when the client leaves before %s is answered',
    (_name, sqls, expected) => {
      const played = talk(
        (c) => {
          for (const sql of sqls) {
            c.client(client.query(sql));
            if (sql !== sqls.at(-1)) c.server(server.complete(sql), server.ready('T'));
          }
          c.reset('client');
        },
        { leave: false },
      );
      expect(lines(played).at(-1)).toContain('unanswered');
      expect(ends(played)).toEqual(expected);
    },
  );

  it('are rolled back when the client leaves without the Sync that would have ended them', () => {
    const played = talk(
      (c) => {
        c.client(...pbe('INSERT INTO t VALUES (1)'));
        c.reset('client');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual(['INSERT INTO t VALUES (1): unanswered']);
    expect(ends(played)).toEqual(['implicit rollback 1/0']);
  });

  it('of one shape have one hash, of another shape another', () => {
    const run = (...sqls: readonly string[]): string => {
      const { told } = ask((c) => {
        for (const sql of ['BEGIN', ...sqls, 'COMMIT']) {
          c.client(client.query(sql));
          c.server(
            server.complete(sql.startsWith('UP') ? 'UPDATE 1' : sql),
            server.ready(sql === 'COMMIT' ? 'I' : 'T'),
          );
        }
      });
      return `${told.transactions[0]?.shapeHigh ?? ''}/${told.transactions[0]?.shapeLow ?? ''}`;
    };
    const one = run('UPDATE t SET a = 1', 'UPDATE u SET a = 1');
    expect(run('UPDATE t SET a = 22', 'update u set a = 3')).toBe(one);
    expect(run('UPDATE u SET a = 1', 'UPDATE t SET a = 1')).not.toBe(one);
    expect(run('UPDATE t SET a = 1')).not.toBe(one);
  });
});

describe('an extended query', () => {
  it('is one event, with the bytes of all its messages', () => {
    const asked = [
      client.parse('SELECT $1', '', [23]),
      client.bind({ values: ['7'] }),
      client.describe('P'),
      client.execute(),
      client.sync(),
    ];
    const answered = [
      ...OK2,
      server.rowDescription('a'),
      server.row('7'),
      server.complete('SELECT 1'),
      server.ready(),
    ];
    const played = talk((c) => {
      c.client(...asked);
      c.server(...answered);
    });
    expect(lines(played)).toEqual(['SELECT $1: ok r1']);
    const sync = client.sync().length;
    expect(played.told.statements[0]).toMatchObject({
      requestBytes: Buffer.concat(asked).length - sync,
      responseBytes: Buffer.concat(answered).length - server.ready().length,
      parameters: undefined,
      statementName: undefined,
      portalName: undefined,
      transactionStatus: 'I',
    });
    expect(ends(played)).toEqual(['implicit commit 1/0']);
  });

  it('tells its parameters only when asked to', () => {
    const say: Parameters<typeof talk>[0] = (c) => {
      c.client(
        client.parse('SELECT $1, $2, $3', 'S_1', [23, 25, 0]),
        client.describe('S', 'S_1'),
        client.sync(),
      );
      c.server(
        server.parseComplete(),
        server.parameterDescription(23, 25, 1082),
        server.noData(),
        server.ready(),
      );
      c.client(
        client.bind({
          statement: 'S_1',
          formats: [1, 0, 1],
          values: [Buffer.from('0000002a', 'hex'), null, Buffer.alloc(4)],
        }),
        client.execute(),
        client.sync(),
      );
      c.server(server.bindComplete(), server.row('x'), server.complete('SELECT 1'), server.ready());
    };
    expect(talk(say, { parameters: true }).told.statements).toMatchObject([
      { parameters: ['42', null, '2000-01-01'], statementName: 'S_1' },
    ]);
    expect(talk(say).told.statements[0]?.parameters).toBeUndefined();
  });

  it('that lies about its parameters has none', () => {
    const bind = client.bind({ values: ['7'] });
    bind.writeUInt16BE(9, bind.length - 2 - 4 - 1 - 2); // Nine values are claimed, one is there.
    const played = talk(
      (c) => {
        c.client(client.parse('SELECT $1'), bind, client.execute(), client.sync());
        c.server(...OK2, server.complete('SELECT 1'), server.ready());
      },
      { parameters: true },
    );
    expect(played.told.statements).toMatchObject([{ text: 'SELECT $1', parameters: undefined }]);
  });

  it('that lies about the size of a parameter has none', () => {
    const bind = client.bind({ values: ['7'] });
    bind.writeInt32BE(5_000, bind.length - 2 - 1 - 4);
    const played = talk(
      (c) => {
        c.client(client.parse('SELECT $1'), bind, client.execute(), client.sync());
        c.server(...OK2, server.complete('SELECT 1'), server.ready());
      },
      { parameters: true },
    );
    expect(played.told.statements).toMatchObject([{ text: 'SELECT $1', parameters: undefined }]);
  });

  it('that lies about its types has none that are believed', () => {
    const parse = client.parse('SELECT $1', '', [23]);
    parse.writeUInt16BE(2, parse.length - 4 - 2);
    const played = talk(
      (c) => {
        const value = Buffer.from('0000002a', 'hex');
        c.client(
          parse,
          client.bind({ formats: [1], values: [value] }),
          client.execute(),
          client.sync(),
        );
        c.server(...OK2, server.complete('SELECT 1'), server.ready());
      },
      { parameters: true },
    );
    expect(played.told.statements).toMatchObject([{ parameters: ['\\x0000002a'] }]);
  });

  it('that is empty is told', () => {
    const played = talk((c) => {
      c.client(...pbe(''), client.sync());
      c.server(...OK2, server.empty(), server.ready());
    });
    expect(played.told.statements).toMatchObject([{ text: '', status: 'ok' }]);
  });

  it.each([
    ['Parse', [server.error('42601')]],
    ['Bind', [server.parseComplete(), server.error('22P02')]],
    ['Execute', [...OK2, server.error('22012')]],
  ])('that fails at %s is one event with the error', (_name, answers) => {
    const played = talk((c) => {
      c.client(...pbe('SELECT 1/0'), client.sync());
      c.server(...answers, server.ready());
    });
    expect(played.told.statements).toMatchObject([{ text: 'SELECT 1/0', status: 'error' }]);
    expect(ends(played)).toEqual(['implicit rollback 1/0']);
  });

  it('that is only prepared is no statement, but a transaction', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 's'), client.describe('S', 's'), client.sync());
      c.server(
        server.parseComplete(),
        server.parameterDescription(),
        server.rowDescription('a'),
        server.ready(),
      );
    });
    expect(lines(played)).toEqual([]);
    expect(ends(played)).toEqual(['implicit commit 0/0']);
  });

  it('whose preparation alone fails is told with its text', () => {
    const played = talk((c) => {
      c.client(client.parse('SELEC 1', 's'), client.describe('S', 's'), client.sync());
      c.server(server.error('42601'), server.ready());
    });
    expect(lines(played)).toEqual(['SELEC 1: error 42601']);
  });

  it('that fails at the commit behind it is told as failed', () => {
    const played = talk((c) => {
      c.client(...pbe('INSERT INTO t VALUES (1)'), client.sync());
      c.server(...OK2, server.complete('INSERT 0 1'), server.error('23503'), server.ready());
    });
    expect(lines(played)).toEqual(['INSERT INTO t VALUES (1): error 23503']);
    expect(ends(played)).toEqual(['implicit rollback 1/0']);
  });

  it('by row limits is one event; its tag counts the last fetch only', () => {
    const played = talk((c, wire) => {
      c.client(
        client.parse('SELECT a FROM t'),
        client.bind({ portal: 'p' }),
        client.execute('p', 2),
        client.flush(),
      );
      c.server(...OK2, server.row('1'), server.row('2'), server.portalSuspended());
      wire.wait(1_000_000);
      c.client(client.execute('p', 2), client.flush());
      c.server(server.row('3'), server.row('4'), server.portalSuspended());
      c.client(client.execute('p', 2), client.sync());
      c.server(server.row('5'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT a FROM t: ok r5']);
    expect(played.told.statements[0]).toMatchObject({ portalName: 'p', durationUs: 300 });
  });

  it('by row limits that is never read to its end is told when its transaction ends', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(
        client.parse('SELECT a FROM t'),
        client.bind({ portal: 'p' }),
        client.execute('p', 2),
        client.sync(),
      );
      c.server(
        ...OK2,
        server.row('1'),
        server.row('2'),
        server.portalSuspended(),
        server.ready('T'),
      );
      c.client(client.query('COMMIT'));
      c.server(server.complete('COMMIT'), server.ready('I'));
      c.client(client.query('SELECT 9'));
      c.server(server.row('9'), server.complete('SELECT 1'), server.ready('I'));
    });
    expect(lines(played)).toEqual([
      'BEGIN: ok',
      'SELECT a FROM t: ok r2',
      'COMMIT: ok',
      'SELECT 9: ok r1',
    ]);
  });
});

describe('named statements', () => {
  const exec = (name: string): Buffer[] => [
    client.bind({ statement: name }),
    client.execute(),
    client.sync(),
  ];
  const done = (tag = 'SELECT 1'): Buffer[] => [
    server.bindComplete(),
    server.row('1'),
    server.complete(tag),
    server.ready(),
  ];

  it('are executed by their names', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 'a'), client.parse('SELECT 2', 'b'), client.sync());
      c.server(server.parseComplete(), server.parseComplete(), server.ready());
      for (const name of ['a', 'b', 'a']) {
        c.client(...exec(name));
        c.server(...done());
      }
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1', 'SELECT 1: ok r1']);
    expect(played.told.statements.map(({ statementName }) => statementName)).toEqual([
      'a',
      'b',
      'a',
    ]);
  });

  it('that are closed are not known any more', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 'a'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(client.close('S', 'a'), client.sync());
      c.server(server.closeComplete(), server.ready());
      c.client(...exec('a'));
      c.server(server.error('26000'), server.ready());
    });
    expect(lines(played)).toEqual(['<?>: error 26000']);
    expect(played.told.statements[0]?.quality).toEqual(['unknown_statement']);
  });

  it('that are closed and prepared anew in one breath keep their new text', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 'a'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(client.close('S', 'a'), client.parse('SELECT 2', 'a'), client.sync());
      c.server(server.closeComplete(), server.parseComplete(), server.ready());
      c.client(...exec('a'));
      c.server(...done());
    });
    expect(lines(played)).toEqual(['SELECT 2: ok r1']);
  });

  it('that could not be prepared anew keep their old text', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 'a'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(client.parse('SELECT 2', 'a'), client.parse('SELECT 3', 'a'), client.sync());
      c.server(server.error('42P05'), server.ready());
      c.client(...exec('a'));
      c.server(...done());
    });
    expect(lines(played)).toEqual(['SELECT 2: error 42P05', 'SELECT 1: ok r1']);
  });

  it.each(['DEALLOCATE ALL', 'DISCARD ALL'])('are forgotten by %s', (sql) => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 'a'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(client.query(sql));
      c.server(server.complete(sql), server.ready());
      c.client(...exec('a'));
      c.server(server.error('26000'), server.ready());
    });
    expect(lines(played)).toEqual([`${sql}: ok`, '<?>: error 26000']);
  });

  it.each(['DEALLOCATE a', 'deallocate PREPARE "a"', 'DEALLOCATE A'])(
    'are forgotten one by one by %s',
    (sql) => {
      const played = talk((c) => {
        c.client(client.parse('SELECT 1', 'a'), client.parse('SELECT 2', 'b'), client.sync());
        c.server(server.parseComplete(), server.parseComplete(), server.ready());
        c.client(client.query(sql));
        c.server(server.complete('DEALLOCATE'), server.ready());
        c.client(...exec('a'));
        c.server(server.error('26000'), server.ready());
        c.client(...exec('b'));
        c.server(...done());
      });
      expect(lines(played).slice(1)).toEqual(['<?>: error 26000', 'SELECT 2: ok r1']);
    },
  );

  it('survive as portals when their names are gone', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(
        client.parse('SELECT 1', 'a'),
        client.bind({ portal: 'p', statement: 'a' }),
        client.close('S', 'a'),
        client.sync(),
      );
      c.server(...OK2, server.closeComplete(), server.ready('T'));
      c.client(client.execute('p'), client.sync());
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready('T'));
    });
    expect(lines(played)).toEqual(['BEGIN: ok', 'SELECT 1: ok r1']);
  });

  it('may be bound again to a portal that is closed in the same breath', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(
        client.parse('SELECT 1', 'a'),
        client.bind({ portal: 'p', statement: 'a' }),
        client.sync(),
      );
      c.server(...OK2, server.ready('T'));
      c.client(client.close('P', 'p'), client.bind({ portal: 'p', statement: 'a' }), client.sync());
      c.server(server.closeComplete(), server.bindComplete(), server.ready('T'));
      c.client(client.execute('p'), client.sync());
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready('T'));
    });
    expect(lines(played)).toEqual(['BEGIN: ok', 'SELECT 1: ok r1']);
  });
});

describe('a pipeline', () => {
  it('is told statement by statement; each counts from the end of the one before it', () => {
    const played = talk((c, wire) => {
      c.client(...pbe('SELECT 1'), ...pbe('SELECT 2'), client.sync());
      wire.wait(1_000);
      c.server(...OK2, server.row('1'), server.complete('SELECT 1'));
      wire.wait(5_000);
      c.server(...OK2, server.row('2'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1']);
    expect(played.told.statements.map(({ durationUs }) => durationUs)).toEqual([1_100, 5_100]);
    expect(ends(played)).toEqual(['implicit commit 2/0']);
  });

  it('of several rounds keeps each answer with its request', () => {
    const played = talk((c) => {
      c.client(
        ...pbe('SELECT 1'),
        client.sync(),
        ...pbe('SELECT 2'),
        client.sync(),
        client.query('SELECT 3'),
      );
      for (const n of [1, 2])
        c.server(...OK2, server.row(String(n)), server.complete('SELECT 1'), server.ready());
      c.server(server.row('3'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: ok r1', 'SELECT 3: ok r1']);
    expect(ends(played).length).toBe(3);
  });

  it('with an error skips what follows, up to the Sync', () => {
    const played = talk((c) => {
      c.client(
        ...pbe('INSERT INTO t VALUES (1)'),
        ...pbe('SELECT 1/0'),
        ...pbe('SELECT 3'),
        client.sync(),
        ...pbe('SELECT 4'),
        client.sync(),
      );
      c.server(
        ...OK2,
        server.complete('INSERT 0 1'),
        server.parseComplete(),
        server.error('22012'),
        server.ready(),
      );
      c.server(...OK2, server.row('4'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual([
      'INSERT INTO t VALUES (1): ok a1',
      'SELECT 1/0: error 22012',
      'SELECT 3: skipped',
      'SELECT 4: ok r1',
    ]);
    expect(ends(played)).toEqual(['implicit rollback 2/1', 'implicit commit 1/0']);
  });

  it('skips what arrives after the error as well, until its Sync', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1/0'), client.bind(), client.flush());
      c.server(server.parseComplete(), server.error('22012'));
      c.client(client.execute(), ...pbe('SELECT 2'), client.query('SELECT 3'));
      c.client(client.sync());
      c.server(server.ready());
      c.client(client.query('SELECT 4'));
      c.server(server.row('4'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual([
      'SELECT 1/0: error 22012',
      'SELECT 2: skipped',
      'SELECT 3: skipped',
      'SELECT 4: ok r1',
    ]);
    expect(played.summary.unmatchedAnswers).toBe(0);
  });

  it('in which a statement was prepared behind the error does not know it afterwards', () => {
    const played = talk((c) => {
      c.client(...pbe('SELECT 1/0'), client.parse('SELECT 2', 'late'), client.sync());
      c.server(...OK2, server.error('22012'), server.ready());
      c.client(client.bind({ statement: 'late' }), client.execute(), client.sync());
      c.server(server.error('26000'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1/0: error 22012', '<?>: error 26000']);
  });
});

describe('COPY', () => {
  it('in counts its bytes and rows', () => {
    const played = talk((c) => {
      c.client(client.query('COPY t FROM STDIN'));
      c.server(server.copyIn());
      c.client(client.copyData('1\ta\n'), client.copyData('2\tb\n3\tc\n'), client.copyDone());
      c.server(server.complete('COPY 3'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { status: 'ok', copyBytes: 12, copyRows: 3, rowsAffected: 3, rowsReturned: undefined },
    ]);
  });

  it('out counts its bytes and rows', () => {
    const played = talk((c) => {
      c.client(client.query('COPY (SELECT 1) TO STDOUT'));
      c.server(server.copyOut(), server.copyData('1\n'), server.copyData('2\n'), server.copyDone());
      c.server(server.complete('COPY 2'), server.ready());
    });
    expect(played.told.statements).toMatchObject([
      { status: 'ok', copyBytes: 4, copyRows: 2, rowsReturned: 2, rowsAffected: undefined },
    ]);
  });

  it('that the client gives up is an error, not a cancel', () => {
    const played = talk((c) => {
      c.client(client.query('COPY t FROM STDIN'));
      c.server(server.copyIn());
      c.client(client.copyData('1\n'), client.copyFail('no more'));
      c.server(
        server.error('57014', { message: 'COPY from stdin failed: no more' }),
        server.ready(),
      );
    });
    expect(lines(played)).toEqual(['COPY t FROM STDIN: error 57014']);
  });

  it('that the server refuses midway passes over the rest of the data', () => {
    const played = talk((c) => {
      c.client(client.query('COPY t FROM STDIN'));
      c.server(server.copyIn());
      c.client(client.copyData('x\n'));
      c.server(server.error('22P02'), server.ready());
      c.client(client.copyData('2\n'), client.copyDone());
      c.client(client.query('SELECT 1'));
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['COPY t FROM STDIN: error 22P02', 'SELECT 1: ok r1']);
    expect(played.told.statements[1]?.copyBytes).toBeUndefined();
  });

  it('in an extended query whose Sync came too early waits for the one behind the data', () => {
    const played = talk((c) => {
      c.client(...pbe('COPY t FROM STDIN'), client.sync());
      c.server(...OK2, server.copyIn());
      c.client(client.copyData('1\n'), client.copyDone(), client.sync());
      c.server(server.complete('COPY 1'), server.ready());
      c.client(client.query('SELECT 1'));
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready());
    });
    expect(lines(played)).toEqual(['COPY t FROM STDIN: ok a1', 'SELECT 1: ok r1']);
    expect(played.summary.unmatchedAnswers).toBe(0);
  });
});

describe('secrets', () => {
  it('in statements are masked, in simple and extended queries and in several at once', () => {
    const played = talk((c) => {
      c.client(client.query("ALTER ROLE bob PASSWORD 'hunter2'"));
      c.server(server.complete('ALTER ROLE'), server.ready());
      c.client(...pbe("CREATE USER eve WITH PASSWORD 'hunter3'"), client.sync());
      c.server(...OK2, server.complete('CREATE ROLE'), server.ready());
      c.client(client.query("SELECT 1; ALTER USER x PASSWORD 'hunter4'"));
      c.server(server.complete('SELECT 1'), server.complete('ALTER ROLE'), server.ready());
      c.client(client.password('hunter5'));
    });
    expect(JSON.stringify(played.told)).not.toContain('hunter');
    expect(lines(played)[0]).toBe("ALTER ROLE bob PASSWORD '***': ok");
    expect(lines(played).length).toBe(4);
  });
});
