/** What `--values` says of the values that executions are given: whether they are counted, and what of them is shown. */
import { readValueKey, VALUE_MODES, ValueNames } from '../store/values/value-names.ts';
import { oneOf } from './choice.ts';

export const VALUES_CHOICES = ['off', ...VALUE_MODES] as const;
export type ValuesChoice = (typeof VALUES_CHOICES)[number];

/** Masked unless told. @throws MirrorSqlError MSQL_CLI_USAGE */
export function valuesChoice({ values = 'masked' }: { readonly values?: string }): ValuesChoice {
  return oneOf('--values', values, VALUES_CHOICES);
}

/** By which values are named; undefined when none are counted. @throws MirrorSqlError MSQL_STORE_DIRECTORY */
export function valueNames(choice: ValuesChoice, directory: string): ValueNames | undefined {
  return choice === 'off' ? undefined : new ValueNames(readValueKey(directory), choice);
}
