/** A flag that takes one of a few words. */
import { MirrorSqlError } from '../core/errors.ts';

/** @throws MirrorSqlError MSQL_CLI_USAGE for any other word */
export function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      `${flag} takes ${choices.join(' or ')}, not ${value}`,
    );
  }
  return choice;
}
