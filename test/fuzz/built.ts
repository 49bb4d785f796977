/**
 * What no recorded capture holds, built from the manual and the dialects' sources: replication of each kind, openGauss
 * and KingbaseES, client encodings, cursors and COPY through portals, and the same segment in every tunnel.
 */
import { bytesOf, cstring, int16, int32, int8 } from '../wire/bytes.ts';
import { ethernet, ipv4, tcp } from '../wire/packets.ts';
import { client, message, server } from '../wire/postgres.ts';
import {
  erspan1,
  erspan2,
  erspan3,
  fragments4,
  geneve,
  gre,
  inIpv4,
  inIpv6,
  mpls,
  pppoe,
  vxlan,
} from '../wire/tunnels.ts';
import type { Packet, Turn } from './corpus.ts';

const fromClient = (...parts: readonly Uint8Array[]): Turn => ({
  fromClient: true,
  bytes: bytesOf(...parts),
});
const fromServer = (...parts: readonly Uint8Array[]): Turn => ({
  fromClient: false,
  bytes: bytesOf(...parts),
});
const int64 = (value: number): Buffer => bytesOf(int32(0), int32(value));
const CLOCK = bytesOf(int32(0x0002_ea00), int32(0));

function login(
  parameters: Readonly<Record<string, string>>,
  status: Readonly<Record<string, string>> = {},
  version = 0x0003_0000,
): Turn[] {
  return [
    fromClient(client.startup({ user: 'ann', database: 'shop', ...parameters }, version)),
    fromServer(
      server.authenticationOk(),
      ...Object.entries(status).map(([name, text]) => server.parameterStatus(name, text)),
      server.keyData(4711, Buffer.from('cafe0001', 'hex')),
      server.ready(),
    ),
  ];
}

function stream(command: string, ...changes: readonly Buffer[]): Turn[] {
  const wal = (at: number, change: Buffer): Buffer =>
    server.copyData(bytesOf(Buffer.from('w'), int64(at), int64(at + 900), CLOCK, change));
  const status = (at: number): Buffer =>
    client.copyData(bytesOf(Buffer.from('r'), int64(at), int64(at), int64(at - 1), CLOCK, int8(0)));
  const keepalive = server.copyData(bytesOf(Buffer.from('k'), int64(9000), CLOCK, int8(1)));
  return [
    ...login({ replication: 'true' }, { server_version: '15.4' }),
    fromClient(client.query('IDENTIFY_SYSTEM')),
    fromServer(server.rowDescription('systemid'), server.row('7'), server.complete('SELECT')),
    fromServer(server.ready()),
    fromClient(client.query(command)),
    fromServer(server.copyBoth()),
    ...changes.flatMap((change, index) => [
      fromServer(wal(1000 * (index + 1), change)),
      fromClient(status(1000 * (index + 1) + change.length)),
    ]),
    fromServer(keepalive),
    fromClient(status(9000), client.copyDone()),
    fromServer(server.copyDone(), server.complete('START_REPLICATION'), server.ready()),
  ];
}

function backup(): Turn[] {
  const data = (kind: string, bytes: Uint8Array): Buffer =>
    server.copyData(bytesOf(Buffer.from(kind), bytes));
  return [
    ...login({ replication: 'true' }),
    fromClient(client.query("BASE_BACKUP ( LABEL 'x', PROGRESS)")),
    fromServer(server.rowDescription('recptr', 'tli'), server.row('0/2000028', '1')),
    fromServer(server.complete('SELECT'), server.rowDescription('spcoid', 'spclocation', 'size')),
    fromServer(server.row(null, null, '70'), server.complete('SELECT'), server.copyOut()),
    fromServer(data('n', Buffer.from('base.tar\0\0')), data('d', Buffer.alloc(700))),
    fromServer(data('p', int64(51_200)), server.copyDone(), server.complete('SELECT')),
    fromServer(server.ready()),
  ];
}

/** openGauss: a batch bind, messages of its own, bytes behind the types of Parse. */
function opengauss(): Turn[] {
  const parse = bytesOf(cstring('ins'), cstring('INSERT INTO t VALUES ($1, $2)'));
  const types = bytesOf(int16(2), int32(25), int32(23), int16(2), Buffer.from('ii'));
  const values = [Buffer.from('a'), int32(1), Buffer.from('b'), int32(2)];
  const batch = message(
    'U',
    int32(2),
    cstring(''),
    cstring('ins'),
    bytesOf(int16(2), int16(0), int16(1), int16(0), int16(2)),
    ...values.flatMap((value) => [int32(value.length), value]),
    Buffer.from('DS'),
    cstring('ins'),
    Buffer.from('E'),
    cstring(''),
    int32(0),
  );
  return [
    ...login({}, { server_version: '9.2.4' }, 0x0003_0033),
    fromClient(message('P', parse, types), client.sync()),
    fromServer(server.parseComplete(), server.ready()),
    fromClient(batch, client.sync()),
    fromServer(server.bindComplete(), server.parameterDescription(25, 23), server.noData()),
    fromServer(server.complete('INSERT 0 2'), server.ready()),
    fromClient(message('K', Buffer.alloc(8)), message('V'), client.query('SELECT 1')),
    fromServer(message('k', Buffer.alloc(4)), server.complete('SELECT 1'), server.ready()),
  ];
}

function kingbase(): Turn[] {
  return [
    ...login({}, { server_version: 'KingbaseES V008R006C007B0024', client_encoding: 'GBK' }),
    fromClient(
      client.parse('SELECT $1, $2', 's', [8100, 7952]),
      client.bind({ statement: 's', formats: [1], values: [int8(-5), Buffer.alloc(8)] }),
      client.execute(),
      client.sync(),
    ),
    fromServer(server.parseComplete(), server.bindComplete(), server.row('1')),
    fromServer(server.complete('SELECT 1'), server.ready()),
    // The second byte of this character of GBK is a backslash.
    fromClient(
      message('Q', Buffer.from("SELECT '"), Buffer.of(0x95, 0x5c), Buffer.from("'''\0", 'latin1')),
    ),
    fromServer(server.error('42601', { message: 'm' }), server.ready()),
  ];
}

/** Cursors of both kinds, a portal fetched in parts, COPY through a portal, names that go, two phases. */
function objects(): Turn[] {
  const asked = (sql: string, tag: string, status: 'I' | 'T' = 'T'): Turn[] => [
    fromClient(client.query(sql)),
    fromServer(server.complete(tag), server.ready(status)),
  ];
  return [
    ...login({}, { client_encoding: 'LATIN1' }, 0x0003_0002),
    ...asked('BEGIN', 'BEGIN'),
    ...asked('DECLARE c CURSOR FOR SELECT 1', 'DECLARE CURSOR'),
    ...asked('FETCH 2 FROM c', 'FETCH 2'),
    ...asked("PREPARE p AS INSERT INTO t VALUES ($1); EXECUTE p('a')", 'INSERT 0 1'),
    fromClient(client.parse('SELECT 1', 's1'), client.bind({ portal: 'p1', statement: 's1' })),
    fromClient(client.execute('p1', 2), client.flush()),
    fromServer(server.parseComplete(), server.bindComplete(), server.row('1'), server.row('1')),
    fromServer(server.portalSuspended()),
    fromClient(client.execute('p1', 2), client.close('P', 'p1'), client.sync()),
    fromServer(server.complete('SELECT 0'), server.closeComplete(), server.ready('T')),
    fromClient(client.parse('COPY t FROM STDIN'), client.bind(), client.execute(), client.sync()),
    fromServer(server.parseComplete(), server.bindComplete(), server.copyIn()),
    fromClient(client.copyData('1\n'), client.copyDone(), client.sync()),
    fromServer(server.complete('COPY 1'), server.ready('T')),
    ...asked("PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION', 'I'),
    ...asked("COMMIT PREPARED 'x'", 'COMMIT PREPARED', 'I'),
    ...asked('DISCARD ALL', 'DISCARD ALL', 'I'),
    fromClient(client.functionCall(1299), client.terminate()),
  ];
}

export function builtDialogues(): Turn[][] {
  const commit = bytesOf(Buffer.from('C'), Buffer.alloc(25));
  return [
    stream('START_REPLICATION SLOT "a b" 0/3000000 TIMELINE 1', Buffer.alloc(500), Buffer.alloc(9)),
    stream('START_REPLICATION SLOT s LOGICAL 0/0 ("proto_version" \'1\')', commit, commit),
    backup(),
    opengauss(),
    kingbase(),
    objects(),
  ];
}

/** One request in every tunnel, and in fragments. */
export function builtPackets(): Packet[] {
  const segment = tcp({ sourcePort: 40_001, payload: client.query('SELECT 1') });
  const inner = ipv4(segment, { source: '10.9.0.1', destination: '10.9.0.2' });
  const frame = ethernet(inner);
  const packets = [
    vxlan(frame),
    geneve(0x6558, frame, 42, Buffer.alloc(8, 0x45)),
    gre(0x0800, inner, { checksum: true, key: 77, sequence: 1 }),
    erspan1(frame),
    erspan2(frame),
    erspan3(frame, { subheader: true }),
    mpls([16, 17], inner),
    pppoe(0x0021, inner),
    inIpv4(inner),
    inIpv6(inner),
    ...fragments4(segment, 24).map((fragment) => ethernet(fragment)),
    erspan2(mpls([16], vxlan(ethernet(inner, [0x8100])))),
  ];
  return packets.map((bytes, index) => ({
    bytes,
    originalLength: bytes.length,
    tsUs: 1_767_225_600_000_000 + index,
    linkType: 1,
  }));
}
