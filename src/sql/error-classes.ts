/**
 * Root-cause classes of errors: what a code means in plain words, and whose business it is. One table of classes, one
 * table of codes a protocol; an exact code wins over the two-character class prefix of a SQLSTATE, and where one code
 * has several causes the message decides. PostgreSQL's codes: manual, appendix "PostgreSQL Error Codes"; KingbaseES and
 * openGauss use the same table with additions (YY...: openGauss).
 */
import type { ErrorRow } from '../events/report.ts';
import type { Protocol } from '../events/session.ts';

type Concern = ErrorRow['concern'];

export interface ErrorMeaning {
  /** In plain words, for someone who does not know the codes. */
  readonly meaning: string;
  readonly concern: Concern;
}

const APPLICATION = 'application';
const DATABASE = 'database';
const OPERATION = 'operation';

const CLASSES = {
  duplicate_key: meaning(APPLICATION, 'a row with the same key exists already'),
  foreign_key: meaning(
    APPLICATION,
    'a row refers to another that is missing, or is still referred to',
  ),
  not_null: meaning(APPLICATION, 'a value is missing in a column that must have one'),
  check: meaning(APPLICATION, 'a value breaks a check constraint of the table'),
  deadlock: meaning(
    APPLICATION,
    'transactions waited for each other in a circle; this one was given up',
  ),
  lock_timeout: meaning(APPLICATION, 'a lock was not granted in time'),
  serialization: meaning(
    APPLICATION,
    'a concurrent transaction changed the same data; a retry is expected',
  ),
  statement_timeout: meaning(DATABASE, 'a statement ran longer than allowed'),
  idle_timeout: meaning(APPLICATION, 'a connection or transaction was idle longer than allowed'),
  cancelled: meaning(APPLICATION, 'the client or an administrator cancelled the statement'),
  space_full: meaning(DATABASE, 'a disk is full'),
  out_of_memory: meaning(DATABASE, 'the server ran out of memory'),
  too_many_connections: meaning(DATABASE, 'no more connections are allowed'),
  resource_limit: meaning(DATABASE, 'a limit of the server was exceeded'),
  auth_failure: meaning(OPERATION, 'the login was refused'),
  permission_denied: meaning(OPERATION, 'the user has no right to do this'),
  undefined_object: meaning(
    APPLICATION,
    'a table, column, function or other object does not exist',
  ),
  duplicate_object: meaning(APPLICATION, 'an object of this name exists already'),
  syntax: meaning(APPLICATION, 'the statement is not valid SQL'),
  bad_value: meaning(APPLICATION, 'a value does not fit its type or use'),
  data_truncation: meaning(APPLICATION, 'a text is longer than its column'),
  numeric_overflow: meaning(APPLICATION, 'a number is out of range'),
  divide_by_zero: meaning(APPLICATION, 'a division by zero'),
  cardinality: meaning(APPLICATION, 'a query gave more or fewer rows than its place allows'),
  tx_aborted: meaning('follow_on', 'the transaction had failed already; the statement was ignored'),
  transaction_state: meaning(
    APPLICATION,
    'the statement does not fit the state of the transaction',
  ),
  read_only: meaning(OPERATION, 'a write was sent to a read-only server or transaction'),
  admin_shutdown: meaning(OPERATION, 'the server ended the session: it was told to, or it stopped'),
  cannot_connect_now: meaning(
    OPERATION,
    'the server takes no connections yet or any more: it starts, recovers or shuts down',
  ),
  connection_lost: meaning(OPERATION, 'a connection broke'),
  user_raised: meaning(APPLICATION, 'code in the database raised the error'),
  unsupported: meaning(APPLICATION, 'the server does not have this feature'),
  object_state: meaning(OPERATION, 'the object is in use or not ready for this'),
  foreign_data: meaning(DATABASE, 'a foreign server failed'),
  configuration: meaning(OPERATION, 'the configuration of the server is wrong'),
  internal: meaning(DATABASE, 'the server found an error in itself or in its files'),
  protocol: meaning(APPLICATION, 'client and server disagree about the protocol'),
  other: meaning(APPLICATION, 'a code without a known cause'),
} as const;

export type ErrorClass = keyof typeof CLASSES;

function meaning(concern: Concern, words: string): ErrorMeaning {
  return { meaning: words, concern };
}

/** Codes of SQLSTATE by class, five characters: exact; two characters: all codes with this beginning. */
const SQLSTATES: Partial<Record<ErrorClass, string>> = {
  duplicate_key: '23505 23P01',
  foreign_key: '23503 23001',
  not_null: '23502 22004 39004',
  check: '23514 23000 44000 23 44 27',
  deadlock: '40P01',
  lock_timeout: '55P03 YY003',
  serialization: '40001 40000 40003 40002 40',
  statement_timeout: '57014 25P04',
  idle_timeout: '25P03 57P05',
  cancelled: '57015',
  space_full: '53100',
  out_of_memory: '53200 YY006',
  too_many_connections: '53300',
  resource_limit: '53000 53400 54000 54001 54011 54023 53 54',
  auth_failure: '28000 28P01 28',
  permission_denied: '42501 0L 0P',
  undefined_object: '42P01 42703 42883 42704 42P02 3F000 3D000 26000 34000 3F 3D 26 34 3B001 HV00B',
  duplicate_object: '42P07 42710 42701 42723 42P06 42P03 42P04 42P05 42712',
  syntax:
    '42601 42602 42622 42939 42000 42P10 42611 42P11 42P12 42P13 42P14 42P15 42P16 42P17 42P19 42P20 42803 42702 42725 42P08 42P09 42 03 2D',
  bad_value: '42804 42846 42P18 42P21 42P22 42809 42P38 22P02 22P03 22007 22008 22023 22',
  data_truncation: '22001 01004',
  numeric_overflow: '22003 22015',
  divide_by_zero: '22012',
  cardinality: '21000 P0002 P0003 21 20 02',
  tx_aborted: '25P02',
  transaction_state: '25001 25P01 25 0B 2F 3B 38 39 24',
  read_only: '25006 2F002 38002 2F003',
  admin_shutdown: '57P01 57P02 57P04 57000 57',
  cannot_connect_now: '57P03',
  connection_lost: '08000 08001 08003 08004 08006 08007 YY001 YY002 YY004 08 YY',
  user_raised: 'P0001 P0000 P0004 P0 45000 45',
  unsupported: '0A000 0A',
  object_state: '55006 55000 55P02 55P04 55',
  foreign_data: 'HV',
  configuration: 'F0000 F0001 F0',
  internal: 'XX000 XX001 XX002 58000 58030 58P01 58P02 58P03 XX 58 72 2B',
  protocol: '08P01',
};

/** Error numbers of MySQL, MariaDB, TiDB and OceanBase. */
const MYSQL_CODES: Partial<Record<ErrorClass, string>> = {
  duplicate_key: '1062 1022 1586 1859',
  foreign_key: '1452 1451 1216 1217',
  not_null: '1048 1364',
  check: '3819 4025 1369',
  deadlock: '1213 1614',
  lock_timeout: '1205 3572 1206',
  serialization: '1020 8002 8005 8022 9007',
  statement_timeout: '3024 1969 4012',
  idle_timeout: '4031',
  cancelled: '1317',
  space_full: '1021 1114 1026',
  out_of_memory: '1037 1038 1041 3170 8001 8175 4013 4030',
  too_many_connections: '1040 1203 1226',
  auth_failure: '1045 1044 1698 1129 1130 1820 3118 3955',
  permission_denied: '1142 1143 1227 1370',
  undefined_object: '1146 1054 1305 1049 1051 1091 1243',
  duplicate_object: '1050 1007 1061 1060',
  syntax: '1064 1149',
  bad_value: '1292 1366 1411 3140',
  data_truncation: '1406 1265',
  numeric_overflow: '1264 1690',
  divide_by_zero: '1365',
  cardinality: '1242 1172',
  read_only: '1792 1290 1836 3098',
  admin_shutdown: '1053 1077 1080 1927 3169',
  connection_lost: '1152 1184 1158 1159 1160 1161',
  user_raised: '1644',
  unsupported: '1235 1295',
  object_state: '1099 1100 1192 1412 1615',
  resource_limit: '1153 1390 1436 1461',
  internal: '1034 1194 145 126',
  protocol: '1043 1047 1156',
};

/** SQLCODEs of Db2. -911 is a deadlock or a timeout; its reason code, in the message, tells which. */
const DRDA_CODES: Partial<Record<ErrorClass, string>> = {
  duplicate_key: '-803 -603',
  foreign_key: '-530 -531 -532',
  not_null: '-407',
  check: '-545 -543 -161',
  deadlock: '-911 -913',
  statement_timeout: '-905',
  cancelled: '-952',
  space_full: '-289 -968 -960 -1585 -964',
  out_of_memory: '-954 -955 -956 -973 -1218',
  too_many_connections: '-1040 -1226',
  auth_failure: '-30082 -1403 -1060 -922',
  permission_denied: '-551 -552',
  undefined_object: '-204 -205 -206 -440',
  duplicate_object: '-601 -612',
  syntax: '-104 -7 -10 -199',
  bad_value: '-401 -408 -420 -180',
  data_truncation: '-302 -404 -433',
  numeric_overflow: '-406 -413 -802',
  divide_by_zero: '-801',
  cardinality: '-811',
  tx_aborted: '-1476 -918',
  read_only: '-30090 -1773 -970',
  admin_shutdown: '-1224 -923 -1032',
  connection_lost: '-900 -30081',
  user_raised: '-438',
  unsupported: '-142 -270',
  object_state: '-668 -290 -1477 -7008',
  resource_limit: '-101 -904 -666',
  internal: '-901 -902',
  protocol: '-30000 -30020',
};

const SQLSTATE_CLASSES = byCode(SQLSTATES);
const VENDOR_CLASSES: Readonly<Record<Protocol, ReadonlyMap<string, ErrorClass>>> = {
  postgres: new Map(),
  mysql: byCode(MYSQL_CODES),
  drda: byCode(DRDA_CODES),
};

function byCode(table: Partial<Record<ErrorClass, string>>): ReadonlyMap<string, ErrorClass> {
  const classes = new Map<string, ErrorClass>();
  for (const [errorClass, codes] of Object.entries(table))
    for (const code of codes.split(' ')) classes.set(code, errorClass as ErrorClass);
  return classes;
}

/**
 * The root-cause class of an error; 'other' when no table knows its codes. `code` is the vendor's own (MySQL errno, Db2
 * SQLCODE), undefined where the protocol has none; it is more exact than the SQLSTATE and wins over it.
 */
export function errorClassOf(
  protocol: Protocol,
  sqlstate: string | undefined,
  code: number | undefined,
  message: string | undefined,
): ErrorClass {
  const vendorClass = code === undefined ? undefined : VENDOR_CLASSES[protocol].get(String(code));
  if (vendorClass !== undefined) return vendorClass;
  if (sqlstate === undefined) return 'other';
  if (sqlstate === '57014') return classOfQueryCanceled(message);
  const prefix = sqlstate.slice(0, 2);
  return SQLSTATE_CLASSES.get(sqlstate) ?? SQLSTATE_CLASSES.get(prefix) ?? 'other';
}

/**
 * 57014 is a timeout, a cancel request, or a conflict on a standby; only the message tells. Servers translate it with
 * lc_messages: English and the wordings of the Chinese servers are known here, another language reads as a cancel.
 */
function classOfQueryCanceled(message: string | undefined): ErrorClass {
  if (message === undefined) return 'cancelled';
  if (/statement timeout|语句.{0,4}超时/i.test(message)) return 'statement_timeout';
  if (/conflict with recovery/i.test(message)) return 'serialization';
  return 'cancelled';
}

/** What a class means; for a name that is no class (from a newer version's store), what 'other' means. */
export function errorMeaning(errorClass: string): ErrorMeaning {
  return Object.hasOwn(CLASSES, errorClass) ? CLASSES[errorClass as ErrorClass] : CLASSES.other;
}
