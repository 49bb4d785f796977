/**
 * Real clients against real servers: what the collector tells of each session equals the server's log, statement by
 * statement, text and SQLSTATE. The clients of Debian's packages fail when they are missing; those from npm, and the
 * server that comes from there, are skipped with a message where they cannot be installed.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Agreement, compareSession, statementsByPort } from '../truth/wire-account.ts';
import { installClients, newerServer } from './installed.ts';
import { cancelWithLongKey } from './long-cancel-key.ts';
import {
  type ClientName,
  DEBIAN_CLIENTS,
  NPM_CLIENTS,
  recordClients,
  type RecordedClients,
} from './recorded-clients.ts';

const missing = await installClients();
const newer = newerServer();
if (missing !== undefined) console.log(`clients from npm are skipped: ${missing}`);
else if (newer === undefined) console.log('PostgreSQL 18 is skipped: no build for this machine');

const SERVERS = [
  { server: "Debian's PostgreSQL", binaries: undefined, there: true },
  { server: 'PostgreSQL 18', binaries: newer, there: newer !== undefined },
] as const;

describe.each(SERVERS)('with $server', ({ binaries, there }) => {
  const names: ClientName[] = [...DEBIAN_CLIENTS, ...(missing === undefined ? NPM_CLIENTS : [])];
  let recorded: RecordedClients;
  const lines: string[] = [];

  beforeAll(async () => {
    if (!there) return;
    recorded = await recordClients(names, binaries);
    return () => {
      const head = `PostgreSQL ${recorded.serverVersion}, ${String(recorded.packets)} packets`;
      console.log([head, ...lines].join('\n'));
    };
  }, 120_000);

  const all: readonly ClientName[] = [...DEBIAN_CLIENTS, ...NPM_CLIENTS];
  for (const name of all) {
    it.skipIf(!there || !names.includes(name))(
      `${name}: each statement with its text and its error`,
      () => {
        const byPort = statementsByPort(recorded.events);
        const sessions = recorded.log.filter(({ user }) => user === name);
        const agreements: Agreement[] = sessions.map((session) =>
          compareSession(session, byPort.get(session.clientPort) ?? []),
        );
        const agreed = agreements.reduce((sum, agreement) => sum + agreement.agreed, 0);
        lines.push(
          `  ${name.padEnd(12)} ${sessions.length} sessions, ${agreed} statements as logged`,
        );
        expect(agreements.flatMap(({ differences }) => differences)).toEqual([]);
        expect(agreed).toBeGreaterThan(9);
      },
    );
  }

  it.skipIf(!there)('nothing is left over, lost or unmatched', () => {
    expect(recorded.summary).toMatchObject({
      gaps: 0,
      unmatched_answers: 0,
      frames_refused: 0,
      resyncs: 0,
    });
    const ports = new Set(recorded.log.map(({ clientPort }) => clientPort));
    const strange = recorded.events.filter(
      ({ type, client_port: port }) => type === 'statement' && !ports.has(port),
    );
    expect(strange).toEqual([]);
  });
});

it.skipIf(newer === undefined)(
  'a cancel request with a key of 32 bytes (protocol 3.2) is joined to the statement that it cancels',
  async () => {
    const { keyBytes, statement, request } = await cancelWithLongKey(newer ?? '');
    expect(keyBytes).toBe(32);
    expect(statement).toMatchObject({ status: 'cancelled', quality: [] });
    expect(request).toMatchObject({
      target_session_id: statement?.session_id,
      target_ts: statement?.ts,
    });
  },
);
