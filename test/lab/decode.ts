/** Runs `mirrorsql decode` as its users do, and reads what it prints. */
import { fileURLToPath } from 'node:url';
import { runProgram } from './process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An event as printed (design: "The event"), as far as the lab reads it. */
export interface PrintedEvent {
  readonly type: string;
  readonly ts: string;
  readonly client_port: number;
  readonly session_id: string;
  readonly user?: string;
  readonly database?: string;
  readonly command?: string;
  readonly statement?: string;
  readonly fingerprint?: string;
  readonly normalized?: string;
  readonly status?: string;
  readonly sqlstate?: string;
  readonly rows?: number;
  readonly outcome?: 'commit' | 'rollback';
  readonly statements?: number;
  readonly implicit?: boolean;
  readonly reason?: string;
  readonly quality?: readonly string[];
  readonly duration_us?: number;
  readonly first_row_us?: number;
  readonly rows_returned?: number;
  readonly rows_affected?: number;
  readonly parameters?: readonly (string | null)[];
  readonly statement_name?: string;
  readonly kind?: string;
  readonly detail?: string;
}

export interface Decoded {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of `mirrorsql` from the sources. */
export function mirrorsql(args: readonly string[], input?: string): Promise<Decoded> {
  const main = ['--import', 'tsx', 'src/cli/main.ts'];
  return runProgram(process.execPath, [...main, ...args], {
    cwd: ROOT,
    ...(input === undefined ? {} : { input }),
  });
}

/** All events and the summary of a capture that must decode. */
export async function decodeCapture(
  file: string,
  args: readonly string[] = [],
): Promise<{ events: PrintedEvent[]; summary: Record<string, unknown> }> {
  const { code, stdout, stderr } = await mirrorsql(['decode', file, '--summary', 'json', ...args]);
  if (code !== 0) throw new Error(`decode ${file} ended with ${String(code)}: ${stderr}`);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return {
    events: lines.map((line) => JSON.parse(line) as PrintedEvent),
    summary: JSON.parse(stderr) as Record<string, unknown>,
  };
}
