/** How a session begins: requests for encryption, startup, authentication, and what the server says before it is ready. */
import { client, server } from '../wire/postgres.ts';
import type { Dialogue, Message, Side } from './dialogue.ts';
import type { Dice } from './dice.ts';
import type { ExpectedSession } from './expected.ts';

export interface LoggedIn {
  readonly nowUs: number;
  /** Undefined when there is no session to speak in: refused, or encrypted. */
  readonly key: { readonly processId: number; readonly secret: Buffer } | undefined;
}

/** What a session of this protocol may never tell. */
export const PASSWORD = 'hunter2-hunter2';

export class LoginModel {
  readonly #dialogue: Dialogue;
  readonly #dice: Dice;
  readonly #expected: ExpectedSession;
  #nowUs: number;

  constructor(dialogue: Dialogue, dice: Dice, expected: ExpectedSession) {
    this.#dialogue = dialogue;
    this.#dice = dice;
    this.#expected = expected;
    this.#nowUs = dialogue.openedUs + 1000;
  }

  run(): LoggedIn {
    const dice = this.#dice;
    if (dice.oneIn(25)) return this.#encrypted();
    if (dice.oneIn(4)) {
      this.#client('GSSENCRequest', client.gssRequest());
      if (dice.oneIn(10)) {
        this.#server('yes to GSS', Buffer.from('G'));
        return this.#noise();
      }
      this.#server('no to GSS', Buffer.from('N'));
    }
    if (dice.oneIn(2)) {
      this.#client('SSLRequest', client.sslRequest());
      if (dice.oneIn(10)) {
        this.#server('yes to TLS', Buffer.from('S'));
        return this.#encrypted();
      }
      this.#server('no to TLS', Buffer.from('N'));
    }
    return this.#session();
  }

  #session(): LoggedIn {
    const dice = this.#dice;
    const expected = this.#expected;
    const protocol32 = dice.oneIn(4);
    const parameters: Record<string, string> = { user: expected.user };
    if (expected.database !== expected.user) parameters['database'] = expected.database;
    if (expected.application !== undefined) parameters['application_name'] = expected.application;
    if (protocol32 && dice.oneIn(2)) parameters['_pq_.test_protocol_negotiation'] = '';
    expected.startup = this.#client(
      'StartupMessage',
      client.startup(parameters, protocol32 ? 0x0003_0002 : 0x0003_0000),
    );
    const downgraded = protocol32 && dice.oneIn(2);
    const parts: Buffer[] = downgraded ? [server.negotiateVersion(0x0003_0000, [])] : [];
    if (!this.#authenticate(parts)) return { nowUs: this.#nowUs, key: undefined };
    const secret = Buffer.alloc(protocol32 && !downgraded ? 32 : 4);
    for (let index = 0; index < secret.length; index++) secret[index] = dice.below(256);
    const processId = dice.between(1, 0x7fff_ffff);
    const version = dice.pick(['15.4', '18.1', '12.0']);
    parts.push(server.authenticationOk());
    parts.push(server.parameterStatus('server_version', version));
    parts.push(server.parameterStatus('client_encoding', 'UTF8'));
    if (dice.oneIn(3)) parts.push(server.notice('01000', 'welcome'));
    parts.push(server.keyData(processId, secret));
    this.#server('login answers', Buffer.concat(parts));
    expected.ready = this.#server('ReadyForQuery', server.ready('I'));
    expected.serverVersion = version;
    expected.login = 'ok';
    return { nowUs: this.#nowUs, key: { processId, secret } };
  }

  /** @returns whether the server is content */
  #authenticate(parts: Buffer[]): boolean {
    const dice = this.#dice;
    const method = dice.weighted({ trust: 5, cleartext: 1, md5: 1, sasl: 2 });
    if (method === 'cleartext' || method === 'md5') {
      parts.push(method === 'md5' ? server.authenticationMd5() : server.authenticationCleartext());
      this.#server('Authentication', Buffer.concat(parts.splice(0)));
      this.#client('PasswordMessage', client.password(PASSWORD));
    } else if (method === 'sasl') {
      parts.push(server.authenticationSasl('SCRAM-SHA-256'));
      this.#server('AuthenticationSASL', Buffer.concat(parts.splice(0)));
      this.#client(
        'SASLInitialResponse',
        client.saslInitial('SCRAM-SHA-256', `n,,n=,r=${PASSWORD}`),
      );
      this.#server('AuthenticationSASLContinue', server.saslContinue('r=x,s=y,i=4096'));
      this.#client('SASLResponse', client.saslResponse(`c=biws,r=x,p=${PASSWORD}`));
      parts.push(server.saslFinal('v=z'));
    }
    if (!dice.oneIn(15)) return true;
    const expected = this.#expected;
    const [sqlstate, message] = dice.pick<readonly [string, string]>([
      ['28P01', 'password authentication failed'],
      ['3D000', 'database does not exist'],
      ['53300', 'sorry, too many clients already'],
    ]);
    this.#server('ErrorResponse', server.error(sqlstate, { severity: 'FATAL', message }));
    expected.login = 'failed';
    expected.sqlstate = sqlstate;
    return false;
  }

  /** Records as TLS has them (RFC 8446, 5.1), with nothing in them. */
  #encrypted(): LoggedIn {
    const dice = this.#dice;
    this.#expected.login = 'encrypted';
    const record = (type: number): Buffer => {
      const body = Buffer.from(
        Array.from({ length: dice.between(40, 400) }, () => dice.below(256)),
      );
      return Buffer.concat([Buffer.of(type, 3, 3, body.length >> 8, body.length & 255), body]);
    };
    this.#client('TLS handshake', record(0x16));
    this.#server('TLS handshake', record(0x16));
    for (let turn = dice.between(1, 5); turn > 0; turn--) {
      this.#client('TLS data', record(0x17));
      this.#server('TLS data', record(0x17));
    }
    return { nowUs: this.#nowUs, key: undefined };
  }

  #noise(): LoggedIn {
    const dice = this.#dice;
    this.#expected.login = 'encrypted';
    const noise = (): Buffer =>
      Buffer.from(Array.from({ length: dice.between(20, 300) }, () => dice.below(256)));
    for (let turn = dice.between(1, 5); turn > 0; turn--) {
      this.#client('GSS', noise());
      this.#server('GSS', noise());
    }
    return { nowUs: this.#nowUs, key: undefined };
  }

  #client(label: string, bytes: Buffer): Message {
    return this.#say('client', label, bytes);
  }

  #server(label: string, bytes: Buffer): Message {
    return this.#say('server', label, bytes);
  }

  #say(side: Side, label: string, bytes: Buffer): Message {
    const message = this.#dialogue.place(side, label, bytes.length);
    const doneUs = this.#dialogue.write(side, this.#nowUs, bytes, message.start);
    this.#nowUs = doneUs + this.#dice.between(100, 2000);
    return message;
  }
}
