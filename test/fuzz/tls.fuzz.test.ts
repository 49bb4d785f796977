/**
 * TLS from hostile ends: handshakes and records damaged at random on the wire, rubbish inside records that open, and key
 * logs of rubbish. Nothing throws, the books balance, what waits is let go. Set MIRRORSQL_FUZZ_SEED to repeat a run,
 * MIRRORSQL_FUZZ_RUNS to run longer.
 */
import { describe, expect, it } from 'vitest';
import { KeyLog } from '../../collectors/protocols/tls/key-log.ts';
import { defaultLimits } from '../../collectors/limits.ts';
import { play } from '../collectors/recording-sink.ts';
import { TlsTalk } from '../collectors/protocols/tls/tls-talk.ts';
import { integerOf, randomBySeed } from '../lab/random.ts';
import type { WirePacket } from '../wire/connection.ts';
import { client, server } from '../wire/postgres.ts';
import { handshakeMessage, recordType, suites12, suites13 } from '../wire/tls.ts';

const SEED = Number(process.env['MIRRORSQL_FUZZ_SEED'] ?? 20_261_121);
const RUNS = 40 * Number(process.env['MIRRORSQL_FUZZ_RUNS'] ?? 12);
/** Ethernet, IPv4, TCP without options. */
const PAYLOAD_AT = 54;

type Random = (below: number) => number;

const rubbish = (random: Random, size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, () => random(256)));

/** A conversation of a random version and suite, in which either side may say rubbish that opens. */
function conversation(random: Random): TlsTalk {
  const [version, suites] =
    random(2) === 0 ? (['1.2', suites12] as const) : (['1.3', suites13] as const);
  const names = Object.keys(suites);
  const suite = names[random(names.length)] ?? '';
  const talk = new TlsTalk({
    version,
    suite,
    seed: String(random(1000)),
    ...(random(2) === 0 ? { serverName: 'db.example', protocols: ['postgresql'] } : {}),
    ...(random(4) === 0 ? { earlyData: true } : {}),
    ...(random(3) === 0 ? { certificate: rubbish(random, random(400)) } : {}),
  }).handshake();
  talk.login();
  for (let turn = random(12); turn >= 0; turn--) {
    const side = random(2) === 0 ? 'client' : 'server';
    switch (random(8)) {
      case 0:
        talk.say(side, rubbish(random, random(200)));
        break;
      case 1: {
        const message = handshakeMessage(random(30), rubbish(random, random(60)));
        const type = recordType.handshake;
        const lied = message.subarray(0, 1 + random(message.length));
        talk.connection.segment(side, { payload: talk.peers.record(side, lied, { type }) });
        break;
      }
      case 2:
        talk.connection.segment(side, {
          payload: talk.peers.record(side, rubbish(random, random(9)), {
            type: random(256),
            padding: random(300),
          }),
        });
        break;
      case 3:
        talk.connection.lost(side, talk.peers.record(side, rubbish(random, random(2000))));
        break;
      case 4:
        if (version === '1.3')
          talk.connection.segment(side, { payload: talk.peers.keyUpdate(side) });
        break;
      default:
        talk.say('client', client.query(`SELECT ${turn}`));
        talk.say('server', server.row('1'), server.complete('SELECT 1'), server.ready());
    }
  }
  return talk;
}

/** Some packets are lost, doubled, swapped, cut or changed behind their headers. */
function damage(packets: readonly WirePacket[], random: Random): WirePacket[] {
  const rate = 3 + random(40);
  return packets.flatMap((packet, index) => {
    if (random(rate) !== 0) return [packet];
    const bytes = Buffer.from(packet.bytes);
    switch (random(5)) {
      case 0:
        return [];
      case 1:
        return [packet, packet];
      case 2:
        return [packets[Math.max(0, index - 1 - random(3))] ?? packet, packet];
      case 3:
        return [{ ...packet, bytes: bytes.subarray(0, random(bytes.length + 1)) }];
      default:
        for (let count = random(6); count >= 0 && bytes.length > PAYLOAD_AT; count--) {
          const at = PAYLOAD_AT + random(Math.min(bytes.length - PAYLOAD_AT, 1 + random(400)));
          bytes[at] = random(256);
        }
        return [{ ...packet, bytes }];
    }
  });
}

function spoiled(log: string, random: Random): string {
  switch (random(4)) {
    case 0:
      return rubbish(random, 400).toString('latin1');
    case 1:
      return log.slice(random(log.length));
    case 2:
      return `${'x'.repeat(random(5000))}\n# ${log}${log.replace(/ [0-9a-f]{3}/g, ' ')}`;
    default:
      return log.replace(/[0-9a-f]{2}$/m, 'zz');
  }
}

function complaint(seed: number): string[] {
  const chance = randomBySeed(seed);
  const random: Random = (below) => integerOf(chance, 0, below - 1);
  const talk = conversation(random);
  const packets = damage(talk.wire.packets, random);
  const keyLog = new KeyLog(random(2) === 0, { ...defaultLimits, keyLogConnectionsMax: 4 });
  const text = random(4) === 0 ? spoiled(talk.peers.keyLog, random) : talk.peers.keyLog;
  const at = random(3) === 0 ? random(packets.length + 1) : 0;
  const fed = (function* () {
    for (const [index, packet] of packets.entries()) {
      if (index === at) keyLog.add(text);
      yield packet;
    }
  })();
  const { told, summary } = play(fed, { keyLog, parameters: true });
  const { payloadBytes, decodedBytes, encryptedBytes, foreignBytes, repeatedBytes } = summary;
  const found: string[] = [];
  if (payloadBytes !== decodedBytes + encryptedBytes + foreignBytes + repeatedBytes)
    found.push('bytes of payload are not accounted for');
  const sealed = Object.values(summary.encryptedSessions).reduce((sum, count) => sum + count, 0);
  if (told.of('encrypted').length !== sealed) found.push('an encrypted session is not told');
  if (keyLog.heldBytes !== 0) found.push('bytes are still held');
  for (const value of [decodedBytes, encryptedBytes, summary.resyncBytes, summary.lostBytes])
    if (!Number.isSafeInteger(value) || value < 0) found.push(`a counter is ${value}`);
  const secret = /[0-9a-f]{64}$/m.exec(talk.peers.keyLog)?.[0] ?? '?';
  if (JSON.stringify([told, summary]).includes(secret)) found.push('a secret is told');
  return found;
}

describe('damaged TLS', () => {
  it(`is survived (${RUNS} conversations)`, { timeout: 600_000 }, () => {
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      let result: string[];
      try {
        result = complaint(seed);
      } catch (error) {
        result = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
      }
      expect(result, `MIRRORSQL_FUZZ_SEED=${seed}`).toEqual([]);
    }
  });
});
