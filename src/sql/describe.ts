/**
 * Tables, columns and kind of a statement, by PostgreSQL's own parser (libpg-query, WebAssembly), once per new class.
 * What the parser refuses (another dialect, a cut text, a syntax error) is read by the lexer: tables only.
 *
 * The parser recurses, and a text that nests deeply enough overflows its stack. It then throws, but its memory is left
 * as it was: after some dozens of such throws a call did not return. So two guards: texts that could nest that deeply
 * are not given to it (the bounds are at most half of what was measured to overflow), and after any throw that is not
 * its own syntax error the parser is loaded afresh, the lexer answering meanwhile.
 */
import { createRequire } from 'node:module';
import type * as LibpgQuery from 'libpg-query';
import type { StatementKind } from '../events/statement-class.ts';
import { classify } from './classify.ts';
import { Kind } from './kind.ts';
import { Lexer } from './lexer.ts';
import { normalize } from './normalize.ts';
import { fallbackTables } from './fallback-tables.ts';

export interface StatementDescription {
  readonly kind: StatementKind;
  /** As written, with schema where written; names of WITH are none. In order of appearance. */
  readonly tables: readonly string[];
  /** Columns read, set or inserted, as written (`t.a`, `*`). */
  readonly columns: readonly string[];
  /** Of these, columns in WHERE, HAVING, ON and USING. */
  readonly predicateColumns: readonly string[];
  /** Columns that the outermost SELECT gives back, also those inside its expressions; `*` as it is. Empty of all others. */
  readonly projectionColumns: readonly string[];
  /** LIKE or ILIKE with a text that begins with `%` or `_`. */
  readonly leadingWildcard: boolean;
  /** false: by the lexer, tables only. */
  readonly parsed: boolean;
}

const NOTHING_READ = {
  columns: [],
  predicateColumns: [],
  projectionColumns: [],
  leadingWildcard: false,
  parsed: false,
} as const;

type Parser = typeof LibpgQuery;

/** Longer texts are bulk data or generated; their parse tree would take hundreds of megabytes. */
const SIZE_MAX = 64 * 1024;
/** Parentheses, brackets: overflow was seen from 1968 nested subqueries on. */
const DEPTH_MAX = 300;
/** Words, operators, casts: overflow was seen from 8,400 in a chain on (a collate x collate x ...). */
const CHAIN_MAX = 4000;
const NAMES_MAX = 256;
/** Each reload leaves some megabytes behind until they are collected. */
const RELOADS_MAX = 20;

const require = createRequire(import.meta.url);
const encoder = new TextEncoder();

/** Loads the parser (about 0.3 s) and returns the describer; it never throws. */
export async function loadDescriber(): Promise<(statement: string) => StatementDescription> {
  const describer = new Describer();
  await describer.load();
  return (statement) => describer.describe(statement);
}

class Describer {
  #parser: Parser | undefined;
  #reloadsCount = 0;

  async load(): Promise<void> {
    for (const path of Object.keys(require.cache))
      if (path.includes('libpg-query')) Reflect.deleteProperty(require.cache, path);
    const parser = require('libpg-query') as Parser;
    await parser.loadModule();
    this.#parser = parser;
  }

  describe(statement: string): StatementDescription {
    const bytes = encoder.encode(statement);
    const { kind } = classify(bytes, 0, bytes.length);
    const tree = isParsable(bytes) ? this.#parse(statement, bytes) : undefined;
    if (tree === undefined) {
      const tables = fallbackTables(bytes, NAMES_MAX);
      return { ...NOTHING_READ, kind, tables };
    }
    return describeTree(tree, kind);
  }

  /** The parse tree; placeholders (?), which PostgreSQL does not know, are tried as parameter and as literals. */
  #parse(statement: string, bytes: Uint8Array): unknown {
    const tree = this.#tryParse(statement);
    if (tree !== undefined || !statement.includes('?')) return tree;
    for (const value of ['$1', "'1'", '1']) {
      const filled = this.#tryParse(normalize(bytes, 0, bytes.length, value));
      if (filled !== undefined) return filled;
    }
    return undefined;
  }

  #tryParse(statement: string): unknown {
    const parser = this.#parser;
    if (parser === undefined || statement.trim() === '') return undefined;
    try {
      return parser.parseSync(statement);
    } catch (error) {
      if (!parser.hasSqlDetails(error)) this.#reload();
      return undefined;
    }
  }

  #reload(): void {
    this.#parser = undefined;
    if (this.#reloadsCount++ >= RELOADS_MAX) return;
    // Without a parser the lexer goes on answering, so a failure to load is no failure.
    this.load().catch(() => undefined);
  }
}

/** Could the parser's stack bear this text? */
function isParsable(bytes: Uint8Array): boolean {
  if (bytes.length > SIZE_MAX) return false;
  const lexer = new Lexer();
  lexer.reset(bytes, 0, bytes.length);
  let depth = 0;
  let chain = 0;
  for (;;) {
    switch (lexer.next()) {
      case Kind.End:
        return true;
      case Kind.LeftParen:
      case Kind.LeftBracket:
        if (++depth > DEPTH_MAX) return false;
        break;
      case Kind.RightParen:
      case Kind.RightBracket:
        if (depth > 0) depth--;
        break;
      case Kind.Word:
      case Kind.QuotedWord:
      case Kind.Operator:
      case Kind.Cast:
        if (++chain > CHAIN_MAX) return false;
        break;
      default:
    }
  }
}

const KINDS: Readonly<Record<string, StatementKind>> = {
  SelectStmt: 'select',
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'merge',
  CopyStmt: 'copy',
  TransactionStmt: 'transaction',
};

function describeTree(tree: unknown, fallbackKind: StatementKind): StatementDescription {
  const walk = new TreeWalk();
  walk.visit(tree);
  const first = firstStatement(tree);
  let kind = first === undefined ? fallbackKind : (KINDS[first.name] ?? fallbackKind);
  // SELECT ... INTO makes a table.
  if (first !== undefined && first.name === 'SelectStmt' && 'intoClause' in first.node)
    kind = 'ddl';
  return {
    kind,
    tables: [...walk.tables].filter((table) => !walk.withNames.has(table)),
    columns: [...walk.columns],
    predicateColumns: [...walk.predicateColumns],
    projectionColumns: first?.name === 'SelectStmt' ? projectionOf(first.node) : [],
    leadingWildcard: walk.leadingWildcard,
    parsed: true,
  };
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstStatement(tree: unknown): { name: string; node: Node } | undefined {
  const statements: unknown = isNode(tree) ? tree['stmts'] : undefined;
  const first: unknown = Array.isArray(statements) ? statements[0] : undefined;
  const wrapped = isNode(first) ? first['stmt'] : undefined;
  if (!isNode(wrapped)) return undefined;
  const [name] = Object.keys(wrapped);
  const node = name === undefined ? undefined : wrapped[name];
  return name !== undefined && isNode(node) ? { name, node } : undefined;
}

/** Of all branches of UNION, INTERSECT and EXCEPT. */
function projectionOf(select: Node): string[] {
  const walk = new TreeWalk();
  const branches = [select];
  for (let branch = branches.pop(); branch !== undefined; branch = branches.pop()) {
    walk.visit(branch['targetList']);
    for (const side of [branch['rarg'], branch['larg']]) if (isNode(side)) branches.push(side);
  }
  return [...walk.columns];
}

/** Parts of a statement that choose rows. */
const PREDICATES = new Set([
  'whereClause',
  'havingClause',
  'quals',
  'usingClause',
  'joinCondition',
]);

/** A part of the tree, still to be visited. */
interface Visit {
  readonly value: unknown;
  readonly inPredicate: boolean;
  /** The name under which the parent holds it. */
  readonly key: string;
}

/** Walks a parse tree in the order of the text and gathers names. Chains make deep trees, so it does not recurse. */
class TreeWalk {
  readonly tables = new Set<string>();
  readonly withNames = new Set<string>();
  readonly columns = new Set<string>();
  readonly predicateColumns = new Set<string>();
  leadingWildcard = false;

  visit(tree: unknown): void {
    const visits: Visit[] = [{ value: tree, inPredicate: false, key: '' }];
    for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
      const { value, inPredicate, key } = visit;
      const children: Visit[] = [];
      if (Array.isArray(value)) {
        for (const item of value) children.push({ value: item, inPredicate, key });
      } else if (isNode(value)) {
        this.#gather(value, inPredicate, key);
        for (const [name, child] of Object.entries(value))
          if (typeof child === 'object')
            children.push({
              value: child,
              inPredicate: inPredicate || PREDICATES.has(name),
              key: name,
            });
      }
      for (const child of children.reverse()) visits.push(child);
    }
  }

  #gather(node: Node, inPredicate: boolean, key: string): void {
    if (typeof node['relname'] === 'string') {
      const schema = node['schemaname'];
      add(
        this.tables,
        typeof schema === 'string' ? `${schema}.${node['relname']}` : node['relname'],
      );
    }
    if (typeof node['ctename'] === 'string') add(this.withNames, node['ctename']);
    if (key === 'ColumnRef') this.#column(nameOf(node['fields']), inPredicate);
    if (key === 'usingClause') this.#column(nameOf([node]), true);
    if (node['kind'] === 'AEXPR_LIKE' || node['kind'] === 'AEXPR_ILIKE') {
      if (/^[%_]/.test(firstText(node['rexpr']))) this.leadingWildcard = true;
    }
    const drop = node['DropStmt'];
    if (isNode(drop)) this.#dropped(drop);
    // The columns of INSERT and UPDATE are targets with a name; those of SELECT have aliases there.
    for (const statement of ['InsertStmt', 'UpdateStmt']) {
      const target = node[statement];
      if (!isNode(target)) continue;
      const targets = statement === 'InsertStmt' ? target['cols'] : target['targetList'];
      if (Array.isArray(targets)) for (const item of targets) this.#target(item);
    }
  }

  #column(name: string, inPredicate: boolean): void {
    if (name === '') return;
    add(this.columns, name);
    if (inPredicate) add(this.predicateColumns, name);
  }

  #target(item: unknown): void {
    const target = isNode(item) ? item['ResTarget'] : undefined;
    if (isNode(target) && typeof target['name'] === 'string') this.#column(target['name'], false);
  }

  #dropped(drop: Node): void {
    if (!/TABLE|VIEW|SEQUENCE/.test(String(drop['removeType'])) || !Array.isArray(drop['objects']))
      return;
    for (const object of drop['objects'] as unknown[]) {
      const list = isNode(object) ? object['List'] : undefined;
      const name = isNode(list) ? nameOf(list['items']) : '';
      if (name !== '') add(this.tables, name);
    }
  }
}

function add(names: Set<string>, name: string): void {
  if (names.size < NAMES_MAX) names.add(name);
}

/** What a text begins with: a constant, or the first operand of `||`; '' when that is not known. */
function firstText(expression: unknown): string {
  let value = expression;
  for (;;) {
    const node = isNode(value) ? value : {};
    const constant = isNode(node['A_Const']) ? node['A_Const']['sval'] : undefined;
    const text = isNode(constant) ? constant['sval'] : undefined;
    if (typeof text === 'string') return text;
    const cast = node['TypeCast'];
    const chain = node['A_Expr'];
    if (isNode(cast)) value = cast['arg'];
    else if (isNode(chain) && nameOf(chain['name']) === '||') value = chain['lexpr'];
    else return '';
  }
}

/** `a.b` of a list of String nodes; a star stays a star. */
function nameOf(fields: unknown): string {
  if (!Array.isArray(fields)) return '';
  const parts: string[] = [];
  for (const field of fields as unknown[]) {
    if (!isNode(field)) continue;
    const text = field['String'];
    if (isNode(text) && typeof text['sval'] === 'string') parts.push(text['sval']);
    else if ('A_Star' in field) parts.push('*');
  }
  return parts.join('.');
}
