/** Hot path. The columns that tell the connection, on each row that belongs to one. */
import { addressText } from '../../core/ip.ts';
import type { Session } from '../../events/session.ts';
import { U16Column } from '../native/number-columns.ts';
import { HexColumn, LowCardinalityColumn } from '../native/text-columns.ts';

export interface SessionColumns {
  readonly client_ip: LowCardinalityColumn;
  readonly client_port: U16Column;
  readonly server_ip: LowCardinalityColumn;
  readonly server_port: U16Column;
  readonly protocol: LowCardinalityColumn;
  readonly dialect: LowCardinalityColumn;
  readonly session_id: HexColumn;
  readonly user: LowCardinalityColumn;
  readonly database: LowCardinalityColumn;
  readonly application: LowCardinalityColumn;
}

export function sessionColumns(): SessionColumns {
  return {
    client_ip: new LowCardinalityColumn(),
    client_port: new U16Column(),
    server_ip: new LowCardinalityColumn(),
    server_port: new U16Column(),
    protocol: new LowCardinalityColumn(),
    dialect: new LowCardinalityColumn(),
    session_id: new HexColumn(),
    user: new LowCardinalityColumn(),
    database: new LowCardinalityColumn(),
    application: new LowCardinalityColumn(),
  };
}

/** The texts of a session's addresses, made once. */
export interface SessionAddresses {
  readonly client: string;
  readonly server: string;
}

export function addressesOf(session: Session): SessionAddresses {
  return {
    client: addressText(session.clientAddress),
    server: addressText(session.serverAddress),
  };
}

export function appendSession(
  columns: SessionColumns,
  session: Session,
  addresses: SessionAddresses,
): void {
  columns.client_ip.append(addresses.client);
  columns.client_port.append(session.clientPort);
  columns.server_ip.append(addresses.server);
  columns.server_port.append(session.serverPort);
  columns.protocol.append(session.protocol);
  columns.dialect.append(session.dialect);
  columns.session_id.append(session.id);
  columns.user.append(session.user);
  columns.database.append(session.database);
  columns.application.append(session.application);
}
