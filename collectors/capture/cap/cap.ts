/**
 * Live packets through the npm package `cap`, the last choice: it tells no time of capture, so packets are timed when
 * they arrive, and no count of what the kernel dropped. It runs in a process of its own (cap-main.ts).
 */
import { fileURLToPath } from 'node:url';
import { MirrorSqlError } from '../../../src/core/errors.ts';
import type { LiveOptions, LiveStatistics } from '../live-source.ts';
import { type CaptureProgram, ProgramPipe, startProgram } from '../program-pipe.ts';
import { CAP_READY } from './cap-package.ts';

export class CapPipe extends ProgramPipe {
  private constructor(program: CaptureProgram) {
    super(program, 'cap');
  }

  /** @throws MirrorSqlError MSQL_LIVE_PERMISSION, MSQL_LIVE_INTERFACE, MSQL_LIVE_BACKEND */
  static async open(
    interfaceName: string,
    options: LiveOptions,
    filter: string | undefined,
  ): Promise<CapPipe> {
    const args = [...mainCommand(), interfaceName, String(options.bufferBytes), filter ?? ''];
    const program = await startProgram(process.execPath, args, CAP_READY, (reason) =>
      startError(interfaceName, filter, typeof reason === 'string' ? reason : reason.message),
    );
    return new CapPipe(program);
  }

  /** cap does not ask libpcap for its counts. */
  statistics(): LiveStatistics | undefined {
    return undefined;
  }
}

/** From TypeScript sources (tests, tsx) the program needs the same loader; from dist it is plain JavaScript. */
function mainCommand(): string[] {
  const fromSources = import.meta.url.endsWith('.ts');
  const main = new URL(fromSources ? './cap-main.ts' : './cap-main.js', import.meta.url);
  const loader = fromSources ? ['--import', 'tsx'] : [];
  return [...loader, fileURLToPath(main)];
}

/** By the words of libpcap, which cap passes on. */
function startError(
  interfaceName: string,
  filter: string | undefined,
  words: string,
): MirrorSqlError {
  if (/permission|not permitted/i.test(words)) {
    return new MirrorSqlError(
      'MSQL_LIVE_PERMISSION',
      `no permission to capture on ${interfaceName}: ${words}`,
    );
  }
  if (/No such device/i.test(words)) {
    return new MirrorSqlError('MSQL_LIVE_INTERFACE', `there is no interface ${interfaceName}`);
  }
  if (/filter/i.test(words)) {
    return new MirrorSqlError('MSQL_CLI_USAGE', `--filter ${filter ?? ''}: ${words}`);
  }
  return new MirrorSqlError('MSQL_LIVE_BACKEND', `cannot capture on ${interfaceName}: ${words}`);
}
