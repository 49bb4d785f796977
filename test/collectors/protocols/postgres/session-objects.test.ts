/** Prepared statements and cursors that SQL makes, and what is inferred of those that nobody saw being made. */
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../wire/connection.ts';
import { Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { play, type Played, type RecordedStatement } from '../../recording-sink.ts';
import { lines, login, talk } from './talk.ts';

/** A query string and the tags that answer it. */
function query(c: Connection, sql: string, ...tags: readonly string[]): void {
  c.client(client.query(sql));
  c.server(...tags.map((tag) => server.complete(tag)), server.ready('T'));
}

const sources = ({ told }: Played): string[] =>
  told.statements.map(({ text, source }) => `${text ?? '?'} <- ${source ?? '?'}`);

describe('statements that SQL prepares', () => {
  it('are told with each EXECUTE, and share their class', () => {
    const played = talk((c) => {
      query(c, 'PREPARE p (int) AS SELECT a FROM t WHERE b = $1;', 'PREPARE');
      query(c, 'EXECUTE p(7)', 'SELECT 1');
      query(c, 'select a from t where b = 9', 'SELECT 1');
    });
    expect(sources(played)).toEqual([
      'PREPARE p (int) AS SELECT a FROM t WHERE b = $1; <- SELECT a FROM t WHERE b = $1',
      'EXECUTE p(7) <- SELECT a FROM t WHERE b = $1',
      'select a from t where b = 9 <- ?',
    ]);
    const [prepared, executed, plain] = played.told.statements;
    expect(prepared?.sourceFingerprint).toBe(plain?.fingerprint);
    expect(executed?.sourceFingerprint).toBe(plain?.fingerprint);
  });

  it.each([
    ['PREPARE "My ""P" AS SELECT 1', 'EXECUTE "My ""P"'],
    ['prepare /* x */ My_P as SELECT 1', 'execute MY_P'],
    [`PREPARE ${'n'.repeat(80)} AS SELECT 1`, `EXECUTE ${'n'.repeat(63)}`],
  ])('are found by their name as the server reads it: %s', (prepare, execute) => {
    const played = talk((c) => {
      query(c, prepare, 'PREPARE');
      query(c, execute, 'SELECT 1');
    });
    expect(sources(played)[1]).toBe(`${execute} <- SELECT 1`);
  });

  it('are one with those of the protocol', () => {
    const played = talk((c) => {
      query(c, 'PREPARE s AS SELECT 1', 'PREPARE');
      c.client(client.bind({ statement: 's' }), client.execute(), client.sync());
      c.server(server.bindComplete(), server.complete('SELECT 1'), server.ready());
      c.client(client.parse('SELECT 2', 'q'), client.sync());
      c.server(server.parseComplete(), server.ready());
      query(c, 'EXECUTE q', 'SELECT 1');
    });
    expect(lines(played)[1]).toBe('SELECT 1: ok r0 a1');
    expect(sources(played)[2]).toBe('EXECUTE q <- SELECT 2');
  });

  it('are not known when the server refused to prepare or has dropped them', () => {
    const played = talk((c) => {
      c.client(client.query('PREPARE a AS SELECT nothing'));
      c.server(server.error('42703'), server.ready());
      query(c, 'EXECUTE a', 'SELECT 1');
      query(
        c,
        'PREPARE b AS SELECT 1; DEALLOCATE b; EXECUTE b',
        'PREPARE',
        'DEALLOCATE',
        'SELECT 1',
      );
      query(
        c,
        'PREPARE c AS SELECT 1; DISCARD ALL; EXECUTE c',
        'PREPARE',
        'DISCARD ALL',
        'SELECT 1',
      );
    });
    const executed = sources(played).filter((line) => line.startsWith('EXECUTE'));
    expect(executed).toEqual(['EXECUTE a <- ?', 'EXECUTE b <- ?', 'EXECUTE c <- ?']);
  });
});

describe('cursors that SQL declares', () => {
  it.each([
    'FETCH 10 FROM c',
    'fetch c',
    'FETCH BACKWARD ALL IN "c"',
    'MOVE FORWARD 5 FROM c',
    'FETCH RELATIVE -1 FROM c;',
  ])('are told with %s', (fetch) => {
    const played = talk((c) => {
      query(c, 'DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR SELECT a FROM t', 'DECLARE CURSOR');
      query(c, fetch, 'FETCH 1');
    });
    expect(sources(played)[1]).toBe(`${fetch} <- SELECT a FROM t`);
  });

  it('end with CLOSE and with their transaction, unless they hold', () => {
    const played = talk((c) => {
      query(c, 'BEGIN', 'BEGIN');
      for (const hold of ['', 'WITH HOLD '])
        query(c, `DECLARE c${hold.length} CURSOR ${hold}FOR SELECT 1`, 'DECLARE CURSOR');
      query(c, 'FETCH c0', 'FETCH 1');
      c.client(client.query('COMMIT'));
      c.server(server.complete('COMMIT'), server.ready('I'));
      query(c, 'FETCH c0', 'FETCH 1');
      query(c, 'FETCH c10', 'FETCH 1');
      query(c, 'CLOSE ALL', 'CLOSE CURSOR ALL');
      query(c, 'FETCH c10', 'FETCH 1');
    });
    const fetched = sources(played).filter((line) => line.startsWith('FETCH'));
    expect(fetched).toEqual([
      'FETCH c0 <- SELECT 1',
      'FETCH c0 <- ?',
      'FETCH c10 <- SELECT 1',
      'FETCH c10 <- ?',
    ]);
  });
});

describe('the unnamed statement', () => {
  it('is destroyed by a simple query', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1'), client.sync());
      c.server(server.parseComplete(), server.ready());
      query(c, 'SELECT 2', 'SELECT 1');
      c.client(client.bind(), client.execute(), client.sync());
      c.server(server.error('26000'), server.ready());
    });
    expect(lines(played)).toEqual(['SELECT 2: ok r0 a1', '<?>: error 26000']);
  });
});

/** A session that goes on when the capture begins, and executes s1; then another one logs in and prepares it. */
function late(show: (wire: Wire, execute: () => void) => void): Played {
  const wire = new Wire();
  const old = login(wire, { clientPort: 1 });
  wire.packets.length = 0;
  const execute = (): void => {
    old.client(client.bind({ statement: 's1' }), client.execute(), client.sync());
    old.server(server.bindComplete(), server.complete('UPDATE 1'), server.ready());
  };
  execute();
  show(wire, execute);
  return play(wire.packets);
}

function prepare(c: Connection, sql: string): void {
  c.client(client.parse(sql, 's1'), client.sync());
  c.server(server.parseComplete(), server.ready());
}

const shown = ({ text, quality }: RecordedStatement): string =>
  `${text ?? '?'} ${quality.join(' ')}`;

describe('a statement that was prepared before the capture began', () => {
  it('is told by its name, and with its text once another session has shown it', () => {
    const played = late((wire, execute) => {
      prepare(login(wire, { clientPort: 2 }), 'UPDATE t SET a = 1');
      execute();
    });
    expect(played.told.statements.map(shown)).toEqual([
      '? mid_stream unknown_statement',
      'UPDATE t SET a = 1 mid_stream inferred',
    ]);
    expect(played.told.statements.map(({ user }) => user)).toEqual([undefined, 'ann']);
  });

  it('stays unknown when the name stands for different texts', () => {
    const played = late((wire, execute) => {
      prepare(login(wire, { clientPort: 2 }), 'UPDATE t SET a = 1');
      prepare(login(wire, { clientPort: 3 }), 'UPDATE t SET a = 2');
      execute();
    });
    expect(played.told.statements.map(shown)[1]).toBe('? mid_stream unknown_statement inferred');
  });

  it('stays unknown when the server answers what that text cannot be answered with', () => {
    const played = late((wire, execute) => {
      prepare(login(wire, { clientPort: 2 }), 'SELECT 1');
      execute();
    });
    expect(played.told.statements.map(shown)[1]).toBe('? mid_stream unknown_statement inferred');
  });

  it('stays unknown when different users come from its host', () => {
    const played = late((wire, execute) => {
      prepare(login(wire, { clientPort: 2 }, { user: 'ann' }), 'UPDATE t SET a = 1');
      login(wire, { clientPort: 3 }, { user: 'bob' });
      execute();
    });
    expect(played.told.statements.map(shown)[1]).toBe('? mid_stream unknown_statement');
    expect(played.told.statements[1]?.user).toBeUndefined();
  });

  it('has the user that the server names, told as inferred', () => {
    const wire = new Wire();
    const old = login(wire, {});
    wire.packets.length = 0;
    query(old, "SET SESSION AUTHORIZATION 'eve'", 'SET');
    old.client(client.query('SELECT 1'));
    old.server(
      server.complete('SELECT 1'),
      server.parameterStatus('session_authorization', 'eve'),
      server.ready(),
    );
    const { told } = play(wire.packets);
    expect(told.statements[1]).toMatchObject({ user: 'eve', quality: ['mid_stream', 'inferred'] });
    expect(told.of('session_end')[0]?.session.user).toBe('eve');
  });
});
