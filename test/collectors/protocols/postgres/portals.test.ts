/** Portals that row limits leave open, and data of COPY that do not wait: whose rows, bytes and requests are whose. */
import { describe, expect, it } from 'vitest';
import { client, server } from '../../../wire/postgres.ts';
import { ends, lines, pbe, talk } from './talk.ts';

const begin = [client.query('BEGIN')];
const began = [server.complete('BEGIN'), server.ready('T')];

describe('a portal that a row limit left open', () => {
  it('belongs to the transaction that it dies with', () => {
    const played = talk((c) => {
      c.client(...begin);
      c.server(...began);
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
      c.client(client.query('COMMIT'));
      c.server(server.complete('COMMIT'), server.ready());
    });
    expect(lines(played)).toEqual(['BEGIN: ok', 'SELECT 1: ok r1', 'COMMIT: ok']);
    expect(played.told.statements.map(({ transactionId }) => transactionId)).toEqual([1, 1, 1]);
    expect(ends(played)).toEqual(['commit 1/0']);
  });

  it('without a name is destroyed by a query string', () => {
    const played = talk((c) => {
      c.client(client.query('BEGIN'));
      c.server(server.complete('BEGIN'), server.ready('T'));
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
      c.client(client.query('SELECT 2'));
      c.server(server.row('2'), server.complete('SELECT 1'), server.ready('T'));
    });
    expect(lines(played)).toEqual(['BEGIN: ok', 'SELECT 1: ok r1', 'SELECT 2: ok r1']);
  });

  it('is not touched by a Bind that could not take its name', () => {
    const named = (sql: string): Buffer[] => [
      client.parse(sql),
      client.bind({ portal: 'p' }),
      client.execute('p', 1),
      client.sync(),
    ];
    const played = talk((c) => {
      c.client(...begin);
      c.server(...began);
      c.client(...named('SELECT 1'));
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.ready('T'));
      c.client(...named('SELECT 2'));
      c.server(server.parseComplete(), server.error('42P03'), server.ready('E'));
      c.client(client.query('ROLLBACK'));
      c.server(server.complete('ROLLBACK'), server.ready());
    });
    expect(lines(played)).toEqual([
      'BEGIN: ok',
      'SELECT 2: error 42P03',
      'SELECT 1: ok r1',
      'ROLLBACK: ok',
    ]);
  });

  it.each([
    { between: [], quality: [] },
    { between: ['SAVEPOINT a'], quality: ['gap_response'] },
  ])(
    'goes on behind the end of the capture in a block that failed only when a savepoint saves it: $between',
    ({ between, quality }) => {
      const { told } = talk(
        (c) => {
          c.client(...begin);
          c.server(...began);
          c.client(client.parse('SELECT 1'), client.bind({ portal: 'p' }));
          c.client(client.execute('p', 1), client.sync());
          c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
          c.server(server.portalSuspended(), server.ready('T'));
          for (const sql of between) {
            c.client(client.query(sql));
            c.server(server.complete('SAVEPOINT'), server.ready('T'));
          }
          c.client(client.query('SELECT 1/0'));
          c.server(server.error('22012'), server.ready('E'));
        },
        { leave: false },
      );
      const portal = told.statements.find(({ text }) => text === 'SELECT 1');
      expect(portal?.quality).toEqual(quality);
    },
  );

  it('counts as one request, however often it is fetched from before a Sync', () => {
    const { told } = talk((c) => {
      c.client(client.parse('SELECT 1'), client.bind(), client.execute('', 1));
      c.client(client.execute('', 1), client.execute('', 1), client.sync());
      c.server(server.parseComplete(), server.bindComplete(), server.row('1'));
      c.server(server.portalSuspended(), server.row('2'), server.portalSuspended());
      c.server(server.complete('SELECT 0'), server.ready());
    });
    expect(told.statements).toMatchObject([{ rowsReturned: 2, status: 'ok' }]);
    expect(told.seconds.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });
});

describe('a COPY', () => {
  it('counts data that were sent before the server said that it copies', () => {
    const played = talk((c) => {
      c.client(client.query('COPY t FROM STDIN'), client.copyData('one\n'));
      c.client(client.copyData('two\n'), client.copyDone());
      c.server(server.copyIn(), server.complete('COPY 2'), server.ready());
    });
    expect(played.told.statements).toMatchObject([{ copyBytes: 8, copyRows: 2, rowsAffected: 2 }]);
    expect(ends(played)).toEqual(['implicit commit 1/2']);
  });
});

describe('names', () => {
  it('are forgotten by a DEALLOCATE with a comment in it', () => {
    const played = talk((c) => {
      c.client(client.parse('SELECT 1', 's1'), client.sync());
      c.server(server.parseComplete(), server.ready());
      c.client(client.query('DEALLOCATE /* why */ PREPARE -- not\n s1'));
      c.server(server.complete('DEALLOCATE'), server.ready());
      c.client(client.bind({ statement: 's1' }), client.execute(), client.sync());
      c.server(server.error('26000'), server.ready());
    });
    expect(lines(played)[1]).toBe('<?>: error 26000');
  });

  it('are told of a Describe that found nothing under them', () => {
    const { told } = talk((c) => {
      c.client(client.describe('S', 'nobody'), client.sync());
      c.server(server.error('26000'), server.ready());
    });
    expect(told.statements).toMatchObject([{ statementName: 'nobody', sqlstate: '26000' }]);
  });
});

describe('the status of the transaction', () => {
  it('is told with the last statement that ran, not with what was skipped behind it', () => {
    const { told } = talk((c) => {
      c.client(client.query('SELECT 1; SELECT 2; SELECT 3'));
      c.server(server.complete('SELECT 0'), server.error('22012'), server.ready());
      c.client(...pbe('SELECT 4'), client.sync());
      c.server(server.parseComplete(), server.bindComplete());
      c.server(server.complete('SELECT 0'), server.ready());
    });
    const statuses = told.statements.map(({ transactionStatus }) => transactionStatus);
    expect(statuses).toEqual(['', 'I', '', 'I']);
  });
});
