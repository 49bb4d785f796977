import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/sql/classify.ts';
import { bytesOf } from './sql-text.ts';

function classified(sql: string): { command: string; kind: string; mayHoldSecret: boolean } {
  const bytes = bytesOf(sql);
  return classify(bytes, 0, bytes.length);
}

describe('classify', () => {
  it.each([
    ['select 1', 'SELECT', 'select'],
    ['/* c */ (select 1) union (select 2)', 'SELECT', 'select'],
    ['values (1)', 'VALUES', 'select'],
    ['insert into t values (1)', 'INSERT', 'insert'],
    ['with a as (delete from t returning *) insert into u select * from a', 'INSERT', 'insert'],
    ['with a as (insert into t values (1) returning *) select * from a', 'SELECT', 'select'],
    ['with recursive a(n) as (select 1) update t set n = 1', 'UPDATE', 'update'],
    ['with a as (select 1) delete from t', 'DELETE', 'delete'],
    [
      'with a as (select 1) merge into t using a on true when matched then delete',
      'MERGE',
      'merge',
    ],
    ['merge into t using u on true when matched then delete', 'MERGE', 'merge'],
    ['copy t from stdin', 'COPY', 'copy'],
    ['create table t (a int)', 'CREATE TABLE', 'ddl'],
    ['CREATE TEMP TABLE t (a int)', 'CREATE TABLE', 'ddl'],
    ['create unlogged table t (a int)', 'CREATE TABLE', 'ddl'],
    ['create unique index concurrently i on t (a)', 'CREATE INDEX', 'ddl'],
    ['create or replace function f() returns int', 'CREATE FUNCTION', 'ddl'],
    ['create materialized view v as select 1', 'CREATE MATERIALIZED VIEW', 'ddl'],
    ['create or replace temp view v as select 1', 'CREATE VIEW', 'ddl'],
    ['create foreign data wrapper w', 'CREATE FOREIGN DATA WRAPPER', 'ddl'],
    ['create foreign table t ()', 'CREATE FOREIGN TABLE', 'ddl'],
    ['create text search configuration c', 'CREATE TEXT SEARCH CONFIGURATION', 'ddl'],
    ['drop index if exists i', 'DROP INDEX', 'ddl'],
    ['alter table t add a int', 'ALTER TABLE', 'ddl'],
    ['truncate t', 'TRUNCATE', 'ddl'],
    ['create role r', 'CREATE ROLE', 'dcl'],
    ["alter user u password 'x'", 'ALTER USER', 'dcl'],
    ['create user mapping for u server s', 'CREATE USER MAPPING', 'dcl'],
    ['alter default privileges grant select on tables to u', 'ALTER DEFAULT PRIVILEGES', 'dcl'],
    ['drop role r', 'DROP ROLE', 'dcl'],
    ['grant select on t to u', 'GRANT', 'dcl'],
    ['revoke all on t from u', 'REVOKE', 'dcl'],
    ['begin', 'BEGIN', 'transaction'],
    ['begin;', 'BEGIN', 'transaction'],
    ['begin isolation level serializable', 'BEGIN', 'transaction'],
    ['begin work read only', 'BEGIN', 'transaction'],
    ['begin insert into t values (1); end;', 'BEGIN', 'other'],
    ['declare x int; begin null; end;', 'DECLARE', 'other'],
    ['declare c no scroll cursor for select 1', 'DECLARE', 'select'],
    ['start transaction read only', 'START TRANSACTION', 'transaction'],
    ['commit and chain', 'COMMIT', 'transaction'],
    ['end', 'END', 'transaction'],
    ['abort', 'ABORT', 'transaction'],
    ['rollback to a', 'ROLLBACK', 'transaction'],
    ['savepoint a', 'SAVEPOINT', 'transaction'],
    ['release a', 'RELEASE', 'transaction'],
    ["prepare transaction 'x'", 'PREPARE TRANSACTION', 'transaction'],
    ['prepare a as select 1', 'PREPARE', 'session'],
    ['set transaction read only', 'SET TRANSACTION', 'transaction'],
    ["set application_name = 'x'", 'SET', 'session'],
    ['show all', 'SHOW', 'session'],
    ['discard all', 'DISCARD', 'session'],
    ['listen a', 'LISTEN', 'session'],
    ['explain analyze select 1', 'EXPLAIN', 'utility'],
    ['vacuum full t', 'VACUUM', 'utility'],
    ['refresh materialized view concurrently v', 'REFRESH MATERIALIZED VIEW', 'ddl'],
    ['reindex table t', 'REINDEX TABLE', 'utility'],
    ['do $$ begin end $$', 'DO', 'other'],
    ['nonsense', 'NONSENSE', 'other'],
    ["'only a string'", '', 'other'],
    ['', '', 'empty'],
    [' ; -- c', '', 'empty'],
  ])('%s is %s, %s', (sql, command, kind) => {
    expect(classified(sql)).toMatchObject({ command, kind });
  });

  it.each([
    ["alter role a password 'x'", true],
    ['create user a', true],
    ["create user a identified by 'x'", true],
    ["select dblink_connect('...')", true],
    ["create subscription s connection '...' publication p", true],
    ["create server s foreign data wrapper w options (host 'x')", true],
    ["update users set encrypted_password = 'x'", true],
    ['update users set "passwordHash" = 1', true],
    ["select crypt('x', gen_salt('bf'))", true],
    ['do $$ anything $$', true],
    ["copy t from program 'curl x'", true],
    ['select a from t where b = 1', false],
    ["insert into t values ('password')", false],
    ['create table t (a int)', false],
  ])('%s may hold a secret: %s', (sql, mayHoldSecret) => {
    expect(classified(sql).mayHoldSecret).toBe(mayHoldSecret);
  });

  it('keeps no long word of a text that is no statement', () => {
    expect(classified('x'.repeat(100_000)).command).toBe('X'.repeat(128));
  });

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof classify(bytes, 0, bytes.length).command).toBe('string');
      }),
    );
  });
});
