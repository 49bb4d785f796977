/**
 * `mirrorsql status`: how a running MirrorSQL is doing, as a doctor would note it. Where none runs, and none was named,
 * the store is looked at instead.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MirrorSqlError } from '../core/errors.ts';
import { bytesText, counted } from '../core/quantities.ts';
import { VERSION } from '../core/version.ts';
import { LISTEN_DEFAULT, listenAddress } from '../server/listen.ts';
import { judge } from '../server/observation/judge.ts';
import { absentStore, storeFigures } from '../server/observation/store-figures.ts';
import type { StatusAnswer, StoreFigures } from '../server/status-schema.ts';
import { leftoverNames } from '../store/segment.ts';
import { hasStore, openStore, type StoreSettings } from '../store/store.ts';
import { oneOf } from './choice.ts';
import { writeOutput } from './output.ts';
import { renderStatus } from './status-text.ts';
import { type StoreOptions, storePlace, storeSettings } from './store-settings.ts';

export interface StatusOptions extends StoreOptions {
  /** http://HOST:PORT, or HOST:PORT as for --listen. */
  readonly url?: string;
  readonly format?: string;
}

/** A monitor that is too busy to say how it is for so long is not well. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * @returns the exit code: 0 well, 1 not
 * @throws MirrorSqlError MSQL_CLI_USAGE, MSQL_STATUS_UNREACHABLE
 */
export async function runStatus(options: StatusOptions): Promise<number> {
  const format = oneOf('--format', options.format ?? 'text', ['text', 'json']);
  const url = statusUrl(options.url ?? LISTEN_DEFAULT);
  const running = await askRunning(url);
  if (running === undefined && options.url !== undefined) {
    throw new MirrorSqlError('MSQL_STATUS_UNREACHABLE', `nothing answers at ${url.origin}`);
  }
  const status = running ?? (await lookAtStore(storeSettings(options), url));
  // Undefined where it is none, whatever the types say; that would leave the choice to the environment.
  const toTerminal: boolean | undefined = process.stdout.isTTY;
  await writeOutput(
    format === 'json'
      ? `${JSON.stringify(status, null, 2)}\n`
      : renderStatus(status, {
          columns: process.stdout.isTTY ? process.stdout.columns : 100,
          // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the types do not know the pipe
          color: (toTerminal ?? false) && process.env['NO_COLOR'] === undefined,
        }),
  );
  return status.well ? 0 : 1;
}

/** @throws MirrorSqlError MSQL_CLI_USAGE */
export function statusUrl(text: string): URL {
  if (/^https?:\/\//.test(text)) {
    if (URL.canParse(text)) return new URL('/api/v1/status', text);
    throw new MirrorSqlError('MSQL_CLI_USAGE', `--url ${text} is not an address`);
  }
  const { host, port } = listenAddress(text, '--url');
  const name = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host;
  return new URL(`http://${name.includes(':') ? `[${name}]` : name}:${port}/api/v1/status`);
}

/** Undefined when nothing listens there. @throws MirrorSqlError for an answer of something else, or none in time */
async function askRunning(url: URL): Promise<StatusAnswer | undefined> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new MirrorSqlError(
        'MSQL_STATUS_UNREACHABLE',
        `${url.origin} does not answer within ${ANSWER_WITHIN_MS / 1000} s`,
      );
    }
    return undefined;
  }
  const body: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && typeof body === 'object' && body !== null && 'verdict' in body) {
    return body as StatusAnswer; // Our own server answers by its contract.
  }
  throw new MirrorSqlError(
    'MSQL_STATUS_UNREACHABLE',
    `what answers at ${url.origin} is no MirrorSQL of this version (status ${answer.status})`,
  );
}

async function lookAtStore(settings: StoreSettings, url: URL): Promise<StatusAnswer> {
  const atUs = Date.now() * 1000;
  const { store, waiting } = await readStore(settings);
  const judgements = judge({
    capture: null,
    decoding: null,
    storing: null,
    machine: null,
    store,
    atUs,
    startedUs: null,
  });
  const findings = judgements.map((judgement) => ({
    ...judgement,
    ...(store.error === NO_STORE ? noStore(store.place) : {}),
    more: [...judgement.more, ...waiting],
    sinceUs: atUs,
  }));
  const well = findings.every((finding) => finding.well);
  const said = well ? 'the store is well' : (findings[0]?.says ?? '');
  return {
    well,
    verdict: `No MirrorSQL runs at ${url.origin}; ${said}.`,
    role: 'store',
    version: VERSION,
    atUs,
    startedUs: null,
    findings,
    capture: null,
    decoding: null,
    storing: null,
    store,
    machine: null,
  };
}

const NO_STORE = 'there is no store yet';

function noStore(place: string): { readonly says: string; readonly advice: string } {
  return {
    says: `there is no store in ${place} yet`,
    advice:
      'start a monitor (mirrorsql monitor -i INTERFACE), or load a capture (mirrorsql load FILE)',
  };
}

/** Makes nothing: where there is no store yet, there is none afterwards. */
async function readStore(
  settings: StoreSettings,
): Promise<{ readonly store: StoreFigures; readonly waiting: readonly string[] }> {
  const place = storePlace(settings);
  try {
    if (settings.kind === 'embedded' && !hasStore(settings.directory)) {
      return { store: absentStore(place, NO_STORE), waiting: [] };
    }
    const store = await openStore(settings);
    try {
      return { store: await storeFigures(store, place), waiting: waitingText(store.directory) };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof MirrorSqlError)) throw error;
    return { store: absentStore(place, error.message), waiting: [] };
  }
}

/** What an earlier run could not store any more. */
function waitingText(directory: string): string[] {
  const segments = resolve(directory, 'segments');
  const names = leftoverNames(segments);
  if (names.length === 0) return [];
  const bytes = names.reduce(
    (sum, name) => sum + (statSync(join(segments, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return [
    `${counted(names.length, 'segment waits', 'segments wait')} (${bytesText(bytes)}); the next monitor or load stores them`,
  ];
}
