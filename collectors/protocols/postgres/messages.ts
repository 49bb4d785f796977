/**
 * The messages of PostgreSQL's protocol 3, as the manual lists them: postgresql.org/docs/current/protocol-message-formats.html
 * A typed message is one tag byte, an Int32 length that counts itself but not the tag, and a body.
 * Startup packets have no tag: Int32 length, Int32 code, body.
 */

/** Client to server. */
export const FrontendTag = {
  Bind: 0x42, // 'B' String portal, String statement, Int16[] formats, Int16{Int32 Byte[n]}, Int16[] result formats
  Close: 0x43, // 'C' Byte1 'S'|'P', String name
  CopyData: 0x64, // 'd'
  CopyDone: 0x63, // 'c'
  CopyFail: 0x66, // 'f' String reason
  Describe: 0x44, // 'D' Byte1 'S'|'P', String name
  Execute: 0x45, // 'E' String portal, Int32 rowsMax (0: no limit)
  Flush: 0x48, // 'H'
  FunctionCall: 0x46, // 'F'
  Parse: 0x50, // 'P' String statement, String sql, Int16{Int32 typeOid}
  Password: 0x70, // 'p' and every other authentication answer: never looked into
  Query: 0x51, // 'Q' String sql
  Sync: 0x53, // 'S'
  Terminate: 0x58, // 'X'
} as const;

/** Server to client. */
export const BackendTag = {
  Authentication: 0x52, // 'R' Int32 code ...
  BackendKeyData: 0x4b, // 'K' Int32 processId, Byte[4..256] key
  BindComplete: 0x32, // '2'
  CloseComplete: 0x33, // '3'
  CommandComplete: 0x43, // 'C' String tag
  CopyBothResponse: 0x57, // 'W'
  CopyData: 0x64, // 'd'
  CopyDone: 0x63, // 'c'
  CopyInResponse: 0x47, // 'G'
  CopyOutResponse: 0x48, // 'H'
  DataRow: 0x44, // 'D' Int16{Int32 Byte[n]}
  EmptyQueryResponse: 0x49, // 'I'
  ErrorResponse: 0x45, // 'E' {Byte1 field, String}... 0
  FunctionCallResponse: 0x56, // 'V'
  NegotiateProtocolVersion: 0x76, // 'v' Int32 version, Int32{String option}
  NoData: 0x6e, // 'n'
  NoticeResponse: 0x4e, // 'N' as ErrorResponse
  NotificationResponse: 0x41, // 'A' Int32 processId, String channel, String payload
  ParameterDescription: 0x74, // 't' Int16{Int32 typeOid}
  ParameterStatus: 0x53, // 'S' String name, String value
  ParseComplete: 0x31, // '1'
  PortalSuspended: 0x73, // 's'
  ReadyForQuery: 0x5a, // 'Z' Byte1 'I'|'T'|'E'
  RowDescription: 0x54, // 'T' Int16{column}
} as const;

/** Codes of startup packets: the version, or a request that is no session. */
export const StartupCode = {
  Cancel: 80_877_102,
  Ssl: 80_877_103,
  Gss: 80_877_104,
} as const;

/** The server refuses longer startup packets (MAX_STARTUP_PACKET_LENGTH). */
export const STARTUP_BYTES_MAX = 10_000;

/** A message may be 1 GiB long (the server's own bound on one allocation); more is no message. */
export const MESSAGE_BYTES_MAX = 0x4000_0000;

/** How much of a body is wanted: all below a bound, nothing (it is stepped over by its length), or no such message. */
export const Keep = { Illegal: -1, Nothing: 0 } as const;

interface KeepSizes {
  readonly statementBytes: number;
  readonly bindBytes: number;
  readonly messageBytes: number;
}

/** By tag: bytes of the body to keep, for messages of the client. */
export function frontendKeep(sizes: KeepSizes): Int32Array {
  const keep = new Int32Array(256).fill(Keep.Illegal);
  for (const tag of Object.values(FrontendTag)) keep[tag] = sizes.messageBytes;
  keep[FrontendTag.Query] = sizes.statementBytes;
  keep[FrontendTag.Parse] = sizes.statementBytes;
  keep[FrontendTag.Bind] = sizes.bindBytes;
  keep[FrontendTag.Password] = Keep.Nothing;
  keep[FrontendTag.CopyData] = Keep.Nothing;
  return keep;
}

/** By tag: bytes of the body to keep, for messages of the server. */
export function backendKeep(sizes: KeepSizes): Int32Array {
  const keep = new Int32Array(256).fill(Keep.Illegal);
  for (const tag of Object.values(BackendTag)) keep[tag] = sizes.messageBytes;
  for (const tag of [
    BackendTag.DataRow,
    BackendTag.CopyData,
    BackendTag.RowDescription,
    BackendTag.NoticeResponse,
    BackendTag.NotificationResponse,
    BackendTag.FunctionCallResponse,
  ]) {
    keep[tag] = Keep.Nothing;
  }
  return keep;
}
