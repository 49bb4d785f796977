/** The connections of the hour of sample-facts.ts, and what is done on them beside its classes of statements. */
import type { ChannelFacts, WindowFacts } from '../../src/events/facts.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { EXTENT, START_US } from './sample-hour.ts';
import { CLASS_SHAPES } from './sample-shapes.ts';

export function channelAt(index: number): ChannelFacts {
  const batch = index % 9 === 4;
  const open = index % 4 !== 0;
  return {
    sessionId: (0x51de0000 + index).toString(16).padStart(16, '0'),
    protocol: 'postgres',
    client: batch ? '10.20.4.30' : index % 2 === 0 ? '10.20.4.11' : '10.20.4.12',
    clientPort: 41_000 + index * 13,
    server: index % 5 === 3 ? '10.20.8.6:5432' : '10.20.8.5:5432',
    user: index === 7 ? null : batch ? 'batch' : 'app',
    database: index === 7 ? null : 'core',
    application: batch ? 'settlement' : 'payments-api',
    startUs: EXTENT.fromUs + index * 31_204_117,
    endUs: open ? null : EXTENT.toUs - index * 21_004_551,
    endReason: open ? null : index % 8 === 0 ? 'reset' : 'terminate',
    lastSeenUs: open ? EXTENT.toUs : EXTENT.toUs - index * 21_004_551,
    statements: 41_200 - index * 811,
    errors: index % 3 === 0 ? 14 : 0,
    requestBytes: 6_100_000 - index * 90_000,
    responseBytes: 37_400_000 - index * 800_000,
    lostBytes: index === 5 ? 91_840 : 0,
    lostPacketsMin: 0,
    openTransactionSinceUs: index % 11 === 5 ? EXTENT.toUs - 412_000_000 : null,
    transactionStatus: index % 11 === 5 ? 'T' : 'I',
    encrypted: index === 7,
    encryption:
      index === 7
        ? {
            reason: 'no_key_log',
            version: 'TLS 1.3',
            cipherSuite: 'TLS_AES_256_GCM_SHA384',
            serverName: 'db.example',
            turns: 12,
            turnMeanUs: 1500,
            turnMaxUs: 4000,
          }
        : null,
    lastStatementUs: EXTENT.toUs - index * 904_551,
    lastCommand: 'UPDATE',
    lastNormalized: CLASS_SHAPES[index % CLASS_SHAPES.length]?.[0] ?? null,
  };
}

export function shapeFacts(
  shape: string,
  count: number,
  rollbacks: number,
  statements: number,
  classes: number[],
) {
  return {
    shape,
    count,
    rollbacks,
    statementsMean: statements + 0.1,
    rowsAffected: count * 2,
    durationSumUs: count * 5400,
    durationMaxUs: 2_811_000,
    example: classes.map((index) => CLASS_SHAPES[index]?.[0] ?? ''),
  };
}

export function ddlFacts(
  minute: number,
  command: string,
  statement: string,
  status: string,
  durationUs: number,
) {
  return {
    tsUs: START_US + minute * 60 * SECOND_US,
    command,
    statement,
    status,
    durationUs,
    user: 'deploy',
    database: 'core',
    client: '10.20.4.40',
    server: '10.20.8.5:5432',
    application: 'psql',
  };
}

export const REPLICATION: WindowFacts['replication'] = [
  {
    sessionId: '4ab1e7c2d9903f10',
    server: '10.20.0.5:5432',
    client: '10.20.0.6',
    application: 'standby_b',
    mode: 'physical',
    slot: 'standby_b',
    firstUs: START_US,
    lastUs: START_US + 3.5e9,
    ended: false,
    sentLsn: 0x16_b374_d848,
    writeLsn: 0x16_b374_d848,
    flushLsn: 0x16_b374_d848,
    replayLsn: 0x16_b36f_0000,
    writeLagUs: 204,
    flushLagUs: 1710,
    replayLagUs: 2_018_506,
    replayLagMaxUs: 41_202_000,
    replayBehindBytes: 0x5_d848,
    replayBehindMaxBytes: 83_118_000,
    backupBytesDone: null,
    backupBytesTotal: null,
  },
  {
    sessionId: '4ab1e7c2d9903f11',
    server: '10.20.0.5:5432',
    client: '10.20.0.9',
    application: 'pg_basebackup',
    mode: 'base_backup',
    slot: null,
    firstUs: START_US + 1e9,
    lastUs: START_US + 3.5e9,
    ended: false,
    sentLsn: null,
    writeLsn: null,
    flushLsn: null,
    replayLsn: null,
    writeLagUs: null,
    flushLagUs: null,
    replayLagUs: null,
    replayLagMaxUs: null,
    replayBehindBytes: null,
    replayBehindMaxBytes: null,
    backupBytesDone: 61_204_000_000,
    backupBytesTotal: 98_000_000_000,
  },
];
