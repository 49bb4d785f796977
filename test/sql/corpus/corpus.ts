/**
 * The statements that fingerprints are tried on: templates filled and dressed several times (templates.ts), and the
 * hand-written ones of *.sql beside this file: one a line, near misses of each other, with the reason where we and
 * libpg_query are known to disagree. Always the same, from a fixed seed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dress } from './dress.ts';
import { Random } from './random.ts';
import { TEMPLATES } from './templates.ts';

export interface CorpusStatement {
  readonly sql: string;
  /** Why it may be grouped otherwise by libpg_query; a key of the table in test/sql/README.md. */
  readonly reason: string | undefined;
}

const SEED = 20_261_121;
const FILLINGS = 5;

/** Distinct statements. */
export function corpus(): CorpusStatement[] {
  const random = new Random(SEED);
  const statements = new Map<string, CorpusStatement>();
  for (const template of TEMPLATES) {
    for (let filling = 0; filling < FILLINGS; filling++) {
      const sql = dress(fill(template, random), random);
      statements.set(sql, { sql, reason: undefined });
    }
  }
  for (const statement of handWritten()) statements.set(statement.sql, statement);
  return [...statements.values()];
}

function handWritten(): CorpusStatement[] {
  const folder = new URL('.', import.meta.url);
  const statements: CorpusStatement[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.sql')) continue;
    let reason: string | undefined;
    for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
      const marked = /^-- reason: ([a-z-]+)$/.exec(line);
      if (marked !== null) reason = marked[1];
      else if (line === '') reason = undefined;
      else if (!line.startsWith('-- '))
        statements.push({ sql: line.replaceAll('\\n', '\n'), reason });
    }
  }
  return statements;
}

const WORDS = [
  'alpha',
  "it''s",
  '',
  'x; y',
  '-- no comment',
  '%abc%',
  '2020',
  'ünï',
  '(a, b)',
  '$1',
];

function literal(kind: string, random: Random): string {
  switch (kind) {
    case 'i':
      return String(random.below(1000));
    case 'g':
      return random.below(2) === 0 ? String(random.below(1000)) : `-${random.below(1000)}`;
    case 'n':
      return random.pick(['0.5', '1.25', '10', '.75', '1e3', '2.5E-2']);
    case 'd':
      return `date '20${10 + random.below(15)}-0${1 + random.below(9)}-1${random.below(9)}'`;
    case 'b':
      return random.pick(['true', 'false']);
    case 'k':
      return String(10 + random.below(18));
    case 'a':
      return `${random.pick(['s', 'cur', 'sp_'])}${random.below(100)}`;
    default:
      return random.pick([
        `'${random.pick(WORDS)}'`,
        `'${random.pick(WORDS)}'`,
        `E'a\\'b${random.below(9)}'`,
        `$q$${random.below(99)}$q$`,
        `'v${random.below(1000)}'`,
      ]);
  }
}

function anyLiteral(random: Random): string {
  return random.pick([
    () => `$${1 + random.below(9)}`,
    () => literal('g', random),
    () => literal('s', random),
    () => literal('n', random),
    () => `'${random.pick(WORDS)}'::text`,
    () => `$${1 + random.below(9)}::bigint`,
    () => 'NULL',
  ])();
}

function list(size: number, item: () => string): string {
  return Array.from({ length: size }, item).join(', ');
}

function fill(template: string, random: Random): string {
  return template.replaceAll(
    /\$(body|[ignsdbkaplt]|r\d|m\d)(?![a-z0-9])/g,
    (_, kind: string): string => {
      if (kind === 'body') return `$fn$ begin x := ${random.below(99)}; end $fn$`;
      if (kind === 'p') return anyLiteral(random);
      if (kind === 'l') {
        const itemKind = random.pick(['i', 's', 'g', 'p']);
        return list(1 + random.below(9), () =>
          itemKind === 'p' ? anyLiteral(random) : literal(itemKind, random),
        );
      }
      if (kind === 't') {
        const pair = (): string => `(${literal('i', random)}, ${literal('s', random)})`;
        return list(1 + random.below(5), pair);
      }
      if (kind.startsWith('r')) return list(Number(kind.slice(1)), () => anyLiteral(random));
      if (kind.startsWith('m')) {
        const row = (): string => list(Number(kind.slice(1)), () => anyLiteral(random));
        return Array.from({ length: 1 + random.below(6) }, row).join('), (');
      }
      return literal(kind, random);
    },
  );
}
