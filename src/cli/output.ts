/** Writes to standard output and waits until it is taken. */
import { cannotWrite, systemCode } from '../core/errors.ts';

/**
 * A reader that has gone (`| head`) is no error.
 * @throws MirrorSqlError MSQL_OUTPUT_WRITE
 */
export async function writeOutput(text: string): Promise<void> {
  hearErrors();
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null || systemCode(error) === 'EPIPE') resolve();
      else reject(cannotWrite('the output', error));
    });
  });
}

/** A stream tells its error once more, behind the callback of the write; unheard, that would end the process. */
function hearErrors(): void {
  if (!process.stdout.listeners('error').includes(alreadyTold)) {
    process.stdout.on('error', alreadyTold);
  }
}

function alreadyTold(): void {
  return;
}
