/** Asks the server; every failure comes back as one error with a hint. */
import type {
  ClassAnswer,
  ErrorAnswer,
  ExtentAnswer,
  NodesAnswer,
  Report,
} from '../../src/server/contract.ts';

export interface Asked {
  readonly fromUs: number;
  readonly toUs: number;
  readonly collector: string | undefined;
  readonly client: string | undefined;
  readonly server: string | undefined;
}

/** A request that was not answered as asked. */
export class ApiError extends Error {
  readonly hint: string;
  /** Asking again would be answered the same: what was asked is wrong. */
  readonly lasting: boolean;
  /** 404: what was asked for is not there. */
  readonly absent: boolean;

  constructor(message: string, hint: string, status?: number) {
    super(message);
    this.hint = hint;
    this.lasting = status !== undefined && status >= 400 && status < 500;
    this.absent = status === 404;
  }
}

export const readExtent = (signal: AbortSignal) => get<ExtentAnswer>('extent', signal);
export const readReport = (asked: Asked, signal: AbortSignal) =>
  get<Report>(`report?${queryOf(asked)}`, signal);
export const readNodes = (asked: Asked, signal: AbortSignal) =>
  get<NodesAnswer>(`nodes?${queryOf(asked)}`, signal);
export const readClass = (fingerprint: string, asked: Asked, signal: AbortSignal) =>
  get<ClassAnswer>(`classes/${fingerprint}?${queryOf(asked)}`, signal);

function queryOf({ fromUs, toUs, collector, client, server }: Asked): string {
  const fields = new URLSearchParams({ from: String(fromUs), to: String(toUs) });
  if (collector !== undefined) fields.set('collector', collector);
  if (client !== undefined) fields.set('client', client);
  if (server !== undefined) fields.set('server', server);
  return fields.toString();
}

/** A long window of a big store takes seconds. Who waits this long waits for nothing. */
const ANSWER_WITHIN_MS = 60_000;
const SOMETHING_BETWEEN =
  'Look at what stands between this page and MirrorSQL, such as a proxy that wants a login.';

async function get<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  const late = new AbortController();
  const giveUp = () => late.abort();
  signal.addEventListener('abort', giveUp);
  const timer = setTimeout(giveUp, ANSWER_WITHIN_MS);
  try {
    return await answerOf<Answer>(await fetch(`api/v1/${path}`, { signal: late.signal }));
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    if (late.signal.aborted) {
      throw new ApiError(
        'The server did not answer within a minute.',
        'Show a shorter window, or see what mirrorsql status says.',
      );
    }
    throw new ApiError(
      'The server does not answer.',
      'Check that mirrorsql monitor or mirrorsql serve still runs.',
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new ApiError(`What answered (${response.status}) is not MirrorSQL.`, SOMETHING_BETWEEN);
  }
  if (response.ok) return answer as Answer;
  const { message, hint } = answer as Partial<ErrorAnswer>;
  if (message === undefined || hint === undefined) {
    throw new ApiError(`What answered (${response.status}) is not MirrorSQL.`, SOMETHING_BETWEEN);
  }
  throw new ApiError(sentence(message), sentence(hint), response.status);
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
