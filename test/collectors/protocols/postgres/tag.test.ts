/** Command tags of PostgreSQL 9 to 18, and tags that nobody sends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outcome, TagVerb } from '../../../../collectors/protocols/postgres/pending.ts';
import { readTag } from '../../../../collectors/protocols/postgres/tag.ts';
import { cstring } from '../../../wire/bytes.ts';

function read(tag: string, { rows = -1, lossy = false } = {}): Outcome {
  const outcome = new Outcome();
  outcome.rowsReturned = rows;
  const bytes = Buffer.concat([Buffer.from('99'), cstring(tag), Buffer.from('88')]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  readTag(view, 2, bytes.length - 2, outcome, lossy);
  return outcome;
}

describe('a command tag', () => {
  it.each([
    ['INSERT 0 1', 1],
    ['INSERT 16401 1', 1],
    ['INSERT 0 0', 0],
    ['UPDATE 123456789', 123_456_789],
    ['DELETE 42', 42],
    ['MERGE 3', 3],
    ['UPDATE', -1],
    ['INSERT 0 x', -1],
  ])('%s tells of affected rows', (tag, rowsAffected) => {
    expect(read(tag)).toMatchObject({ rowsAffected, rowsReturned: -1, copyRows: -1 });
  });

  it('of COPY tells of copied rows', () => {
    expect(read('COPY 5000')).toMatchObject({ copyRows: 5000, rowsAffected: -1 });
    expect(read('COPY')).toMatchObject({ copyRows: -1 });
  });

  it('of SELECT leaves the rows that were seen as they were counted', () => {
    expect(read('SELECT 1', { rows: 5 })).toMatchObject({ rowsReturned: 5, rowsAffected: -1 });
    expect(read('SELECT 0', { rows: 0 })).toMatchObject({ rowsReturned: 0, rowsAffected: -1 });
    expect(read('FETCH 2', { rows: 2 })).toMatchObject({ rowsReturned: 2, rowsAffected: -1 });
  });

  it('of SELECT without any description of rows tells of rows written', () => {
    expect(read('SELECT 3')).toMatchObject({ rowsReturned: 0, rowsAffected: 3 });
  });

  it('of SELECT stands for rows that were lost', () => {
    expect(read('SELECT 9', { rows: 5, lossy: true })).toMatchObject({ rowsReturned: 9 });
    expect(read('SELECT 1', { rows: 5, lossy: true })).toMatchObject({ rowsReturned: 5 });
  });

  it.each([
    ['BEGIN', TagVerb.Begin],
    ['START TRANSACTION', TagVerb.Begin],
    ['COMMIT', TagVerb.Commit],
    ['COMMIT PREPARED', TagVerb.Other],
    ['COMMENT', TagVerb.Other],
    ['ROLLBACK', TagVerb.Rollback],
    ['ROLLBACK PREPARED', TagVerb.RollbackPrepared],
    ['PREPARE', TagVerb.Other],
    ['PREPARE TRANSACTION', TagVerb.PrepareTransaction],
    ['DEALLOCATE', TagVerb.Forget],
    ['DEALLOCATE ALL', TagVerb.ForgetAll],
    ['DISCARD ALL', TagVerb.ForgetAll],
    ['DISCARD PLANS', TagVerb.Other],
    ['DISCARD TEMP', TagVerb.Other],
    ['SAVEPOINT', TagVerb.Other],
    ['RELEASE', TagVerb.Other],
    ['SET', TagVerb.Other],
    ['CREATE TABLE', TagVerb.Other],
  ])('%s is known by its verb', (tag, verb) => {
    expect(read(tag)).toMatchObject({ verb, rowsAffected: -1, rowsReturned: -1 });
  });

  it('of any bytes is read without a throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('SELECT', 'COMM', 'INSE', 'DISC', 'ROLL', 'CO', ''),
        fc.uint8Array({ maxLength: 20 }),
        (start, rest) => {
          const { rowsAffected } = read(start + Buffer.from(rest).toString('latin1'));
          expect(Number.isNaN(rowsAffected)).toBe(false);
        },
      ),
    );
  });
});
