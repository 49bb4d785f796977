/**
 * The first question to a host: is it a ClickHouse server of a version that will do, and does it know us? Asked over a
 * plain request, so that whatever else listens there can be told from a server that refuses.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { MirrorSqlError, systemCode } from '../../core/errors.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * The oldest release with everything that the tables and the exactly-once inserts rely on: tokens that reach dependent
 * views (reworked in 24.7), of which 24.8 is the first with long support.
 */
const VERSION_MIN = [24, 8] as const;

const ANSWER_WITHIN_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/**
 * The version of the server at `host`, one of the address's.
 * @throws MirrorSqlError MSQL_STORE_UNREACHABLE, MSQL_STORE_TLS, MSQL_STORE_LOGIN, MSQL_STORE_SERVER
 */
export async function examineHost(address: ServerAddress, host: string): Promise<string> {
  const { status, headers, body } = await ask(address, host);
  const name = new URL(host).host;
  const code = headers['x-clickhouse-exception-code'];
  if (isLoginRefused(code, body) || status === 401) {
    throw new MirrorSqlError('MSQL_STORE_LOGIN', `${name} refused user or password`);
  }
  const isClickHouse = Object.keys(headers).some((header) => header.startsWith('x-clickhouse-'));
  const version = /^(\d+)\.(\d+)[.\d]*[-\w]*\n?$/.exec(body);
  if (status >= 500 || (isClickHouse && version === null)) {
    throw new MirrorSqlError(
      'MSQL_STORE_UNREACHABLE',
      `${name} answered with status ${status}${code === undefined ? '' : ` and code ${String(code)}`}`,
    );
  }
  if (!isClickHouse || version === null) {
    throw new MirrorSqlError(
      'MSQL_STORE_SERVER',
      `what answers at ${name} is not ClickHouse's HTTP interface`,
    );
  }
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
    throw new MirrorSqlError(
      'MSQL_STORE_SERVER',
      `${name} is ClickHouse ${body.trim()}; ${VERSION_MIN.join('.')} is the oldest that will do`,
    );
  }
  return body.trim();
}

/** UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED; old servers say them in the text only. */
function isLoginRefused(code: string | string[] | undefined, body: string): boolean {
  const told = typeof code === 'string' ? code : (/^Code: (\d+)/.exec(body)?.[1] ?? '');
  return ['192', '193', '194', '516'].includes(told);
}

function ask(address: ServerAddress, host: string): Promise<Answer> {
  const secure = host.startsWith('https:');
  const headers = {
    ...(address.user === undefined ? {} : { 'X-ClickHouse-User': headerOf(address.user) }),
    ...(address.password === '' ? {} : { 'X-ClickHouse-Key': headerOf(address.password) }),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(
      `${host}/?query=${encodeURIComponent('SELECT version()')}`,
      {
        headers,
        agent: false,
        timeout: ANSWER_WITHIN_MS,
        ...(address.ca === undefined ? {} : { ca: address.ca }),
      },
      (response) => {
        let body = '';
        response.setEncoding('latin1');
        response.on('data', (piece: string) => {
          if (body.length < ANSWER_BYTES_MAX) body += piece;
          else response.destroy();
        });
        const done = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        response.on('end', done);
        response.on('error', done);
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', (error) => reject(unreachable(host, error)));
    request.end();
  });
}

/** Bytes of UTF-8 as the one-byte characters that a header takes. */
function headerOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const TLS_FAULT = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

function unreachable(host: string, error: Error): MirrorSqlError {
  const code = systemCode(error) ?? '';
  const name = new URL(host).host;
  const cause = { cause: error };
  if (TLS_FAULT.test(code)) {
    const words = /wrong version number|packet length too long/i.test(error.message)
      ? 'what answers there does not speak TLS'
      : `${(error.message.split('\n')[0] ?? '').slice(0, 200)} (${code})`;
    return new MirrorSqlError('MSQL_STORE_TLS', `no TLS with ${name}: ${words}`, cause);
  }
  if (code.startsWith('HPE_')) {
    return new MirrorSqlError(
      'MSQL_STORE_SERVER',
      `what answers at ${name} does not speak HTTP (ClickHouse's own port is 8123, or 8443 with TLS)`,
      cause,
    );
  }
  return new MirrorSqlError(
    'MSQL_STORE_UNREACHABLE',
    `${name} does not answer (${code === '' ? error.message : code})`,
    cause,
  );
}
