/** The database conversation on one flow, as far as it was seen. One object lives as long as its connection. */

export type Protocol = 'postgres' | 'mysql' | 'drda';

export interface Session {
  /** Made from the flow and its first packet, so the same capture gives the same id: two unsigned 32-bit halves. */
  readonly idHigh: number;
  readonly idLow: number;
  /** Both halves as 16 hex digits. */
  readonly id: string;
  readonly protocol: Protocol;
  dialect: string | undefined;
  /** 16 bytes each, see core/ip.ts. */
  readonly clientAddress: Uint8Array;
  readonly serverAddress: Uint8Array;
  readonly clientPort: number;
  readonly serverPort: number;
  /** From the start of the session; undefined when it was not seen. */
  user: string | undefined;
  database: string | undefined;
  application: string | undefined;
}
