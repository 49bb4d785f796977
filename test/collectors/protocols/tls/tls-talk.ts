/** A PostgreSQL conversation inside TLS: login, what the test says, and how it was played with which keys. */
import { KeyLog } from '../../../../collectors/protocols/tls/key-log.ts';
import { defaultLimits, type Limits } from '../../../../collectors/limits.ts';
import { Connection, type Endpoints, type Side, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { TlsPeers, type TlsPeersOptions } from '../../../wire/tls.ts';

/** Both sides of a connection, each record in a segment of its own. */
export class TlsTalk {
  readonly wire: Wire;
  readonly connection: Connection;
  readonly peers: TlsPeers;

  constructor(options: TlsPeersOptions, wire: Wire = new Wire(), ends: Endpoints = {}) {
    this.wire = wire;
    this.connection = new Connection(wire, ends).open();
    this.peers = new TlsPeers(options);
  }

  /** SSLRequest, the handshake in its usual order. */
  handshake(): this {
    const { connection, peers } = this;
    connection.client(client.sslRequest());
    connection.server(Buffer.from('S'));
    connection.client(peers.clientHello());
    return this.answer();
  }

  /** The handshake from the server's answer on. */
  answer(): this {
    const { connection, peers } = this;
    connection.server(peers.serverHello(), peers.early13());
    connection.client(peers.clientFinished());
    const late = peers.late12();
    if (late.length > 0) connection.server(late);
    return this;
  }

  login(): this {
    this.say('client', client.startup({ user: 'ann', database: 'shop', application_name: 'till' }));
    this.say('server', server.authenticationOk(), server.parameterStatus('server_version', '15.4'));
    this.say('server', server.ready());
    return this;
  }

  /** One record. */
  say(side: Side, ...messages: readonly Uint8Array[]): void {
    this.connection.segment(side, { payload: this.peers.record(side, Buffer.concat(messages)) });
  }

  /** A query and its answer. */
  query(sql: string): void {
    this.say('client', client.query(sql));
    this.say('server', server.row('1'), server.complete('SELECT 1'), server.ready());
  }

  leave(): this {
    this.say('client', client.terminate());
    this.connection.close();
    return this;
  }
}

export function keyLogOf(
  text: string,
  { follows = false, limits = {} }: { follows?: boolean; limits?: Partial<Limits> } = {},
): KeyLog {
  const keyLog = new KeyLog(follows, { ...defaultLimits, ...limits });
  keyLog.add(text);
  return keyLog;
}
