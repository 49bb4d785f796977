/** Every limit of the collector is reached with a tiny value, and counted under its name. */
import { describe, expect, it } from 'vitest';
import { defaultLimits, type Limits } from '../../collectors/limits.ts';
import { cut, int32 } from '../wire/bytes.ts';
import { Connection, Wire } from '../wire/connection.ts';
import { ethernet, ipv4 } from '../wire/packets.ts';
import { client, server } from '../wire/postgres.ts';
import { TlsPeers } from '../wire/tls.ts';
import { lines, login, pbe, talk } from './protocols/postgres/talk.ts';
import { keyLogOf, TlsTalk } from './protocols/tls/tls-talk.ts';
import { type Played, play } from './recording-sink.ts';

const dropped = ({ summary }: Played): Record<string, number> => summary.droppedByLimit;

/** What each limit is reached by, and what is counted then. */
const REACHED: Readonly<Record<keyof Limits, () => Record<string, number>>> = {
  flowsMax: () => {
    const wire = new Wire();
    for (const clientPort of [1, 2, 3, 4]) login(wire, { clientPort });
    const played = play(wire.packets, { limits: { flowsMax: 2 } });
    expect(played.told.of('session_end').map(({ reason }) => reason)).toEqual([
      'limit',
      'limit',
      'capture_end',
      'capture_end',
    ]);
    return dropped(played);
  },
  flowIdleUsMax: () => {
    const wire = new Wire();
    login(wire, { clientPort: 1 });
    const other = login(wire, { clientPort: 2 });
    for (let minute = 0; minute < 4; minute++) {
      wire.wait(61_000_000);
      other.client(client.query('SELECT 1'));
      other.server(server.complete('SELECT 1'), server.ready());
    }
    const played = play(wire.packets, { limits: { flowIdleUsMax: 100_000_000 } });
    // Nothing is dropped: the session is told to have ended in silence.
    const reasons = played.told.of('session_end').map(({ reason }) => reason);
    return { idle: reasons.filter((reason) => reason === 'idle').length };
  },
  heldBytesMax: () => dropped(holes({ heldBytesMax: 100 })),
  heldSegmentsMax: () => dropped(holes({ heldSegmentsMax: 2 })),
  heldBytesTotalMax: () => dropped(holes({ heldBytesTotalMax: 100 })),
  fragmentedPacketsMax: () => dropped(pieces({ fragmentedPacketsMax: 3 })),
  fragmentBytesMax: () => dropped(pieces({ fragmentBytesMax: 100 })),
  statementBytesMax: () => {
    const played = talk(
      (c) => {
        for (const piece of cut(client.query(`SELECT '${'x'.repeat(300)}'`), [50])) c.client(piece);
        c.server(server.complete('SELECT 1'), server.ready());
      },
      { limits: { statementBytesMax: 20 } },
    );
    expect(played.told.statements).toMatchObject([
      { text: "SELECT 'xxxxxxxxxxxx", quality: ['truncated'], requestBytes: 315 },
    ]);
    return dropped(played);
  },
  bindBytesMax: () => {
    const played = talk(
      (c) => {
        c.client(client.parse('SELECT $1'));
        for (const piece of cut(client.bind({ values: ['x'.repeat(300)] }), [50])) c.client(piece);
        c.client(client.execute(), client.sync());
        c.server(server.parseComplete(), server.bindComplete());
        c.server(server.complete('SELECT 1'), server.ready());
      },
      { parameters: true, limits: { bindBytesMax: 100 } },
    );
    expect(played.told.statements).toMatchObject([{ text: 'SELECT $1', parameters: undefined }]);
    return dropped(played);
  },
  messageBytesMax: () => {
    const played = talk(
      (c) => {
        c.client(client.query('SELECT 1'));
        const error = server.error('22012', { message: 'm'.repeat(300) });
        for (const piece of cut(error, [20])) c.server(piece);
        c.server(server.ready());
      },
      { limits: { messageBytesMax: 40 } },
    );
    expect(played.told.statements).toMatchObject([
      { status: 'error', sqlstate: '22012', message: undefined },
    ]);
    const asked = talk(
      (c) => {
        for (const piece of cut(client.describe('S', 'n'.repeat(300)), [20])) c.client(piece);
      },
      { limits: { messageBytesMax: 40 } },
    );
    expect(dropped(asked)).toEqual({ message_bytes: 1 });
    return dropped(played);
  },
  statementsPerSessionMax: () => dropped(prepared({ statementsPerSessionMax: 2 })),
  statementTextBytesMax: () => dropped(prepared({ statementTextBytesMax: 200 })),
  portalsPerSessionMax: () => {
    const played = talk(
      (c) => {
        c.client(client.parse('SELECT 1', 'a'));
        for (const portal of ['p', 'q', 'r']) c.client(client.bind({ portal, statement: 'a' }));
        c.client(client.execute('p'), client.sync());
        c.server(server.parseComplete(), ...[1, 2, 3].map(() => server.bindComplete()));
        c.server(server.complete('SELECT 1'), server.ready());
      },
      { limits: { portalsPerSessionMax: 2 } },
    );
    expect(lines(played)).toEqual(['<SELECT>: ok r0 a1']);
    return dropped(played);
  },
  pendingMax: () => {
    const played = talk(
      (c) => {
        for (let n = 0; n < 12; n++) c.client(client.query(`SELECT ${n}`));
      },
      { limits: { pendingMax: 8 } },
    );
    expect(lines(played).length).toBe(12);
    expect(lines(played)[0]).toBe('SELECT 0: unknown');
    return dropped(played);
  },
  cancelKeysMax: () => {
    const wire = new Wire();
    login(wire, { clientPort: 1 }, { processId: 1 });
    login(wire, { clientPort: 2 }, { processId: 2 });
    new Connection(wire, { clientPort: 3 })
      .open()
      .client(client.cancelRequest(1, Buffer.from('cafe0001', 'hex')));
    const played = play(wire.packets, { limits: { cancelKeysMax: 1 } });
    expect(played.told.of('cancel_request')[0]?.targetSessionId).toBeUndefined();
    return dropped(played);
  },
  learnedStatementsMax: () => dropped(learned({ learnedStatementsMax: 2 })),
  learnedBytesMax: () => dropped(learned({ learnedBytesMax: 250 })),
  learnedLoginsMax: () => {
    const wire = new Wire();
    for (const host of [1, 2, 3]) login(wire, { clientIp: `10.0.0.${host}` });
    return dropped(play(wire.packets, { limits: { learnedLoginsMax: 2 } }));
  },
  anomaliesPerSessionMax: () => {
    const played = talk(
      (c) => {
        for (let n = 0; n < 5; n++) {
          c.server(Buffer.from('C'), int32(1), server.ready(), server.ready(), server.ready());
        }
      },
      { limits: { anomaliesPerSessionMax: 2 } },
    );
    expect(played.told.of('anomaly').length).toBe(2);
    return dropped(played);
  },
  silentSecondsMax: () => {
    const played = talk(
      (c, wire) => {
        wire.wait(60_000_000);
        c.client(client.query('SELECT 1'));
      },
      { limits: { silentSecondsMax: 10 } },
    );
    return dropped(played);
  },
  keyLogConnectionsMax: () => {
    const talk = new TlsTalk(TLS).handshake().login();
    const others = ['a', 'b'].map((seed) => new TlsPeers({ ...TLS, seed }).keyLog);
    const keyLog = keyLogOf([talk.peers.keyLog, ...others].join(''), {
      limits: { keyLogConnectionsMax: 2 },
    });
    const played = play(talk.wire.packets, { keyLog });
    expect(played.summary.encryptedSessions).toEqual({ no_keys: 1 });
    return dropped(played);
  },
  tlsHeldBytesMax: () => dropped(awaitingKeys({ tlsHeldBytesMax: 2000 })),
  tlsHeldBytesTotalMax: () => dropped(awaitingKeys({ tlsHeldBytesTotalMax: 3000 })),
};

const TLS = { version: '1.3', suite: 'TLS_AES_128_GCM_SHA256' } as const;

/** Two TLS connections whose keys a growing key log does not bring. */
function awaitingKeys(limits: Partial<Limits>): Played {
  const wire = new Wire();
  const keyLog = keyLogOf('', { follows: true, limits });
  for (const clientPort of [1, 2]) {
    const talk = new TlsTalk({ ...TLS, seed: String(clientPort) }, wire, {
      clientPort,
    }).handshake();
    talk.login();
    for (let turn = 0; turn < 4; turn++) talk.query('SELECT 1');
  }
  const played = play(wire.packets, { keyLog, limits });
  expect(played.summary.encryptedSessions).toEqual({ no_keys: 2 });
  expect(keyLog.heldBytes).toBe(0);
  return played;
}

/** Requests with a hole in front of each, never filled. */
function holes(limits: Partial<Limits>): Played {
  return talk(
    (c) => {
      for (let n = 0; n < 4; n++) {
        c.lost('client', Buffer.alloc(10));
        c.client(client.query(`SELECT ${'1 + '.repeat(20)} 1`));
      }
    },
    { limits, leave: false },
  );
}

/** Three statements of 100 bytes are prepared. */
function learned(limits: Partial<Limits>): Played {
  return talk(
    (c) => {
      for (const name of ['a', 'b', 'c']) {
        c.client(client.parse(`SELECT ${'1 + '.repeat(20)} 1`, name), client.sync());
        c.server(server.parseComplete(), server.ready());
      }
    },
    { limits },
  );
}

/** Three statements of 100 bytes are prepared; the first is used. */
function prepared(limits: Partial<Limits>): Played {
  const played = talk(
    (c) => {
      for (const name of ['a', 'b', 'c']) {
        c.client(client.parse(`SELECT ${'1 + '.repeat(20)} 1`, name), client.sync());
        c.server(server.parseComplete(), server.ready());
      }
      c.client(client.bind({ statement: 'a' }), client.execute(), client.sync());
      c.server(server.bindComplete(), server.complete('SELECT 1'), server.ready());
    },
    { limits },
  );
  expect(played.told.statements.map(({ quality }) => quality)).toEqual([['unknown_statement']]);
  return played;
}

/** First fragments of five packets, whose rest never comes. */
function pieces(limits: Partial<Limits>): Played {
  const wire = new Wire();
  for (let identification = 1; identification <= 5; identification++) {
    const fields = { identification, fragment: 0x2000 };
    wire.put(ethernet(ipv4(Buffer.alloc(80), fields)));
  }
  const played = play(wire.packets, { limits });
  expect(played.summary.fragments).toEqual({ seen: 5, incomplete: 5 });
  return played;
}

const EXPECTED: Readonly<Record<keyof Limits, Record<string, number>>> = {
  flowsMax: { flows: 2 },
  flowIdleUsMax: { idle: 1 },
  heldBytesMax: { held_bytes: 3 },
  heldSegmentsMax: { held_bytes: 2 },
  heldBytesTotalMax: { held_bytes: 3 },
  fragmentedPacketsMax: { fragments: 2 },
  fragmentBytesMax: { fragments: 4 },
  statementBytesMax: { statement_bytes: 1 },
  bindBytesMax: { bind_bytes: 1 },
  messageBytesMax: { message_bytes: 1 },
  statementsPerSessionMax: { statements: 2 },
  statementTextBytesMax: { statements: 3 },
  portalsPerSessionMax: { portals: 1 },
  pendingMax: { pending: 1 },
  cancelKeysMax: { cancel_keys: 1 },
  learnedStatementsMax: { learned_statements: 1 },
  learnedBytesMax: { learned_statements: 2 },
  learnedLoginsMax: { learned_logins: 1 },
  anomaliesPerSessionMax: { anomalies: 3 },
  silentSecondsMax: { silent_seconds: 50 },
  keyLogConnectionsMax: { key_log: 1 },
  tlsHeldBytesMax: { tls_held: 2 },
  tlsHeldBytesTotalMax: { tls_held: 1 },
};

describe('a limit', () => {
  it.each(Object.keys(defaultLimits) as (keyof Limits)[])(
    '(%s) is counted when reached',
    (name) => {
      expect(REACHED[name]()).toEqual(EXPECTED[name]);
    },
  );

  it('is not reached by an ordinary conversation', () => {
    const played = talk((c) => {
      for (let n = 0; n < 50; n++) {
        c.client(...pbe(`SELECT ${n}`), client.sync());
        c.server(server.parseComplete(), server.bindComplete());
        c.server(server.complete('SELECT 1'), server.ready());
      }
    });
    expect([dropped(played), lines(played).length]).toEqual([{}, 50]);
  });
});
