/** Reads a configuration file, YAML or JSON, and tells everything that is wrong in it with line and column. */
import { readFileSync, statSync } from 'node:fs';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { cannotRead, MirrorSqlError } from '../../core/errors.ts';
import { nearestName } from './nearest-name.ts';
import { remarks } from './remarks.ts';
import { type Configuration, configurationSchema } from './schema.ts';

/** No honest configuration is longer. */
const FILE_BYTES_MAX = 1024 * 1024;
/** As many as one wants to read at once; the rest shows when these are mended. */
const PROBLEMS_MAX = 50;

export interface Problem {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ReadConfiguration {
  /** Undefined when there are problems. */
  readonly configuration: Configuration | undefined;
  readonly problems: readonly Problem[];
}

/** @throws MirrorSqlError MSQL_CONFIG_READ when the file cannot be had */
export function readConfigurationFile(file: string): ReadConfiguration {
  return parseConfiguration(textOf(file), file.endsWith('.json') ? 'json' : 'yaml');
}

/** The first problem in the words of an error. */
export function configurationError(file: string, problems: readonly Problem[]): MirrorSqlError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const text = first === undefined ? file : problemText(file, first);
  return new MirrorSqlError('MSQL_CONFIG_INVALID', `${text}${more}`);
}

export function problemText(file: string, { line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

export function parseConfiguration(text: string, format: 'json' | 'yaml'): ReadConfiguration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col), message };
  };
  const wrong = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    at(pos[0], message),
  );
  if (format === 'json' && wrong.length === 0) wrong.push(...jsonProblems(text, document, at));
  if (wrong.length > 0) return found(wrong);
  // A file with nothing in it, or only with comments, sets nothing.
  const value: unknown = document.contents === null ? {} : plainValue(document);
  if (value === undefined) return found([at(0, 'its aliases refer to each other without end')]);
  const problems = schemaProblems(value).map(({ path, key, message }) =>
    at(offsetOf(document, path, key), message),
  );
  if (problems.length > 0) return found(problems);
  const configuration = value as Configuration; // The schema has no problem with it.
  const refused = remarks(configuration).map(({ path, message }) =>
    at(offsetOf(document, path, false), `${path.join('.')}: ${message}`),
  );
  return refused.length > 0 ? found(refused) : { configuration, problems: [] };
}

function found(problems: Problem[]): ReadConfiguration {
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { configuration: undefined, problems: problems.slice(0, PROBLEMS_MAX) };
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) {
      throw new MirrorSqlError('MSQL_CONFIG_READ', `${file} is too large for a configuration`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof MirrorSqlError) throw error;
    throw cannotRead('MSQL_CONFIG_READ', file, error);
  }
}

/** Undefined when the aliases of the document multiply beyond reason. */
function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

type At = (offset: number, message: string) => Problem;

/** YAML reads all JSON, and more: in a .json file the rest is refused, where other readers of the file would stop. */
function jsonProblems(text: string, document: Document, at: At): Problem[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = / at position (\d+)/.exec(message);
    if (position !== null) {
      return [at(Number(position[1]), `not JSON: ${message.slice(0, position.index)}`)];
    }
    // The words of the engine then quote the text and name no place: the first value that JSON has no form for.
    let offset = 0;
    visit(document, {
      Scalar(_key, node) {
        const quoted = node.type === 'QUOTE_DOUBLE';
        if (quoted || (node.type === 'PLAIN' && typeof node.value !== 'string')) return undefined;
        offset = node.range?.[0] ?? 0;
        return visit.BREAK;
      },
    });
    return [at(offset, 'not JSON: texts stand in double quotes, without a comma after the last')];
  }
}

interface SchemaProblem {
  readonly path: readonly string[];
  /** The place is the key's, not the value's. */
  readonly key: boolean;
  readonly message: string;
}

function schemaProblems(value: unknown): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const { keyword, instancePath, schemaPath, params } of Value.Errors(
    configurationSchema,
    value,
  )) {
    // A choice tells what it takes as a whole, and an unknown key is told where it is refused.
    if (keyword === 'boolean' || schemaPath.includes('/anyOf/')) continue;
    const path = pointerParts(instancePath);
    const schema = schemaAt(schemaPath);
    if (keyword === 'additionalProperties') {
      const names = (params as { additionalProperties: readonly string[] }).additionalProperties;
      for (const name of names) {
        problems.push({ path: [...path, name], key: true, message: unknownKey(schema, name) });
      }
    } else if (keyword === 'required') {
      const names = (params as { requiredProperties: readonly string[] }).requiredProperties;
      problems.push({ path, key: false, message: `${names.join(' and ')} is missing` });
    } else {
      const where = path.length === 0 ? '' : `${path.join('.')}: `;
      const message = `${where}expected ${schema.title ?? 'another value'}, found ${shown(Value.Pointer.Get(value, instancePath))}`;
      problems.push({ path, key: false, message });
    }
  }
  return problems;
}

interface SchemaNode {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
}

function schemaAt(schemaPath: string): SchemaNode {
  const node: unknown = Value.Pointer.Get(configurationSchema, schemaPath.slice(1));
  return typeof node === 'object' && node !== null ? node : {};
}

function unknownKey({ properties, title }: SchemaNode, name: string): string {
  if (properties === undefined) return `${shown(name)} is no key here: expected ${title ?? ''}`;
  const known = Object.keys(properties);
  const nearest = nearestName(name, known);
  const advice =
    nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${nearest}?`;
  return `unknown key ${shown(name)}: ${advice}`;
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of settings';
  return JSON.stringify(value).slice(0, 60);
}

/** RFC 6901. */
function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Where in the text the value at a path begins, or its key; of the nearest one that there is. */
function offsetOf(document: Document, path: readonly string[], ofKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === part);
      if (pair === undefined) return offset;
      node = pair.value;
      offset = startOf(ofKey && last ? pair.key : node) ?? startOf(pair.key) ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0];
}
