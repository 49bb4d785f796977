/**
 * The scenarios: small conversations, each with the one sentence that says what a reader of the wire must make of it.
 * record-scenarios.ts records them; test/scenarios/ holds the recordings and the events expected of them.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { delay, runProgram } from './process.ts';
import { connectTls } from './tls-client.ts';
import { WireClient } from './wire-client.ts';
import { client as say, extended, message } from '../wire/postgres.ts';

/** Two servers on two addresses of the lab's namespace; the second speaks TLS too. */
export const PLAIN_HOST = '10.30.0.1';
export const TLS_HOST = '10.30.0.2';
export const CLIENT_HOST = '10.30.1.1';
const PORT = 5432;

export interface Play {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  /** Work before the recording begins; what it returns goes to `play`. */
  readonly before?: () => Promise<WireClient>;
  readonly play: (opened: WireClient | undefined) => Promise<void>;
  /** After the recording has ended. */
  readonly after?: (opened: WireClient | undefined) => Promise<void>;
  readonly filter?: string;
  readonly snaplen?: number;
  readonly nanoseconds?: boolean;
  /** What its clients wrote to a key log; kept beside the capture as keys.log. */
  readonly keyLog?: () => string;
}

function open(localPort?: number): Promise<WireClient> {
  return WireClient.open({
    host: PLAIN_HOST,
    port: PORT,
    user: 'alice',
    database: 'sales',
    application: 'scenario',
    localAddress: CLIENT_HOST,
    ...(localPort === undefined ? {} : { localPort }),
  });
}

function session(work: (client: WireClient) => Promise<void>): Play['play'] {
  return async () => {
    const client = await open();
    await work(client);
    await client.end();
  };
}

async function round(client: WireClient, ...messages: readonly Uint8Array[]): Promise<void> {
  client.send(...messages, say.sync());
  await client.until('Z');
}

/** A socket for bytes of one's own. */
async function rawSocket(host = PLAIN_HOST, port = PORT): Promise<Socket> {
  const socket = connect({ host, port, localAddress: CLIENT_HOST });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function hangUp(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const closed = once(socket, 'close');
  socket.resume();
  socket.end();
  await closed;
}

/** Another protocol's server on PostgreSQL's port: says `greeting`, answers every chunk with the next of `answers`. */
async function foreign(
  greeting: Uint8Array | undefined,
  requests: readonly Uint8Array[],
  answers: readonly Uint8Array[],
): Promise<void> {
  const server = createServer((socket) => {
    let turn = 0;
    if (greeting !== undefined) socket.write(greeting);
    socket.on('data', () => {
      const answer = answers[turn++];
      if (answer !== undefined) socket.write(answer);
    });
    socket.on('end', () => socket.end());
  });
  server.listen(PORT, CLIENT_HOST);
  await once(server, 'listening');
  const socket = await rawSocket(CLIENT_HOST);
  if (greeting !== undefined) await once(socket, 'data');
  for (const request of requests) {
    socket.write(request);
    await once(socket, 'data');
  }
  await hangUp(socket);
  server.close();
}

/** Messages of MySQL's protocol: three bytes of length, one of sequence (MySQL manual, "Protocol::Packet"). */
function mysqlPacket(sequence: number, ...parts: readonly (string | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.of(body.length, 0, 0, sequence), body]);
}

const everydayPlays: readonly Play[] = [
  {
    name: 'simple-query',
    about: 'Simple queries that return, change, and fail; an empty one; and an orderly end.',
    play: session(async (client) => {
      await client.query('SELECT n, label FROM numbers WHERE n <= 3');
      await client.query("INSERT INTO parent VALUES (1000, 'new', 1)");
      await client.query('DELETE FROM parent WHERE id = 1000;');
      await client.query('SELECT * FROM nowhere');
      await client.query('');
    }),
  },
  {
    name: 'extended-query',
    about: 'Extended queries with unnamed statements, parameters and NULL, one Sync each.',
    play: session(async (client) => {
      await round(client, extended('SELECT $1::int + 1 AS next', ['41']));
      await round(client, extended('SELECT $1::text, $2::text', [null, 'zwölf']));
      await round(client, extended('UPDATE numbers SET weight = 1 WHERE n < $1', ['11']));
      await round(client, extended('SELECT 1 / $1::int', ['0']));
    }),
  },
  {
    name: 'prepared-reuse',
    about:
      'A statement parsed once by name and executed four times, closed, and missed afterwards.',
    play: session(async (client) => {
      await round(
        client,
        say.parse('SELECT label FROM numbers WHERE n = $1', 'by_n'),
        say.describe('S', 'by_n'),
      );
      for (const n of ['1', '2', '99999', '4']) {
        await round(client, say.bind({ statement: 'by_n', values: [n] }), say.execute());
      }
      await round(client, say.close('S', 'by_n'));
      await round(client, say.bind({ statement: 'by_n', values: ['5'] }), say.execute());
    }),
  },
  {
    name: 'pipeline-error',
    about:
      'Three statements before one Sync, the second fails: the third is skipped and the first rolled back.',
    play: session(async (client) => {
      await round(
        client,
        extended("INSERT INTO parent VALUES (1001, 'undone', 1)"),
        extended('SELECT 1 / $1::int', ['0']),
        extended('SELECT 2'),
      );
      client.send(extended('SELECT 3'), say.sync(), extended('SELECT 4'), say.sync());
      await client.until('Z', 2);
    }),
  },
  {
    name: 'multi-statement-begin',
    about:
      'BEGIN in the middle of a string makes the statements before it part of the transaction.',
    play: session(async (client) => {
      await client.query(
        "INSERT INTO parent VALUES (60, 'a', 1); BEGIN; INSERT INTO parent VALUES (61, 'b', 1); ROLLBACK; INSERT INTO parent VALUES (62, 'c', 1)",
      );
      await client.query('BEGIN; SELECT 1/0; SELECT 2');
      await client.query('COMMIT');
      await client.query('DELETE FROM parent WHERE id = 62; SELECT 1; SELECT 1/0; SELECT 2');
    }),
  },
  {
    name: 'portal-suspended',
    about: 'A portal executed two rows at a time: five rows in three parts.',
    play: session(async (client) => {
      await client.query('BEGIN');
      const part = say.execute('p', 2);
      await round(
        client,
        say.parse('SELECT n FROM numbers LIMIT 5'),
        say.bind({ portal: 'p' }),
        part,
      );
      await round(client, part);
      await round(client, part, say.close('P', 'p'));
      await client.query('COMMIT');
    }),
  },
  {
    name: 'copy',
    about: 'COPY in, COPY out, COPY that the client gives up and COPY that the server refuses.',
    play: session(async (client) => {
      const start = async () => {
        client.send(say.query('COPY parent (id, name) FROM STDIN'));
        await client.until('G');
      };
      await client.query('BEGIN');
      await start();
      client.send(
        say.copyData('1100\tone\n1101\ttwo\n'),
        say.copyData('1102\tthree\n'),
        say.copyDone(),
      );
      await client.until('Z');
      await client.query('COPY (SELECT n, label FROM numbers WHERE n <= 20) TO STDOUT');
      await client.query('ROLLBACK');
      await start();
      client.send(say.copyData('1103\tfour\n'), say.copyFail('enough'));
      await client.until('Z');
      await start();
      client.send(say.copyData('one\tfive\n'), say.copyData('1105\tsix\n'), say.copyDone());
      await client.until('Z');
    }),
  },
  {
    name: 'copy-extended',
    about:
      'COPY by an Execute whose Sync comes before the data: the server ignores that Sync and answers the second.',
    play: session(async (client) => {
      await client.query('BEGIN');
      client.send(
        say.parse('COPY parent (id, name) FROM STDIN'),
        say.bind(),
        say.execute(),
        say.sync(),
      );
      await client.until('G');
      client.send(say.copyData('700\textended\n'), say.copyDone(), say.sync());
      await client.until('Z');
      client.send(say.query('SELECT 1; COPY parent (id, name) FROM STDIN; SELECT 2'));
      await client.until('G');
      client.send(say.copyData('701\tmulti\n'), say.copyDone());
      await client.until('Z');
      await client.query('ROLLBACK');
    }),
  },
  {
    name: 'two-phase-commit',
    about:
      'PREPARE TRANSACTION ends the transaction for its session; COMMIT PREPARED and ROLLBACK PREPARED decide it.',
    play: session(async (client) => {
      for (const end of ['COMMIT', 'ROLLBACK']) {
        await client.query('BEGIN');
        await client.query("INSERT INTO parent VALUES (950, 'two phases', 1)");
        await client.query("PREPARE TRANSACTION 'scenario'");
        await client.query(`${end} PREPARED 'scenario'`);
        await client.query('DELETE FROM parent WHERE id = 950');
      }
    }),
  },
  {
    name: 'transactions',
    about:
      'Commit, rollback, savepoints, a COMMIT that is a rollback, a COMMIT without a transaction, and AND CHAIN.',
    play: session(async (client) => {
      const strings = [
        'BEGIN|UPDATE numbers SET weight = 0 WHERE n < 5|COMMIT',
        'BEGIN|DELETE FROM child|ROLLBACK',
        'BEGIN|SAVEPOINT a|SELECT 1/0|SELECT 1|ROLLBACK TO a|COMMIT',
        'BEGIN|SELECT 1/0|COMMIT',
        'COMMIT',
        'BEGIN|SELECT 1|COMMIT AND CHAIN|SELECT 2|ROLLBACK',
      ];
      for (const sql of strings.flatMap((text) => text.split('|'))) await client.query(sql);
    }),
  },
  {
    name: 'deferred-constraint',
    about:
      'A deferred constraint fails after the statement was told complete, at the Sync and at the COMMIT.',
    play: session(async (client) => {
      await client.query('INSERT INTO late VALUES (1, 999)');
      await round(client, extended('INSERT INTO late VALUES ($1, 999)', ['1']));
      await client.query('BEGIN');
      await client.query('INSERT INTO late VALUES (1, 999)');
      await client.query('COMMIT');
    }),
  },
  {
    name: 'notify',
    about: 'Notices and notifications come between the answers and answer nothing.',
    play: session(async (client) => {
      await client.query('LISTEN news');
      await client.query("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$");
      await client.query("NOTIFY news, 'hello'");
      await client.query("SET application_name = 'renamed'");
      await client.query('SELECT 1');
    }),
  },
  {
    name: 'function-call',
    about: 'A function called by the old FunctionCall message (pi(), OID 1610).',
    play: session(async (client) => {
      const oid = Buffer.alloc(4);
      oid.writeInt32BE(1610);
      client.send(message('F', oid, Buffer.alloc(6)));
      await client.until('Z');
      await client.query('SELECT 1');
    }),
  },
  {
    name: 'long-statement',
    about: 'A statement of 100 KB and a row of 200 KB, in many segments.',
    nanoseconds: true,
    play: session(async (client) => {
      await client.query(`SELECT length('${'long '.repeat(20_000)}')`);
      await round(client, extended("SELECT repeat('x', 200000)"));
    }),
  },
];

const endingPlays: readonly Play[] = [
  {
    name: 'cancel-request',
    about: 'A statement that is cancelled by a request on a connection of its own.',
    play: session(async (client) => {
      const answer = client.query('SELECT pg_sleep(20)');
      await delay(100);
      await client.cancel();
      await answer;
    }),
  },
  {
    name: 'server-ends-session',
    about: 'The administrator ends a session that has a transaction open.',
    play: async () => {
      const victim = await open();
      await victim.query('BEGIN');
      const admin = await open();
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice' AND pid <> pg_backend_pid()",
      );
      await admin.end();
      await victim.until('Z');
      await victim.drop();
    },
  },
  {
    name: 'dropped-connection',
    about: 'The client leaves without a word while a transaction is open.',
    play: async () => {
      const client = await open();
      await client.query('BEGIN');
      await client.query('SELECT 1');
      await client.drop();
    },
  },
  {
    name: 'open-at-the-end',
    about:
      'The capture ends while one statement waits for its answer and another connection is idle in a transaction.',
    before: async () => {
      const client = await open();
      await client.query('SELECT 1');
      return client;
    },
    play: async (opened) => {
      await opened?.query('BEGIN');
      const waiting = await open();
      waiting.send(say.query('SELECT pg_sleep(6)'));
      await delay(200);
      left = waiting;
    },
    after: async (opened) => {
      await left?.end();
      await opened?.end();
    },
  },
  {
    name: 'refused-login',
    about: 'A wrong password, a database that does not exist, and a role that does not.',
    play: async () => {
      const attempts = ['carol sales', 'alice nowhere', 'nobody sales'];
      for (const [user = '', database = ''] of attempts.map((text) => text.split(' '))) {
        await runProgram('psql', ['-X', '-h', PLAIN_HOST, '-U', user, '-d', database, '-c', ''], {
          env: {
            ...process.env,
            PGPASSWORD: 'wrong',
            PGSSLMODE: 'disable',
            PGGSSENCMODE: 'disable',
          },
        });
      }
    },
  },
  {
    name: 'connection-refused',
    about: 'Nobody listens: the connection is reset before a byte is sent.',
    play: async () => {
      const socket = connect({ host: CLIENT_HOST, port: PORT, localAddress: CLIENT_HOST });
      await once(socket, 'error');
    },
  },
];

/** Still open when its recording ends. */
let left: WireClient | undefined;

/** A session in clear after a negotiation. */
async function negotiated(request: Uint8Array): Promise<void> {
  const socket = await rawSocket();
  socket.write(request);
  await once(socket, 'data');
  socket.write(say.startup({ user: 'alice', database: 'sales' }));
  await delay(100);
  socket.write(say.query('SELECT 1'));
  await delay(100);
  await hangUp(socket);
}

const tlsKeys: Buffer[] = [];

const openingPlays: readonly Play[] = [
  {
    name: 'tls-key-log',
    about:
      'Two clients use TLS, one in version 1.2, one in 1.3, and write down their secrets: both are read like any other.',
    play: async () => {
      for (const [version, cipher] of [
        ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
        ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
      ] as const) {
        const keyLog = (line: Buffer) => tlsKeys.push(line);
        const where = { host: TLS_HOST, port: PORT, user: 'alice', database: 'postgres' };
        const tls = { version, cipher, serverName: 'db.example', keyLog };
        const client = await connectTls({ ...where, application: version, tls });
        await client.query('SELECT $1::int + 1', [1]);
        await client.query('SELECT 1/0').catch(() => undefined);
        await client.end();
      }
    },
    keyLog: () => Buffer.concat(tlsKeys).toString(),
  },
  {
    name: 'tls-refused',
    about: 'The client asks for TLS, the server says no, and the session goes on in clear.',
    play: () => negotiated(say.sslRequest()),
  },
  {
    name: 'gss-accepted',
    about:
      'The client asks for GSS encryption and the server agrees: nothing after that can be read.',
    play: async () => {
      const socket = await rawSocket();
      socket.write(say.gssRequest());
      await once(socket, 'data');
      // A token that is no token: the server gives up.
      socket.write(Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]));
      await delay(200);
      await hangUp(socket);
    },
  },
  {
    name: 'tls-accepted',
    about: 'The client asks for TLS and gets it: nothing after that can be read.',
    play: async () => {
      await runProgram(
        'psql',
        ['-X', '-h', TLS_HOST, '-U', 'alice', '-d', 'postgres', '-c', 'SELECT 1'],
        { env: { ...process.env, PGSSLMODE: 'require', PGGSSENCMODE: 'disable' } },
      );
    },
  },
  {
    name: 'protocol-3-2',
    about:
      'A client that asks for protocol 3.2 with an unknown option is told what the server can do.',
    play: async () => {
      const socket = await rawSocket();
      socket.write(
        say.startup({ user: 'alice', database: 'sales', '_pq_.unknown': 'on' }, 0x0003_0002),
      );
      await delay(100);
      socket.write(say.query('SELECT 1'));
      await delay(100);
      await hangUp(socket);
    },
  },
  {
    name: 'port-reuse',
    about:
      'A second connection with the same addresses and ports: nothing of the first may remain.',
    play: async () => {
      for (const sql of ['BEGIN', 'SELECT 2']) {
        const client = await open(40_123);
        client.send(say.parse('SELECT 1', 'same'), say.sync());
        await client.until('Z');
        await client.query(sql);
        // A reset leaves no TIME-WAIT behind, so that the port can be used again at once.
        client.socket.resetAndDestroy();
        await delay(100);
      }
    },
  },
  {
    name: 'mid-stream',
    about: 'The capture begins after the login and after a statement was prepared.',
    before: async () => {
      const client = await open();
      client.send(say.parse('SELECT label FROM numbers WHERE n = $1', 'early'), say.sync());
      await client.until('Z');
      return client;
    },
    play: async (client) => {
      if (client === undefined) return;
      await round(
        client,
        say.bind({ statement: 'early', values: ['1'] }),
        say.describe('P'),
        say.execute(),
      );
      await client.query('SELECT 2');
      await round(client, extended('SELECT 3'));
      await client.end();
    },
  },
];

const flawedPlays: readonly Play[] = [
  {
    name: 'requests-only',
    about: 'A mirror that shows only what the client sends.',
    filter: `dst port ${String(PORT)}`,
    play: session(async (client) => {
      await client.query('SELECT 1');
      await round(client, extended('SELECT 2'));
    }),
  },
  {
    name: 'answers-only',
    about: 'A mirror that shows only what the server sends.',
    filter: `src port ${String(PORT)}`,
    play: session(async (client) => {
      await client.query('SELECT 1');
      await round(client, extended('SELECT 2'));
    }),
  },
  {
    name: 'short-snaplen',
    about: 'Packets cut at 96 bytes: texts and answers are known to be missing.',
    snaplen: 96,
    play: session(async (client) => {
      await client.query('SELECT 1');
      await client.query("SELECT 'a text that is longer than what is left of a packet', 2, 3");
      await client.query('SELECT n, label FROM numbers WHERE n <= 5');
      await client.query('SELECT 4');
    }),
  },
  {
    name: 'http-on-5432',
    about: 'HTTP on the port of PostgreSQL: no statement may be made of it.',
    play: () =>
      foreign(
        undefined,
        [Buffer.from('GET / HTTP/1.1\r\nHost: 10.30.0.1:5432\r\nAccept: */*\r\n\r\n')],
        [Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nQ\0\0\0\x0dSELECT 1\0')],
      ),
  },
  {
    name: 'mysql-on-5432',
    about:
      'MySQL on the port of PostgreSQL, where the server speaks first: no statement may be made of it.',
    play: () =>
      foreign(
        mysqlPacket(
          0,
          [10],
          '8.0.36\0',
          [9, 0, 0, 0],
          'abcdefgh\0',
          [255, 255, 255, 2, 0, 255, 199, 21],
          '\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0',
        ),
        [
          mysqlPacket(
            1,
            [133, 166, 63, 32, 0, 0, 0, 1, 33],
            '\0'.repeat(23),
            'root\0\0mysql_native_password\0',
          ),
          mysqlPacket(0, [3], 'SELECT 1'),
        ],
        [
          mysqlPacket(2, [0, 0, 0, 2, 0, 0, 0]),
          Buffer.concat([
            mysqlPacket(1, [1]),
            mysqlPacket(
              2,
              [3],
              'def\0\0\0',
              [1],
              '1\0',
              [12, 63, 0, 1, 0, 0, 0, 8, 129, 0, 0, 0, 0],
            ),
            mysqlPacket(3, [1], '1'),
            mysqlPacket(4, [254, 0, 0, 2, 0]),
          ]),
        ],
      ),
  },
];

export const plays: readonly Play[] = [
  ...everydayPlays,
  ...endingPlays,
  ...openingPlays,
  ...flawedPlays,
];
