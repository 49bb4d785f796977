/** Do we group statements as PostgreSQL's own parse tree does? libpg_query's fingerprint is the independent answer. */
import { readFileSync } from 'node:fs';
import * as libpgQuery from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { Fingerprinter, fingerprintText } from '../../src/sql/fingerprint.ts';
import { type CorpusStatement, corpus } from './corpus/corpus.ts';

interface Judged extends CorpusStatement {
  readonly ours: string;
  readonly theirs: string;
}

const judged: Judged[] = [];
const unparsable: string[] = [];

beforeAll(async () => {
  await libpgQuery.loadModule();
  const fingerprinter = new Fingerprinter();
  const encoder = new TextEncoder();
  for (const statement of corpus()) {
    const bytes = encoder.encode(statement.sql);
    fingerprinter.compute(bytes, 0, bytes.length);
    const ours = fingerprintText(fingerprinter.high, fingerprinter.low);
    try {
      judged.push({ ...statement, ours, theirs: libpgQuery.fingerprintSync(statement.sql) });
    } catch {
      unparsable.push(statement.sql);
    }
  }
}, 60_000);

/** Adjusted Rand index (Hubert and Arabie, 1985): 1 for equal groupings, 0 for what chance would give. */
function adjustedRandIndex(statements: readonly Judged[]): number {
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const sizes = (key: (statement: Judged) => string): number[] => {
    const counts = new Map<string, number>();
    for (const statement of statements)
      counts.set(key(statement), (counts.get(key(statement)) ?? 0) + 1);
    return [...counts.values()];
  };
  const pairsOf = (key: (statement: Judged) => string): number =>
    sizes(key).reduce((sum, size) => sum + pairs(size), 0);
  const both = pairsOf((statement) => `${statement.ours} ${statement.theirs}`);
  const ours = pairsOf((statement) => statement.ours);
  const theirs = pairsOf((statement) => statement.theirs);
  const expected = (ours * theirs) / pairs(statements.length);
  return (both - expected) / ((ours + theirs) / 2 - expected);
}

interface Disagreement {
  readonly who: 'only libpg_query joins' | 'only we join';
  readonly first: Judged;
  readonly second: Judged;
  readonly reason: string;
}

/** One for each pair of groups of the one side that the other side joins. */
function disagreements(statements: readonly Judged[]): Disagreement[] {
  const found: Disagreement[] = [];
  for (const side of ['theirs', 'ours'] as const) {
    const other = side === 'theirs' ? 'ours' : 'theirs';
    for (const members of grouped(statements, side).values()) {
      const parts = [...grouped(members, other).values()];
      for (const part of parts.slice(1)) {
        // The statement that carries the reason is the witness of its part.
        const first = witness(parts[0] ?? []);
        const second = witness(part);
        if (first === undefined || second === undefined) continue;
        found.push({
          who: side === 'theirs' ? 'only libpg_query joins' : 'only we join',
          first,
          second,
          reason: second.reason ?? first.reason ?? 'unexplained',
        });
      }
    }
  }
  return found;
}

function grouped(statements: readonly Judged[], key: 'ours' | 'theirs'): Map<string, Judged[]> {
  const groups = new Map<string, Judged[]>();
  for (const statement of statements) {
    const group = groups.get(statement[key]);
    if (group === undefined) groups.set(statement[key], [statement]);
    else group.push(statement);
  }
  return groups;
}

function witness(part: readonly Judged[]): Judged | undefined {
  return part.find((statement) => statement.reason !== undefined) ?? part[0];
}

/** The reasons that test/sql/README.md explains, from its table. */
function explainedReasons(): string[] {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  return [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] ?? '');
}

describe('fingerprints against libpg_query', () => {
  it('is tried on at least 2,000 distinct statements in hundreds of classes, all valid PostgreSQL', () => {
    expect(unparsable).toEqual([]);
    expect(judged.length).toBeGreaterThanOrEqual(2000);
    expect(new Set(judged.map((statement) => statement.theirs)).size).toBeGreaterThan(500);
  });

  it('groups alike: adjusted Rand index of at least 0.98', () => {
    const index = adjustedRandIndex(judged);
    const classes = new Set(judged.map((statement) => statement.ours)).size;
    console.log(
      `${judged.length} statements, ${classes} classes here, ${new Set(judged.map((statement) => statement.theirs)).size} in libpg_query, adjusted Rand index ${index.toFixed(4)}`,
    );
    expect(index).toBeGreaterThanOrEqual(0.98);
  });

  it('disagrees only for reasons that the README explains, and for each of them somewhere', () => {
    const found = disagreements(judged);
    for (const { who, first, second, reason } of found)
      console.log(`${reason}: ${who}\n    ${oneLine(first.sql)}\n    ${oneLine(second.sql)}`);
    const reasons = new Set(found.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual(explainedReasons().sort());
  });
});

function oneLine(sql: string): string {
  const line = sql.replaceAll(/\s+/g, ' ');
  return line.length > 160 ? `${line.slice(0, 160)} ...` : line;
}
