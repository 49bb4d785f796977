import { describe, expect, it } from 'vitest';
import { ClassRegistry, OVERFLOW_CLASS } from '../../src/sql/class-registry.ts';
import { bytesOf, fingerprintOf, viewOf } from './sql-text.ts';

function classOf(registry: ClassRegistry, sql: string): ReturnType<ClassRegistry['classOf']> {
  const bytes = bytesOf(sql);
  return registry.classOf(bytes, viewOf(bytes), 0, bytes.length);
}

describe('class registry', () => {
  it('gives one object for all statements of a class', () => {
    const registry = new ClassRegistry();
    const first = classOf(registry, 'select a from t where b = 1');
    expect(classOf(registry, 'SELECT a FROM t WHERE b = 2;')).toBe(first);
    expect(registry.sizeCount).toBe(1);
    expect(first).toEqual({
      fingerprintHigh: Number.parseInt(first.fingerprint.slice(0, 8), 16),
      fingerprintLow: Number.parseInt(first.fingerprint.slice(8), 16),
      fingerprint: fingerprintOf('select a from t where b = 1'),
      normalized: 'SELECT a FROM t WHERE b = ?',
      command: 'SELECT',
      kind: 'select',
      mayHoldSecret: false,
    });
  });

  it('reads only the range it is given', () => {
    const registry = new ClassRegistry();
    const bytes = bytesOf("xx select 1 'yy");
    expect(registry.classOf(bytes, viewOf(bytes), 3, 11)).toBe(classOf(registry, 'select 1'));
  });

  it('finds every class again after it has grown', () => {
    const registry = new ClassRegistry();
    const classes = Array.from({ length: 5000 }, (_, n) =>
      classOf(registry, `select c${n} from t`),
    );
    expect(registry.sizeCount).toBe(5000);
    for (const [n, statementClass] of classes.entries())
      expect(classOf(registry, `select c${n} from t`)).toBe(statementClass);
    expect(registry.sizeCount).toBe(5000);
    expect(registry.droppedCount).toBe(0);
  });

  it('puts what is beyond its limit into one class and counts it', () => {
    const registry = new ClassRegistry({ classesMax: 3 });
    const first = classOf(registry, 'select a');
    classOf(registry, 'select b');
    classOf(registry, 'select c');
    expect(classOf(registry, 'select d')).toBe(OVERFLOW_CLASS);
    expect(classOf(registry, 'select e')).toBe(OVERFLOW_CLASS);
    expect(classOf(registry, 'select a')).toBe(first);
    expect(registry.sizeCount).toBe(3);
    expect(registry.droppedCount).toBe(2);
  });

  it('takes no more classes when their texts are too long together', () => {
    const registry = new ClassRegistry({ textSizeMax: 100 });
    const long = classOf(registry, `select ${'a'.repeat(200)}`);
    expect(classOf(registry, 'select b')).toBe(OVERFLOW_CLASS);
    expect(classOf(registry, `SELECT ${'A'.repeat(200)}`)).toBe(long);
    expect(registry.droppedCount).toBe(1);
  });

  it('names what is beyond its limit', () => {
    expect(OVERFLOW_CLASS).toMatchObject({
      fingerprint: 'ffffffffffffffff',
      normalized: '(classes beyond the limit)',
      mayHoldSecret: true,
    });
  });
});
