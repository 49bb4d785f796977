/**
 * Every bound of the collector in one place. Reaching one is counted under its name in CaptureSummary.droppedByLimit;
 * test/collectors/limits.test.ts reaches each of them.
 */
export interface Limits {
  /** Connections remembered at once; the longest silent one is forgotten first. Each costs about 16 KiB (connections.bench.ts). */
  readonly flowsMax: number;
  /** A connection that is silent for longer is forgotten. Pools keep connections for hours without a byte. */
  readonly flowIdleUsMax: number;
  /** Bytes and segments held back in one direction while a hole in front of them may still be filled. */
  readonly heldBytesMax: number;
  readonly heldSegmentsMax: number;
  /** Bytes held back over all connections. */
  readonly heldBytesTotalMax: number;
  /** IP packets remembered of which fragments have been seen, and bytes of fragments that wait for others. */
  readonly fragmentedPacketsMax: number;
  readonly fragmentBytesMax: number;
  /** Of one SQL text; the rest is cut off and the event marked `truncated`. */
  readonly statementBytesMax: number;
  /** Of one Bind message, where parameters are wanted. */
  readonly bindBytesMax: number;
  /** Of one error, notice, startup or other small message. */
  readonly messageBytesMax: number;
  /** Prepared statements, and portals, remembered for one session; the oldest is forgotten first. */
  readonly statementsPerSessionMax: number;
  readonly portalsPerSessionMax: number;
  /** Text of prepared statements remembered for one session. */
  readonly statementTextBytesMax: number;
  /** Requests of one session that wait for their answers or for the end of their round. */
  readonly pendingMax: number;
  /** Cancel keys remembered, to join a cancel request to its session. */
  readonly cancelKeysMax: number;
  /** Texts of named statements, kept for sessions that began before the capture did, and their bytes. */
  readonly learnedStatementsMax: number;
  readonly learnedBytesMax: number;
  /** Client hosts of which it is kept who logs in from there. */
  readonly learnedLoginsMax: number;
  /** Anomalies told of one session; more are only counted. */
  readonly anomaliesPerSessionMax: number;
  /** Seconds without any packet for which gauges are still written. */
  readonly silentSecondsMax: number;
  /** Connections whose secrets are remembered from a key log; the oldest are forgotten first. One costs about 1 KiB. */
  readonly keyLogConnectionsMax: number;
  /** Encrypted bytes that wait for keys which a growing key log may still bring: of one connection, and of all. */
  readonly tlsHeldBytesMax: number;
  readonly tlsHeldBytesTotalMax: number;
}

export const defaultLimits: Limits = {
  flowsMax: 200_000,
  flowIdleUsMax: 6 * 3_600_000_000,
  heldBytesMax: 4 << 20,
  heldSegmentsMax: 4096,
  heldBytesTotalMax: 64 << 20,
  fragmentedPacketsMax: 4096,
  fragmentBytesMax: 16 << 20,
  statementBytesMax: 1 << 20,
  bindBytesMax: 1 << 20,
  messageBytesMax: 64 << 10,
  statementsPerSessionMax: 10_000,
  portalsPerSessionMax: 1000,
  statementTextBytesMax: 16 << 20,
  pendingMax: 32_768,
  cancelKeysMax: 200_000,
  learnedStatementsMax: 50_000,
  learnedBytesMax: 32 << 20,
  learnedLoginsMax: 100_000,
  anomaliesPerSessionMax: 20,
  silentSecondsMax: 600,
  keyLogConnectionsMax: 100_000,
  tlsHeldBytesMax: 1 << 20,
  tlsHeldBytesTotalMax: 64 << 20,
};
