/** Every bound of the store, each with its reason. */
export const limits = {
  /**
   * Rows of a segment. ClickHouse takes 20 to 100 thousand rows best (below, parts are many and dear; above, memory
   * grows); it must stay under 65,536, the most that the dictionaries' 16-bit indexes can name.
   */
  segmentRowsMax: 50_000,
  /** Bytes of a segment, so that long statements do not make it large. */
  segmentBytesMax: 32 * 1024 * 1024,
  /** Segments on their way to the disk, in memory: more, and the capture waits. */
  segmentsSealingMax: 8,
  /** Segments on disk that wait for the store before the collector is asked to wait. */
  segmentsWaitingMax: 6,
  /** Of live traffic: bytes of segments, and their number, that wait for a store that is away; then the oldest goes. */
  liveWaitingBytesMax: 4 * 1024 ** 3,
  liveWaitingSegmentsMax: 50_000,
  /** Times that the store may refuse a live segment, while it answers, before the segment is set aside. */
  liveRefusalsMax: 8,
  /** Segments whose names are written to the ledger together, and their bytes: so long their files stay. */
  ledgerBatchMax: 64,
  ledgerBatchBytesMax: 128 * 1024 * 1024,
  /** Segments that the ledger is asked about together before they are sent. */
  ledgerAskedMax: 64,
  /** Classes that a sink remembers as already told; then it tells them anew. As many as a collector knows. */
  classesMax: 100_000,
  /** Sessions whose last statement one load remembers. */
  sessionsMax: 1_000_000,
  /** SQL text taken from a request body; longer texts are data and go to a file. */
  statementBytesMax: 4 * 1024 * 1024,
  /** Requests that wait for a connection of the engine. */
  requestsWaitingMax: 256,
  /** Connections of the engine that read at the same time. */
  readersMax: 3,
  /** Restarts of a crashed engine within a minute before the store gives up. */
  restartsMax: 5,
  /** What one statement of `query` may take. */
  queryRowsMax: 100_000,
  queryResultBytesMax: 64 * 1024 * 1024,
  querySecondsMax: 60,
  queryMemoryBytesMax: 600 * 1024 * 1024,
  /**
   * A question of the pages and the API, and the first opening of the store behind them, in milliseconds: then a reader
   * hears that the store does not answer. An answer asks how far the store reaches and then the window, and a page waits
   * 60 s for both. Questions of a month take seconds; commands (`report`, `export`) have no such limit.
   */
  answerMsMax: 30_000,
} as const;
