/** Where a message may start in the middle of a stream. */
import { describe, expect, it } from 'vitest';
import {
  findBackendBoundary,
  findFrontendBoundary,
} from '../../../../collectors/protocols/postgres/resync.ts';
import { bytesOf, int16, int32 } from '../../../wire/bytes.ts';
import { client, message, server } from '../../../wire/postgres.ts';

const found = (find: typeof findBackendBoundary, ...parts: readonly Uint8Array[]): number => {
  const bytes = bytesOf(...parts);
  return find(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
};
const inAnswers = (...parts: readonly Uint8Array[]): number => found(findBackendBoundary, ...parts);
const inRequests = (...parts: readonly Uint8Array[]): number =>
  found(findFrontendBoundary, ...parts);

/** The end of a row whose beginning was lost. */
const TAIL = Buffer.from('end of a row, with Z and C in it');

describe('the boundary of answers', () => {
  it.each([
    ['the end of a round', [server.ready('T')]],
    ['a tag and the end of a round', [server.complete('SELECT 1'), server.ready()]],
    ['an error and the end of a round', [server.error('42601'), server.ready('E')]],
    [
      'rows that go on beyond the packet',
      [server.row('a'), server.row('b'), server.row('c'), server.row('d').subarray(0, 7)],
    ],
    ['the answers to a pipeline', [server.parseComplete(), server.bindComplete(), server.noData()]],
    [
      'a description of parameters and rows',
      [server.parameterDescription(23, 25), server.rowDescription('a'), server.ready()],
    ],
    ['a suspended portal', [server.portalSuspended(), server.ready('T')]],
    [
      'a parameter and a notice',
      [server.parameterStatus('TimeZone', 'UTC'), server.notice('00000'), server.ready()],
    ],
    ['copied data', [server.copyData('a\n'), server.copyData('b\n'), server.copyDone()]],
    ['an empty answer', [server.empty(), server.ready()]],
  ])('is found before %s', (_name, messages) => {
    expect(inAnswers(TAIL, ...messages)).toBe(TAIL.length);
    expect(inAnswers(...messages)).toBe(0);
  });

  it.each([
    ['nothing but a tail', [TAIL]],
    ['a lone message that leaves the packet', [server.row('a', 'b').subarray(0, 9)]],
    ['an end of round with a status that does not exist', [message('Z', Buffer.from('X'))]],
    ['an end of round with a wrong length', [message('Z', Buffer.from('II'))]],
    ['a completed parse with a body', [message('1', Buffer.from('x'))]],
    ['a tag in lower case', [message('C', Buffer.from('select 1\0'))]],
    ['a tag without its closing zero', [message('C', Buffer.from('SELECT 1'))]],
    ['a row of more columns than there can be', [message('D', int16(1665))]],
    ['a description of parameters that lies about its size', [message('t', int16(9), int32(1))]],
    [
      'two messages and a third that is none',
      [server.ready(), server.ready(), Buffer.from('Q....')],
    ],
    ['a message of the client', [client.query('SELECT 1')]],
  ])('is not found in %s', (_name, messages) => {
    expect(inAnswers(...messages)).toBe(-1);
  });
});

describe('the boundary of requests', () => {
  it.each([
    ['a query', [client.query('SELECT 1')]],
    [
      'a whole extended request',
      [
        client.parse('SELECT 1'),
        client.bind(),
        client.describe('P'),
        client.execute(),
        client.sync(),
      ],
    ],
    ['a close and a sync', [client.close('S', 'a'), client.sync()]],
    ['copied data and its end', [client.copyData('a\n'), client.copyDone()]],
    ['a flush', [client.execute(), client.flush()]],
    ['a farewell', [client.terminate()]],
  ])('is found before %s', (_name, messages) => {
    const tail = Buffer.from('end of a text, Quoted');
    expect(inRequests(tail, ...messages)).toBe(tail.length);
    expect(inRequests(...messages)).toBe(0);
  });

  it.each([
    ['a sync with a body', [message('S', Buffer.from('x'))]],
    ['a query without its closing zero', [message('Q', Buffer.from('SELECT 1'))]],
    [
      'a description of something that is neither statement nor portal',
      [message('D', Buffer.from('x\0'))],
    ],
    ['an execution whose name does not end', [message('E', Buffer.from('abcd'), int32(1))]],
    ['a parse without room for its fields', [message('P', Buffer.from('a\0'))]],
    ['a bind without room for its fields', [message('B', Buffer.from('a\0b\0'))]],
    ['a password', [client.password('secret')]],
  ])('is not found in %s', (_name, messages) => {
    expect(inRequests(...messages)).toBe(-1);
  });
});
