import { describe, expect, it } from 'vitest';
import { errorClassOf, errorMeaning } from '../../src/sql/error-classes.ts';

function postgres(sqlstate: string | undefined, message?: string): string {
  return errorClassOf('postgres', sqlstate, undefined, message);
}

describe('error classes', () => {
  it.each([
    ['23505', 'duplicate_key'],
    ['23P01', 'duplicate_key'],
    ['23503', 'foreign_key'],
    ['23502', 'not_null'],
    ['23514', 'check'],
    ['40P01', 'deadlock'],
    ['40001', 'serialization'],
    ['55P03', 'lock_timeout'],
    ['53100', 'space_full'],
    ['53200', 'out_of_memory'],
    ['53300', 'too_many_connections'],
    ['28P01', 'auth_failure'],
    ['42501', 'permission_denied'],
    ['42P01', 'undefined_object'],
    ['42703', 'undefined_object'],
    ['3D000', 'undefined_object'],
    ['42P07', 'duplicate_object'],
    ['42601', 'syntax'],
    ['22P02', 'bad_value'],
    ['22001', 'data_truncation'],
    ['22003', 'numeric_overflow'],
    ['22012', 'divide_by_zero'],
    ['21000', 'cardinality'],
    ['25P02', 'tx_aborted'],
    ['25006', 'read_only'],
    ['25P03', 'idle_timeout'],
    ['57P01', 'admin_shutdown'],
    ['57P03', 'cannot_connect_now'],
    ['P0001', 'user_raised'],
    ['0A000', 'unsupported'],
    ['55006', 'object_state'],
    ['XX000', 'internal'],
    ['08P01', 'protocol'],
    ['YY003', 'lock_timeout'],
  ])('%s is %s', (sqlstate, errorClass) => {
    expect(postgres(sqlstate)).toBe(errorClass);
  });

  it('prefers the code, then the class of codes, then says that it does not know', () => {
    expect(postgres('08P01')).toBe('protocol');
    expect(postgres('08999')).toBe('connection_lost');
    expect(postgres('22999')).toBe('bad_value');
    expect(postgres('ZZ999')).toBe('other');
    expect(postgres(undefined)).toBe('other');
    expect(postgres('')).toBe('other');
  });

  it('tells the causes of 57014 by the message', () => {
    expect(postgres('57014', 'canceling statement due to statement timeout')).toBe(
      'statement_timeout',
    );
    expect(postgres('57014', 'canceling statement due to user request')).toBe('cancelled');
    expect(postgres('57014', 'canceling statement due to conflict with recovery')).toBe(
      'serialization',
    );
    expect(postgres('57014')).toBe('cancelled');
  });

  it("prefers the vendor's own code where the protocol has one", () => {
    expect(errorClassOf('mysql', 'HY000', 1205, undefined)).toBe('lock_timeout');
    expect(errorClassOf('drda', '23505', -803, undefined)).toBe('duplicate_key');
    expect(errorClassOf('mysql', '40001', 99_999, undefined)).toBe('serialization');
  });

  it('says in words what a class means and whose business it is', () => {
    expect(errorMeaning('deadlock').concern).toBe('application');
    expect(errorMeaning('tx_aborted').concern).toBe('follow_on');
    expect(errorMeaning('space_full').concern).toBe('database');
    expect(errorMeaning('toString')).toEqual(errorMeaning('other'));
  });
});
