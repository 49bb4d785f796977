/**
 * Finds the engine that already runs on a data directory. It left its address and credential in store.json, which only
 * the directory's owner may read. A description whose engine does not answer is stale and ignored.
 */
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import type { StoreDescription } from './engine/messages.ts';

/** The engine of `directory`, leased: it stays as long as this process does, or until `release`. */
export interface LeasedEngine {
  readonly description: StoreDescription;
  release(): void;
}

/** Undefined when no engine answers. `onLost` is told when the engine goes before the lease is released. */
export async function leaseRunningEngine(
  directory: string,
  onLost: () => void = () => undefined,
): Promise<LeasedEngine | undefined> {
  const description = await readDescription(directory);
  if (description === undefined) return undefined;
  const release = await lease(description, onLost);
  return release && { description, release };
}

async function readDescription(directory: string): Promise<StoreDescription | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, 'store.json'), 'utf8'));
    return isDescription(value) ? value : undefined;
  } catch {
    return undefined; // Absent, half written by a dying process, or not ours to read.
  }
}

function isDescription(value: unknown): value is StoreDescription {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, url, user, password } = value as Record<string, unknown>; // An object: its fields are checked here.
  return (
    typeof pid === 'number' &&
    typeof url === 'string' &&
    /^http:\/\/127\.0\.0\.1:\d+$/.test(url) &&
    typeof user === 'string' &&
    typeof password === 'string'
  );
}

/** An open request is the lease: it ends with this process, however that ends. */
function lease(
  description: StoreDescription,
  onLost: () => void,
): Promise<(() => void) | undefined> {
  let released = false;
  const credential = Buffer.from(`${description.user}:${description.password}`).toString('base64');
  return new Promise((resolve) => {
    const request = get(
      `${description.url}/lease`,
      { headers: { authorization: `Basic ${credential}` }, timeout: 5_000, agent: false },
      (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          resolve(undefined);
          return;
        }
        response.on('error', () => undefined);
        response.on('close', () => {
          if (!released) onLost();
        });
        response.resume();
        request.setTimeout(0);
        request.socket?.unref();
        resolve(() => {
          released = true;
          request.destroy();
        });
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
