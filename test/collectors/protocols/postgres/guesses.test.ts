/** Answers that may belong to requests nobody saw: what is told is marked until nothing can be owed any more. */
import { describe, expect, it } from 'vitest';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { play } from '../../recording-sink.ts';
import { lines, login, pbe, talk } from './talk.ts';

const answer = (tag: string): Buffer[] => [server.complete(tag), server.ready()];

describe('a capture that began after its session', () => {
  const marks = (say: (connection: Connection, wire: Wire) => void): string[] => {
    const wire = new Wire();
    const connection = new Connection(wire);
    // One request was sent before the capture began: its answer looks like that to the first one seen.
    connection.client(client.query('SELECT 1'));
    connection.client(client.query('SELECT 2'));
    for (const rows of ['UPDATE 7', 'UPDATE 1', 'UPDATE 2']) connection.server(...answer(rows));
    say(connection, wire);
    const { told } = play(wire.packets);
    return told.statements.map(
      ({ text, quality }) => `${text ?? '?'}${quality.includes('mid_stream') ? ' marked' : ''}`,
    );
  };
  const first = ['SELECT 1 marked', 'SELECT 2 marked', '? marked'];
  const ask = (connection: Connection, name: string): void => {
    connection.client(client.query(`SELECT ${name}`));
    connection.server(...answer('UPDATE 3'));
  };

  it('marks answers until the client has asked and was answered, one by one, eight times', () => {
    const names = 'abcdefghij'.split('');
    const expected = names.map((name, place) => `SELECT ${name}${place < 8 ? ' marked' : ''}`);
    expect(
      marks((connection) => {
        for (const name of names) ask(connection, name);
      }),
    ).toEqual([...first, ...expected]);
  });

  it('or until nothing was said for a second behind such an answer', () => {
    expect(
      marks((connection, wire) => {
        ask(connection, 'a');
        wire.wait(1_000_000);
        ask(connection, 'b');
      }),
    ).toEqual([...first, 'SELECT a marked', 'SELECT b']);
  });

  it('and begins to count anew when two requests are sent at once', () => {
    const names = 'abcdefg'.split('');
    const told = marks((connection) => {
      for (const name of names) ask(connection, name);
      connection.client(client.query('SELECT y'));
      ask(connection, 'z');
      connection.server(...answer('UPDATE 3'));
      for (const name of names) ask(connection, name);
    });
    expect(told.filter((line) => !line.endsWith('marked'))).toEqual([]);
  });
});

describe('a request whose last bytes are known to be missing only behind its answer', () => {
  it('is that of the answer', () => {
    const played = talk((c) => {
      const begin = client.query('BEGIN');
      c.client(begin.subarray(0, -1));
      c.lost('client', begin.subarray(-1));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.query('SELECT 1'));
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready('T'));
    });
    expect(lines(played)).toEqual(['<BEGIN>: ok', 'SELECT 1: ok r1']);
    expect(played.told.statements[1]?.quality).toEqual(['gap_request']);
  });
});

describe('a failed string of statements whose ReadyForQuery was lost', () => {
  it('does not take the error that ends the connection', () => {
    const played = talk(
      (c) => {
        c.lost('client', client.query('SELECT 1'));
        c.server(server.error('42P01'));
        c.lost('server', server.ready());
        c.server(server.error('57P01', { severity: 'FATAL' }));
        c.close('server');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual(['<?>: error 42P01']);
    expect(played.told.of('session_end')[0]?.reason).toBe('server');
  });
});

describe('a server that shuts down while answers are joined by a guess', () => {
  it('does not fail the statement that seems to wait: it may have been answered unseen', () => {
    const played = talk(
      (c) => {
        c.client(client.query('SELECT 1'));
        c.lost('server', server.row('1'), server.complete('SELECT 1'), server.ready());
        c.server(server.error('57P01', { severity: 'FATAL', message: 'terminating' }));
        c.close('server');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual(['SELECT 1: unknown']);
    expect(played.told.statements[0]?.quality).toEqual(['gap_response']);
    const strange = played.told.of('anomaly').map(({ kind, detail }) => [kind, detail]);
    expect(strange).toContainEqual(['ended_by_server', '57P01 terminating']);
  });
});

describe('a name', () => {
  it('under which a failed Parse may have stood leaves a mark on what is run under it', () => {
    const played = talk((c, wire) => {
      const run = (tag: string): void => {
        c.client(client.bind({ statement: 's' }), client.execute(), client.sync());
        c.server(server.bindComplete(), server.complete(tag), server.ready());
      };
      c.client(client.parse('SELECT 1', 's'), client.sync());
      c.server(server.parseComplete(), server.ready());
      run('SELECT 1');
      c.client(client.query('SELECT 2'));
      c.lost('server', server.row('2'), server.complete('SELECT 1'), server.ready());
      // The server prepares it; that is lost, and the error to what follows looks like its own.
      c.client(client.close('S', 's'), client.parse('SELECT 3', 's'), client.sync());
      c.lost('server', server.closeComplete(), server.parseComplete(), server.ready());
      c.client(client.query('SELECT 4'));
      c.server(server.error('22012'), server.ready());
      wire.wait(5_000_000);
      run('SELECT 1');
      wire.wait(5_000_000);
      run('SELECT 1');
    });
    const last = played.told.statements.at(-1);
    expect([last?.text, last?.quality]).toEqual(['SELECT 3', ['gap_response']]);
  });
});

describe('requests that were lost', () => {
  it('leave a mark on those behind them, whose answers may be theirs', () => {
    const { told } = talk((c) => {
      c.lost('client', client.query('SELECT 1'));
      c.client(client.query('SELECT 2'));
      c.server(...answer('UPDATE 1'));
      c.server(...answer('UPDATE 2'));
    });
    expect(told.statements.every(({ quality }) => quality.includes('gap_request'))).toBe(true);
    expect(told.statements.length).toBe(2);
  });
});

describe('rounds in one packet', () => {
  it('are not taken for answered unseen, also behind a loss', () => {
    const { told } = talk((c) => {
      c.client(client.query('SELECT'));
      c.server(...answer('UPDATE 0'));
      c.client(client.query('SELECT 0'));
      c.lost('server', ...answer('UPDATE 9'));
      c.client(...pbe('SELECT 1'), client.sync(), ...pbe('SELECT 2'), client.sync());
      for (const tag of ['UPDATE 1', 'UPDATE 2'])
        c.server(server.parseComplete(), server.bindComplete(), ...answer(tag));
    });
    expect(told.statements.map(({ text, rowsAffected }) => [text, rowsAffected])).toEqual([
      ['SELECT', 0],
      ['SELECT 0', undefined],
      ['SELECT 1', 1],
      ['SELECT 2', 2],
    ]);
  });
});

describe('an answer that is missing', () => {
  it('leaves a mark, also when its round was seen to end', () => {
    const { told } = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.lost('server', server.complete('SELECT 1'));
      c.server(server.ready());
    });
    expect(told.statements).toMatchObject([{ status: 'unknown', quality: ['gap_response'] }]);
  });

  it('to a string of statements leaves all of them told', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1; SELECT 2; SELECT 3'));
      c.lost('server', server.complete('SELECT 1'), server.complete('SELECT 2'));
      c.server(server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 1: unknown', 'SELECT 2: unknown', 'SELECT 3: unknown']);
  });

  it('marks the transaction in which it was', () => {
    const { told } = talk((c) => {
      c.client(...pbe('SELECT 1'), client.sync());
      c.lost('server', server.parseComplete(), server.bindComplete());
      c.server(server.complete('SELECT 1'), server.ready());
    });
    expect(told.transactions.map(({ quality }) => quality)).toEqual([['gap_response']]);
  });

  it('marks the portal that stays open over it', () => {
    const { told } = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
      c.lost('client', client.execute('', 1), client.sync());
      c.server(server.row('2'), server.portalSuspended(), server.ready('T'));
      c.client(client.query('COMMIT'));
      c.server(...answer('COMMIT'));
    });
    const fetched = told.statements.find(({ text }) => text === 'SELECT 1');
    expect(fetched).toMatchObject({ rowsReturned: 1, quality: ['gap_request'] });
  });
});

describe('the end of a capture', () => {
  const without = (parts: (c: Connection) => void): ReturnType<typeof talk> =>
    talk(
      (c) => {
        parts(c);
      },
      { leave: false },
    );

  it('marks the last statement that was answered, whose commit may still fail', () => {
    const played = without((c) => {
      c.client(
        ...pbe('INSERT INTO t VALUES (1)'),
        ...pbe('INSERT INTO t VALUES (2)'),
        client.sync(),
      );
      c.server(server.parseComplete(), server.bindComplete(), server.complete('INSERT 0 1'));
      c.server(server.parseComplete(), server.bindComplete(), server.complete('INSERT 0 1'));
    });
    expect(played.told.statements.map(({ status, quality }) => [status, quality])).toEqual([
      ['ok', []],
      ['ok', ['gap_response']],
    ]);
  });

  it('in a string of statements leaves open what became of the rest', () => {
    const played = without((c) => {
      c.client(client.query('SELECT 1; SELECT 2'));
      c.server(server.row('1'), server.complete('SELECT 1'));
    });
    expect(lines(played)).toEqual(['SELECT 1: ok r1', 'SELECT 2: unknown']);
    expect(played.told.statements[0]?.quality).toEqual(['gap_response']);
  });

  it('marks a portal that is open: more may be fetched from it', () => {
    const played = without((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
    });
    expect(played.told.statements.at(-1)).toMatchObject({
      text: 'SELECT 1',
      rowsReturned: 1,
      quality: ['gap_response'],
    });
  });

  it('leaves a request that was not answered as it is', () => {
    const played = without((c) => {
      c.client(client.query('SELECT 1'));
    });
    expect(played.told.statements).toMatchObject([{ status: 'unanswered', quality: [] }]);
  });
});

describe('an Execute without some of its bytes', () => {
  it('leaves a mark on later ones, which may fetch from its portal', () => {
    const { told } = talk((c) => {
      c.client(client.parse('SELECT 1'), client.bind({ portal: 'p' }));
      const execute = client.execute('p', 1);
      c.client(execute.subarray(0, 6));
      c.lost('client', execute.subarray(6));
      c.client(client.execute('p', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete());
      c.server(server.row('1'), server.portalSuspended());
      c.server(server.row('2'), server.complete('SELECT 1'), server.ready());
      c.client(client.bind({ portal: 'p' }), client.execute('p'), client.sync());
      c.server(server.bindComplete(), server.row('1'), server.row('2'));
      c.server(server.complete('SELECT 2'), server.ready());
    });
    expect(told.statements.map(({ rowsReturned, quality }) => [rowsReturned, quality])).toEqual([
      [1, ['gap_request']],
      [1, ['gap_request', 'unknown_statement']],
      [2, []],
    ]);
  });
});

describe('an answer that nobody was seen to ask for', () => {
  it('leaves a mark on what follows, although no byte is known to be missing', () => {
    const { told } = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.server(...answer('UPDATE 1'), ...answer('UPDATE 2'));
      c.client(client.query('SELECT 2'));
      c.server(...answer('UPDATE 3'));
    });
    expect(told.statements.map(({ quality }) => quality)).toEqual([
      [],
      ['gap_request', 'unknown_statement'],
      ['gap_request'],
    ]);
  });

  it('is no statement, when it only describes one', () => {
    const { told } = talk((c) => {
      c.lost('client', client.parse('SELECT 1'), client.describe('S'), client.sync());
      c.server(server.parseComplete(), server.parameterDescription());
      c.server(server.rowDescription('a'), server.ready());
    });
    expect(told.statements).toEqual([]);
  });

  it('is no statement, when it is an error of which bytes are missing: the server may end the connection', () => {
    const { told } = talk((c) => {
      const error = server.error('57P01', { severity: 'FATAL' });
      c.server(error.subarray(0, 10));
      c.lost('server', error.subarray(10, 20));
      c.server(error.subarray(20));
    });
    expect(told.statements).toEqual([]);
    expect(told.of('anomaly').map(({ kind }) => kind)).toEqual(['gap', 'error_without_statement']);
  });

  it('is the failure of the commit, when its Sync is not there yet', () => {
    const played = talk((c) => {
      c.client(...pbe('INSERT INTO t VALUES (1)'));
      c.lost('client', client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.complete('INSERT 0 1'));
      c.server(server.error('23503'), server.ready());
    });
    expect(lines(played)).toEqual(['INSERT INTO t VALUES (1): error 23503']);
    expect(played.told.statements[0]?.quality).toEqual(['gap_request']);
  });
});

describe('a login', () => {
  it('without its startup packet does not take the end of the first round for its own', () => {
    const wire = new Wire();
    const c = new Connection(wire).open();
    c.lost('client', client.startup({ user: 'ann', database: 'shop' }));
    c.lost('server', server.authenticationOk(), server.ready());
    for (const text of ['SELECT 1', 'SELECT 2', 'SELECT 3']) {
      c.client(client.query(text), client.flush());
      c.server(server.row('1'), server.complete('SELECT 1'), server.ready());
    }
    const { told } = play(wire.packets);
    expect(told.statements.map(({ text, rowsReturned }) => [text, rowsReturned])).toEqual([
      ['SELECT 1', 1],
      ['SELECT 2', 1],
      ['SELECT 3', 1],
    ]);
  });

  it('whose answers were lost, with the SYN before them, is known as a gap of its size', () => {
    const wire = new Wire();
    login(wire);
    const { packets } = wire;
    const [syn, , ack, startup, answers] = packets;
    const size = (answers?.bytes.length ?? 0) - 54;
    const kept = new Wire();
    for (const packet of [syn, ack, startup]) if (packet !== undefined) kept.packets.push(packet);
    const connection = new Connection(kept);
    kept.nowUs = (answers?.tsUs ?? 0) + 1000;
    connection.next.client = 1001 + (startup?.bytes.length ?? 0) - 54;
    connection.next.server = 5001 + size;
    connection.client(client.query('SELECT 1'));
    connection.server(...answer('UPDATE 1'));
    connection.client(client.query('SELECT 2'));
    connection.server(...answer('UPDATE 2'));
    const { told, summary } = play(kept.packets);
    expect(summary.lostBytes).toBe(size);
    expect(told.of('session_start')).toMatchObject([{ loginUs: -1, session: { user: 'ann' } }]);
    expect(told.statements).toMatchObject([
      { text: 'SELECT 1', rowsAffected: 1 },
      { text: 'SELECT 2', rowsAffected: 2 },
    ]);
  });
});
