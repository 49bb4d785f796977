/** Connections that were open in the window, and what happened on them besides statements. */
import type { ChannelFacts, EncryptionFacts, SessionEventFacts } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import {
  ask,
  IN_SCOPE,
  inWindow,
  known,
  openSessions,
  type Parameters,
  SERVER,
  us,
} from './ask.ts';

/** Channels told one by one; those with an open transaction come first, then the busiest. */
const CHANNELS_MAX = 200;
const TYPES_MAX = 100;

interface ChannelRow
  extends Omit<
    ChannelFacts,
    | 'user'
    | 'database'
    | 'application'
    | 'encrypted'
    | 'encryption'
    | 'lastCommand'
    | 'lastNormalized'
  > {
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly encrypted: '' | 'tls' | 'gss';
  readonly encryptedReason: string;
  readonly tlsVersion: string;
  readonly cipherSuite: string;
  readonly serverName: string;
  readonly turns: number;
  readonly turnSumUs: number;
  readonly turnMaxUs: number;
  readonly lastCommand: string;
  readonly lastFingerprint: string;
}

export async function readChannels(
  store: Store,
  parameters: Parameters,
  descriptions: ClassDescriptions,
): Promise<ChannelFacts[]> {
  const rows = await ask<ChannelRow>(
    store,
    `SELECT session_id AS sessionId, protocol, client_ip AS client, client_port AS clientPort, ${SERVER} AS server,
      user, database, application, ${us('start_ts')} AS startUs,
      if(end_reason = 'capture_end', NULL, ${us('end_ts')}) AS endUs,
      if(end_reason = 'capture_end', NULL, toString(end_reason)) AS endReason, ${us('end_ts')} AS lastSeenUs,
      statements, errors, bytes_request AS requestBytes, bytes_response AS responseBytes, lost_bytes AS lostBytes,
      lost_packets_min AS lostPacketsMin,
      ${us('transaction_start_ts')} AS openTransactionSinceUs, toString(transaction_status) AS transactionStatus,
      toString(encrypted) AS encrypted, toString(encrypted_reason) AS encryptedReason, toString(tls_version) AS tlsVersion,
      toString(tls_cipher_suite) AS cipherSuite, toString(tls_server_name) AS serverName,
      turns, turn_sum_us AS turnSumUs, turn_max_us AS turnMaxUs, ${us('last_statement_ts')} AS lastStatementUs,
      last_command AS lastCommand, last_fingerprint AS lastFingerprint
    FROM ${openSessions()}
    ORDER BY transaction_start_ts IS NULL, transaction_start_ts, statements DESC, session_id LIMIT ${CHANNELS_MAX}`,
    parameters,
  );
  const described = await descriptions.of(rows.map(({ lastFingerprint }) => lastFingerprint));
  return rows.map((row) => {
    const {
      encryptedReason,
      tlsVersion,
      cipherSuite,
      serverName,
      turns,
      turnSumUs,
      turnMaxUs,
      lastFingerprint,
      ...channel
    } = row;
    return {
      ...channel,
      user: known(row.user),
      database: known(row.database),
      application: known(row.application),
      encrypted: row.encrypted !== '',
      encryption: row.encrypted === '' ? null : encryptionOf(row),
      lastCommand: known(row.lastCommand),
      lastNormalized: known(described(lastFingerprint).normalized),
    };
  });
}

function encryptionOf(row: ChannelRow): EncryptionFacts {
  const { turns } = row;
  return {
    reason: row.encryptedReason,
    version: row.encrypted === 'gss' ? 'GSS' : known(row.tlsVersion),
    cipherSuite: known(row.cipherSuite),
    serverName: known(row.serverName),
    turns,
    turnMeanUs: turns === 0 ? null : row.turnSumUs / turns,
    turnMaxUs: turns === 0 ? null : row.turnMaxUs,
  };
}

export async function readSessionEvents(
  store: Store,
  parameters: Parameters,
): Promise<SessionEventFacts[]> {
  return await ask<SessionEventFacts>(
    store,
    `SELECT type, count() AS count, ${us('min(ts)')} AS firstUs, ${us('max(ts)')} AS lastUs, argMax(detail, ts) AS detail
    FROM session_events WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY type ORDER BY count DESC, type LIMIT ${TYPES_MAX}`,
    parameters,
  );
}
