/** Whole conversations: login, refusal, encryption, cancel, and how they end. */
import { describe, expect, it } from 'vitest';
import { cut, int32 } from '../../../wire/bytes.ts';
import { Connection, Wire } from '../../../wire/connection.ts';
import { Flag } from '../../../wire/packets.ts';
import { client, server } from '../../../wire/postgres.ts';
import { type Played, play } from '../../recording-sink.ts';
import { ends, KEY, lines, login, talk } from './talk.ts';

const kinds = ({ told }: Played): string[] => told.sessions.map(({ type }) => type);
const anomalies = ({ told }: Played): string[] =>
  told.of('anomaly').map(({ kind, detail }) => `${kind}: ${detail ?? ''}`);
const reasons = ({ told }: Played): string[] => told.of('session_end').map(({ reason }) => reason);

/** Nothing captured is left out of the books. */
function expectBalance({ summary }: Played): void {
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  expect(payloadBytes).toBe(decodedBytes + encryptedBytes + foreignBytes + repeatedBytes);
}

describe('a session', () => {
  it('is told with who, where and how long the login took', () => {
    const played = talk(() => undefined);
    const start = played.told.of('session_start')[0];
    expect(start).toMatchObject({
      serverVersion: '15.4',
      loginUs: 100,
      session: {
        protocol: 'postgres',
        user: 'ann',
        database: 'shop',
        application: 'till',
        clientPort: 40_000,
        serverPort: 5432,
      },
    });
    expect(start?.session.id).toMatch(/^[0-9a-f]{16}$/);
    expect(start?.tsUs).toBe(1_767_225_600_250_400);
    expect(played.told.of('session_end')[0]).toMatchObject({
      reason: 'terminate',
      statements: 0,
      errors: 0,
      lostBytes: 0,
      transactionStatus: 'I',
      quality: 0,
    });
    expectBalance(played);
  });

  it('has one id in all its events, and another session has another', () => {
    const wire = new Wire();
    for (const clientPort of [1, 2]) {
      const connection = login(wire, { clientPort });
      connection.client(client.query('SELECT 1'));
      connection.server(server.complete('SELECT 1'), server.ready());
      connection.close();
    }
    const { told } = play(wire.packets);
    const ids = new Set(told.sessions.map(({ session }) => session.id));
    expect(ids.size).toBe(2);
    expect(new Set(told.statements.map(({ sessionId }) => sessionId))).toEqual(ids);
  });

  it('is the same however TCP cut the bytes of its login', () => {
    const startup = client.startup({ user: 'ann', database: 'shop' });
    const answers = Buffer.concat([
      server.authenticationOk(),
      server.parameterStatus('server_version', '15.4'),
      server.keyData(1, KEY),
      server.ready(),
    ]);
    for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 13, 1000]) {
      const wire = new Wire();
      const connection = new Connection(wire).open();
      for (const piece of cut(startup, [size])) connection.client(piece);
      for (const piece of cut(answers, [size])) connection.server(piece);
      connection.close();
      const played = play(wire.packets);
      expect([size, kinds(played)]).toEqual([size, ['session_start', 'session_end']]);
      expect(played.told.of('session_start')[0]?.session.user).toBe('ann');
      expectBalance(played);
    }
  });

  it('takes its database from the user when none was named', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'ann' }));
    connection.server(server.authenticationOk(), server.ready());
    expect(play(wire.packets).told.of('session_start')[0]?.session.database).toBe('ann');
  });

  it('goes on at a lower version when the server says so', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'ann', '_pq_.test': 'x' }, 0x0003_0002));
    connection.server(
      server.negotiateVersion(0x0003_0000, ['_pq_.test']),
      server.authenticationOk(),
      server.ready(),
    );
    connection.client(client.query('SELECT 1'));
    connection.server(server.row('1'), server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets);
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
    expect(kinds(played)).toEqual(['session_start', 'session_end']);
  });

  it('changes its application when the server reports it, and its dialect by the version', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'ann', application_name: 'old' }));
    connection.server(
      server.authenticationOk(),
      server.parameterStatus('application_name', 'new'),
      server.parameterStatus('server_version', 'KingbaseES V008R006'),
      server.ready(),
    );
    expect(play(wire.packets).told.of('session_start')[0]?.session).toMatchObject({
      application: 'new',
      dialect: 'kingbase',
    });
  });

  it('that nobody ended is told as open when the capture ends', () => {
    const played = talk(
      (c) => {
        c.client(client.query('BEGIN'));
        c.server(server.complete('BEGIN'), server.ready('T'));
      },
      { leave: false },
    );
    const begun = played.told.statements[0]?.tsUs;
    expect(played.told.of('session_end')[0]).toMatchObject({
      reason: 'capture_end',
      transactionStatus: 'T',
      transactionStartUs: begun,
    });
    expect(ends(played)).toEqual([]);
  });
});

describe('a login', () => {
  it('with the right password says nothing about it', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'ann' }));
    connection.server(server.authenticationMd5());
    connection.client(client.password('md5-s3cret'));
    connection.server(server.authenticationOk(), server.ready());
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['session_start', 'session_end']);
    expect(JSON.stringify(played.told)).not.toContain('s3cret');
    expect(played.told.of('session_start')[0]?.loginUs).toBe(300);
  });

  it.each(['57P03', '53300'])('that the server cannot take (%s) counts as refused', (sqlstate) => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'ann' }));
    connection.server(server.error(sqlstate, { severity: 'FATAL', message: 'not now' }));
    connection.close('server');
    const { told } = play(wire.packets);
    expect(told.seconds.reduce((sum, row) => sum + row.connectionsRefused, 0)).toBe(1);
  });

  it('that fails is told with its error, and is no refused connection', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.client(client.startup({ user: 'eve' }));
    connection.server(server.authenticationCleartext());
    connection.client(client.password('guess'));
    connection.server(server.error('28P01', { severity: 'FATAL', message: 'no' }));
    connection.close('server');
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['login_failed', 'session_end']);
    expect(played.told.of('login_failed')[0]).toMatchObject({
      session: { user: 'eve' },
      error: { sqlstate: '28P01', errorClass: 'auth_failure' },
    });
    expect(reasons(played)).toEqual(['server']);
    const refused = played.told.seconds.reduce((sum, row) => sum + row.connectionsRefused, 0);
    expect(refused).toBe(0);
    expect(JSON.stringify(played.told)).not.toContain('guess');
  });

  it('that is refused before it began, because the server is full, is told as failed', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.server(server.error('53300', { severity: 'FATAL', message: 'too many clients' }));
    connection.close('server');
    const played = play(wire.packets);
    expect(played.told.of('login_failed')[0]?.error).toMatchObject({ sqlstate: '53300' });
    expect(anomalies(played)).toEqual([]);
    expectBalance(played);
  });
});

describe('a server that is ready before it was asked', () => {
  const key = Buffer.from('cafe', 'hex');

  it.each([
    ['then asked', [client.startup({ user: 'ann' })]],
    ['then asked to cancel', [client.cancelRequest(1, key)]],
    ['then asked to encrypt', [client.sslRequest(), Buffer.from('1603010005', 'hex')]],
    ['then told something else', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
  ])('has one session, with a beginning and an end, when it is %s', (_what, said) => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.server(server.authenticationOk(), server.ready());
    for (const bytes of said) {
      connection.client(bytes);
      connection.server(server.authenticationOk(), server.ready());
    }
    connection.close();
    const played = play(wire.packets);
    const told = kinds(played).filter((kind) => kind.startsWith('session_'));
    expect(told).toEqual(['session_start', 'session_end']);
    expectBalance(played);
  });
});

describe('a request for encryption', () => {
  const opened = (): { wire: Wire; connection: Connection } => {
    const wire = new Wire();
    return { wire, connection: new Connection(wire).open() };
  };

  it.each([
    ['TLS', client.sslRequest(), 'S', 'tls'],
    ['GSS', client.gssRequest(), 'G', 'gss'],
  ])('for %s that is granted leaves only sizes to tell', (_name, request, answer, method) => {
    const { wire, connection } = opened();
    connection.client(request);
    connection.server(Buffer.from(answer));
    connection.client(Buffer.alloc(500, 0x16));
    connection.server(Buffer.alloc(700, 0x17));
    connection.close();
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['encrypted', 'session_end']);
    expect(played.told.of('encrypted')[0]).toMatchObject({ method });
    expect(played.summary).toMatchObject({ encryptedBytes: 1200, framesRefused: 0 });
    expectBalance(played);
  });

  it('that is refused twice is followed by a session in clear', () => {
    const { wire, connection } = opened();
    connection.client(client.gssRequest());
    connection.server(Buffer.from('N'));
    connection.client(client.sslRequest());
    connection.server(Buffer.from('N'));
    connection.client(client.startup({ user: 'ann' }));
    connection.server(server.authenticationOk(), server.ready());
    connection.client(client.query('SELECT 1'));
    connection.server(server.row('1'), server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['session_start', 'session_end']);
    expect(lines(played)).toEqual(['SELECT 1: ok r1']);
  });

  it('that an old server answers with an error is told as failed', () => {
    const { wire, connection } = opened();
    connection.client(client.sslRequest());
    connection.server(server.error('0A000', { severity: 'FATAL', message: 'unsupported' }));
    connection.close('server');
    expect(play(wire.packets).told.of('login_failed')[0]?.error.sqlstate).toBe('0A000');
  });

  it('that is not even made (direct TLS) is known by its first byte', () => {
    const { wire, connection } = opened();
    connection.client(Buffer.from('160301020001000001', 'hex'));
    connection.server(Buffer.from('1603030040', 'hex'));
    const played = play(wire.packets);
    expect(kinds(played)).toEqual(['encrypted', 'session_end']);
    expect(played.summary.encryptedBytes).toBe(14);
    expectBalance(played);
  });
});

describe('another protocol on the port', () => {
  it.each([
    ['HTTP', 'client', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'not_postgres: HTTP'],
    ['SSH', 'client', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'not_postgres: SSH'],
    ['rubbish', 'client', Buffer.alloc(64, 0xfe), 'not_postgres: '],
    [
      'MySQL',
      'server',
      Buffer.from(`4a0000000a${'38'.repeat(70)}`, 'hex'),
      'not_postgres: MySQL greeting',
    ],
  ] as const)('(%s) is named once, and its bytes are foreign', (_name, side, bytes, anomaly) => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    connection.segment(side, { payload: bytes });
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
    connection.close();
    const played = play(wire.packets);
    expect(anomalies(played)).toEqual([anomaly]);
    expect(lines(played)).toEqual([]);
    expect(played.summary).toMatchObject({
      foreignBytes: played.summary.payloadBytes,
      decodedBytes: 0,
      framesRefused: 1,
    });
    expectBalance(played);
  });

  it('whose first bytes come one by one is foreign as well', () => {
    const wire = new Wire();
    const connection = new Connection(wire).open();
    for (const piece of cut(Buffer.from('GET / HTTP/1.1\r\n\r\n'), [1])) connection.client(piece);
    const played = play(wire.packets);
    expect(anomalies(played).length).toBe(1);
    expect(played.summary.foreignBytes).toBe(played.summary.payloadBytes);
  });

  it('on a port that nobody named stays foreign, whatever was held back behind its first bytes', () => {
    const wire = new Wire();
    const connection = new Connection(wire, { serverPort: 8080 }).open();
    const first = connection.frame('client', { payload: Buffer.from('GET / HTTP/1.1') });
    connection.lost('client', Buffer.from('GET / HTTP/1.1'));
    connection.client(client.startup({ user: 'ann' }));
    wire.put(first);
    const played = play(wire.packets);
    expect(played.told.sessions).toEqual([]);
    expect(played.summary.foreignBytes).toBe(played.summary.payloadBytes);
  });

  it('on a port that nobody named makes no event at all', () => {
    const wire = new Wire();
    const connection = new Connection(wire, { serverPort: 8080 }).open();
    connection.client(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    connection.server(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    const played = play(wire.packets);
    expect([played.told.sessions, played.summary.foreignBytes]).toEqual([[], 37]);
    expectBalance(played);
  });
});

describe('a server on another port', () => {
  const onPort = (serverPort: number): Wire => {
    const wire = new Wire();
    const connection = login(wire, { serverPort });
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
    return wire;
  };

  it('is found by the first bytes of its client', () => {
    expect(lines(play(onPort(7777).packets))).toEqual(['SELECT 1: ok r0 a1']);
  });

  it('is found in mid-stream only when its port was named', () => {
    const late = onPort(7777).packets.slice(5);
    expect(lines(play(late))).toEqual([]);
    expect(lines(play(late, { ports: new Map([[7777, 'postgres']]) }))).toEqual([
      'SELECT 1: ok r0 a1',
    ]);
  });

  it('with a known port on both ends is the one that was called', () => {
    const wire = new Wire();
    const connection = login(wire, { clientPort: 54_321, serverPort: 5432 });
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets);
    expect(played.told.of('session_start')[0]?.session).toMatchObject({
      clientPort: 54_321,
      serverPort: 5432,
    });
  });

  it('whose client calls from a known port by chance is still found', () => {
    const wire = new Wire();
    login(wire, { clientPort: 5432, serverPort: 7777 });
    expect(play(wire.packets).told.of('session_start')[0]?.session).toMatchObject({
      clientPort: 5432,
      serverPort: 7777,
    });
  });
});

describe('a cancel request', () => {
  const LONG = Buffer.alloc(32, 0x5a);

  /** A statement is asked; somebody asks to cancel; the server gives it up. */
  function cancelled(key: Uint8Array, askedKey: Uint8Array, message: string): Played {
    const wire = new Wire();
    const victim = login(wire, {}, { key });
    victim.client(client.query('SELECT pg_sleep(60)'));
    const other = new Connection(wire, { clientPort: 40_001 }).open();
    other.client(client.cancelRequest(4711, askedKey));
    other.close('server');
    victim.server(server.error('57014', { message }), server.ready());
    victim.client(client.query('SELECT 1'));
    victim.server(server.error('57014', { message: 'statement timeout' }), server.ready());
    return play(wire.packets);
  }

  it.each([
    ['4', KEY],
    ['32', LONG],
  ])('with a key of %s bytes is joined to its victim', (_size, key) => {
    const played = cancelled(key, key, 'Anfrage storniert');
    expect(lines(played)).toEqual([
      'SELECT pg_sleep(60): cancelled 57014',
      'SELECT 1: error 57014',
    ]);
    expect(played.told.of('cancel_request')[0]).toMatchObject({
      processId: 4711,
      targetSessionId: played.told.of('session_start')[0]?.session.id,
      targetUs: played.told.statements[0]?.tsUs,
    });
    expect(JSON.stringify(played.told)).not.toContain(Buffer.from(key).toString('hex'));
    expect(reasons(played)).toEqual(['capture_end']);
    expectBalance(played);
  });

  it.each([
    [1, true],
    [2, false],
  ])(
    'that comes to another address of the server is joined by its key, when %i session has it: %s',
    (count, found) => {
      const wire = new Wire();
      for (let n = 0; n < count; n++) {
        const victim = login(wire, { serverIp: `10.0.1.${n}` });
        victim.client(client.query('SELECT pg_sleep(60)'));
      }
      const other = new Connection(wire, { clientIp: '192.0.2.1', serverIp: '192.0.2.2' }).open();
      other.client(client.cancelRequest(4711, KEY));
      const { told } = play(wire.packets);
      const [first] = told.of('session_start');
      expect(told.of('cancel_request')[0]?.targetSessionId).toBe(
        found ? first?.session.id : undefined,
      );
    },
  );

  it('with a wrong key hits nobody', () => {
    const played = cancelled(KEY, Buffer.alloc(4), 'statement timeout');
    expect(played.told.of('cancel_request')[0]?.targetSessionId).toBeUndefined();
    expect(lines(played)[0]).toBe('SELECT pg_sleep(60): error 57014');
  });

  it('that came too late for a statement that failed by itself cancelled nothing', () => {
    const wire = new Wire();
    const victim = login(wire);
    victim.client(client.query('INSERT INTO t VALUES (1)'));
    new Connection(wire, { clientPort: 40_001 }).open().client(client.cancelRequest(4711, KEY));
    victim.server(server.error('23505'), server.ready());
    expect(lines(play(wire.packets))).toEqual(['INSERT INTO t VALUES (1): error 23505']);
  });

  it('finds the newer of two sessions with one key, also when the older has ended', () => {
    const wire = new Wire();
    const older = login(wire, { clientPort: 1 });
    login(wire, { clientPort: 2 });
    older.close();
    new Connection(wire, { clientPort: 3 }).open().client(client.cancelRequest(4711, KEY));
    const { told } = play(wire.packets);
    expect(told.of('cancel_request')[0]?.targetSessionId).toBe(
      told.of('session_start')[1]?.session.id,
    );
  });

  it('that was not seen is still known by what the server says', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.server(
        server.error('57014', { message: 'canceling statement due to user request' }),
        server.ready(),
      );
    });
    expect(lines(played)).toEqual(['SELECT 1: cancelled 57014']);
  });

  it('for a session that has ended hits nobody', () => {
    const wire = new Wire();
    login(wire).close();
    const other = new Connection(wire, { clientPort: 40_001 }).open();
    other.client(client.cancelRequest(4711, KEY));
    expect(play(wire.packets).told.of('cancel_request')[0]?.targetSessionId).toBeUndefined();
  });
});

describe('the end', () => {
  it('by the administrator is told with the error of the statement that ran', () => {
    const played = talk(
      (c) => {
        c.client(client.query('BEGIN'));
        c.server(server.complete('BEGIN'), server.ready('T'));
        c.client(client.query('SELECT 1'));
        c.server(server.error('57P01', { severity: 'FATAL', message: 'terminating' }));
        c.close('server');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual(['BEGIN: ok', 'SELECT 1: error 57P01']);
    expect(ends(played)).toEqual(['rollback 1/0']);
    expect(reasons(played)).toEqual(['server']);
  });

  it('by the administrator while nothing ran is told beside the statements', () => {
    const played = talk(
      (c) => {
        c.server(server.error('57P05', { severity: 'FATAL', message: 'idle session timeout' }));
        c.close('server');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual([]);
    expect(anomalies(played)).toEqual(['ended_by_server: 57P05 idle session timeout']);
    expect(reasons(played)).toEqual(['server']);
  });

  it('without a word leaves the last request unanswered and the transaction rolled back', () => {
    const played = talk(
      (c) => {
        c.client(client.query('BEGIN'));
        c.server(server.complete('BEGIN'), server.ready('T'));
        c.client(client.query('UPDATE t SET a = 1'));
        c.reset('client');
      },
      { leave: false },
    );
    expect(lines(played)).toEqual(['BEGIN: ok', 'UPDATE t SET a = 1: unanswered']);
    expect(ends(played)).toEqual(['rollback 1/0']);
    expect(reasons(played)).toEqual(['reset']);
    expect(played.summary.unansweredRequests).toBe(1);
  });

  it('of a one-way mirror that shows only clients has requests and says so', () => {
    const wire = new Wire();
    const connection = login(wire);
    connection.client(client.query('SELECT 1'));
    connection.server(server.complete('SELECT 1'), server.ready());
    connection.close();
    const source = connection.frame('client', {}).subarray(26, 30);
    const oneWay = wire.packets.filter(
      ({ bytes }) => Buffer.compare(bytes.subarray(26, 30), source) === 0,
    );
    const played = play(oneWay);
    expect(played.told.statements).toMatchObject([
      { text: 'SELECT 1', status: 'unknown', quality: ['one_way'] },
    ]);
    expect(played.told.of('session_end')[0]).toMatchObject({ session: { user: 'ann' } });
  });

  it('of a connection that was refused by its host counts as refused', () => {
    const wire = new Wire();
    const connection = new Connection(wire);
    connection.segment('client', { flags: Flag.syn });
    connection.segment('server', { flags: Flag.rst | Flag.ack });
    const played = play(wire.packets);
    expect(kinds(played)).toEqual([]);
    const [row] = played.told.seconds;
    expect(row).toMatchObject({
      connectionsOpened: 1,
      connectionsRefused: 1,
      connectionsClosed: 1,
    });
  });
});

describe('a replication stream', () => {
  it('is told as such and waits for nothing', () => {
    const played = talk(
      (c) => {
        c.client(client.query('START_REPLICATION SLOT "s" LOGICAL 0/0 (proto_version 1)'));
        c.server(server.copyBoth());
        c.server(server.copyData('w'.repeat(100)));
        c.client(client.copyData('r'.repeat(34)));
        c.server(server.copyData('k'));
      },
      { leave: false },
    );
    expect(played.told.of('replication')).toMatchObject([
      { mode: 'logical', phase: 'start' },
      { mode: 'logical', phase: 'end' },
    ]);
    expect(Math.max(...played.told.seconds.map(({ outstanding }) => outstanding))).toBe(0);
    expectBalance(played);
  });
});

describe('malformed messages', () => {
  it('are refused and told; what stands behind them is read', () => {
    const played = talk((c) => {
      c.client(client.query('SELECT 1'));
      c.server(Buffer.from('C'), int32(1), server.complete('SELECT 1'), server.ready());
      c.client(client.query('SELECT 2'));
      c.server(server.complete('SELECT 2'), server.ready());
    });
    expect(anomalies(played)).toEqual(['malformed: server to client']);
    expect(played.summary).toMatchObject({ framesRefused: 1, resyncs: 1, resyncBytes: 5 });
    expect(played.told.statements.map(({ text }) => text)).toEqual(['SELECT 1', 'SELECT 2']);
    expectBalance(played);
  });

  it('without end quarantine the connection; another one goes on', () => {
    const wire = new Wire();
    const bad = login(wire);
    const good = login(wire, { clientPort: 2 });
    for (let turn = 0; turn < 30; turn++)
      bad.server(Buffer.from('C'), int32(1), server.ready(), server.ready(), server.ready());
    const before = play(wire.packets).told.of('anomaly').length;
    bad.client(client.query('SELECT 1'));
    bad.server(server.complete('SELECT 1'), server.ready());
    good.client(client.query('SELECT 2'));
    good.server(server.complete('SELECT 2'), server.ready());
    const played = play(wire.packets);
    expect(lines(played)).toEqual(['SELECT 2: ok r0 a2']);
    expect(played.told.of('anomaly').length).toBe(before);
    expect(played.summary.foreignBytes).toBeGreaterThan(0);
    expect(reasons(played)).toEqual(['capture_end', 'capture_end']);
    expectBalance(played);
  });
});
