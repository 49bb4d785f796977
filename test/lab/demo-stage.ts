/** Where and when the demo's story plays, for all who play in it. */

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where everybody is, and how long it lasts. */
export interface Stage {
  readonly shop: Endpoint;
  readonly ledger: Endpoint;
  readonly startMs: number;
  readonly durationMs: number;
}

/** The part of the story, 0 to 1, that is over. */
export function elapsedShare(stage: Stage): number {
  return (Date.now() - stage.startMs) / stage.durationMs;
}

/** Whether it worked: the demo's errors are its purpose. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch {
    return false;
  }
}
