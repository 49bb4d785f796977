/** Texts in the client's encoding: turned into UTF-8 before anybody reads them. Bytes are literal. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodingNamed } from '../../../../collectors/protocols/postgres/encoding.ts';
import { bytesOf, int16, int32, int8 } from '../../../wire/bytes.ts';
import { Connection, Wire } from '../../../wire/connection.ts';
import { client, message, server } from '../../../wire/postgres.ts';
import { play, type Played } from '../../recording-sink.ts';
import { login, talk } from './talk.ts';

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const text = (...parts: readonly (string | Buffer)[]): Buffer =>
  bytesOf(...parts.map((part) => Buffer.from(part)));
const queryOf = (...parts: readonly (string | Buffer)[]): Buffer =>
  message('Q', text(...parts), int8(0));

/** A session in this encoding; `say` what goes on in it. */
function speaking(encoding: string, say: (c: Connection) => void): Played {
  return talk(
    (c) => {
      c.client(client.query(`SET client_encoding TO '${encoding}'`));
      c.server(
        server.complete('SET'),
        server.parameterStatus('client_encoding', encoding),
        server.ready(),
      );
      say(c);
    },
    { parameters: true },
  );
}

function asked(encoding: string, ...parts: readonly (string | Buffer)[]): Played {
  return speaking(encoding, (c) => {
    c.client(queryOf(...parts));
    c.server(server.complete('SELECT 1'), server.ready());
  });
}

describe('a text in the encoding of its client', () => {
  it.each([
    ['UTF8', 'e4b8ade69687', '中文'],
    ['GBK', 'd6d0 cec4', '中文'],
    ['GB18030', 'd6d0 8139ee39', '中\u3400'],
    ['EUC_CN', 'd6d0', '中'],
    ['BIG5', 'a4a4', '中'],
    ['EUC_JP', 'c6fc', '日'],
    ['SJIS', '93fa', '日'],
    ['EUC_KR', 'c7d1', '한'],
    ['UHC', 'c7d1', '한'],
    ['LATIN1', 'e9 80', 'é\u0080'],
    ['LATIN9', 'a4', '€'],
    ['WIN1251', 'c6', 'Ж'],
    ['WIN1252', '80', '€'],
    ['KOI8R', 'f6', 'Ж'],
    ['windows-936', 'd6d0', '中'],
  ])('%s is told in UTF-8', (encoding, bytes, expected) => {
    const played = asked(encoding, "SELECT '", hex(bytes), "'");
    expect(played.told.statements[1]?.text).toBe(`SELECT '${expected}'`);
    expect(played.summary.textBytesReplaced).toBe(0);
  });

  it.each([
    // U+8A87 in GBK ends in a backslash, in Big5 U+529F does, in Shift-JIS U+8868 does.
    ['GBK', 'd55c'],
    ['BIG5', 'a55c'],
    ['SJIS', '955c'],
  ])('%s has one class, whatever its second bytes look like', (encoding, backslash) => {
    const plain = asked(encoding, "SELECT E'x', 1");
    const played = asked(encoding, "SELECT E'", hex(backslash), "', 1");
    expect(played.told.statements[1]?.fingerprint).toBe(plain.told.statements[1]?.fingerprint);
  });

  it('hides its secrets', () => {
    const played = asked('GBK', "ALTER ROLE a PASSWORD E'", hex('d55c'), "S3cret' VALID UNTIL 'x'");
    expect(played.told.statements[1]?.text).toBe("ALTER ROLE a PASSWORD '***' VALID UNTIL 'x'");
  });

  it('is turned in parsed texts, names, parameters and errors as well', () => {
    const played = speaking('GBK', (c) => {
      const name = hex('d6d0');
      c.client(
        message('P', name, int8(0), text("SELECT $1, '", name, "'"), int8(0), int16(1), int32(25)),
        message('B', name, int8(0), name, int8(0), int16(0), int16(1), int32(2), name, int16(0)),
        message('E', name, int8(0), int32(0)),
        client.sync(),
      );
      c.server(
        server.parseComplete(),
        server.bindComplete(),
        message('E', text('SERROR\0VERROR\0C22012\0M', name, '\0\0')),
        server.ready(),
      );
    });
    expect(played.told.statements[1]).toMatchObject({
      text: "SELECT $1, '中'",
      statementName: '中',
      portalName: '中',
      parameters: ['中'],
      message: '中',
    });
  });

  it('is counted and replaced where its bytes are no characters', () => {
    const played = asked('GBK', "SELECT '", hex('d6'), "', '", hex('81'));
    expect(played.told.statements[1]?.text).toBe("SELECT '\ufffd', '\ufffd");
    expect(played.summary.textBytesReplaced).toBe(2);
  });

  it('is left as it is where no encoding is known, but for what cannot be text', () => {
    const wire = new Wire();
    const old = login(wire, {});
    wire.packets.length = 0;
    old.client(queryOf("SELECT 'é', '", hex('d6d0'), "'"));
    old.server(server.complete('SELECT 1'), server.ready());
    const played = play(wire.packets);
    expect(played.told.statements[0]?.text).toBe("SELECT 'é', '\ufffd\ufffd'");
    expect(played.summary.textBytesReplaced).toBe(2);
  });

  it('speaks of its user as the startup packet says', () => {
    const wire = new Wire();
    const startup = text('user\0', hex('d6d0'), '\0client_encoding\0GBK\0\0');
    const connection = new Connection(wire).open();
    connection.client(bytesOf(int32(startup.length + 8), int32(0x30000), startup));
    connection.server(server.authenticationOk(), server.ready());
    expect(play(wire.packets).told.of('session_start')[0]?.session.user).toBe('中');
  });

  it('never throws, whatever its name and bytes', () => {
    const names = fc.oneof(
      fc.constantFrom(
        'GBK',
        'GB18030',
        'SJIS',
        'BIG5',
        'LATIN1',
        'EUC_TW',
        'JOHAB',
        'MULE_INTERNAL',
        '',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 60 }), (name, bytes) => {
        const decoded = encodingNamed(name)?.text(bytes, 0, bytes.length) ?? '';
        expect(Buffer.from(decoded).toString('utf8')).toBe(decoded);
      }),
    );
  });
});
