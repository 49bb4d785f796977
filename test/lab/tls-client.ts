/** A `pg` client over TLS of a chosen version and suite, whose secrets are written down as a key log. */
import type { TLSSocket } from 'node:tls';
import pg from 'pg';

export interface TlsClientOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  /** In clear when it is missing. */
  readonly tls?: TlsChoice;
}

export interface TlsChoice {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** As OpenSSL calls it. */
  readonly cipher: string;
  readonly serverName?: string;
  /** Each line, when it is made. */
  readonly keyLog: (line: Buffer) => void;
}

/** The part of pg's connection that turns to TLS: its stream is replaced before `sslconnect` is told. */
interface Connection {
  stream: TLSSocket;
  once(event: 'sslconnect', told: () => void): void;
}

export async function connectTls(options: TlsClientOptions): Promise<pg.Client> {
  const { tls, application, ...where } = options;
  const ssl = tls === undefined ? false : sslOf(tls);
  const client = new pg.Client({ ...where, application_name: application, ssl });
  if (tls !== undefined) {
    const { connection } = client as unknown as { connection: Connection };
    connection.once('sslconnect', () => connection.stream.on('keylog', tls.keyLog));
  }
  await client.connect();
  return client;
}

function sslOf({ version, cipher, serverName }: TlsChoice): object {
  return {
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ciphers: version === 'TLSv1.3' ? cipher : `${cipher}:@SECLEVEL=0`,
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
