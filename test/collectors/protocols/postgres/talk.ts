/** Conversations in a few words: what each side says, one packet each, and what a collector makes of it. */
import type { CollectorOptions } from '../../../../collectors/collector.ts';
import { Connection, type Endpoints, Wire } from '../../../wire/connection.ts';
import { client, server } from '../../../wire/postgres.ts';
import { type Played, play, type RecordedStatement } from '../../recording-sink.ts';

export const KEY = Buffer.from('cafe0001', 'hex');

/** A session that has logged in. */
export function login(
  wire: Wire,
  ends: Endpoints = {},
  options: { user?: string; processId?: number; key?: Uint8Array } = {},
): Connection {
  const { user = 'ann', processId = 4711, key = KEY } = options;
  const connection = new Connection(wire, ends).open();
  connection.client(client.startup({ user, database: 'shop', application_name: 'till' }));
  connection.server(
    server.authenticationOk(),
    server.parameterStatus('server_version', '15.4'),
    server.keyData(processId, key),
    server.ready(),
  );
  return connection;
}

/** Played after a login: `say` puts the packets, then the client leaves. */
export function talk(
  say: (connection: Connection, wire: Wire) => void,
  options: CollectorOptions & { leave?: boolean } = {},
): Played {
  const wire = new Wire();
  const connection = login(wire);
  say(connection, wire);
  if (options.leave !== false) {
    connection.client(client.terminate());
    connection.close();
  }
  return play(wire.packets, options);
}

/** Each statement as one short line: text or command, status with its code, rows. */
export function lines({ told }: Played): string[] {
  return told.statements.map(line);
}

function line(event: RecordedStatement): string {
  const { text, command, status, sqlstate, rowsReturned, rowsAffected } = event;
  const rows = [
    rowsReturned === undefined ? '' : ` r${rowsReturned}`,
    rowsAffected === undefined ? '' : ` a${rowsAffected}`,
  ].join('');
  return `${text ?? `<${command ?? '?'}>`}: ${status}${sqlstate === undefined ? '' : ` ${sqlstate}`}${rows}`;
}

/** Each transaction as one short line. */
export function ends({ told }: Played): string[] {
  return told.transactions.map(
    ({ outcome, implicit, statements, rowsAffected }) =>
      `${implicit ? 'implicit ' : ''}${outcome} ${statements}/${rowsAffected}`,
  );
}

/** Parse, Bind, Execute of an unnamed statement. */
export const pbe = (sql: string): Buffer[] => [client.parse(sql), client.bind(), client.execute()];
