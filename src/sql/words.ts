/**
 * The words of SQL that folding.ts and normalize.ts must know, found by the hash that the lexer computes anyway.
 * A word has a small number (its id, 0 for words not listed) and flags.
 */
import { Lexer } from './lexer.ts';

export const WordFlag = {
  /** An identifier of this name needs quotes: "order" is not ORDER. */
  Reserved: 1,
  /** Printed in upper case. */
  Keyword: 2,
  /** An operand follows: a sign after it belongs to the number, NULL after it is a value. */
  BeforeOperand: 4,
  /** A question mark after it is a parameter, though no operand of an expression follows. */
  BeforeParameter: 8,
  /** Names a type that may stand before a string: date '2020-01-01'. */
  Type: 16,
  /** folding.ts treats it in its own way. */
  Acts: 32,
  /** Printed in upper case, except in queries, where it is more likely a column. */
  StatementKeyword: 128,
  /** Passed over on the way to the name in statements like FETCH NEXT FROM name. */
  BeforeName: 64,
} as const;

const R = WordFlag.Reserved | WordFlag.Keyword;
const K = WordFlag.Keyword;
const D = WordFlag.StatementKeyword;
const O = WordFlag.BeforeOperand;
const P = WordFlag.BeforeParameter;
const T = WordFlag.Type;
const A = WordFlag.Acts;
const N = WordFlag.BeforeName;

/** Reserved words are those of PostgreSQL's manual, appendix "SQL Key Words". */
const LISTS: readonly (readonly [flags: number, words: string])[] = [
  [R | O, 'and or not where having on when then else case select distinct limit offset returning'],
  [R | O, 'in any some symmetric asymmetric for from using to check variadic all as placing'],
  [R | P, 'is desc asc fetch with into end primary references unique constraint default'],
  [R, 'analyse analyze array both cast collate column create current_catalog current_date'],
  [R, 'current_role current_time current_timestamp current_user deferrable do except false'],
  [R, 'foreign grant group initially intersect lateral leading localtime localtimestamp null'],
  [R, 'only order session_user system_user table trailing true union user window'],
  // These may name functions or types; as bare words in a query they are keywords all the same.
  [R, 'authorization binary collation concurrently cross current_schema freeze full inner isnull'],
  [R | O, 'like ilike similar'],
  [R, 'join left natural notnull outer overlaps right tablesample verbose'],
  [K | O, 'between by escape values set rows next first'],
  [O, 'range groups start increment minvalue maxvalue restart cache'],
  [D | O, 'absolute relative forward backward'],
  [K, 'insert update delete merge begin commit rollback savepoint release truncate explain show'],
  [K, 'over partition filter within recursive materialized conflict nothing exists matched nulls'],
  [K, 'unbounded preceding following skip locked nowait share of ties last row coalesce nullif'],
  [K, 'extract greatest least'],
  [
    D,
    'copy alter drop reset discard listen notify unlisten call prepare execute deallocate declare',
  ],
  [D, 'close move vacuum reindex cluster lock revoke comment refresh checkpoint abort transaction'],
  [
    D,
    'if view index schema sequence database function procedure trigger role extension type domain',
  ],
  [D, 'replace key cascade restrict add rename owner temp temporary unlogged procedural isolation'],
  [D, 'level read write work start mode access cursor options server mapping subscription'],
  [D | P, 'password language identified'],
  [P, 'interval zone until format delimiter quote connection preceding following'],
];

const EXTRA: readonly (readonly [flags: number, words: string])[] = [
  [A, 'null true false default cast values'],
  [
    T | A,
    'date time timestamp timestamptz timetz interval text varchar bpchar name uuid json jsonb',
  ],
  [
    T | A,
    'xml bytea bool boolean numeric decimal int int2 int4 int8 integer bigint smallint float',
  ],
  [T | A, 'float4 float8 real money inet cidr macaddr point line lseg box path polygon circle'],
  [
    T | A,
    'tsvector tsquery regclass regtype regproc oid pg_lsn int4range numrange tsrange daterange',
  ],
  // First words of statements that hold names made up anew each time, settings, or passwords.
  [A, 'savepoint release rollback declare fetch move close prepare deallocate set create alter'],
  [A, 'identified'],
  [
    N,
    'transaction work to savepoint and no chain prepared next prior first last absolute relative',
  ],
  [N, 'forward backward all from in prepare'],
  // Parts of type names and of other phrases, known by id only.
  [0, 'as by to role group user password expire disable replace uescape array setof'],
  [0, 'precision double varying character char nchar bit national with without zone'],
  [0, 'year month day hour minute second work isolation read end is'],
  [0, 'atomic deferrable scroll insensitive asensitive'],
];

const IDS = new Map<string, number>();
const WORDS_MAX = 512;
const FLAGS_BY_ID = new Uint8Array(WORDS_MAX);
/** Open addressing by the upper bits of the first lane. */
const SLOTS_BITS = 11;
const SLOTS_MASK = (1 << SLOTS_BITS) - 1;
const slotIds = new Uint16Array(1 << SLOTS_BITS);
const laneAById = new Int32Array(WORDS_MAX);
const laneBById = new Int32Array(WORDS_MAX);

const encoder = new TextEncoder();
for (const [flags, words] of [...LISTS, ...EXTRA]) {
  for (const word of words.split(' ')) {
    const id = IDS.get(word) ?? addWord(word);
    FLAGS_BY_ID[id] = (FLAGS_BY_ID[id] as number) | flags;
  }
}

function addWord(word: string): number {
  const id = IDS.size + 1;
  if (id >= WORDS_MAX) throw new RangeError('more words than WORDS_MAX');
  IDS.set(word, id);
  const lexer = new Lexer();
  const bytes = encoder.encode(word);
  lexer.reset(bytes, 0, bytes.length);
  lexer.next();
  laneAById[id] = lexer.laneA;
  laneBById[id] = lexer.laneB;
  let slot = lexer.laneA >>> (32 - SLOTS_BITS);
  while (slotIds[slot] !== 0) slot = (slot + 1) & SLOTS_MASK;
  slotIds[slot] = id;
  return id;
}

/** The id of a listed word by its two hash lanes, 0 of any other. */
export function wordIdOf(laneA: number, laneB: number): number {
  let slot = laneA >>> (32 - SLOTS_BITS);
  for (;;) {
    const id = slotIds[slot] as number;
    if (id === 0 || (laneAById[id] === laneA && laneBById[id] === laneB)) return id;
    slot = (slot + 1) & SLOTS_MASK;
  }
}

/** Bits of WordFlag. */
export function wordFlags(id: number): number {
  return FLAGS_BY_ID[id] as number;
}

/** The id of a word that stands in the lists above. */
export function idOf(word: string): number {
  const id = IDS.get(word);
  if (id === undefined) throw new RangeError(`${word} is not in the word lists`);
  return id;
}

/** The ids of words that stand in the lists above. */
export function idsOf(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map(idOf));
}

/** Does an identifier of this text mean a keyword when it loses its quotes? */
export function isReserved(word: string): boolean {
  const id = IDS.get(word) ?? 0;
  return (wordFlags(id) & WordFlag.Reserved) !== 0;
}
