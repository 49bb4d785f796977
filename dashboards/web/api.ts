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

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
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

async function get<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError('The server does not answer.', 'Check that mirrorsql serve still runs.');
  }
  if (response.ok) return (await response.json()) as Answer;
  const { message, hint } = (await response.json().catch(() => ({
    message: `the server answered ${response.status}`,
    hint: 'see its output',
  }))) as ErrorAnswer;
  throw new ApiError(sentence(message), sentence(hint));
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
