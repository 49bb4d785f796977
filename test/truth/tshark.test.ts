/**
 * tshark is an independent reader of the same bytes. It joins no answer to its request, but it counts messages: what it
 * counts, our events must add up to. Captures that miss bytes on purpose are left out, because there the two guess
 * differently. Needs tshark; captures that do not ship with the project are skipped when they are absent.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeCapture, type PrintedEvent } from '../lab/decode.ts';
import { plays } from '../lab/scenario-plays.ts';
import { statementsOf } from './server-account.ts';
import { type TsharkMessage, tsharkMessages } from './tshark-messages.ts';
import { countBy, sorted } from './wire-account.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SHARED = join(ROOT, '..', 'shared', 'captures');
const ABSENT = `no captures in ${SHARED}: only the project's own are compared`;

/** Ports on which nothing but its own word tells tshark that PostgreSQL is spoken. */
const PORTS = [5432, 15_415, 15_418, 15_432];

/** Scenarios with bytes missing, with another protocol, or in which tshark begins in the middle. */
const NOT_COMPARABLE = new Set([
  'requests-only',
  'answers-only',
  'short-snaplen',
  'mid-stream',
  'http-on-5432',
  'mysql-on-5432',
]);

const scenarios = plays
  .filter(({ name }) => !NOT_COMPARABLE.has(name))
  .map(({ name }) => join(ROOT, 'test', 'scenarios', name, 'capture.pcap'));

const shared = ['postgres', 'zeek'].flatMap((folder) => {
  const directory = join(SHARED, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => folder === 'postgres' || /^postgresql-(?!.*(?:on-port|bad-))/.test(file))
    .map((file) => join(directory, file));
});

async function compare(file: string): Promise<void> {
  const [messages, { events }] = await Promise.all([
    tsharkMessages(file, PORTS),
    decodeCapture(file, [
      '--params',
      ...PORTS.flatMap((port) => ['--port', `${String(port)}=postgres`]),
    ]),
  ]);
  const statements = events.filter(({ type }) => type === 'statement');
  expect.soft(rowsReturned(statements), 'data rows').toBe(countOf(messages, 'Data row'));
  expect.soft(sorted(ourErrors(events)), 'errors').toEqual(sorted(theirErrors(messages)));
  expect
    .soft(sorted(countBy(simpleTexts(statements), withoutStrings)), 'texts of simple queries')
    .toEqual(sorted(countBy(theirSimpleTexts(messages), withoutStrings)));
  const parsed = new Set(messages.filter(({ type }) => type === 'Parse').map(({ query }) => query));
  const extended = statements.filter((event) => isExtended(event) && event.statement !== undefined);
  expect
    .soft(
      extended.filter(({ statement }) => !parsed.has(statement)),
      'texts parsed',
    )
    .toEqual([]);
  expect.soft(tagRows(messages), 'rows in command tags').toBe(affected(statements));
  const ended = events.filter(({ reason }) => reason === 'terminate').length;
  expect.soft(ended, 'terminations').toBe(countOf(messages, 'Termination'));
}

function countOf(messages: readonly TsharkMessage[], type: string): number {
  return messages.filter((message) => message.type === type).length;
}

/** COPY returns its rows as copied data, not as data rows. */
function rowsReturned(statements: readonly PrintedEvent[]): number {
  const rows = statements.filter(({ command }) => command !== 'COPY');
  return rows.reduce((sum, { rows_returned: returned }) => sum + (returned ?? 0), 0);
}

/** Each ErrorResponse is the error of one statement, of a login, or the server's last word. */
function ourErrors(events: readonly PrintedEvent[]): Map<string, number> {
  return countBy(events, (event) =>
    event.type === 'anomaly' && event.kind === 'ended_by_server'
      ? event.detail?.slice(0, 5)
      : event.sqlstate,
  );
}

function theirErrors(messages: readonly TsharkMessage[]): Map<string, number> {
  return countBy(messages, ({ type, sqlstate }) => (type === 'Error' ? sqlstate : undefined));
}

/** With --params, what came by the extended protocol has parameters, even if none. */
function isExtended({ parameters, statement_name: name }: PrintedEvent): boolean {
  return parameters !== undefined || name !== undefined;
}

function simpleTexts(statements: readonly PrintedEvent[]): string[] {
  return statements
    .filter((event) => !isExtended(event))
    .flatMap(({ statement }) => statementsOf(statement ?? ''))
    .filter((text) => text !== '');
}

/** tshark shows each string; those with several statements are divided as PostgreSQL's own parser does. */
function theirSimpleTexts(messages: readonly TsharkMessage[]): string[] {
  return messages
    .filter(({ type }) => type === 'Simple query')
    .flatMap(({ query }) => statementsOf(query ?? ''))
    .filter((text) => text !== '');
}

/** Ours may be masked. */
function withoutStrings(text: string): string {
  return text.replace(/'[^']*'/g, "'...'");
}

/**
 * Numbers of the tags that change rows. One that a failed commit takes back at once (a deferred foreign key, the only
 * deferred constraint in these captures) changes none.
 */
function tagRows(messages: readonly TsharkMessage[]): number {
  return messages.reduce((sum, { tag, stream }, index) => {
    const count = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/.exec(tag ?? '')?.[1];
    const next = messages.slice(index + 1).find((other) => other.stream === stream);
    return sum + (next?.sqlstate === '23503' ? 0 : Number(count ?? 0));
  }, 0);
}

const CHANGING = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WITH']);

function affected(statements: readonly PrintedEvent[]): number {
  const changing = statements.filter(({ command }) => CHANGING.has(command ?? ''));
  return changing.reduce((sum, { rows_affected: rows }) => sum + (rows ?? 0), 0);
}

describe('tshark counts the messages that our events add up to', () => {
  it.each(scenarios)('%s', compare);
});

describe.skipIf(shared.length === 0)(`the same in captures that do not ship (${ABSENT})`, () => {
  it.each(shared)('%s', compare);
});
