/** `mirrorsql decode`: a capture in, events out, and at the end what was and was not seen. */
import { Collector, collect } from '../../collectors/collector.ts';
import { openCapture } from '../../collectors/capture/open.ts';
import type { Separation } from '../../collectors/network/scope.ts';
import { MirrorSqlError } from '../core/errors.ts';
import type { EventSink } from '../events/events.ts';
import type { Protocol } from '../events/session.ts';
import { oneOf } from './choice.ts';
import { summaryJson, summaryText } from './capture-summary-text.ts';
import { readKeyLog } from './key-log-file.ts';
import { NdjsonSink } from './ndjson-sink.ts';

export interface DecodeOptions {
  /** Each `N=protocol`. */
  readonly port?: readonly string[];
  /** Each `tunnels` or `vlans`. */
  readonly separate?: readonly string[];
  readonly params?: boolean;
  readonly keylog?: string;
  readonly output?: string;
  readonly summary?: string;
}

/** Does the work of decoding and prints nothing: for measuring, and for the summary alone. */
const silentSink: EventSink = {
  statement: () => undefined,
  transactionEnd: () => undefined,
  sessionEvent: () => undefined,
  activity: () => undefined,
};

/** @returns the exit code */
export async function runDecode(file: string, options: DecodeOptions): Promise<number> {
  const output = oneOf('--output', options.output ?? 'ndjson', ['ndjson', 'none']);
  const format = oneOf('--summary', options.summary ?? 'text', ['text', 'json']);
  const ports = portOptions(options.port ?? []);
  const keyLog = options.keylog === undefined ? undefined : readKeyLog(options.keylog);
  const separation = separationOptions(options.separate ?? []);
  const source = await openCapture(file);
  const printer = output === 'ndjson' ? new NdjsonSink(1) : undefined;
  const collector = new Collector(printer ?? silentSink, {
    ports,
    keyLog,
    parameters: options.params ?? false,
    separation,
  });
  try {
    const summary = await collect(source, collector);
    printer?.flush();
    const text =
      format === 'json' ? `${JSON.stringify(summaryJson(summary))}\n` : summaryText(summary);
    process.stderr.write(text);
    if (summary.failure === undefined) return 0;
    const failure = new MirrorSqlError(summary.failure.code, summary.failure.message);
    process.stderr.write(`${failure.line}\n`);
    return failure.exitCode;
  } finally {
    await source.close();
  }
}

const PROTOCOLS: readonly Protocol[] = ['postgres'];

/** `5433=postgres` as a port and its protocol. @throws MirrorSqlError MSQL_CLI_USAGE */
export function portOptions(texts: readonly string[]): Map<number, Protocol> {
  const ports = new Map<number, Protocol>();
  for (const text of texts) {
    const [number, name, ...rest] = text.split('=');
    const port = Number(number);
    const protocol = PROTOCOLS.find((candidate) => candidate === name);
    if (
      !Number.isInteger(port) ||
      port < 1 ||
      port > 65_535 ||
      protocol === undefined ||
      rest.length > 0
    ) {
      throw new MirrorSqlError('MSQL_CLI_USAGE', `--port ${text} is not N=${PROTOCOLS.join('|')}`);
    }
    ports.set(port, protocol);
  }
  return ports;
}

/** @throws MirrorSqlError MSQL_CLI_USAGE */
export function separationOptions(texts: readonly string[]): Separation {
  const asked = new Set(texts.map((text) => oneOf('--separate', text, ['tunnels', 'vlans'])));
  return { tunnels: asked.has('tunnels'), vlans: asked.has('vlans') };
}
