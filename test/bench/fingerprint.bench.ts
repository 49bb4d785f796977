/**
 * How long a fingerprint takes, in one run, on the statements of pgbench and on longer ones. Checks its answer: the same
 * number of classes as templates, whatever the literals. Run: npx tsx test/bench/fingerprint.bench.ts
 */
import { ClassRegistry } from '../../src/sql/class-registry.ts';
import { Fingerprinter } from '../../src/sql/fingerprint.ts';

const TEMPLATES: readonly ((n: number) => string)[] = [
  (n) => `SELECT abalance FROM pgbench_accounts WHERE aid = ${n};`,
  (n) => `UPDATE pgbench_accounts SET abalance = abalance + ${n - 500} WHERE aid = ${n};`,
  (n) => `UPDATE pgbench_tellers SET tbalance = tbalance + ${-n} WHERE tid = ${n % 100};`,
  (n) =>
    `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${n}, 1, ${n}, ${-n}, CURRENT_TIMESTAMP);`,
  (n) =>
    `select t0.id as t0_r0, t0.name as t0_r1 from "users" t0 where t0.email = 'u${n}@x.org' limit 1`,
  (n) =>
    `SELECT * FROM orders WHERE id IN (${Array.from({ length: 20 }, (_, i) => n + i).join(', ')})`,
];
const STATEMENTS_PER_TEMPLATE = 2000;
const PASSES = 25;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** All statements in one buffer, as they lie in a capture. */
function corpus(templates: readonly ((n: number) => string)[]): { text: Buffer; ranges: Range[] } {
  const parts: Buffer[] = [];
  const ranges: Range[] = [];
  let size = 0;
  for (let n = 0; n < STATEMENTS_PER_TEMPLATE; n++) {
    for (const template of templates) {
      const part = Buffer.from(template(n * 37));
      ranges.push({ start: size, end: size + part.length });
      parts.push(part);
      size += part.length;
    }
  }
  return { text: Buffer.concat(parts), ranges };
}

/** Nanoseconds a statement, the best of all passes (the others were disturbed). */
function bestNs(ranges: readonly Range[], work: (range: Range) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const startNs = process.hrtime.bigint();
    for (const range of ranges) work(range);
    best = Math.min(best, Number(process.hrtime.bigint() - startNs));
  }
  return best / ranges.length;
}

function measure(name: string, templates: readonly ((n: number) => string)[]): void {
  const { text, ranges } = corpus(templates);
  const fingerprinter = new Fingerprinter();
  const registry = new ClassRegistry();
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  let sum = 0;
  const floorNs = bestNs(ranges, ({ start, end }) => {
    for (let position = start; position < end; position++) sum += text[position] as number;
  });
  const fingerprintNs = bestNs(ranges, ({ start, end }) => {
    fingerprinter.compute(text, start, end);
  });
  const classNs = bestNs(ranges, ({ start, end }) => {
    registry.classOf(text, view, start, end);
  });
  if (registry.sizeCount !== templates.length || sum === 0)
    throw new Error(`${name}: ${registry.sizeCount} classes of ${templates.length} templates`);
  const bytes = text.length / ranges.length;
  console.log(
    `${name}: ${bytes.toFixed(0)} bytes, fingerprint ${fingerprintNs.toFixed(0)} ns` +
      ` (${(fingerprintNs / bytes).toFixed(2)} ns/byte, ${(fingerprintNs / floorNs).toFixed(1)} x reading the bytes),` +
      ` class ${classNs.toFixed(0)} ns`,
  );
}

measure('pgbench -S', TEMPLATES.slice(0, 1));
measure('pgbench TPC-B', TEMPLATES.slice(0, 4));
measure('mixed', TEMPLATES);
