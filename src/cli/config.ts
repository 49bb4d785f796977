/** `mirrorsql config`: checks a configuration file, or prints the schema of one. */
import { MirrorSqlError } from '../core/errors.ts';
import { problemText, readConfigurationFile } from './configuration/read.ts';
import { publishedSchema } from './configuration/schema.ts';
import { configurationFile } from './configuration/settle.ts';
import { writeOutput } from './output.ts';

export interface ConfigOptions {
  /** A file, or true for the one that the commands would read. */
  readonly check?: string | true;
  readonly schema?: boolean;
}

/**
 * @returns the exit code: 2 when the file is wrong
 * @throws MirrorSqlError MSQL_CLI_USAGE, MSQL_CONFIG_READ
 */
export async function runConfig({ check, schema }: ConfigOptions): Promise<number> {
  if ((check === undefined) === (schema !== true)) {
    throw new MirrorSqlError('MSQL_CLI_USAGE', 'config takes either --check or --schema');
  }
  if (check === undefined) {
    await writeOutput(`${JSON.stringify(publishedSchema(), null, 2)}\n`);
    return 0;
  }
  const file = configurationFile(check === true ? undefined : check, process.env);
  if (file === undefined) {
    throw new MirrorSqlError('MSQL_CONFIG_READ', 'there is no configuration file here');
  }
  const { problems } = readConfigurationFile(file);
  if (problems.length === 0) {
    await writeOutput(`${file} is valid\n`);
    return 0;
  }
  for (const problem of problems) process.stderr.write(`${problemText(file, problem)}\n`);
  return 2;
}
