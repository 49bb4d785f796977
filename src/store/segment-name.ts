/** Names of segments, known to those who send them and to the engine that reads them. */

/** TABLE.ORDINAL.HASH */
export const SEGMENT_NAME_PATTERN = /^([a-z0-9_]+)\.\d{6,}\.[0-9a-f]{32}$/;

/** Names a segment of the embedded store's directory as the data of an INSERT. */
export const SEGMENT_HEADER = 'x-mirrorsql-segment';
