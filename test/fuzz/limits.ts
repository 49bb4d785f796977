/** Limits of the collector for damaged input. */

/** Small, so that they are reached. */
export const LIMITS = {
  heldBytesMax: 1 << 16,
  heldBytesTotalMax: 1 << 18,
  pendingMax: 256,
  statementBytesMax: 4096,
  bindBytesMax: 4096,
  messageBytesMax: 1024,
  statementsPerSessionMax: 64,
  portalsPerSessionMax: 16,
  statementTextBytesMax: 1 << 16,
  anomaliesPerSessionMax: 50,
} as const;
