/**
 * A real PostgreSQL is asked for thousands of values in both forms, as its send functions make them and as its output
 * functions print them: what we print of the first must be the second. Needs a PostgreSQL server; fails without one.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeParameters } from '../../collectors/protocols/postgres/parameters.ts';
import { type PostgresServer, startPostgres } from '../lab/postgres-server.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  return () => server.stop();
}, 60_000);

/** Numbered rows, and random numbers that are the same in each run. */
const ROWS = 'FROM (SELECT setseed(0.25)) seed, generate_series(1, 1500) AS i';
const INT8 = '((random() - 0.5) * 2::float8 ^ (random() * 64))::numeric::bigint';
const words = (length: number): string =>
  `(SELECT string_agg(substr(E'ab\\t "{},\\\\()[]é東;''N', 1 + (random() * 18)::int % 19, 1), '')
    FROM generate_series(1, (random() * ${length} + i * 0)::int))`;

const special = (type: string, values: readonly string[]): string =>
  `SELECT v::${type} AS v FROM unnest(ARRAY[${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',')}]) AS v`;

/** By type: queries that give a column v. */
const VALUES: readonly (readonly [string, readonly string[]])[] = [
  ['bool', [special('bool', ['t', 'f'])]],
  ['bytea', [`SELECT decode(md5(i::text), 'hex') AS v ${ROWS}`, special('bytea', ['', '\\x00'])]],
  ['"char"', [`SELECT chr(1 + i % 127)::"char" AS v ${ROWS}`, special('"char"', [''])]],
  ['name', [`SELECT ${words(8)}::name AS v ${ROWS}`]],
  ['int2', [`SELECT (random() * 65535 - 32768)::int::int2 AS v ${ROWS}`]],
  ['int4', [`SELECT (random() * 4294967295 - 2147483648)::int8::int4 AS v ${ROWS}`]],
  ['int8', [`SELECT ${INT8} AS v ${ROWS}`]],
  ['oid', [`SELECT (random() * 4294967295)::int8::oid AS v ${ROWS}`]],
  ['xid', [special('xid', ['0', '4294967295'])]],
  ['cid', [special('cid', ['0', '4294967295'])]],
  ['xid8', [special('xid8', ['0', '18446744073709551615'])]],
  ['tid', [special('tid', ['(0,1)', '(4294967295,65535)'])]],
  ['pg_lsn', [special('pg_lsn', ['0/0', 'FFFFFFFF/ABCDEF', '1/2'])]],
  ['text', [`SELECT ${words(12)} AS v ${ROWS}`]],
  ['varchar', [special('varchar', ['', 'a b'])]],
  ['bpchar', [special('bpchar', ['', 'a b  '])]],
  ['json', [special('json', ['{"a" : [1,  2]}', 'null'])]],
  ['jsonb', [special('jsonb', ['{"a" : [1,  2.50]}', 'null', '"é"'])]],
  ['jsonpath', [special('jsonpath', ['$.a[*] ? (@ > 2)'])]],
  [
    'float4',
    [
      `SELECT ((random() - 0.5) * 10::float8 ^ (random() * 76 - 38))::float4 AS v ${ROWS}`,
      `SELECT ((i - 700)::float4 / 8)::float4 AS v ${ROWS}`,
      `SELECT (10::float8 ^ (i - 45))::float4 AS v FROM generate_series(1, 83) AS i`,
      `SELECT (2::float8 ^ (i - 148))::float4 AS v FROM generate_series(0, 274) AS i`,
      `SELECT (2::float8 ^ (i - 100) * 1.00000011920928955)::float4 AS v FROM generate_series(0, 220) AS i`,
      special('float4', ['NaN', 'Infinity', '-Infinity', '0', '-0', '3.4028235e38', '1e-45']),
    ],
  ],
  [
    'float8',
    [
      `SELECT (random() - 0.5) * 10::float8 ^ (random() * 600 - 300) AS v ${ROWS}`,
      `SELECT (i - 700)::float8 / 10 AS v ${ROWS}`,
      `SELECT ('1e' || i)::float8 AS v FROM generate_series(-323, 308) AS i`,
      `SELECT ('9e' || i)::float8 AS v FROM generate_series(-323, 307) AS i`,
      `SELECT 2::float8 ^ i AS v FROM generate_series(-1074, 1023) AS i`,
      `SELECT (2::float8 ^ 53 + i) * 2 ^ (i % 60) AS v FROM generate_series(1, 1000) AS i`,
      special('float8', [
        'NaN',
        'Infinity',
        '-Infinity',
        '0',
        '-0',
        '5e-324',
        '1e23',
        '1.7976931348623157e308',
      ]),
    ],
  ],
  [
    'numeric',
    [
      `SELECT (${INT8}::numeric / 10 ^ (i % 30))::numeric(100, 40) AS v ${ROWS}`,
      `SELECT round((random() * 10 ^ (i % 20))::numeric, i % 9) AS v ${ROWS}`,
      `SELECT ('1e' || (i - 150))::numeric AS v FROM generate_series(1, 300) AS i`,
      special('numeric', [
        'NaN',
        'Infinity',
        '-Infinity',
        '0',
        '0.000',
        '-0.0001',
        '10000',
        '99999999.99990',
      ]),
    ],
  ],
  [
    'date',
    [
      `SELECT '2000-01-01'::date + ((random() - 0.5) * 10 ^ (random() * 6))::int AS v ${ROWS}`,
      `SELECT '4713-01-01 BC'::date + i * 3907 AS v ${ROWS}`,
      special('date', [
        'infinity',
        '-infinity',
        '4713-01-01 BC',
        '5874897-12-31',
        '0001-01-01',
        '0001-12-31 BC',
        '2000-02-29',
        '1900-02-28',
        '0005-02-29 BC',
      ]),
    ],
  ],
  [
    'time',
    [
      `SELECT '0:00'::time + random() * '1 day'::interval AS v ${ROWS}`,
      special('time', ['24:00:00', '00:00:00.000001', '01:02:03.1']),
    ],
  ],
  [
    'timetz',
    [
      `SELECT (('0:00'::time + random() * '1 day'::interval)::text || CASE WHEN i % 2 = 0 THEN '+' ELSE '-' END || i % 16 || ':' || i % 60)::timetz AS v ${ROWS}`,
      special('timetz', ['01:02:03+00', '01:02:03-15:59:59', '24:00:00+05:30']),
    ],
  ],
  ...['timestamp', 'timestamptz'].map(
    (type) =>
      [
        type,
        [
          `SELECT '2000-01-01'::${type} + (random() - 0.5) * 10 ^ (random() * 6) * '1 day'::interval AS v ${ROWS}`,
          special(type, [
            'infinity',
            '-infinity',
            '4713-01-01 00:00 BC',
            '294276-12-31 23:59:59.999999',
            '0001-12-31 23:59:59.5 BC',
            '1999-12-31 23:59:59.999999',
          ]),
        ],
      ] as const,
  ),
  [
    'interval',
    [
      `SELECT make_interval(years => (random() * 40 - 20)::int, months => (random() * 40 - 20)::int, days => (random() * 40 - 20)::int, hours => (random() * 40 - 20)::int, secs => random() * 100 - 50) AS v ${ROWS}`,
      `SELECT make_interval(months => i % 3 - 1, days => i / 3 % 3 - 1, secs => (i / 9 % 3 - 1) * 0.5) AS v FROM generate_series(0, 26) AS i`,
      special('interval', [
        '0',
        '1 year',
        '-1 mon',
        '1 mon -1 day 0.1 sec',
        '1000000:00:00',
        '-178000000 years',
        '24:00:00',
        '-00:00:00.000001',
      ]),
    ],
  ],
  ['uuid', [`SELECT md5(i::text)::uuid AS v ${ROWS}`]],
  [
    'inet',
    [
      `SELECT '0.0.0.0'::inet + (random() * 4294967295)::int8 AS v ${ROWS}`,
      `SELECT ('1.2.3.4/' || i)::inet AS v FROM generate_series(0, 32) AS i`,
      `SELECT ('2001:db8::1/' || i)::inet AS v FROM generate_series(0, 128) AS i`,
      `SELECT (SELECT string_agg(CASE WHEN random() < 0.5 THEN '0' ELSE to_hex((random() * 65535)::int) END, ':') FROM generate_series(1, 8 + i * 0))::inet AS v ${ROWS}`,
      special('inet', [
        '::',
        '::1',
        '::2',
        '::ffff:1.2.3.4',
        '::1.2.3.4',
        '::ffff:0:1.2.3.4',
        '1::',
        '0:0:1::',
        '1:0:0:2:0:0:3:4',
        '::1:0:0',
      ]),
    ],
  ],
  ['cidr', [special('cidr', ['10.0.0.0/8', '1.2.3.4', '2001:db8::/32', '::/0', '::1'])]],
  ['macaddr', [special('macaddr', ['08:00:2b:01:02:03', 'ff:ff:ff:ff:ff:ff'])]],
  ['macaddr8', [special('macaddr8', ['08:00:2b:01:02:03:04:05'])]],
  ['bit', [special('bit(11)', ['10101010101', '00000000001'])]],
  ['varbit', [special('varbit', ['', '1', '10101010', '101010101'])]],
  ['point', [special('point', ['(1.5,-2)', '(1e300,NaN)'])]],
  ['lseg', [special('lseg', ['[(1,2),(3,4)]'])]],
  ['box', [special('box', ['(3,4),(1,2)'])]],
  ['path', [special('path', ['[(1,2),(3,4)]', '((1,2),(3,4),(5,6))'])]],
  ['polygon', [special('polygon', ['((1,2),(3,4),(5,6.5))'])]],
  ['line', [special('line', ['{1,2.5,-3}'])]],
  ['circle', [special('circle', ['<(1,2),3.5>'])]],
  ['int2vector', [special('int2vector', ['', '1 2 -3'])]],
  ['oidvector', [special('oidvector', ['', '1 2 4294967295'])]],
  [
    'text[]',
    [
      `SELECT ARRAY(SELECT CASE WHEN random() < 0.1 THEN NULL ELSE ${words(5)} END FROM generate_series(0, 3 + i * 0)) AS v ${ROWS}`,
      special('text[]', [
        '{}',
        '{NULL}',
        '{"NULL"}',
        '{"",nUll,"null"}',
        '{"a b","c,d","{e}","f\\\\g","h\\"i"}',
        '{{a,b},{c,NULL}}',
        '[2:3]={a,b}',
        '[0:1][-1:0]={{a,b},{c,d}}',
      ]),
    ],
  ],
  [
    'int4[]',
    [
      `SELECT ARRAY[i, NULL, -i] AS v ${ROWS}`,
      special('int4[]', ['{{{1,2},{3,4}},{{5,6},{7,8}}}']),
    ],
  ],
  ['int2[]', [special('int2[]', ['{1,-2}'])]],
  ['int8[]', [special('int8[]', ['{9223372036854775807}'])]],
  ['bool[]', [special('bool[]', ['{t,f,NULL}'])]],
  ['bytea[]', [special('bytea[]', ['{"\\\\x00","\\\\x"}'])]],
  ['float4[]', [special('float4[]', ['{1.1,NaN,-Infinity}'])]],
  ['float8[]', [special('float8[]', ['{1.1,NaN,1e300}'])]],
  ['numeric[]', [special('numeric[]', ['{1.10,NaN}'])]],
  ['varchar[]', [special('varchar[]', ['{a,"b c"}'])]],
  ['bpchar[]', [special('bpchar[]', ['{a,"b c"}'])]],
  ['name[]', [special('name[]', ['{a,"b c"}'])]],
  ['date[]', [special('date[]', ['{2020-01-02,infinity,"0044-03-15 BC"}'])]],
  ['time[]', [special('time[]', ['{01:02:03}'])]],
  ['timetz[]', [special('timetz[]', ['{01:02:03+02}'])]],
  ['timestamp[]', [special('timestamp[]', ['{"2020-01-02 03:04:05.6"}'])]],
  ['timestamptz[]', [special('timestamptz[]', ['{"2020-01-02 03:04:05.6+02"}'])]],
  ['interval[]', [special('interval[]', ['{"1 day 02:00:00",01:00:00}'])]],
  ['uuid[]', [special('uuid[]', ['{00112233-4455-6677-8899-aabbccddeeff}'])]],
  ['json[]', [special('json[]', ['{"{\\"a\\":1}"}'])]],
  ['jsonb[]', [special('jsonb[]', ['{"{\\"a\\":1}",1}'])]],
  ['jsonpath[]', [special('jsonpath[]', ['{$.a}'])]],
  ['inet[]', [special('inet[]', ['{1.2.3.4/24,::1}'])]],
  ['cidr[]', [special('cidr[]', ['{10.0.0.0/8}'])]],
  ['macaddr[]', [special('macaddr[]', ['{08:00:2b:01:02:03}'])]],
  ['macaddr8[]', [special('macaddr8[]', ['{08:00:2b:01:02:03:04:05}'])]],
  ['oid[]', [special('oid[]', ['{1,4294967295}'])]],
  ['"char"[]', [special('"char"[]', ['{a,"{"}'])]],
  ['tid[]', [special('tid[]', ['{"(0,1)"}'])]],
  ['xid[]', [special('xid[]', ['{1}'])]],
  ['cid[]', [special('cid[]', ['{1}'])]],
  ['xid8[]', [special('xid8[]', ['{1}'])]],
  ['pg_lsn[]', [special('pg_lsn[]', ['{0/1}'])]],
  ['bit[]', [special('bit(2)[]', ['{10,01}'])]],
  ['varbit[]', [special('varbit[]', ['{1,""}'])]],
  ['int2vector[]', [special('int2vector[]', ['{"1 2"}'])]],
  ['oidvector[]', [special('oidvector[]', ['{"1 2"}'])]],
  ['point[]', [special('point[]', ['{"(1,2)"}'])]],
  ['lseg[]', [special('lseg[]', ['{"[(1,2),(3,4)]"}'])]],
  ['box[]', [special('box[]', ['{(3,4),(1,2);(7,8),(5,6)}'])]],
  ['path[]', [special('path[]', ['{"[(1,2),(3,4)]"}'])]],
  ['polygon[]', [special('polygon[]', ['{"((1,2),(3,4))"}'])]],
  ['line[]', [special('line[]', ['{"{1,2,3}"}'])]],
  ['circle[]', [special('circle[]', ['{"<(1,2),3>"}'])]],
  ['int4range', [special('int4range', ['empty', '[1,5)', '(,5)', '[1,)', '(,)'])]],
  ['int8range', [special('int8range', ['[1,5]'])]],
  ['numrange', [special('numrange', ['(1.50,5]', '[1,1]'])]],
  ['daterange', [special('daterange', ['[2020-01-01,infinity)', '["0044-03-15 BC",2020-01-01)'])]],
  ['tsrange', [special('tsrange', ['[2020-01-01 01:02,2020-01-02)'])]],
  ['tstzrange', [special('tstzrange', ['(2020-01-01 01:02+00,]'])]],
  ['int4multirange', [special('int4multirange', ['{}', '{[1,3),[5,7)}'])]],
  ['int8multirange', [special('int8multirange', ['{[1,3)}'])]],
  ['nummultirange', [special('nummultirange', ['{[1,3.5],(5,)}'])]],
  ['datemultirange', [special('datemultirange', ['{[2020-01-01,2020-01-03)}'])]],
  ['tsmultirange', [special('tsmultirange', ['{[2020-01-01,2020-01-03)}'])]],
  ['tstzmultirange', [special('tstzmultirange', ['{[2020-01-01,2020-01-03)}'])]],
  ['int4range[]', [special('int4range[]', ['{"[1,5)",empty}'])]],
  ['int8range[]', [special('int8range[]', ['{"[1,5)"}'])]],
  ['numrange[]', [special('numrange[]', ['{"[1,5)"}'])]],
  ['daterange[]', [special('daterange[]', ['{"[2020-01-01,2020-01-02)"}'])]],
  ['tsrange[]', [special('tsrange[]', ['{"[2020-01-01,2020-01-02)"}'])]],
  ['tstzrange[]', [special('tstzrange[]', ['{"[2020-01-01,2020-01-02)"}'])]],
  ['int4multirange[]', [special('int4multirange[]', ['{"{[1,3),[5,7)}"}'])]],
  ['int8multirange[]', [special('int8multirange[]', ['{"{[1,3),[5,7)}"}'])]],
  ['nummultirange[]', [special('nummultirange[]', ['{"{[1,3),[5,7)}"}'])]],
  ['datemultirange[]', [special('datemultirange[]', ['{"{[2020-01-01,2020-01-03)}"}'])]],
  ['tsmultirange[]', [special('tsmultirange[]', ['{"{[2020-01-01,2020-01-03)}"}'])]],
  ['tstzmultirange[]', [special('tstzmultirange[]', ['{"{[2020-01-01,2020-01-03)}"}'])]],
  [
    'record',
    [
      `SELECT (i, ${words(6)}, NULL, ARRAY['a', ${words(3)}], '2020-01-01'::timestamp) AS v ${ROWS}`,
      `SELECT ROW() AS v`,
    ],
  ],
  ['record[]', [`SELECT ARRAY[(1, 'a "b"'), (2, NULL)] AS v`]],
];

interface Sent {
  readonly text: string;
  readonly sent: Buffer;
}

async function ask(type: string): Promise<{ oid: number; send: string }> {
  const [row] = await server.query(
    'postgres',
    `SELECT oid::int8::text AS oid, typsend::regproc::text AS send FROM pg_type WHERE oid = '${type}'::regtype`,
  );
  return { oid: Number(row?.['oid']), send: String(row?.['send']) };
}

describe('a binary value is printed as PostgreSQL prints it', () => {
  it.each(VALUES)('%s', async (type, queries) => {
    const { oid, send } = await ask(type);
    let count = 0;
    const wrong: unknown[] = [];
    for (const query of queries) {
      const rows = (await server.query(
        'postgres',
        `SELECT format('%s', v) AS text, ${send}(v) AS sent FROM (${query}) AS q WHERE v IS NOT NULL`,
      )) as unknown as Sent[];
      count += rows.length;
      for (const { text, sent } of rows) {
        const [printed] = decodeParameters({ formats: [1], values: [sent] }, [oid]);
        if (printed !== text) wrong.push({ text, printed, sent: sent.toString('hex') });
      }
    }
    expect(count).toBeGreaterThan(0);
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
