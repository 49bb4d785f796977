/**
 * Secrets are planted by every road that leads into a capture; then every byte that was written is searched for them:
 * what `decode` prints, what the store holds, and the segments on the way to it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Collector } from '../../collectors/collector.ts';
import { loadDescriber } from '../../src/sql/describe.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { mirrorsql } from '../lab/decode.ts';
import { bytesOf, cstring, cut, int16, int32, int8 } from '../wire/bytes.ts';
import { pcap } from '../wire/capture-files.ts';
import { Connection, Wire } from '../wire/connection.ts';
import { client, message, server } from '../wire/postgres.ts';

/** Each is written once; its number names the road in a failure. */
const planted: string[] = [];
function secret(): string {
  planted.push(`S3cret${String(planted.length + 1).padStart(2, '0')}x`);
  return planted.at(-1) ?? '';
}

function ask(c: Connection, sql: string, ...answers: readonly Buffer[]): void {
  for (const piece of cut(client.query(sql), [30_000])) c.client(piece);
  c.server(...(answers.length > 0 ? answers : [server.complete('DONE')]), server.ready());
}

function bound(
  c: Connection,
  sql: string,
  values: readonly (string | null)[],
  answer?: Buffer,
): void {
  c.client(client.parse(sql), client.bind({ values }), client.execute(), client.sync());
  c.server(server.parseComplete(), server.bindComplete());
  c.server(answer ?? server.complete('UPDATE 1'), server.ready());
}

function logIn(wire: Wire, clientPort: number): Connection {
  const c = new Connection(wire, { clientPort }).open();
  c.client(client.startup({ user: 'ann', database: 'shop', options: `-c app.token=${secret()}` }));
  c.server(server.authenticationCleartext());
  c.client(client.password(secret()));
  c.server(server.authenticationOk(), server.keyData(1, Buffer.from(secret())), server.ready());
  return c;
}

/** SQL that holds them, and what the server says of it. */
function plantInSql(c: Connection): void {
  ask(c, `CREATE ROLE a LOGIN PASSWORD '${secret()}' VALID UNTIL '2030-01-01'`);
  ask(c, `ALTER USER a WITH ENCRYPTED PASSWORD E'${secret()}'; SELECT 1`);
  ask(c, `ALTER USER a IDENTIFIED BY "${secret()}" REPLACE ${secret()}`);
  ask(c, `CREATE USER a IDENTIFIED BY ${secret()}`);
  ask(c, `SET SESSION AUTHORIZATION a PASSWORD '${secret()}'`);
  ask(c, `SET app.token = '${secret()}'`);
  ask(c, `SELECT dblink_connect('host=h password=${secret()} user=u')`);
  ask(c, `SELECT * FROM dblink('postgresql://u:${secret()}@h/d', 'select 1')`);
  ask(c, `CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password '${secret()}')`);
  ask(c, `CREATE SUBSCRIPTION s CONNECTION 'host=h password=''${secret()}''' PUBLICATION p`);
  ask(c, `ALTER SYSTEM SET primary_conninfo = 'host=h password=${secret()}'`);
  ask(c, `CREATE DATABASE LINK l CONNECT TO 'u' IDENTIFIED BY '${secret()}' USING (host 'h')`);
  ask(c, `SELECT gs_encrypt_aes128('x', '${secret()}'), crypt('${secret()}', 'salt')`);
  ask(c, `DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''${secret()}'''; END $$`);
  ask(c, `UPDATE users SET password = '${secret()}' WHERE id = 1`);
  ask(c, `INSERT INTO users (name, api_key) VALUES ('n', '${secret()}')`);
  ask(c, `SELECT 1; ALTER USER a/* c */PASSWORD -- '\n '${secret()}'\n '${secret()}'`);
  ask(c, `ALTER USER a PASSWORD U&'${secret()}' UESCAPE '!'`);
  ask(c, `SELECT dblink_connect('host=h password=' || '${secret()}')`);
  ask(c, `SELECT dblink_connect(format('host=h password=%s', '${secret()}'))`);
  ask(c, `SELECT dblink_connect('host=h password=a\\ b;c&d''e${secret()}')`);
  ask(c, `SELECT dblink_connect($$host=h password='it is ${secret()}'$$)`);
  ask(c, `CREATE SUBSCRIPTION s CONNECTION $$host=h password=${secret()}$$ PUBLICATION p`);
  ask(c, `DO 'BEGIN EXECUTE ''ALTER ROLE a PASSWORD ''''${secret()}''''''; END'`);
  ask(c, `SELECT digest('${secret()}', 'sha256'), "crypt"('${secret()}', gen_salt('bf'))`);
  ask(c, `ALTER ROLE a PASSWORT '${secret()}'`, server.error('42601', { message: 'no' }));
  ask(c, `CREATE USER a IDENTIFIED BY PASSWORD '${secret()}'`);
  ask(c, `UPDATE users SET (name, password) = ROW('n', '${secret()}')`);
  ask(c, `SELECT id FROM users WHERE (name, password) = ('n', '${secret()}')`);
  ask(
    c,
    `SELECT id FROM users WHERE '${secret()}' = password AND lower(pwd) = lower('${secret()}')`,
  );
  ask(c, `WITH d AS (SELECT 1) INSERT INTO users (name, pwd) VALUES ('n', '${secret()}')`);
  ask(
    c,
    `MERGE INTO users USING v ON v.id = users.id WHEN NOT MATCHED THEN INSERT (id, pwd) VALUES (1, '${secret()}')`,
  );
  ask(c, `ALTER ROLE a PASSWORD '${secret()}`);
  ask(c, `ALTER ROLE a PASSWORD '${'long '.repeat(300_000)}${secret()}'`);
}

function plantInAnswers(c: Connection): void {
  const unquoted = secret();
  const syntax = server.error('42601', { message: `syntax error at or near "${unquoted}"` });
  ask(c, `ALTER ROLE a PASSWORD ${unquoted}`, syntax);
  const broken = secret();
  const rest = server.error('42601', { message: `syntax error at or near "${broken}"` });
  ask(c, `ALTER ROLE a PASSWORD 'it's ${broken}'`, rest);
  const value = secret();
  const fields = ['SERROR', 'C22P02', `Mbad value: "${value}"`, `Dvalue ${value}`, `Wat ${value}`];
  const error = message('E', ...fields.map(cstring), int8(0));
  bound(c, 'UPDATE users SET password = $1::int', [value], error);
  const connection = `invalid connection string "host=h password=${secret()} user=u"`;
  ask(c, 'SELECT connect_by_setting()', server.error('08001', { message: connection }));
  ask(
    c,
    'SELECT 1',
    server.notice('01000', `password is ${secret()}`),
    server.complete('SELECT 1'),
  );
  ask(c, 'SELECT x', server.notification('channel', secret()), server.complete('SELECT 1'));
  ask(c, 'TABLE t', server.rowDescription('x'), server.row(secret()), server.complete('SELECT 1'));
}

function plantInParameters(c: Connection): void {
  bound(c, 'UPDATE users SET name = $1, password = $2', ['kept', secret()]);
  bound(c, 'INSERT INTO users (name, password) VALUES ($1, $2)', ['kept', secret()]);
  bound(c, 'UPDATE users SET (name, password) = ($1, $2)', ['hidden', secret()]);
  bound(c, 'SELECT id FROM users WHERE $1 = password', [secret()]);
  bound(c, 'SELECT crypt($1, $2)', [secret(), secret()]);
  bound(c, 'SELECT dblink_connect($1)', [`host=h password=${secret()}`]);
  bound(c, 'SELECT log($1)', [`https://u:${secret()}@h/`]);
  bound(c, "SELECT set_config('app.password', $1, false)", [secret()]);
  ask(c, 'PREPARE p (text) AS UPDATE users SET password = $1', server.complete('PREPARE'));
  ask(c, `EXECUTE p('${secret()}')`, server.complete('UPDATE 1'));
  ask(c, `EXECUTE nobody_knows('${secret()}')`, server.complete('UPDATE 1'));
  bound(c, 'EXECUTE p($1)', [secret()]);
  c.client(client.parse('UPDATE users SET password = $1', 'named'), client.sync());
  c.server(server.parseComplete(), server.ready());
  ask(c, `EXECUTE named('${secret()}')`, server.complete('UPDATE 1'));
}

function plantElsewhere(c: Connection): void {
  c.client(client.query(`BEGIN; UPDATE users SET password = '${secret()}'; COMMIT`));
  c.server(...['BEGIN', 'UPDATE 1', 'COMMIT'].map(server.complete), server.ready());
  c.client(client.query('COPY users FROM STDIN'));
  c.server(server.copyIn());
  c.client(client.copyData(`1\t${secret()}\n`), client.copyDone());
  c.server(server.complete('COPY 1'), server.ready());
  ask(c, 'COPY users TO STDOUT', server.copyOut(), server.copyData(secret()), server.copyDone());
  const argument = Buffer.from(secret());
  const call = bytesOf(int16(1), int16(0), int16(1), int32(argument.length), argument, int16(0));
  c.client(message('F', int32(1), call));
  c.server(server.functionResult(Buffer.from(secret())), server.ready());
  ask(c, "SET client_encoding TO 'GBK'", server.parameterStatus('client_encoding', 'GBK'));
  const text = Buffer.from(`ALTER ROLE a PASSWORD E'..${secret()}'\0`);
  text.set([0xd5, 0x5c], text.indexOf('..'));
  c.client(message('Q', text));
  c.server(server.complete('ALTER ROLE'), server.ready());
}

/** A session that began before the capture: nobody knows what it executes. */
function plantUnknown(wire: Wire): void {
  const c = new Connection(wire, { clientPort: 3 });
  const value = secret();
  c.client(client.bind({ statement: 'old', values: ['1'] }), client.execute(), client.sync());
  c.server(server.error('22P02', { message: `invalid input: "${value}"` }), server.ready());
}

function refused(wire: Wire): void {
  const c = new Connection(wire, { clientPort: 4 }).open();
  c.client(client.startup({ user: 'ann', database: 'shop' }));
  c.server(server.authenticationMd5());
  c.client(client.password(secret()));
  c.server(server.error('28P01', { severity: 'FATAL', message: 'password authentication failed' }));
  c.close('server');
}

const wire = new Wire();
const session = logIn(wire, 1);
for (const plant of [plantInSql, plantInAnswers, plantInParameters, plantElsewhere]) plant(session);
session.client(client.terminate());
session.close();
plantUnknown(wire);
refused(wire);

/** The roads whose secret stands there, also where letters were folded or bytes told in hex. */
function found(written: Buffer | string): string[] {
  const text = Buffer.from(written).toString('latin1').toLowerCase();
  return planted.filter((word) => {
    const plain = word.toLowerCase();
    return text.includes(plain) || text.includes(Buffer.from(word).toString('hex'));
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

let directory: string;
let capture: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirrorsql-secrets-'));
  capture = join(directory, 'capture.pcap');
  await writeFile(
    capture,
    pcap(wire.packets.map((packet) => ({ ...packet, timeNs: BigInt(packet.tsUs) * 1000n }))),
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a planted secret', () => {
  it('stands in the capture, by every road', () => {
    expect(planted.length).toBeGreaterThan(40);
    expect(found(readFileSync(capture))).toHaveLength(planted.length);
  });

  it('is not printed by decode, with parameters', async () => {
    const { code, stdout, stderr } = await mirrorsql(['decode', capture, '--params']);
    expect(code).toBe(0);
    expect(stdout).toContain('kept');
    expect(stdout.split('\n').length).toBeGreaterThan(40);
    expect([...found(stdout), ...found(stderr)]).toEqual([]);
  });

  it('is not in the segments that go to the store', async () => {
    const folder = join(directory, 'segments-only');
    await mkdir(join(folder, 'segments'), { recursive: true });
    const describe = await loadDescriber();
    const sink = new SegmentSink({ directory: folder, describe, onSealed: () => undefined });
    const collector = new Collector(sink, { parameters: true });
    for (const { bytes, tsUs, originalLength } of wire.packets) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      collector.packet(bytes, view, 0, bytes.length, originalLength, tsUs, 1);
    }
    collector.finish();
    sink.seal();
    await sink.settled();
    const files = filesIn(folder);
    const written = Buffer.concat(files.map((file) => readFileSync(file)));
    expect(written.toString('latin1')).toContain('kept');
    expect(found(written)).toEqual([]);
  });

  it('is not in the store, nor in any file beside it', async () => {
    const data = join(directory, 'data');
    const loaded = await mirrorsql(['load', capture, '--data', data]);
    expect([loaded.code, loaded.stderr]).toEqual([0, '']);
    expect(found(loaded.stdout)).toEqual([]);
    const tables = ['events', 'classes', 'sessions', 'session_events', 'transactions', 'captures'];
    const sql = tables
      .map((table) => `SELECT '${table}' AS source, toString(tuple(*)) AS line FROM ${table}`)
      .join(' UNION ALL ');
    const { stdout } = await mirrorsql(['query', sql, '--format', 'json', '--data', data]);
    expect(tables.filter((table) => !stdout.includes(`"${table}"`))).toEqual([]);
    expect(found(stdout)).toEqual([]);
    for (const file of filesIn(data)) expect(found(readFileSync(file))).toEqual([]);
  }, 120_000);
});
