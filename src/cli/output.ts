/** Writes to standard output and waits until it is taken. */
import { MirrorSqlError, systemCode } from '../core/errors.ts';

/**
 * A reader that has gone (`| head`) is no error.
 * @throws MirrorSqlError MSQL_OUTPUT_WRITE
 */
export async function writeOutput(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      if (systemCode(error) === 'EPIPE') resolve();
      else {
        reject(
          new MirrorSqlError('MSQL_OUTPUT_WRITE', `cannot write the output (${error.message})`, {
            cause: error,
          }),
        );
      }
    };
    process.stdout.once('error', onError);
    process.stdout.write(text, () => {
      process.stdout.off('error', onError);
      resolve();
    });
  });
}
