import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/sql/classify.ts';
import {
  type AlsoSecret,
  findSecrets,
  maskMessage,
  maskQuoted,
  maskSecrets,
  maskValue,
} from '../../src/sql/redaction.ts';
import { bytesOf, normalized } from './sql-text.ts';

function masked(sql: string): string {
  const bytes = bytesOf(`xx${sql}yy`);
  return new TextDecoder().decode(maskSecrets(bytes, 2, bytes.length - 2));
}

/** The secret in every one of these is S3cret, and it must go; what is to be kept is said beside it. */
const SECRETS: readonly (readonly [sql: string, masked: string])[] = [
  ["create role a password 'S3cret' login", "create role a password '***' login"],
  [
    "alter user a with encrypted password E'S3c\\'S3cret' valid until '2030-01-01'",
    "alter user a with encrypted password '***' valid until '2030-01-01'",
  ],
  ['alter role a password $x$S3cret$x$', "alter role a password '***'"],
  ["alter role a password U&'S3cret'", "alter role a password '***'"],
  ["create user a password 'S3cret", "create user a password '***'"],
  ["alter user a password 'x\\' S3cret'", "alter user a password '***'"],
  ['create user a identified by S3cret', "create user a identified by '***'"],
  [
    'alter user a identified by "S3cret" replace "S3cret-old" account lock',
    "alter user a identified by '***' replace '***' account lock",
  ],
  [
    "alter user a identified by 'S3cret' replace 'S3cret-old'",
    "alter user a identified by '***' replace '***'",
  ],
  ["set password = 'S3cret'", "set password = '***'"],
  ["set password for 'bob' = 'S3cret'", "set password for '***' = '***'"],
  [
    "create user mapping for a server s options (user 'bob', password 'S3cret')",
    "create user mapping for a server s options (user 'bob', password '***')",
  ],
  [
    "alter user mapping for a server s options (set password 'S3cret')",
    "alter user mapping for a server s options (set password '***')",
  ],
  [
    "select * from dblink('host=x password=S3cret dbname=z', 'select 1')",
    "select * from dblink('host=x password=*** dbname=z', 'select 1')",
  ],
  [
    "create subscription s connection 'host=a password=''S3cret 2'' user=b' publication p",
    "create subscription s connection 'host=a password=''***'' user=b' publication p",
  ],
  [
    "select dblink_connect('postgresql://bob:S3cret@host/db')",
    "select dblink_connect('postgresql://bob:***@host/db')",
  ],
  [
    "alter system set primary_conninfo = 'host=a password=S3cret'",
    "alter system set primary_conninfo = 'host=a password=***'",
  ],
  [
    "copy t from program 'curl https://u:S3cret@h/x'",
    "copy t from program 'curl https://u:***@h/x'",
  ],
  [
    "update users set password = crypt('S3cret', gen_salt('bf')), name = 'kept' where id = 1",
    "update users set password = crypt('***', gen_salt('***')), name = 'kept' where id = 1",
  ],
  [
    "select * from users where email = 'kept' and password = 'S3cret' and x = 'kept'",
    "select * from users where email = 'kept' and password = '***' and x = 'kept'",
  ],
  [
    'select * from users where "apiKey" = \'S3cret\'',
    'select * from users where "apiKey" = \'***\'',
  ],
  [
    "insert into users (email, password, age) values ('kept', 'S3cret', 3), ('kept', 'S3cret', 4)",
    "insert into users (email, password, age) values ('kept', '***', 3), ('kept', '***', 4)",
  ],
  [
    "insert into t (cfg, password) select 'kept', 'S3cret' from x",
    "insert into t (cfg, password) select 'kept', '***' from x",
  ],
  [
    "select set_config('app.token', 'S3cret', false)",
    "select set_config('app.token', '***', false)",
  ],
  [
    "select pgp_sym_encrypt('S3cret', 'S3cret'), 'kept'",
    "select pgp_sym_encrypt('***', '***'), 'kept'",
  ],
  [
    "do $$ begin alter role x password 'S3cret'; end $$",
    "do $$ begin alter role x password '***'; end $$",
  ],
  [
    "do $$ begin execute 'alter role x password ''S3cret'''; perform 'kept'; end $$",
    "do $$ begin execute 'alter role x password ''***'''; perform 'kept'; end $$",
  ],
  [
    "set session authorization bob password 'S3cret'",
    "set session authorization bob password '***'",
  ],
  ["set role bob password 'S3cret'", "set role bob password '***'"],
  ["set session app.api_key to 'S3cret'", "set session app.api_key to '***'"],
  [
    "create database link l connect to 'bob' identified by 'S3cret' using (host 'h')",
    "create database link l connect to 'bob' identified by '***' using (host 'h')",
  ],
  ["select gs_encrypt_aes128('S3cret', 'S3cret')", "select gs_encrypt_aes128('***', '***')"],
  [
    "alter subscription s connection 'postgresql://bob:S3cret@h/d'",
    "alter subscription s connection 'postgresql://bob:***@h/d'",
  ],
  ["create user a password 'x'S3cret 'and so on'", "create user a password '***'"],
  [
    "explain alter role x password 'S3cret'; select 'kept'",
    "explain alter role x password '***'; select 'kept'",
  ],
];

describe('maskSecrets', () => {
  it.each(SECRETS)('masks %s', (sql, expected) => {
    expect(masked(sql)).toBe(expected);
    expect(expected).not.toContain('S3c');
  });

  it.each(SECRETS)('is asked for %s, whose class has no secret', (sql) => {
    const bytes = bytesOf(sql);
    expect(classify(bytes, 0, bytes.length).mayHoldSecret).toBe(true);
    expect(normalized(sql)).not.toContain('3cret');
  });

  it.each([
    "select a from t where b = 'x'",
    'alter role a password null',
    'alter user a password expire',
    "select passwords.id from passwords where id = 'x' and name in ('y')",
    "alter role a valid until '2030-01-01'",
    "create user mapping for a server s options (user 'bob')",
    "select 'https://host/path', 'a:b'",
  ])('leaves %s', (sql) => {
    expect(masked(sql)).toBe(sql);
  });

  it('masks numbers as well', () => {
    expect(masked('insert into cards (token, n) values (12345, 7)')).toBe(
      "insert into cards (token, n) values ('***', 7)",
    );
    expect(masked('select 1 from cards where token = 12345 and n = 7')).toBe(
      "select 1 from cards where token = '***' and n = 7",
    );
  });

  it('leaves no secret, whatever surrounds the statement', () => {
    const before = fc.constantFrom('', ' ', '/* a */', '-- b\n', 'begin;', "select 'x';", ';;');
    fc.assert(
      fc.property(before, fc.constantFrom(...SECRETS), fc.nat(20), (prefix, [sql], padding) => {
        expect(masked(`${prefix}${' '.repeat(padding)}${sql}`)).not.toContain('3cret');
      }),
    );
  });

  it('comes to an end on texts made to keep its patterns busy', () => {
    for (const part of [
      'password ',
      'password',
      'password=',
      "password \\''",
      '://a:',
      ' ',
      "''",
      'identified by ',
    ])
      expect(masked(`select '${part.repeat(20_000)}`).length).toBeGreaterThan(0);
    expect(masked(`select 'password${' '.repeat(100_000)}x'`).length).toBeGreaterThan(100_000);
  });

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(maskSecrets(bytes, 0, bytes.length)).toBeInstanceOf(Uint8Array);
      }),
    );
  });

  it('keeps bytes that are no valid text', () => {
    const bytes = Uint8Array.of(...bytesOf("set password = 'x' -- "), 0xff, 0xc3);
    expect([...maskSecrets(bytes, 0, bytes.length).subarray(-2)]).toEqual([0xff, 0xc3]);
  });
});

describe('what else speaks of a statement', () => {
  const secretsOf = (sql: string, also: AlsoSecret = 'none') => {
    const bytes = bytesOf(sql);
    return findSecrets(bytes, 0, bytes.length, also);
  };

  it.each([
    ['update users set password = $2, name = $1 where id = $3', [2]],
    ['insert into users (name, password) values ($1, $2)', [2]],
    ["select set_config('app.token', $1, $2)", [1]],
    ['select crypt($1, $2), $3', [1, 2]],
    ['select * from users where name = $1', []],
  ])('is the parameters of %s: %j', (sql, expected) => {
    expect([...secretsOf(sql).parameters].sort()).toEqual(expected);
  });

  it('is every argument of a prepared statement that takes a secret', () => {
    const { text, values } = secretsOf("execute p('S3cret', 12345, null)", 'all');
    expect(new TextDecoder().decode(text)).toBe("execute p('***', '***', null)");
    expect(values).toEqual(["'S3cret'", '12345']);
    expect([...secretsOf('execute p($1, $2)', 'all').parameters]).toEqual([1, 2]);
  });

  it.each([
    [
      "alter role a password 'x'S3cret",
      'syntax error at or near "S3cret"',
      'syntax error at or near "***"',
    ],
    [
      "alter role a passwort x password 'S3cret'",
      'syntax error at or near "\'S3cret\'"',
      'syntax error at or near "***"',
    ],
    [
      "select dblink_connect('host=h password=S3cret')",
      'invalid option in S3cret, see »S3cret«',
      'invalid option in ***, see »***«',
    ],
    [
      "insert into users (password) values ('S3cret')",
      'duplicate key value violates unique constraint "users_pkey"',
      'duplicate key value violates unique constraint "users_pkey"',
    ],
  ])('is the message about %s', (sql, message, expected) => {
    expect(maskMessage(message, secretsOf(sql).values)).toBe(expected);
  });

  it('is all that a message quotes when nobody knows the statement', () => {
    expect(maskQuoted('syntax error at or near "S3cret"')).toBe('syntax error at or near "***"');
  });

  it('is a value that holds a connection string', () => {
    expect(maskValue('host=h password=S3cret')).toBe('host=h password=***');
    expect(maskValue('plain value: of no interest')).toBe('plain value: of no interest');
  });
});
