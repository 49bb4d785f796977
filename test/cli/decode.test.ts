/** `mirrorsql decode` as a user runs it: what it prints, where, and how it ends. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portOptions } from '../../src/cli/decode.ts';
import { pcap } from '../wire/capture-files.ts';
import { Connection, Wire } from '../wire/connection.ts';
import { client, server } from '../wire/postgres.ts';

interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

type Json = Record<string, unknown>;

let directory = '';
const file = (name: string): string => join(directory, name);

function decode(args: readonly string[], input?: Uint8Array): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'decode', ...args];
    const child = spawn(process.execPath, command, { stdio: 'pipe' });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
    child.stdin.end(input ?? '');
  });
}

const events = ({ output }: Ran): Json[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json);

/** A login, a prepared insert, an error, a transaction and an end. */
function conversation(serverPort: number): Buffer {
  const wire = new Wire();
  const c = new Connection(wire, { serverPort }).open();
  c.client(client.startup({ user: 'ann', database: 'shop', application_name: 'till' }));
  c.server(
    server.authenticationOk(),
    server.parameterStatus('server_version', '15.4'),
    server.ready(),
  );
  c.client(
    client.parse('INSERT INTO t VALUES ($1, $2)', 'S_1', [23, 25]),
    client.bind({
      statement: 'S_1',
      portal: 'C_1',
      formats: [1, 0],
      values: [Buffer.from('0000002a', 'hex'), null],
    }),
    client.execute('C_1'),
    client.sync(),
  );
  c.server(
    server.parseComplete(),
    server.bindComplete(),
    server.complete('INSERT 0 1'),
    server.ready(),
  );
  c.client(client.query('SELECT 1/0'));
  c.server(server.error('22012', { message: 'division by zero' }), server.ready());
  c.client(client.query("SELECT 'é'"));
  c.client(client.terminate());
  c.close();
  return pcap(wire.packets.map(({ bytes, tsUs }) => ({ bytes, timeNs: BigInt(tsUs) * 1000n })));
}

const FLOW = {
  protocol: 'postgres',
  client_ip: '10.0.0.1',
  client_port: 40_000,
  server_ip: '10.0.0.2',
  server_port: 5432,
  user: 'ann',
  database: 'shop',
  application: 'till',
};

const runs: Record<string, Ran> = {};
const ran = (name: string): Ran => runs[name] ?? { code: -1, output: '', errors: '' };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mirrorsql-decode-'));
  const capture = conversation(5432);
  writeFileSync(file('known.pcap'), capture);
  // Without the login the port alone can tell.
  writeFileSync(file('late.pcap'), lateConversation());
  writeFileSync(file('damaged.pcap'), Buffer.concat([capture, Buffer.alloc(16, 0xff)]));
  writeFileSync(file('cut.pcap'), capture.subarray(0, capture.length - 5));
  const asked: readonly (readonly [string, readonly string[], Uint8Array?])[] = [
    ['plain', [file('known.pcap')]],
    ['params', [file('known.pcap'), '--params', '--summary', 'json']],
    ['none', [file('known.pcap'), '--output', 'none']],
    ['stdin', ['-', '--output', 'none', '--summary', 'json'], capture],
    ['late', [file('late.pcap')]],
    ['port', [file('late.pcap'), '--port', '7000=postgres', '--port', '7001=postgres']],
    ['damaged', [file('damaged.pcap')]],
    ['cut', [file('cut.pcap'), '--output', 'none']],
    ['absent', [file('absent.pcap')]],
    ['bad port', [file('known.pcap'), '--port', '7001=oracle']],
    ['bad output', [file('known.pcap'), '--output', 'xml']],
    ['bad summary', [file('known.pcap'), '--summary', 'xml']],
    ['no file', []],
    ['unknown option', [file('known.pcap'), '--nonsense']],
  ];
  for (let index = 0; index < asked.length; index += 3) {
    await Promise.all(
      asked.slice(index, index + 3).map(async ([name, args, input]) => {
        runs[name] = await decode(args, input);
      }),
    );
  }
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function lateConversation(): Buffer {
  const wire = new Wire();
  const c = new Connection(wire, { serverPort: 7001 });
  c.client(client.query('SELECT 1'));
  c.server(server.row('1'), server.complete('SELECT 1'), server.ready());
  return pcap(wire.packets.map(({ bytes, tsUs }) => ({ bytes, timeNs: BigInt(tsUs) * 1000n })));
}

describe('decode', () => {
  it('prints one JSON event a line, in the order in which they were told', () => {
    expect(ran('plain').code).toBe(0);
    expect(events(ran('plain')).map(({ type }) => type)).toEqual([
      'session_start',
      'statement',
      'transaction_end',
      'statement',
      'transaction_end',
      'statement',
      'session_end',
    ]);
  });

  it('prints exactly what is known of a statement', () => {
    const [start, insert] = events(ran('plain'));
    const id = start?.['session_id'];
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(insert).toEqual({
      type: 'statement',
      ts: '2026-01-01T00:00:00.250600Z',
      ...FLOW,
      session_id: id,
      command: 'INSERT',
      statement: 'INSERT INTO t VALUES ($1, $2)',
      statement_name: 'S_1',
      portal_name: 'C_1',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      normalized: expect.stringContaining('INSERT INTO t VALUES') as string,
      status: 'ok',
      rows: 1,
      rows_affected: 1,
      bytes_request: 97,
      bytes_response: 26,
      first_row_us: 100,
      duration_us: 100,
      transaction_id: 1,
      transaction_status: 'I',
      quality: [],
    });
  });

  it('prints the error of a statement, and leaves out what an unanswered one never had', () => {
    const [, , , failed, , unanswered] = events(ran('plain'));
    expect(failed).toMatchObject({
      status: 'error',
      sqlstate: '22012',
      error_message: 'division by zero',
      error_class: expect.any(String) as string,
    });
    expect(failed).not.toHaveProperty('error_code');
    expect(failed).not.toHaveProperty('rows');
    expect(Object.keys(unanswered ?? {}).sort()).toEqual(
      [
        ...['type', 'ts', 'session_id', 'command', 'statement', 'fingerprint', 'normalized'],
        ...['status', 'bytes_request', 'bytes_response', 'transaction_id', 'quality'],
        ...Object.keys(FLOW),
      ].sort(),
    );
    expect(unanswered).toMatchObject({ status: 'unanswered', statement: "SELECT 'é'" });
  });

  it('prints the ends of transactions and sessions', () => {
    const all = events(ran('plain'));
    expect(all[2]).toMatchObject({
      ts: '2026-01-01T00:00:00.250700Z',
      transaction_id: 1,
      outcome: 'commit',
      statements: 1,
      rows_affected: 1,
      duration_us: 100,
      implicit: true,
      quality: [],
    });
    expect(all[0]).toMatchObject({ login_us: 100, server_version: '15.4' });
    expect(all[6]).toMatchObject({
      reason: 'terminate',
      statements: 3,
      errors: 1,
      lost_bytes: 0,
    });
  });

  it('prints parameters only when asked to', () => {
    expect(events(ran('plain'))[1]).not.toHaveProperty('parameters');
    expect(events(ran('params'))[1]?.['parameters']).toEqual(['42', null]);
  });

  it('prints nothing but the summary with --output none', () => {
    expect(ran('none')).toMatchObject({ code: 0, output: '' });
    expect(ran('none').errors).toContain('3 statement');
    expect(ran('none').errors).toMatch(/^missing +1 request without an answer$/m);
  });

  it('sums up in JSON on standard error, captured bytes all accounted for', () => {
    const summary = JSON.parse(ran('params').errors) as Record<string, number>;
    expect(summary).toMatchObject({
      packets: 14,
      streams: 1,
      first_packet: '2026-01-01T00:00:00.250100Z',
      last_packet: '2026-01-01T00:00:00.251400Z',
      events: { statement: 3, transaction_end: 2, session_start: 1, session_end: 1 },
      statements: { ok: 1, error: 1, unanswered: 1 },
      unanswered_requests: 1,
      gaps: 0,
      dropped_by_limit: {},
      capture_truncated: false,
    });
    expect(summary['payload_bytes']).toBe(
      (summary['decoded_bytes'] ?? 0) +
        (summary['encrypted_bytes'] ?? 0) +
        (summary['foreign_bytes'] ?? 0) +
        (summary['repeated_bytes'] ?? 0),
    );
  });

  it('reads standard input as it reads a file', () => {
    expect(ran('stdin').errors).toBe(ran('params').errors);
  });

  it('takes a port as the user names it', () => {
    expect(events(ran('late'))).toEqual([]);
    expect(events(ran('port')).map(({ type, statement }) => statement ?? type)).toEqual([
      'SELECT 1',
      'transaction_end',
      'session_end',
    ]);
  });

  it('keeps what came before a damaged place, and fails with one line', () => {
    const { code, errors } = ran('damaged');
    expect(code).toBe(1);
    expect(events(ran('damaged')).length).toBe(7);
    expect(errors.trimEnd().split('\n').at(-1)).toMatch(/^mirrorsql: .*MSQL_CAPTURE_FORMAT/);
  });

  it('is done with a capture that was cut off, and says so', () => {
    expect(ran('cut').code).toBe(0);
    expect(ran('cut').errors).toContain('the capture ends in the middle of a packet');
  });

  it.each([
    [
      'absent',
      1,
      /^mirrorsql: cannot read .*there is no such file or directory \(MSQL_CAPTURE_READ\).*\n$/,
    ],
    ['bad port', 2, /^mirrorsql: --port 7001=oracle is not N=postgres \(MSQL_CLI_USAGE\).*\n$/],
    ['bad output', 2, /^mirrorsql: --output takes ndjson or none, not xml \(MSQL_CLI_USAGE\).*\n$/],
    ['bad summary', 2, /^mirrorsql: --summary takes text or json, not xml \(MSQL_CLI_USAGE\).*\n$/],
    ['no file', 2, /^mirrorsql: missing required argument 'file' \(MSQL_CLI_USAGE\).*\n$/],
    ['unknown option', 2, /^mirrorsql: unknown option '--nonsense' \(MSQL_CLI_USAGE\).*\n$/],
  ])('(%s) ends with code %i and one line', (name, code, line) => {
    expect(ran(name)).toMatchObject({ code, output: '' });
    expect(ran(name).errors).toMatch(line);
  });
});

describe('the --port option', () => {
  it.each([
    '5433',
    '=postgres',
    '0=postgres',
    '65536=postgres',
    'x=postgres',
    '1.5=postgres',
    '5433=mysql',
    '5433=postgres=x',
  ])('refuses %s', (text) => {
    expect(() => portOptions([text])).toThrow('is not N=postgres');
  });

  it('takes several', () => {
    expect(portOptions(['5433=postgres', '65535=postgres'])).toEqual(
      new Map([
        [5433, 'postgres'],
        [65_535, 'postgres'],
      ]),
    );
  });
});
