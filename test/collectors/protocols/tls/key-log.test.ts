/** Key logs: which lines are taken, however they are cut, and what is forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TlsPeers } from '../../../wire/tls.ts';
import { keyLogOf } from './tls-talk.ts';

const RANDOM = 'ab'.repeat(32);
const MASTER = 'cd'.repeat(48);

describe('a key log', () => {
  it('takes the secrets of TLS 1.2 and 1.3 and passes over other lines', () => {
    const peers = new TlsPeers({ version: '1.3', suite: 'TLS_AES_256_GCM_SHA384' });
    const keyLog = keyLogOf(
      [
        '# SSL/TLS secrets log file',
        '',
        `CLIENT_RANDOM ${RANDOM} ${MASTER}\r`,
        `CLIENT_RANDOM ${RANDOM.slice(2)} ${MASTER}`,
        `RSA ${RANDOM.slice(0, 16)} ${MASTER}`,
        `CLIENT_RANDOM ${RANDOM} ${MASTER} more`,
        'x'.repeat(10_000),
        peers.keyLog,
      ].join('\n'),
    );
    expect(keyLog.find(RANDOM)?.master?.toString('hex')).toBe(MASTER);
    const found = keyLog.find(peers.clientRandom.toString('hex'));
    expect(Object.values(found ?? {}).map((secret: Buffer) => secret.length)).toEqual([
      48, 48, 48, 48,
    ]);
    // Four lines that are none, and the exporter's secret.
    expect([keyLog.secretsCount, keyLog.linesPassedOver]).toEqual([5, 5]);
  });

  it('knows a connection by its random in whatever case it is written', () => {
    const keyLog = keyLogOf(`CLIENT_RANDOM ${RANDOM.toUpperCase()} ${MASTER.toUpperCase()}\n`);
    expect(keyLog.find(RANDOM)?.master?.toString('hex')).toBe(MASTER);
  });

  it('is the same however it is cut, and a line counts when it has ended', () => {
    const text = `CLIENT_RANDOM ${RANDOM} ${MASTER}\n`;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (places) => {
        const keyLog = keyLogOf('');
        const cuts = [0, ...places.sort((a, b) => a - b), text.length];
        cuts.slice(1).forEach((end, index) => {
          keyLog.add(text.slice(cuts[index], end));
        });
        expect(keyLog.secretsCount).toBe(1);
      }),
    );
    const unfinished = keyLogOf(text.slice(0, -1));
    expect(unfinished.secretsCount).toBe(0);
    unfinished.end();
    expect(unfinished.secretsCount).toBe(1);
  });

  it('keeps no line that has no end', () => {
    const keyLog = keyLogOf('');
    for (let turn = 0; turn < 100; turn++) keyLog.add('a'.repeat(1000));
    keyLog.add('\n');
    expect(keyLog.linesPassedOver).toBe(1);
  });

  it('forgets the oldest connection when it is full', () => {
    const keyLog = keyLogOf('', { limits: { keyLogConnectionsMax: 2 } });
    const randoms = ['11', '22', '33'].map((byte) => byte.repeat(32));
    for (const random of randoms) keyLog.add(`CLIENT_RANDOM ${random} ${MASTER}\n`);
    expect(randoms.map((random) => keyLog.find(random) !== undefined)).toEqual([false, true, true]);
    expect(keyLog.forgottenCount).toBe(1);
  });
});
