/**
 * Small recorded conversations (test/lab/record-scenarios.ts) and the events that they must give, line by line. After an
 * intended change run `MIRRORSQL_ACCEPT=1 npm run unit -- test/scenarios` and read the difference before committing it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../collectors/capture/open.ts';
import { Collector, collect } from '../../collectors/collector.ts';
import type { KeyLog } from '../../collectors/protocols/tls/key-log.ts';
import { summaryJson } from '../../src/cli/capture-summary-text.ts';
import { sessionEventJson, statementJson, transactionJson } from '../../src/cli/event-json.ts';
import { readKeyLog } from '../../src/cli/key-log-file.ts';
import { plays } from '../lab/scenario-plays.ts';

const ACCEPT = process.env['MIRRORSQL_ACCEPT'] === '1';

/** What the summary must say beside the events: whatever was missing or not understood. */
const SUMMARY_FIELDS = [
  'payload_bytes',
  'decoded_bytes',
  'foreign_bytes',
  'encrypted_bytes',
  'gaps',
  'lost_bytes',
  'resyncs',
  'unanswered_requests',
  'unmatched_answers',
  'frames_refused',
  'capture_truncated',
];

async function linesOf(file: string, keyLog: KeyLog | undefined): Promise<string[]> {
  const lines: string[] = [];
  const print = (event: object) => {
    lines.push(JSON.stringify(event));
  };
  const source = await openCapture(file);
  try {
    const collector = new Collector(
      {
        statement: (event) => {
          print(statementJson(event));
        },
        transactionEnd: (event) => {
          print(transactionJson(event));
        },
        sessionEvent: (event) => {
          print(sessionEventJson(event));
        },
        activity: () => undefined,
      },
      { parameters: true, keyLog },
    );
    const summary = Object.entries(summaryJson(await collect(source, collector)));
    const kept = summary.filter(([name]) => SUMMARY_FIELDS.includes(name));
    print({ type: 'summary', ...Object.fromEntries(kept) });
  } finally {
    await source.close();
  }
  return lines;
}

describe('a recorded conversation gives the expected events', () => {
  it.each(plays)('$name: $about', async ({ name, about }) => {
    const directory = join(import.meta.dirname, name);
    const keys = join(directory, 'keys.log');
    const keyLog = existsSync(keys) ? readKeyLog(keys) : undefined;
    const lines = await linesOf(join(directory, 'capture.pcap'), keyLog);
    const file = join(directory, 'expected.ndjson');
    if (ACCEPT) writeFileSync(file, `${lines.join('\n')}\n`);
    const expected = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      expected.map((line) => JSON.parse(line) as unknown),
    );
    expect(readFileSync(join(directory, 'README.md'), 'utf8').trim()).toBe(about);
  });
});
