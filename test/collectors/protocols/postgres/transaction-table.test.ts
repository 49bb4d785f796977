/**
 * The cases that were measured on a real server (PostgreSQL 15 and 18), each as its bytes went over the wire: what was
 * asked, what was answered, and what the server counted.
 */
import { describe, expect, it } from 'vitest';
import { Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { play } from '../../recording-sink.ts';
import { ends, lines, login, pbe, talk } from './talk.ts';

const { complete, error, ready } = server;
const done = (tag: string): Buffer[] => [
  server.parseComplete(),
  server.bindComplete(),
  complete(tag),
];

interface Case {
  readonly what: string;
  readonly asked: readonly Buffer[];
  readonly answered: readonly Buffer[];
  readonly statements: readonly string[];
  readonly transactions: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: 'a deferred constraint fails an autocommitted statement: its error stands in the place of the tag',
    asked: [client.query('INSERT INTO c VALUES (9)')],
    answered: [error('23503'), ready('I')],
    statements: ['INSERT INTO c VALUES (9): error 23503'],
    transactions: ['implicit rollback 1/0'],
  },
  {
    what: 'the same in an extended query: the error comes behind CommandComplete, at Sync',
    asked: [...pbe('INSERT INTO c VALUES (9)'), client.sync()],
    answered: [...done('INSERT 0 1'), error('23503'), ready('I')],
    statements: ['INSERT INTO c VALUES (9): error 23503'],
    transactions: ['implicit rollback 1/0'],
  },
  {
    what: 'all between two Syncs is one transaction, and is rolled back as one',
    asked: [
      ...pbe('INSERT INTO t VALUES (1)'),
      ...pbe('INSERT INTO t VALUES (2)'),
      ...pbe('SELECT 1/0'),
      client.sync(),
    ],
    answered: [
      ...done('INSERT 0 1'),
      ...done('INSERT 0 1'),
      server.parseComplete(),
      error('22012'),
      ready('I'),
    ],
    statements: [
      'INSERT INTO t VALUES (1): ok a1',
      'INSERT INTO t VALUES (2): ok a1',
      'SELECT 1/0: error 22012',
    ],
    transactions: ['implicit rollback 3/2'],
  },
  {
    what: 'BEGIN in a string takes in what stood before it, and ROLLBACK takes that back as well',
    asked: [client.query('insert a; begin; insert b; rollback; insert c')],
    answered: [
      complete('INSERT 0 1'),
      complete('BEGIN'),
      complete('INSERT 0 1'),
      complete('ROLLBACK'),
      complete('INSERT 0 1'),
      ready('I'),
    ],
    statements: [
      'insert a: ok a1',
      'begin: ok',
      'insert b: ok a1',
      'rollback: ok',
      'insert c: ok a1',
    ],
    transactions: ['rollback 2/2', 'implicit commit 1/1'],
  },
  {
    what: 'a block that fails in the string that began it stays open',
    asked: [
      client.query('begin; select 1/0; select 2'),
      client.query('SELECT 3'),
      client.query('END'),
    ],
    answered: [
      complete('BEGIN'),
      error('22012'),
      ready('E'),
      error('25P02'),
      ready('E'),
      complete('ROLLBACK'),
      ready('I'),
    ],
    statements: [
      'begin: ok',
      'select 1/0: error 22012',
      'select 2: skipped',
      'SELECT 3: error 25P02',
      'END: ok',
    ],
    transactions: ['rollback 2/0'],
  },
  {
    what: 'COMMIT of a failed block is answered ROLLBACK: the tag tells',
    asked: [client.query('BEGIN'), client.query('SELEC'), client.query('COMMIT')],
    answered: [
      complete('BEGIN'),
      ready('T'),
      error('42601'),
      ready('E'),
      complete('ROLLBACK'),
      ready('I'),
    ],
    statements: ['BEGIN: ok', 'SELEC: error 42601', 'COMMIT: ok'],
    transactions: ['rollback 1/0'],
  },
  {
    what: 'COMMIT outside of any is warned of and counts as an empty one',
    asked: [client.query('COMMIT')],
    answered: [server.notice('25P01'), complete('COMMIT'), ready('I')],
    statements: ['COMMIT: ok'],
    transactions: ['implicit commit 0/0'],
  },
  {
    what: 'a Parse that fails in a block fails the block',
    asked: [client.query('BEGIN'), client.parse('SELEC'), client.sync(), client.query('ROLLBACK')],
    answered: [
      complete('BEGIN'),
      ready('T'),
      error('42601'),
      ready('E'),
      complete('ROLLBACK'),
      ready('I'),
    ],
    statements: ['BEGIN: ok', 'SELEC: error 42601', 'ROLLBACK: ok'],
    transactions: ['rollback 1/0'],
  },
  {
    what: 'savepoints nest, are rolled back to and released; an error behind one is mended',
    asked: [
      'BEGIN',
      'SAVEPOINT a',
      'INSERT a',
      'SAVEPOINT b',
      'SELECT 1/0',
      'ROLLBACK TO b',
      'RELEASE a',
      'COMMIT',
    ].map((sql) => client.query(sql)),
    answered: [
      ...[complete('BEGIN'), ready('T'), complete('SAVEPOINT'), ready('T')],
      ...[complete('INSERT 0 1'), ready('T'), complete('SAVEPOINT'), ready('T')],
      ...[error('22012'), ready('E'), complete('ROLLBACK'), ready('T')],
      ...[complete('RELEASE'), ready('T'), complete('COMMIT'), ready('I')],
    ],
    statements: [
      ...[
        'BEGIN: ok',
        'SAVEPOINT a: ok',
        'INSERT a: ok a1',
        'SAVEPOINT b: ok',
        'SELECT 1/0: error 22012',
      ],
      ...['ROLLBACK TO b: ok', 'RELEASE a: ok', 'COMMIT: ok'],
    ],
    transactions: ['commit 2/1'],
  },
  {
    what: 'PREPARE TRANSACTION ends it as a commit; COMMIT PREPARED is one of its own, ROLLBACK PREPARED a rollback',
    asked: [
      ...['BEGIN', 'INSERT a', "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'"],
      ...['BEGIN', "PREPARE TRANSACTION 'y'", "ROLLBACK PREPARED 'y'"],
    ].map((sql) => client.query(sql)),
    answered: [
      ...[complete('BEGIN'), ready('T'), complete('INSERT 0 1'), ready('T')],
      ...[complete('PREPARE TRANSACTION'), ready('I'), complete('COMMIT PREPARED'), ready('I')],
      ...[complete('BEGIN'), ready('T'), complete('PREPARE TRANSACTION'), ready('I')],
      ...[complete('ROLLBACK PREPARED'), ready('I')],
    ],
    statements: [
      ...['BEGIN: ok', 'INSERT a: ok a1', "PREPARE TRANSACTION 'x': ok", "COMMIT PREPARED 'x': ok"],
      ...['BEGIN: ok', "PREPARE TRANSACTION 'y': ok", "ROLLBACK PREPARED 'y': ok"],
    ],
    transactions: ['commit 1/1', 'implicit commit 0/0', 'commit 0/0', 'implicit rollback 0/0'],
  },
  {
    what: 'PREPARE TRANSACTION of a failed block is answered ROLLBACK',
    asked: ['BEGIN', 'SELECT 1/0', "PREPARE TRANSACTION 'x'"].map((sql) => client.query(sql)),
    answered: [
      complete('BEGIN'),
      ready('T'),
      error('22012'),
      ready('E'),
      complete('ROLLBACK'),
      ready('I'),
    ],
    statements: ['BEGIN: ok', 'SELECT 1/0: error 22012', "PREPARE TRANSACTION 'x': ok"],
    transactions: ['rollback 1/0'],
  },
  {
    what: 'CREATE TABLE AS is answered SELECT: its rows were written',
    asked: [client.query('CREATE TABLE n AS SELECT 1')],
    answered: [complete('SELECT 3'), ready('I')],
    statements: ['CREATE TABLE n AS SELECT 1: ok r0 a3'],
    transactions: ['implicit commit 1/3'],
  },
  {
    what: 'an empty query, simple and extended, is an empty transaction',
    asked: [client.query(''), ...pbe(''), client.sync()],
    answered: [
      server.empty(),
      ready('I'),
      server.parseComplete(),
      server.bindComplete(),
      server.empty(),
      ready('I'),
    ],
    statements: [': ok', ': ok'],
    transactions: ['implicit commit 0/0', 'implicit commit 0/0'],
  },
  {
    what: 'the server that ends a session in a block rolls it back',
    asked: [client.query('BEGIN'), client.query('INSERT a')],
    answered: [
      complete('BEGIN'),
      ready('T'),
      complete('INSERT 0 1'),
      ready('T'),
      error('25P03', { severity: 'FATAL', message: 'terminating connection' }),
    ],
    statements: ['BEGIN: ok', 'INSERT a: ok a1'],
    transactions: ['rollback 1/1'],
  },
];

describe('a transaction, as the server counts it', () => {
  it.each(CASES)('$what', ({ asked, answered, statements, transactions }) => {
    const played = talk((c) => {
      c.client(...asked);
      c.server(...answered);
    });
    expect(lines(played)).toEqual(statements);
    expect(ends(played)).toEqual(transactions);
    expect(played.summary).toMatchObject({ unmatchedAnswers: 0, unansweredRequests: 0 });
  });

  it.each([
    ['in a block', [client.query('BEGIN')], ['rollback 0/0']],
    ['in a failed block', [client.query('BEGIN'), client.query('SELECT 1/0')], ['rollback 1/0']],
    ['while its COMMIT is not answered', [client.query('BEGIN'), client.query('COMMIT')], []],
    ['while an autocommitted statement is not answered', [client.query('SELECT 1')], []],
  ])('whose client resets the connection %s', (_when, asked, expected) => {
    const wire = new Wire();
    const c = login(wire);
    c.client(...asked);
    if (expected.length > 0 || asked.length > 1) c.server(complete('BEGIN'), ready('T'));
    if (expected[0] === 'rollback 1/0') c.server(error('22012'), ready('E'));
    c.reset('client');
    expect(ends(play(wire.packets))).toEqual(expected);
  });

  it('goes on in a portal from round to round, until it ends', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(complete('BEGIN'), ready('T'));
      c.client(client.parse('SELECT a FROM t', 's'), client.bind({ portal: 'p', statement: 's' }));
      c.client(client.execute('p', 2), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'), server.row('2'));
      c.server(server.portalSuspended(), ready('T'));
      c.client(client.execute('p', 2), client.sync());
      c.server(server.row('3'), complete('SELECT 1'), ready('T'));
      c.client(client.query('COMMIT'));
      c.server(complete('COMMIT'), ready('I'));
      c.client(client.execute('p', 2), client.sync());
      c.server(error('34000'), ready('I'));
    });
    expect(lines(played)).toEqual([
      'BEGIN: ok',
      'SELECT a FROM t: ok r3',
      'COMMIT: ok',
      '<?>: error 34000',
    ]);
    expect(ends(played)).toEqual(['commit 1/0']);
  });
});
